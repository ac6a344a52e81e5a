"""The `sources` of a corpus file: one model a kind of connector."""

import difflib
from datetime import date
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, TypeAlias, Union

from pydantic import ConfigDict, Discriminator, Field, Tag, field_validator, model_validator

from rag.settings.base import Section, json_value, without_password

PLUGINS = "rag.connectors"
"""Entry point group of the connectors that other distributions bring."""

VARIABLE = r"^[A-Za-z_][A-Za-z0-9_]*$"
"""Name of an environment variable."""


class _Source(Section):
    """What every source has."""

    name: str = Field("", pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="prefix of its documents' ids")
    acl: tuple[str, ...] = Field(("*",), description="principals that may see its documents; ['*'] everyone, [] nobody")
    metadata: dict[str, Any] = Field(default_factory=dict, description="attached to each of its documents")

    @model_validator(mode="before")
    @classmethod
    def _named_after_its_kind(cls, value: Any) -> Any:
        if isinstance(value, dict) and "name" not in value and isinstance(value.get("kind"), str):
            return {**value, "name": value["kind"]}
        return value

    @field_validator("metadata")
    @classmethod
    def _is_json_that_can_be_filtered(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {key: json_value(key, item) for key, item in value.items()}


_INCLUDE = Field((), description="glob patterns below `path`; empty takes the document formats")
_EXCLUDE = Field((), description="glob patterns below `path` that are not taken")


class FilesSource(_Source):
    """A folder of files, or one file, on this machine or any fsspec file system."""

    kind: Literal["files"]
    path: Path | str = Field(
        description="folder or file; relative paths start at the corpus file's folder. A URL (s3://bucket/docs, "
        "sftp://, gs://, zip://, github:// ...) names another file system"
    )
    include: tuple[str, ...] = _INCLUDE
    exclude: tuple[str, ...] = _EXCLUDE
    options: dict[str, Any] = Field(default_factory=dict, description="storage options of the URL's file system")
    options_env: dict[str, Annotated[str, Field(pattern=VARIABLE)]] = Field(
        default_factory=dict, description="storage option -> name of the environment variable that holds its value"
    )
    watch: bool = Field(False, description="follow changes of a local path while `rag ingest --watch` or the chat runs")

    @field_validator("path", mode="before")
    @classmethod
    def _url_or_path(cls, value: Any) -> Any:
        if isinstance(value, str) and "://" in value:
            return without_password(value, "name its variable in options_env")
        return Path(value) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _options_are_for_urls(self) -> "FilesSource":
        if isinstance(self.path, Path) and (self.options or self.options_env):
            raise ValueError("options and options_env are for a URL: a local path has none")
        if self.watch and isinstance(self.path, str):
            raise ValueError("watch is for a local path: the file systems of URLs do not report changes")
        return self


class WebSource(_Source):
    """Pages of web sites."""

    kind: Literal["web"]
    urls: tuple[str, ...] = Field((), description="start pages")
    sitemaps: tuple[str, ...] = Field((), description="sitemaps and sitemap indexes, whose pages are taken")
    depth: int = Field(0, ge=0, description="links that are followed from a start page; 0 takes the start pages alone")
    hosts: tuple[str, ...] = Field((), description="further hosts whose pages are taken; default: the start pages' own")
    include: tuple[str, ...] = Field((), description="glob patterns of the paths of pages to take; empty takes all")
    exclude: tuple[str, ...] = Field((), description="glob patterns of the paths of pages that are not taken")
    max_pages: int = Field(1000, ge=1, description="pages of a crawl")
    requests_per_second: float = Field(2, gt=0, le=100, description="for each host")
    timeout_s: float = Field(20, gt=0, description="seconds that a server may take for an answer")
    user_agent: str = Field(
        "situated-rag", min_length=1, description="how the crawler names itself, also to robots.txt"
    )
    allow_private: bool = Field(False, description="also reach private, loopback and link-local addresses")
    headers_env: dict[str, Annotated[str, Field(pattern=VARIABLE)]] = Field(
        default_factory=dict,
        description="header -> name of the environment variable that holds its value; sent to the start pages' hosts",
    )

    @model_validator(mode="after")
    def _starts_somewhere(self) -> "WebSource":
        if not (self.urls or self.sitemaps):
            raise ValueError("a web source needs `urls` or `sitemaps` to start from")
        for url in (*self.urls, *self.sitemaps):
            if not url.startswith(("http://", "https://")):
                raise ValueError(f"{url!r} is no http:// or https:// address")
            without_password(url, "name its variable in headers_env")
        return self


class GitSource(_Source):
    """Files of a git repository."""

    kind: Literal["git"]
    url: str = Field(description="address of the repository, or a local path")
    ref: str | None = Field(None, description="branch, tag or commit; default: the repository's HEAD")
    path: str = Field("", description="folder in the repository; default: all of it")
    include: tuple[str, ...] = _INCLUDE
    exclude: tuple[str, ...] = _EXCLUDE
    token_env: str | None = Field(
        None, pattern=VARIABLE, description="name of the environment variable that holds an access token"
    )

    @field_validator("url")
    @classmethod
    def _holds_no_password(cls, value: str) -> str:
        return without_password(value, "name its variable in token_env")


class SqlSource(_Source):
    """Rows of a database."""

    kind: Literal["sql"]
    url: str | None = Field(None, description="SQLAlchemy URL without a password")
    url_env: str | None = Field(
        None, pattern=VARIABLE, description="name of the environment variable that holds the URL, password included"
    )
    query: str = Field(description="one SELECT; each row is a document")
    key: str = Field(description="column that tells rows apart")
    text: tuple[str, ...] = Field(min_length=1, description="columns that are the document's text")
    title: str | None = Field(None, description="column with the title")
    metadata_columns: tuple[str, ...] = Field((), description="columns that become metadata")
    updated: str | None = Field(
        None, description="column that changes with the row; without it every text is read to see what changed"
    )
    acl_column: str | None = Field(None, description="column with the principals, separated by commas or a JSON list")
    uri_template: str | None = Field(None, description="address of a row, with columns in braces: https://x/t/{id}")
    mime: Literal["text/plain", "text/markdown", "text/html"] = Field("text/plain", description="format of the text")

    @field_validator("url")
    @classmethod
    def _holds_no_password(cls, value: str | None) -> str | None:
        return value and without_password(value, "name a variable that holds it in url_env")

    @model_validator(mode="after")
    def _has_one_url(self) -> "SqlSource":
        if (self.url is None) == (self.url_env is None):
            raise ValueError("a sql source needs `url`, or `url_env` where the URL holds a password")
        return self


class MailSource(_Source):
    """Messages of an IMAP account, an mbox file or a maildir."""

    kind: Literal["mail"]
    path: Path | None = Field(None, description="an mbox file or a maildir folder")
    host: str | None = Field(None, description="IMAP server")
    port: int | None = Field(None, ge=1, le=65535, description="default: 993, or 143 without implicit TLS")
    tls: Literal["implicit", "starttls", "none"] = Field("implicit", description="none is for this machine only")
    user: str | None = Field(None, description="name of the account")
    password_env: str | None = Field(
        None, pattern=VARIABLE, description="name of the environment variable that holds the password"
    )
    folders: tuple[str, ...] = Field(("INBOX",), min_length=1, description="IMAP folders")
    since: date | None = Field(None, description="messages from this day on")

    @model_validator(mode="after")
    def _is_local_or_remote(self) -> "MailSource":
        if (self.path is None) == (self.host is None):
            raise ValueError("a mail source needs `path` (mbox, maildir) or `host` (IMAP)")
        if self.host and not (self.user and self.password_env):
            raise ValueError("an IMAP source needs `user` and `password_env`")
        return self


class JsonlSource(_Source):
    """Records of a JSON lines file: the door for everything else."""

    kind: Literal["jsonl"]
    path: Path = Field(description="file of records with id, text or path, title, uri, metadata, acl; - is stdin")


class LangchainSource(_Source):
    """What a LangChain document loader loads."""

    kind: Literal["langchain"]
    loader: str = Field(
        pattern=r"^[A-Za-z_][\w.]*[.:][A-Za-z_]\w*$", description="module:Class of an installed package's BaseLoader"
    )
    arguments: dict[str, Any] = Field(default_factory=dict, description="what the loader is called with")
    arguments_env: dict[str, Annotated[str, Field(pattern=VARIABLE)]] = Field(
        default_factory=dict, description="argument -> name of the environment variable that holds its value"
    )


class UploadsSource(_Source):
    """What people hand over one by one: the files in `data_dir/uploads`. Every corpus has it, also unnamed."""

    kind: Literal["uploads"]
    allow_private: bool = Field(
        False, description="also take pages, by their address, from private, loopback and link-local addresses"
    )


class PluginSource(_Source):
    """A source whose connector another distribution brings; its own keys are checked by that connector."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: str

    @field_validator("kind")
    @classmethod
    def _is_installed(cls, value: str) -> str:
        if value not in plugin_kinds():
            known = sorted({*SOURCES, *plugin_kinds()})
            near = difflib.get_close_matches(value, known, n=1, cutoff=0.5)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise ValueError(f"no connector of this kind is installed: {hint}(known: {', '.join(known)})")
        return value


SOURCES: dict[str, type[_Source]] = {
    "files": FilesSource,
    "web": WebSource,
    "git": GitSource,
    "sql": SqlSource,
    "mail": MailSource,
    "jsonl": JsonlSource,
    "langchain": LangchainSource,
    "uploads": UploadsSource,
}


@cache
def plugin_kinds() -> frozenset[str]:
    """Kinds of the installed connectors that are not our own."""
    return frozenset(entry.name for entry in entry_points(group=PLUGINS)) - SOURCES.keys()


def _kind(value: Any) -> str | None:
    kind = value.get("kind") if isinstance(value, dict) else getattr(value, "kind", None)
    if not isinstance(kind, str):
        return None
    return kind if kind in SOURCES else "plugin"


Source: TypeAlias = Annotated[
    Union[  # noqa: UP007 - members carry tags
        Annotated[FilesSource, Tag("files")],
        Annotated[WebSource, Tag("web")],
        Annotated[GitSource, Tag("git")],
        Annotated[SqlSource, Tag("sql")],
        Annotated[MailSource, Tag("mail")],
        Annotated[JsonlSource, Tag("jsonl")],
        Annotated[LangchainSource, Tag("langchain")],
        Annotated[UploadsSource, Tag("uploads")],
        Annotated[PluginSource, Tag("plugin")],
    ],
    Discriminator(
        _kind,
        custom_error_type="source_kind",
        custom_error_message=f"a source needs a `kind`: one of {', '.join(SOURCES)}, or an installed one",
    ),
]
