"""The corpus file: pydantic models, unknown keys rejected with the nearest known one.

Settings come in three groups. Query-time (`retrieval`, `answer`, `chunking.parent`): never compared. Per source (`acl`,
`metadata`): part of each document's record. Index (`INDEX_SECTIONS`): a corpus built with others must be rebuilt.
"""

from pathlib import Path
from typing import Annotated, Any, Literal, Union

from pydantic import Field, field_validator, model_validator

from rag.legs import LEGS
from rag.settings.base import Section, without_password
from rag.settings.chat_models import AnswerSettings, ContextSettings
from rag.settings.reranking import Rerank
from rag.settings.sources import VARIABLE, FilesSource, Source, UploadsSource

QUERY_SECTIONS = ("retrieval", "answer")
INDEX_SECTIONS = ("parsing", "chunking", "situating", "embedding", "lexical")
UNCOMPARED = {
    *("parsing.max_file_mb", "parsing.timeout_s", "parsing.memory_mb", "parsing.workers"),
    "chunking.parent",
    *("embedding.dtype", "embedding.backend", "embedding.batch_tokens", "embedding.device"),
    *("contexts.base_url", "contexts.api_key_env", "contexts.timeout_s"),
    *("contexts.parallel", "contexts.price_per_million"),
}
"""Index keys that change which work is done, how fast, or what is read, but no vector's meaning."""


class Parsing(Section):
    pdf: Literal["auto", "text", "hi_res"] = Field(
        "auto",
        description="auto reads the text layer, and recognises pages without one where tesseract is installed; text "
        "reads the text layer alone; hi_res is unstructured's layout model (extra `pdf`)",
    )
    ocr_languages: tuple[str, ...] = Field(
        ("eng",), min_length=1, description="languages of scanned pages and images, as tesseract names them"
    )
    max_file_mb: float = Field(200, gt=0, description="larger files are skipped, with the reason in the report")
    timeout_s: float = Field(120, gt=0, description="seconds that reading one file may take")
    memory_mb: int = Field(2000, ge=300, description="memory that the process that reads a file may take")
    workers: int = Field(2, ge=1, le=64, description="files that are read at a time, each in a process of its own")


class Chunking(Section):
    """What every kind of chunking has."""

    max_tokens: int = Field(150, ge=16, description="size of a chunk in the encoder's own tokens")
    parent: Literal["section"] | None = Field(
        None,
        description="section: chunks are matched, and answers read the whole sections that they are in, as far as "
        "answer.max_evidence_tokens goes; null: the chunks and their neighbours",
    )


class StructureChunking(Chunking):
    kind: Literal["structure"] = "structure"


class SentenceChunking(Chunking):
    kind: Literal["sentences"]
    overlap: int = Field(0, ge=0, description="sentences that a chunk repeats from the one before it")


class FixedChunking(Chunking):
    kind: Literal["fixed"]
    overlap: int = Field(
        0, ge=0, description="tokens that a chunk repeats from the one before it, at most half of `max_tokens`"
    )

    @model_validator(mode="after")
    def _repeats_at_most_half(self) -> "FixedChunking":
        if self.overlap > self.max_tokens // 2:
            raise ValueError(
                f"overlap {self.overlap} is more than half of max_tokens {self.max_tokens}: "
                f"set it to at most {self.max_tokens // 2}"
            )
        return self


class TopicChunking(Chunking):
    kind: Literal["topic"]


ChunkingSettings = Annotated[
    Union[StructureChunking, SentenceChunking, FixedChunking, TopicChunking],  # noqa: UP007
    Field(discriminator="kind"),
]
CHUNKINGS: dict[str, type[Chunking]] = {
    "structure": StructureChunking,
    "sentences": SentenceChunking,
    "fixed": FixedChunking,
    "topic": TopicChunking,
}


class Embedding(Section):
    model: str = Field("minilm", description="minilm (packaged, offline), a local folder, or a hub id@revision")
    pooling: Literal["auto", "mean", "cls"] = Field(
        "auto", description="auto reads the model's own pooling config, else mean"
    )
    languages: tuple[str, ...] | None = Field(
        None,
        description="ISO 639-1 codes of the languages that the model reads; other text is found by its words alone. "
        "null: English for minilm, every language for other models",
    )
    dtype: Literal["auto", "float32", "bfloat16"] = Field(
        "auto", description="auto is bfloat16 where the CPU computes in it"
    )
    backend: Literal["auto", "torch", "openvino"] = Field(
        "auto",
        description="what computes the model: openvino (extra `openvino`) takes half the time on a CPU, and computes "
        "BERT models; auto is openvino where it is installed and can, else torch",
    )
    device: str = Field("cpu", description="cpu, cuda, cuda:0, mps")
    batch_tokens: int | None = Field(
        None,
        ge=256,
        description="tokens that are encoded at a time: more is faster up to a point, and takes more memory. null: "
        "1,024 for each core, but at least 2,048 and at most 4,096; 32,768 on another device than the CPU",
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
        None, pattern=VARIABLE, description="name of the environment variable that holds the API key"
    )

    @field_validator("url")
    @classmethod
    def _holds_no_password(cls, value: str) -> str:
        return without_password(value, "name a variable with the key in api_key_env")


StoreSettings = Annotated[Union[EdgeStore, ServerStore], Field(discriminator="kind")]  # noqa: UP007


class Weights(Section):
    """What each leg counts in the fused score; a leg of weight 0 is neither built nor asked."""

    raw: float = Field(0, ge=0, le=100, description="cosine of query and chunk")
    situated: float = Field(0.25, ge=0, le=100, description="cosine of query and situated chunk")
    sentences: float = Field(0.25, ge=0, le=100, description="cosine of query and the chunk's best sentence")
    late_interaction: float = Field(
        0.2, ge=0, le=100, description="cosine of each word of the query and the nearest word of the chunk, by rarity"
    )
    lexical: float = Field(0.5, ge=0, le=100, description="BM25 of the chunk, as a share of the best possible")
    bigrams: float = Field(0.2, ge=0, le=100, description="BM25 of pairs of neighbouring words, by the same measure")
    headings: float = Field(
        0.2, ge=0, le=100, description="BM25 of title, headings and the names that code defines, by the same measure"
    )
    ngrams: float = Field(
        1,
        ge=0,
        le=100,
        description="BM25 of character n-grams, as a share of the best possible; only of text in languages that the "
        "encoder does not read, in place of its vectors",
    )
    document: float = Field(0.1, ge=0, le=100, description="cosine of query and the document's mean vector")
    document_lexical: float = Field(
        0.3, ge=0, le=100, description="BM25 of the whole document, as a share of the best possible"
    )

    @model_validator(mode="after")
    def _something_brings_candidates(self) -> "Weights":
        bringing = [name for name, leg in LEGS.items() if leg.brings and name != "ngrams"]
        if not any(getattr(self, name) for name in bringing):
            raise ValueError(f"{', '.join(bringing)}: one must be above 0, the other legs bring no candidates")
        return self

    def asked(self) -> dict[str, float]:
        """The legs that count, by name."""
        return {name: weight for name, weight in self.model_dump().items() if weight > 0}


class Retrieval(Section):
    top_k: int = Field(16, ge=1, description="hits that search returns and ask reads")
    candidates: int = Field(100, ge=1, description="candidates that each leg brings to the fusion")
    spelling: bool = Field(
        True, description="take words that the corpus does not have for words that it has, one letter apart"
    )
    weights: Weights = Weights()
    rerank: tuple[Rerank, ...] = Field((), description="stages that score the best candidates again, one or a list")

    @field_validator("rerank", mode="before")
    @classmethod
    def _one_stage_or_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, dict) else () if value is None else value


class Settings(Section):
    """A whole corpus file."""

    name: str = Field(
        pattern=r"^[a-z0-9][a-z0-9-]*(_[a-z0-9-]+)*_?$",
        max_length=40,
        description="name of the corpus: a-z 0-9 - and single _; default: the name of the file",
    )
    sources: tuple[Source, ...] = Field(min_length=1)
    parsing: Parsing = Parsing()
    chunking: ChunkingSettings = StructureChunking()
    situating: tuple[Literal["headings", "late", "llm", "none"], ...] = Field(
        ("headings",),
        description="what places a chunk in its document: headings (title, headings, page), late (late chunking: for "
        "encoders that were trained for it), llm (a line that a language model writes), several of them, or none",
    )
    contexts: ContextSettings = ContextSettings()
    embedding: Embedding = Embedding()
    lexical: Lexical = Lexical()
    store: StoreSettings = EdgeStore(kind="edge")
    data_dir: Path | None = Field(
        None,
        description="folder of what is kept in files: uploads, votes on answers, caches of sources; "
        "default .rag/<name>",
    )
    retrieval: Retrieval = Retrieval()
    answer: AnswerSettings = AnswerSettings()

    @field_validator("chunking", mode="before")
    @classmethod
    def _by_structure(cls, value: Any) -> Any:
        return {"kind": "structure", **value} if isinstance(value, dict) else value

    @field_validator("situating", mode="before")
    @classmethod
    def _one_kind_or_a_list(cls, value: Any) -> Any:
        return (value,) if isinstance(value, str) else value

    @field_validator("situating")
    @classmethod
    def _none_is_alone(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if not value or len({*value}) < len(value) or ("none" in value and len(value) > 1):
            raise ValueError(f"{list(value)!r}: none, or one or several of headings, late, llm")
        return tuple(sorted(value))  # their order makes no difference

    @model_validator(mode="after")
    def _source_names_differ(self) -> "Settings":
        names = [source.name for source in self.sources]
        for name in names:
            if names.count(name) > 1:
                raise ValueError(f"two sources are called {name!r}: give each its own `name`, ids start with it")
        if sum(isinstance(source, UploadsSource) for source in self.sources) > 1:
            raise ValueError("two sources are of the kind uploads: a corpus has one, leave the other out")
        return self

    @model_validator(mode="after")
    def _contexts_can_be_written(self) -> "Settings":
        if "llm" in self.situating and self.contexts.llm is None:
            raise ValueError("situating: llm needs a model: contexts.llm, for example openai:gpt-4o-mini")
        if "llm" in self.situating and self.contexts.max_document_tokens < self.chunking.max_tokens:
            raise ValueError("contexts.max_document_tokens: at least chunking.max_tokens, a chunk is read whole")
        return self

    @property
    def all_sources(self) -> tuple[Source, ...]:
        """The sources, and that of the uploads, which every corpus with a `data_dir` has.

        It is there whether anybody uploads or not: an ingestion by another door must not take what was uploaded for
        gone. A source of the corpus file that is called `uploads` keeps the name for itself.
        """
        taken = any(isinstance(source, UploadsSource) or source.name == "uploads" for source in self.sources)
        return self.sources if taken or self.data_dir is None else (*self.sources, UploadsSource(kind="uploads"))

    @property
    def uploads(self) -> UploadsSource | None:
        """The source of the uploads; None where there cannot be any."""
        return next((source for source in self.all_sources if isinstance(source, UploadsSource)), None)

    @property
    def uploads_folder(self) -> Path | None:
        """Where uploads are kept; it is made by the first one."""
        return self.data_dir / "uploads" if self.data_dir else None

    @property
    def local_roots(self) -> dict[str, Path]:
        """Folders and files of this machine that sources read, by source: they may be emptied.

        Where the folder of the uploads is missing, it was not emptied but is lost: it stays once it is made.
        """
        files = [source for source in self.sources if isinstance(source, FilesSource)]
        roots = {source.name: source.path.absolute() for source in files if isinstance(source.path, Path)}
        folder = self.uploads_folder
        if self.uploads is not None and folder is not None and folder.is_dir():
            roots[self.uploads.name] = folder.absolute()
        return roots

    @property
    def watched(self) -> dict[str, Path]:
        """Local folders and files with `watch: true`, by the name of their source."""
        local = [s for s in self.sources if isinstance(s, FilesSource) and s.watch]
        return {source.name: source.path for source in local if isinstance(source.path, Path)}

    def index_settings(self) -> dict[str, Any]:
        """The compared settings, flat: dotted key -> value; and the legs that are built. A stored corpus keeps them."""
        flat: dict[str, Any] = {}
        written = "llm" in self.situating
        for section in (*INDEX_SECTIONS, *(["contexts"] if written else [])):
            value = self.model_dump(mode="json")[section]
            flat.update(
                {f"{section}.{key}": v for key, v in value.items()} if isinstance(value, dict) else {section: value}
            )
        if Path(self.embedding.model).is_dir():  # the same model may lie elsewhere tomorrow
            flat["embedding.model"] = Path(self.embedding.model).name
        if written:
            flat["contexts.prompt"] = self.contexts.prompt_version
        flat["retrieval.legs"] = sorted(self.retrieval.weights.asked())
        return {key: value for key, value in flat.items() if key not in UNCOMPARED}
