"""Stages after fusion that score the best candidates again."""

from typing import Annotated, Any, Literal, TypeAlias, Union

from pydantic import Field

from rag.settings.base import Section
from rag.settings.sources import VARIABLE


class _Stage(Section):
    """What every stage has."""

    candidates: int = Field(50, ge=1, description="how many of the best are scored again; never fewer than `top_k`")


class CrossEncoderRerank(_Stage):
    """A model that reads question and chunk together."""

    kind: Literal["cross_encoder"]
    model: str = Field(
        description="a local folder, or a hub id@revision: any sequence classifier with one or two outputs"
    )
    device: str = Field("cpu", description="cpu, cuda, cuda:0, mps")
    dtype: Literal["auto", "float32", "bfloat16"] = Field("auto", description="as embedding.dtype")
    batch_tokens: int = Field(8192, ge=256, description="tokens that are read at a time")


class LateInteractionRerank(_Stage):
    """Word by word, with the encoder's own states, computed when a question is asked."""

    kind: Literal["late_interaction"]


class FeedbackRerank(_Stage):
    """Rocchio: the question moves towards its first hits."""

    kind: Literal["feedback"]
    hits: int = Field(3, ge=1, description="first hits that the question moves towards")
    weight: float = Field(0.3, gt=0, le=10, description="of their mean beside the question's own vector")


class DiversityRerank(_Stage):
    """Maximal marginal relevance: what says the same as a better hit comes later."""

    kind: Literal["mmr"]
    relevance: float = Field(0.7, ge=0, le=1, description="weight of the score beside that of being different, 0 to 1")


class LangchainRerank(_Stage):
    """A document compressor of LangChain."""

    kind: Literal["langchain"]
    compressor: str = Field(
        pattern=r"^[A-Za-z_][\w.]*[.:][A-Za-z_]\w*$",
        description="module:Class of an installed package's BaseDocumentCompressor",
    )
    arguments: dict[str, Any] = Field(default_factory=dict, description="what it is called with")
    arguments_env: dict[str, Annotated[str, Field(pattern=VARIABLE)]] = Field(
        default_factory=dict, description="argument -> name of the environment variable that holds its value"
    )


Rerank: TypeAlias = Annotated[
    Union[CrossEncoderRerank, LateInteractionRerank, FeedbackRerank, DiversityRerank, LangchainRerank],  # noqa: UP007
    Field(discriminator="kind"),
]
