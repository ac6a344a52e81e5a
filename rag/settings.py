"""The corpus file: pydantic models, unknown keys rejected with the nearest known one.

Settings come in three groups. Query-time (`retrieval`, `answer`): never compared. Per source (`acl`, `metadata`): part
of each document's record. Index (`INDEX_SECTIONS`): a corpus built with others must be rebuilt.
"""

import difflib
import re
from datetime import date
from math import isfinite
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from rag.errors import SettingsError

INDEX_SECTIONS = ("parsing", "chunking", "situating", "embedding", "lexical")
UNCOMPARED = {"parsing.max_file_mb", "embedding.dtype", "embedding.batch_tokens", "embedding.device"}
"""Index keys that change which work is done, or how fast, but no vector's meaning."""


class Section(BaseModel):
    """Base of every section: frozen, no unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class FilesSource(Section):
    """A folder of files, or one file."""

    kind: Literal["files"]
    name: str = Field("files", pattern=r"^[a-z0-9][a-z0-9_-]{0,39}$", description="prefix of its documents' ids")
    path: Path = Field(description="folder or file; relative paths start at the corpus file's folder")
    include: tuple[str, ...] = Field((), description="glob patterns below `path`; empty takes the document formats")
    exclude: tuple[str, ...] = Field((), description="glob patterns below `path` that are not taken")
    acl: tuple[str, ...] = Field(("*",), description="principals that may see its documents; ['*'] everyone, [] nobody")
    metadata: dict[str, Any] = Field(default_factory=dict, description="attached to each of its documents")

    @field_validator("metadata")
    @classmethod
    def _is_json_that_can_be_filtered(cls, value: dict[str, Any]) -> dict[str, Any]:
        return {key: _json_value(key, item) for key, item in value.items()}


Source = Annotated[Union[FilesSource], Field(discriminator="kind")]  # noqa: UP007 - a union of one, until more kinds come


class Parsing(Section):
    max_file_mb: float = Field(200, gt=0, description="larger files are skipped, with the reason in the report")


class Chunking(Section):
    kind: Literal["structure"] = "structure"
    max_tokens: int = Field(200, ge=16, description="size of a chunk in the encoder's own tokens")


class Embedding(Section):
    model: str = Field("minilm", description="minilm (packaged, offline), a local folder, or a hub id@revision")
    pooling: Literal["auto", "mean", "cls"] = Field(
        "auto", description="auto reads the model's own pooling config, else mean"
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto is bfloat16 where the CPU computes in it"
    )
    device: str = Field("cpu", description="cpu, cuda, cuda:0, mps")
    batch_tokens: int = Field(
        8192,
        ge=256,
        description="tokens that are encoded at a time: more is faster up to a point, and takes more memory",
    )


class Lexical(Section):
    kind: Literal["bm25"] = "bm25"
    k1: float = Field(1.2, gt=0, description="BM25's saturation of term frequency")
    b: float = Field(0.75, ge=0, le=1, description="BM25's normalisation by length")


class EdgeStore(Section):
    kind: Literal["edge"]
    path: Path | None = Field(None, description="index folder; default .rag/<name> beside the corpus file")


class ServerStore(Section):
    kind: Literal["server"]
    url: str = Field(
        description="http(s)://host:port of a Qdrant server; ':memory:' is qdrant-client's local mode, for trials"
    )
    api_key_env: str | None = Field(
        None, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="name of the environment variable that holds the API key"
    )

    @field_validator("url")
    @classmethod
    def _holds_no_password(cls, value: str) -> str:
        if "@" in value.partition("://")[2].partition("/")[0]:
            raise ValueError("a URL with a password ends up in messages: name a variable with the key in api_key_env")
        return value


StoreSettings = Annotated[Union[EdgeStore, ServerStore], Field(discriminator="kind")]  # noqa: UP007


class Weights(Section):
    """What each leg counts in the fused score; a leg of weight 0 is not asked."""

    raw: float = Field(0.25, ge=0, le=100, description="cosine of query and chunk")
    situated: float = Field(0.25, ge=0, le=100, description="cosine of query and situated chunk")
    lexical: float = Field(0.5, ge=0, le=100, description="BM25 of the chunk, as a share of the best possible")
    document: float = Field(0.1, ge=0, le=100, description="cosine of query and the document's mean vector")
    document_lexical: float = Field(
        0.2, ge=0, le=100, description="BM25 of the whole document, as a share of the best possible"
    )

    @model_validator(mode="after")
    def _something_brings_candidates(self) -> "Weights":
        if not (self.raw or self.situated or self.lexical):
            raise ValueError("raw, situated or lexical must be above 0: the other legs bring no candidates")
        return self


class Retrieval(Section):
    top_k: int = Field(8, ge=1, description="hits that search returns and ask reads")
    candidates: int = Field(100, ge=1, description="candidates that each leg brings to the fusion")
    weights: Weights = Weights()


class AnswerSettings(Section):
    llm: str | None = Field(None, description="provider:model, for example openai:gpt-4o-mini; null answers by quoting")
    base_url: str | None = Field(None, description="of an OpenAI-compatible server")
    api_key_env: str | None = Field(None, description="name of the environment variable that holds the API key")
    timeout_s: float = Field(60, gt=0, description="seconds without an answer after which the model counts as failed")
    max_evidence_chars: int = Field(12_000, ge=500, description="characters of evidence that the answer may rest on")
    max_sentences: int = Field(3, ge=1, description="sentences quoted when no LLM is configured")
    min_confidence: float = Field(
        0.5, ge=0, le=1, description="below this probability that the corpus covers the question, abstain"
    )


class Settings(Section):
    """A whole corpus file."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*(_[a-z0-9-]+)*_?$",
        max_length=40,
        description="name of the corpus: a-z 0-9 - and single _; default: the name of the file",
    )
    sources: tuple[Source, ...] = Field(min_length=1)
    parsing: Parsing = Parsing()
    chunking: Chunking = Chunking()
    situating: tuple[Literal["headings", "none"], ...] = Field(("headings",), description="headings, or none")
    embedding: Embedding = Embedding()
    lexical: Lexical = Lexical()
    store: StoreSettings = EdgeStore(kind="edge")
    retrieval: Retrieval = Retrieval()
    answer: AnswerSettings = AnswerSettings()

    @field_validator("situating", mode="before")
    @classmethod
    def _one_kind_or_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("situating")
    @classmethod
    def _none_is_alone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if len(value) != 1:
            raise ValueError(f"{list(value)!r}: one of headings, none")
        return value

    @model_validator(mode="after")
    def _source_names_differ(self) -> "Settings":
        names = [source.name for source in self.sources]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sources are called {name!r}: give each its own `name`, ids start with it")
        return self

    def index_settings(self) -> dict[str, Any]:
        """The compared settings, flat: dotted key -> value. A stored corpus keeps these."""
        flat: dict[str, Any] = {}
        for section in INDEX_SECTIONS:
            value = self.model_dump(mode="json")[section]
            flat.update(
                {f"{section}.{key}": v for key, v in value.items()} if isinstance(value, dict) else {section: value}
            )
        if Path(self.embedding.model).is_dir():  # the same model may lie elsewhere tomorrow
            flat["embedding.model"] = Path(self.embedding.model).name
        return {key: value for key, value in flat.items() if key not in UNCOMPARED}


def load_settings(config: str | Path, overrides: tuple[str, ...] = ()) -> Settings:
    """Settings of a corpus file, or of a plain folder with the shipped defaults.

    Args:
        config: a YAML file or a folder.
        overrides: `a.b=c` strings, the value in YAML; later ones win.

    Raises:
        SettingsError: there is no such file, or a key or value in it is not legal.
    """
    path = Path(config)
    if path.is_dir():
        values: dict[str, Any] = folder_settings(path)
    elif path.is_file():
        values = _read_yaml(path)
        values.setdefault("name", corpus_name(path.stem))
    else:
        raise SettingsError(f"{config}: no such corpus file or folder")
    base = path.resolve().parent
    for override in overrides:
        _override(values, override)
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(f"{config}: {_explain(error)}") from None
    return _anchored(settings, base)


def folder_settings(folder: Path) -> dict[str, Any]:
    """A plain folder `F` is a corpus named after it, with one source and its index beside it."""
    folder = folder.resolve()
    return {"name": corpus_name(folder.name), "sources": [{"kind": "files", "path": str(folder)}]}


def corpus_name(text: str) -> str:
    """Lower case, every other character than a-z 0-9 - _ becomes `-`."""
    name = re.sub(r"_+", "_", re.sub(r"[^a-z0-9_-]", "-", text.lower()))[:40]  # `__` separates parts of stored names
    return name if re.match(r"[a-z0-9]", name) else f"c{name}"[:40]


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: one of the two would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [str(key.value) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"the key {key!r} stands twice in one mapping, {node.start_mark}")
        return super().construct_mapping(node, deep)


def _json_value(where: str, value: Any) -> Any:
    """A metadata value as stored; dates become ISO strings."""
    if not where.rpartition(".")[2] or set(where) & set('"\\'):
        raise ValueError(f"metadata key {where!r}: keys are not empty and hold no double quote or backslash")
    if isinstance(value, dict):
        return {str(key): _json_value(f"{where}.{key}", item) for key, item in value.items()}
    if isinstance(value, list):
        return [_json_value(where, item) for item in value]
    if isinstance(value, date):
        return value.isoformat()
    if (isinstance(value, int) and not -(2**63) <= value < 2**63) or (isinstance(value, float) and not isfinite(value)):
        raise ValueError(f"metadata {where}: {value!r} is no number that can be stored: 64-bit integers, finite floats")
    if value is None or isinstance(value, str | int | float):
        return value
    raise ValueError(
        f"metadata {where}: {type(value).__name__} cannot be stored; strings, numbers, lists and mappings can"
    )


def _read_yaml(path: Path) -> dict[str, Any]:
    try:
        values = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: not a readable YAML file: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise SettingsError(
            f"{path}: a corpus file is a mapping of keys such as `name` and `sources`, not {type(values).__name__}"
        )
    return values


def _override(values: Any, override: str) -> None:
    key, separator, text = override.partition("=")
    if not separator or not key:
        raise SettingsError(f"--set {override}: write it as key=value, for example chunking.max_tokens=100")
    *parents, last = key.split(".")
    for parent in parents:
        if isinstance(values, list):
            if not parent.isdigit() or int(parent) >= len(values):
                raise SettingsError(f"--set {override}: {parent!r} is no position of a list of {len(values)}, from 0")
            values = values[int(parent)]
            continue
        node = values.get(parent)
        if not isinstance(node, dict | list):
            # a section that is not written yet; `store` is the one that cannot be made without its kind
            node = {"kind": "edge"} if parent == "store" else {}
            values[parent] = node
        values = node
    try:
        values[last] = yaml.safe_load(text)
    except yaml.YAMLError:
        values[last] = text


def _anchored(settings: Settings, base: Path) -> Settings:
    """Relative paths start at `base`; the store gets its default path."""
    sources = tuple(s.model_copy(update={"path": base / s.path.expanduser()}) for s in settings.sources)
    store, embedding = settings.store, settings.embedding
    if isinstance(store, EdgeStore):
        store = store.model_copy(update={"path": base / (store.path or Path(".rag", settings.name)).expanduser()})
    if (base / embedding.model).is_dir() and embedding.model != "minilm":
        embedding = embedding.model_copy(update={"model": str(base / embedding.model)})
    return settings.model_copy(update={"sources": sources, "store": store, "embedding": embedding})


def _explain(error: ValidationError) -> str:
    """One line a mistake: where, what is wrong, what is legal."""
    lines = []
    for problem in error.errors():
        where = ".".join(str(part) for part in problem["loc"])
        if problem["type"] == "extra_forbidden":
            lines.append(_unknown_key(problem["loc"], where))
        else:
            lines.append(
                f"{where}: {problem['msg'].removeprefix('Value error, ')} (got {problem['input']!r:.80})"
                if where
                else problem["msg"].removeprefix("Value error, ")
            )
    return "; ".join(lines)


def _unknown_key(location: tuple[int | str, ...], where: str) -> str:
    known = sorted(_section_at(location[:-1]).model_fields)
    near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
    return f"unknown key {where!r}" + (f": did you mean {near[0]!r}?" if near else "") + f" (known: {', '.join(known)})"


def _section_at(location: tuple[int | str, ...]) -> type[BaseModel]:
    """The model that a pydantic error location points into: fields, list positions and union tags."""
    model: type[BaseModel] = Settings
    options: list[type[BaseModel]] = []
    for part in location:
        if isinstance(part, int):
            continue
        tagged = [o for o in options if get_args(o.model_fields["kind"].annotation) == (part,)]
        if tagged:
            model, options = tagged[0], []
            continue
        options = _models_in(model.model_fields[str(part)].annotation)
        model = options[0]
        options = [o for o in options if "kind" in o.model_fields]
    return model


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) is None:
        return []
    return [model for argument in get_args(annotation) for model in _models_in(argument)]
