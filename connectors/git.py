"""Files of a git repository at a ref, as a source."""

import base64
import os
import re
import shutil
import subprocess
import tempfile
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

from langchain_core.documents.base import Blob

from connectors.globs import Globs
from connectors.parsing.formats import format_of_name
from rag.errors import DocumentError, SettingsError, SourceError
from rag.secrets import secret
from rag.skips import skip_reason, too_large
from rag.types import PUBLIC, Skip, SourceItem

_TIMEOUT_S = 600
_LINK, _SUBMODULE = "120000", "160000"
_LFS = b"version https://git-lfs"
_WEB_PATHS = {"gitlab": "/-/blob", "bitbucket": "/src"}
_MARK = "\x01"
_HEADER = re.compile(rb"\n?\x01([0-9a-f]{40,64})\x02([^\x02]*)\x02(.*)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Commit:
    """The last commit that touched a file."""

    id: str
    date: str
    author: str


class GitConnector:
    """Lists the files of a commit, with the commit that last touched each; implements `rag.protocols.Connector`.

    The repository is mirrored into the cache folder and fetched incrementally. A file's fingerprint is its blob's id:
    new commits that do not touch it change nothing.

    Args:
        url: address of the repository, or a local path.
        ref: branch, tag or commit; by default what the repository's HEAD is.
        path: folder in the repository.
        include, exclude: patterns on the path below that folder; no include takes the document formats.
        token_env: environment variable with an access token, sent as basic authentication over https.
        cache_dir: folder for the mirror; None clones into a temporary one.
    """

    def __init__(
        self,
        *,
        name: str,
        url: str,
        ref: str | None = None,
        path: str = "",
        include: Sequence[str] = (),
        exclude: Sequence[str] = (),
        token_env: str | None = None,
        acl: Sequence[str] = PUBLIC,
        metadata: Mapping[str, Any] | None = None,
        max_file_mb: float = 200,
        cache_dir: Path | None = None,
    ) -> None:
        for key, value in (("url", url), ("ref", ref or "")):
            if value.startswith("-") or any(c.isspace() for c in value):
                raise SettingsError(f"source {name!r}: {key} {value!r} is none")
        self.name = name
        self._url, self._ref = url, ref or "HEAD"
        self._prefix = f"{path.strip('/')}/" if path.strip("/") else ""
        self._include, self._exclude = Globs(include), Globs(exclude)
        self._acl, self._metadata = tuple(acl), dict(metadata or {})
        self._max_bytes = max_file_mb * 1_000_000
        self._environment = _environment(name, token_env, url)
        self._cache = cache_dir
        self._temporary: tempfile.TemporaryDirectory[str] | None = None
        self._repository: Path | None = None
        self._blobs: dict[str, str] = {}

    def list(self) -> Iterator[SourceItem | Skip]:
        """Fetch what is new and list every file at the ref.

        Raises:
            SourceError: git is not installed, the repository cannot be reached, or it has no such ref or folder.
        """
        self._repository = self._fetched()
        commit = (
            self._git("rev-parse", "--verify", "--end-of-options", f"{self._tracked()}^{{commit}}").decode().strip()
        )
        entries = [*self._tree(commit)]
        if self._prefix and not entries:
            raise SourceError(f"{self._url}: there is no folder {self._prefix!r} at {self._ref}")
        commits = self._last_commits(commit, {path for path, *_ in entries})
        self._blobs.clear()
        for path, mode, blob, size in entries:
            key = unicodedata.normalize("NFC", path.removeprefix(self._prefix))
            if any(part.startswith(".") for part in key.split("/")) or (self._include and not self._include.match(key)):
                continue
            found = self._entry(path, key, mode, blob, size, commits.get(path))
            if isinstance(found, SourceItem) and key in self._blobs:
                found = Skip(uri=found.uri, reason=skip_reason("same_name", other="another file's"))
            if isinstance(found, SourceItem):
                self._blobs[key] = blob
            yield found

    def fetch(self, item: SourceItem) -> Blob:
        """The file's bytes at the listed commit.

        Raises:
            DocumentError: it cannot be had, or is a pointer to large-file storage (`read`).
        """
        try:
            data = self._git("cat-file", "blob", self._blobs[item.key])
        except (SourceError, KeyError) as error:
            raise DocumentError(f"{item.uri}: cannot be read: {error}", kind="read") from error
        if data.startswith(_LFS) and len(data) < 1024:
            raise DocumentError(
                f"{item.uri}: is in git's large-file storage, which is not read: exclude it", kind="read"
            )
        return Blob.from_data(data, mime_type=item.mime, path=item.uri)

    def close(self) -> None:
        """Remove a temporary clone; a second call does nothing."""
        temporary, self._temporary = self._temporary, None
        if temporary is not None:
            temporary.cleanup()

    def _fetched(self) -> Path:
        """The mirror, up to date."""
        if shutil.which("git") is None:
            raise SourceError("git is not installed: apt install git (macOS: xcode-select --install)")
        if self._cache is None and self._temporary is None:
            self._temporary = tempfile.TemporaryDirectory(prefix="rag-git-")
        folder = (self._cache or Path(self._temporary.name if self._temporary else "")) / "mirror.git"
        if not (folder / "HEAD").exists():
            folder.mkdir(parents=True, exist_ok=True)
            self._run(["git", "init", "--quiet", "--bare", str(folder)])
        self._repository = folder
        refs = ["+refs/heads/*:refs/rag/heads/*", "+refs/tags/*:refs/rag/tags/*"]
        if self._ref == "HEAD":  # which may lead nowhere
            refs.append("+HEAD:refs/rag/HEAD")
        self._git("fetch", "--quiet", "--prune", "--no-tags", "--force", "--end-of-options", self._url, *refs)
        return folder

    def _tracked(self) -> str:
        """The ref as it is called in the mirror."""
        if self._ref == "HEAD":
            return "refs/rag/HEAD"
        for kind in ("heads", "tags"):
            name = f"refs/rag/{kind}/{self._ref.removeprefix(f'refs/{kind}/')}"
            if self._git("for-each-ref", "--format=x", name).strip():
                return name
        if re.fullmatch(r"[0-9a-fA-F]{7,64}", self._ref):
            return self._ref
        raise SourceError(f"{self._url}: there is no branch, tag or commit {self._ref!r}")

    def _tree(self, commit: str) -> Iterator[tuple[str, str, str, int]]:
        """Path, mode, blob and bytes of every file."""
        listed = self._git("ls-tree", "-r", "-z", "--long", "--full-tree", commit, "--", self._prefix or ".")
        for line in listed.decode("utf-8", "surrogateescape").split("\0"):
            if line:
                head, _, path = line.partition("\t")
                mode, _, blob, size = head.split()
                yield path, mode, blob, int(size) if size.isdecimal() else 0

    def _last_commits(self, commit: str, wanted: set[str]) -> dict[str, _Commit]:
        """The last commit that touched each file, in one walk that ends when all are found."""
        command = [
            "git",
            "-C",
            str(self._repository),
            "log",
            "-z",
            "-m",
            "--first-parent",
            "--name-only",
            "--no-renames",
        ]
        command += [f"--format={_MARK}%H%x02%cI%x02%an", commit, "--", self._prefix or "."]
        found: dict[str, _Commit] = {}
        last: _Commit | None = None
        for part in self._run(command).split(b"\0"):
            header = _HEADER.fullmatch(part)
            # what stands in a commit is anybody's: an author, a name may hold any character
            if header:
                id, date, author = (group.decode("utf-8", "replace") for group in header.groups())
                last = _Commit(id, date, author)
            elif last is not None:
                # git puts one line end between a header and its first name
                names = (name.decode("utf-8", "surrogateescape") for name in (part, part.removeprefix(b"\n")))
                for name in wanted.intersection(names):
                    found.setdefault(name, last)
        return found

    def _entry(self, path: str, key: str, mode: str, blob: str, size: int, commit: _Commit | None) -> SourceItem | Skip:
        uri = self._uri(path)
        format = format_of_name(key)
        pattern = self._exclude.match(key)
        reason = None
        if pattern:
            reason = skip_reason("excluded", pattern=pattern)
        elif mode in (_LINK, _SUBMODULE):
            reason = skip_reason("link" if mode == _LINK else "submodule")
        elif any("\udc80" <= character <= "\udcff" for character in path):
            reason = skip_reason("not_utf8")
        elif format is None:
            reason = skip_reason("no_parser")
        elif not format.default and not self._include:
            reason = skip_reason("not_default", kind=format.name)
        elif size > self._max_bytes:
            reason = too_large(size, self._max_bytes)
        if reason or format is None:
            return Skip(uri=uri.encode("utf-8", "replace").decode(), reason=reason or "")
        touched = {"commit": commit.id, "author": commit.author} if commit else {}
        return SourceItem(
            source=self.name,
            key=key,
            uri=uri,
            fingerprint=blob,
            mime=format.mime_of(key),
            size=size,
            modified=commit.date if commit else None,
            metadata={"path": path, **touched, **self._metadata},
            acl=self._acl,
        )

    def _uri(self, path: str) -> str:
        """What a person opens: the file's page on a known host, else its place in the repository."""
        parts = urlsplit(self._url)
        if parts.scheme != "https":
            return f"{self._url}#{path}"
        host = next((h for h in _WEB_PATHS if h in (parts.hostname or "")), "github")
        page = f"{_WEB_PATHS.get(host, '/blob')}/{quote(self._ref)}/{quote(path, errors='replace')}"
        return f"https://{parts.netloc}{parts.path.removesuffix('.git')}{page}"

    def _git(self, *arguments: str) -> bytes:
        return self._run(["git", "-C", str(self._repository), *arguments])

    def _run(self, command: Sequence[str]) -> bytes:
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=_TIMEOUT_S, env=self._environment)
        except (OSError, subprocess.TimeoutExpired) as error:
            raise SourceError(f"{self._url}: git {command[3] if len(command) > 3 else ''} failed: {error}") from error
        if done.returncode:
            reason = " ".join(done.stderr.decode("utf-8", "replace").split())[-300:]
            raise SourceError(f"{self._url}: {reason or f'git ended with status {done.returncode}'}")
        return done.stdout


def _environment(name: str, token_env: str | None, url: str) -> dict[str, str]:
    """Of every git: no prompt, no settings of this machine, no helper programs; the token never on a command line."""
    settings = {"protocol.ext.allow": "never", "core.hooksPath": os.devnull, "gc.auto": "0", "core.quotePath": "false"}
    if token_env is not None:
        token = secret(token_env, f"source {name!r}")
        if not url.startswith("https://"):
            raise SettingsError(f"source {name!r}: token_env is for an https:// address, not {url!r}")
        header = base64.b64encode(f"x-access-token:{token}".encode()).decode()
        place = f"https://{urlsplit(url).netloc}/"
        settings[f"http.{place}.extraHeader"] = f"Authorization: Basic {header}"
    environment = {
        **{key: value for key, value in os.environ.items() if not key.startswith("GIT_")},
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ASKPASS": "true",
        "GIT_LITERAL_PATHSPECS": "1",  # a folder may have brackets in its name
        "GIT_SSH_COMMAND": os.environ.get("GIT_SSH_COMMAND", "ssh -oBatchMode=yes"),
        "LC_ALL": "C.UTF-8",
        "GIT_CONFIG_COUNT": str(len(settings)),
    }
    for number, (key, value) in enumerate(settings.items()):
        environment[f"GIT_CONFIG_KEY_{number}"], environment[f"GIT_CONFIG_VALUE_{number}"] = key, value
    return environment
