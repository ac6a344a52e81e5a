"""What would fail with these settings on this machine, and the line that mends it."""

import importlib.util
import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

from rag import build
from rag.errors import RagError
from rag.plugins import load
from rag.protocols import Connector
from rag.serving.address import read_address
from rag.serving.wire import WireError, greet
from rag.settings import ChatModel, EdgeStore, ServerStore, Settings
from rag.settings.sources import Source
from rag.store.lock import LOCK_FILE, OwnerLock
from rag.types import SourceItem

Status: TypeAlias = Literal["ok", "note", "fail"]

MIN_FREE_BYTES = 1_000_000_000
"""Below this an index folder's disk counts as full."""

_NETWORK_KINDS = ("web", "mail")
_LOCAL_SCHEMES = ("file://", "memory://", "sqlite://", "local://")

_SYSTEM = {
    "tesseract": "apt install tesseract-ocr (macOS: brew install tesseract)",
    "soffice": "apt install libreoffice-writer-nogui libreoffice-impress-nogui (macOS: brew install libreoffice)",
}
"""Programs that formats need, and how they come onto a machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """One thing that was looked at.

    Attributes:
        status: `note` is something that works less well, or that nothing here needs.
        detail: what was found.
        fix: what to do about it, "" where there is nothing to do.
    """

    name: str
    status: Status
    detail: str
    fix: str = ""


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """All checks of a corpus."""

    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Nothing would fail."""
        return not any(check.status == "fail" for check in self.checks)

    def to_dict(self) -> dict[str, Any]:
        return {"ok": self.ok, "checks": [asdict(check) for check in self.checks]}


def diagnose(settings: Settings, *, offline: bool = False) -> Diagnosis:
    """Look at everything that an ingest and an answer need. Writes nothing, encodes nothing.

    Args:
        offline: there is no network: what needs one fails, and nothing is tried that would use it.
    """
    checks = [*_secrets(settings), _model(settings, offline), *_sources(settings, offline)]
    checks += [*_ocr(settings), *_store(settings, offline), *_answers(settings, offline)]
    if "llm" in settings.situating:
        without = ", ".join(kind for kind in settings.situating if kind != "llm") or "none"
        loss, fix = "what is new cannot be situated", f"--set 'situating=[{without}]' (needs --rebuild)"
        checks.append(_chat_model(settings.contexts, "contexts", offline, loss=loss, fix=fix))
    return Diagnosis(tuple(checks))


def _model(settings: Settings, offline: bool) -> Check:
    """The encoder's files and its tokenizer."""
    name = settings.embedding.model
    from rag.models.files import PACKAGED

    if offline and name not in PACKAGED and not Path(name).expanduser().is_dir():
        os.environ["HF_HUB_OFFLINE"] = "1"  # the hub's cache may have it
    try:
        counter = build.build_counter(settings)
    except (RagError, ImportError) as error:
        return Check(name="model", status="fail", detail=str(error), fix=_install_line(str(error)))
    for module in ("torch", "transformers"):
        if importlib.util.find_spec(module) is None:
            return Check(name="model", status="fail", detail=f"{module} is not installed", fix=f"pip install {module}")
    return Check(name="model", status="ok", detail=f"{name}: reads {counter.max_tokens} tokens at a time")


def _secrets(settings: Settings) -> Iterator[Check]:
    """Environment variables that the settings name."""
    for key, variable in _variables(settings.model_dump(), ""):
        if not os.environ.get(variable):
            detail = f"{key} names the environment variable {variable}, which is not set"
            yield Check(name="secrets", status="fail", detail=detail, fix=f"export {variable}=...")


def _variables(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, item in value.items():
            if name in ("metadata", "arguments", "options"):
                continue  # what stands there is the user's own
            inner = f"{key}.{name}".lstrip(".")
            if name.endswith("_env") and isinstance(item, str):
                yield inner, item
            elif name.endswith("_env") and isinstance(item, dict):
                yield from ((f"{inner}.{part}", variable) for part, variable in item.items())
            else:
                yield from _variables(item, inner)
    elif isinstance(value, tuple | list):
        for number, item in enumerate(value):
            yield from _variables(item, f"{key}.{number}")


def _sources(settings: Settings, offline: bool) -> Iterator[Check]:
    """Whether each source can be listed, and whether what it lists can be read here."""
    for source in settings.sources:
        name = f"source {source.name}"
        if offline and (needs := _network_need(source)):
            yield Check(name=name, status="fail", detail=f"needs the network: {needs}", fix="run it where there is one")
            continue
        if source.kind == "jsonl" and str(source.path) == "-":  # type: ignore[union-attr]
            yield Check(name=name, status="note", detail="reads stdin, which is not looked at")
            continue
        connectors: list[Connector] = []
        try:
            connectors = build.build_connectors(settings.model_copy(update={"sources": (source,)}), caches=False)
            items = [entry for entry in connectors[0].list() if isinstance(entry, SourceItem)]
        except (RagError, ImportError) as error:
            yield Check(name=name, status="fail", detail=str(error), fix=_install_line(str(error)))
        else:
            yield Check(name=name, status="ok" if items else "note", detail=f"{len(items)} documents")
            yield from _formats(name, items)
        finally:
            for connector in connectors:
                connector.close()


def _network_need(source: Source) -> str | None:
    """The address that a source reaches, None where it is on this machine."""
    if source.kind in _NETWORK_KINDS:
        return getattr(source, "host", None) or ", ".join(
            getattr(source, "urls", ()) or getattr(source, "sitemaps", ())
        )
    address = str(getattr(source, "path", "") or getattr(source, "url", "") or "")
    if source.kind == "sql" and not address:
        return "the database's host"
    remote = "://" in address and not address.startswith(_LOCAL_SCHEMES)
    return address if remote or (source.kind == "git" and "@" in address) else None


def _formats(name: str, items: list[SourceItem]) -> Iterator[Check]:
    """What the listed formats need and this machine lacks."""
    format_of_mime: Callable[[str], Any] = load(build.FORMAT_OF_MIME)
    found = Counter(format for item in items if item.mime and (format := format_of_mime(item.mime)))
    for format, count in found.items():
        if format.system and shutil.which(format.system) is None:
            yield Check(
                name=name,
                status="fail",
                detail=f"{count} {format.name} files need the program {format.system}, which is not installed",
                fix=_SYSTEM.get(format.system, f"install {format.system}"),
            )


def _ocr(settings: Settings) -> Iterator[Check]:
    """Tesseract and its languages; without it only scanned pages and images fail."""
    if settings.parsing.pdf == "text":
        return
    if settings.parsing.pdf == "hi_res" and importlib.util.find_spec("unstructured_inference") is None:
        detail = "parsing.pdf: hi_res needs unstructured's layout model, which is not installed"
        yield Check(name="pdf", status="fail", detail=detail, fix="pip install 'situated-rag[pdf]'")
    program = shutil.which("tesseract")
    if program is None:
        detail = "tesseract is not installed: scanned pages and images cannot be read"
        yield Check(name="ocr", status="note", detail=detail, fix=_SYSTEM["tesseract"])
        return
    listed = subprocess.run([program, "--list-langs"], capture_output=True, text=True, check=False, timeout=20)
    missing = sorted(set(settings.parsing.ocr_languages) - set(listed.stdout.split()))
    if missing:
        packages = " ".join(f"tesseract-ocr-{language.replace('_', '-')}" for language in missing)
        detail = f"tesseract lacks the languages {', '.join(missing)} of parsing.ocr_languages"
        yield Check(name="ocr", status="fail", detail=detail, fix=f"apt install {packages}")
    else:
        yield Check(name="ocr", status="ok", detail=f"tesseract with {', '.join(settings.parsing.ocr_languages)}")


def _store(settings: Settings, offline: bool) -> Iterator[Check]:
    """The index folder, its disk and its lock; or the server."""
    store = settings.store
    if isinstance(store, ServerStore):
        yield _server(settings, store, offline)
        return
    assert isinstance(store, EdgeStore)  # noqa: S101 - there are two kinds
    path = Path(build.edge_path(store))
    existing = next(folder for folder in (path, *path.parents) if folder.exists())
    if not os.access(existing, os.W_OK | os.X_OK):
        detail = f"{existing} is not writable: the index cannot be written to {path}"
        yield Check(name="store", status="fail", detail=detail, fix="--set store.path=FOLDER")
        return
    free = shutil.disk_usage(existing).free
    if free < MIN_FREE_BYTES:
        detail = f"{free / 1e6:,.0f} MB are free on the disk of {path}, less than {MIN_FREE_BYTES / 1e6:,.0f}"
        yield Check(name="store", status="fail", detail=detail, fix="make room, or --set store.path=FOLDER")
    else:
        yield Check(name="store", status="ok", detail=f"{path}: {free / 1e9:,.0f} GB free")
    lock_file = path / LOCK_FILE
    if lock_file.exists():
        lock = OwnerLock(lock_file, wait_s=0)
        try:
            lock.acquire()
            lock.release()
        except RagError as error:
            yield _holder(path, str(error))


def _holder(folder: Path, in_use: str) -> Check:
    """What holds the index: a process that commands go through is no trouble."""
    address = read_address(folder)
    with suppress(WireError):
        if address is not None:
            greet(address).close()
            does = (
                "serves the corpus; commands go" if address.takes_jobs else "is at a job with the corpus; questions go"
            )
            return Check(name="lock", status="ok", detail=f"{address} {does} through it")
    return Check(name="lock", status="fail", detail=in_use, fix="wait for it, or end it")


def _server(settings: Settings, store: ServerStore, offline: bool) -> Check:
    if offline and "://" in store.url and not any(host in store.url for host in ("//localhost", "//127.", "//[::1]")):
        detail = f"needs the network: {store.url}"
        return Check(name="store", status="fail", detail=detail, fix="store: {kind: edge}")
    try:
        opened = build.build_store(settings, create=False, wait_s=0)
        try:
            collections = opened.collections()
        finally:
            opened.close()
    except RagError as error:
        return Check(name="store", status="fail", detail=str(error), fix="start the server, or store: {kind: edge}")
    return Check(name="store", status="ok", detail=f"{store.url}: {len(collections)} collections")


def _answers(settings: Settings, offline: bool) -> Iterator[Check]:
    if settings.answer.llm is None:
        yield Check(name="llm", status="ok", detail="none: answers are quotes")
    else:
        loss, fix = "answers fall back to quotes", "--set answer.llm=null"
        yield _chat_model(settings.answer.model, "answer", offline, loss=loss, fix=fix)
    for number, model in enumerate(settings.answer.models):
        if model.llm != settings.answer.llm:
            loss, fix = "answers fall back to quotes where it is chosen", f"leave {model.llm} out of answer.models"
            yield _chat_model(model, f"answer.models.{number}", offline, loss=loss, fix=fix)


def _chat_model(model: ChatModel, section: str, offline: bool, *, loss: str, fix: str) -> Check:
    """Whether a language model can be asked; it is not.

    Args:
        loss: what happens where there is no network.
        fix: what to do then.
    """
    name = "llm" if section.startswith("answer") else section
    from rag.answering.providers import chat_model, needs_network

    if offline and needs_network(model):
        detail = f"{section}.llm {model.llm} needs the network; {loss}"
        return Check(name=name, status="fail", detail=detail, fix=fix)
    try:
        chat_model(model, section=section)
    except RagError as error:
        return Check(name=name, status="fail", detail=str(error), fix=_install_line(str(error)))
    return Check(name=name, status="ok", detail=f"{model.llm}: the client is there, the model was not asked")


def _install_line(message: str) -> str:
    """The command that an error's message ends with, if it does."""
    at = message.find("pip install")
    return message[at:] if at >= 0 else ""
