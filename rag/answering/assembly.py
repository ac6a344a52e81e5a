"""Settings -> what answers."""

from string import Template
from typing import TYPE_CHECKING

from rag.answering.answerer import Answerer, ExtractiveAnswerer
from rag.answering.budget import token_count
from rag.answering.matching import Idf
from rag.answering.model_answerer import ModelAnswerer
from rag.answering.prompt import prompts
from rag.answering.verification.judge import Judge, ModelJudge
from rag.protocols import Encoder, LexicalEncoder
from rag.retrieval.documents import DocumentReader
from rag.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel


def build_answerer(
    settings: Settings,
    documents: DocumentReader,
    model: "tuple[str, BaseChatModel] | None",
    *,
    encoder: Encoder,
    lexical: LexicalEncoder,
    idf: Idf,
) -> Answerer:
    """Quotes, or a model's answers checked against them."""
    quotes = ExtractiveAnswerer(
        settings=settings.answer,
        encoder=encoder,
        lexical=lexical,
        idf=idf,
        read_text=documents.text,
        chunk_spans=documents.chunk_spans,
        stored=documents.sentence_vectors,
        tokens=token_count(*(model or (None, None))),
        parent=settings.chunking.parent,
    )
    if model is None:
        return quotes
    told = prompts(settings.answer.prompts, short=settings.answer.style == "short")
    judge = _judge(settings, model[1], told.judge)
    return ModelAnswerer(model=model[1], name=model[0], quotes=quotes, prompts=told, judge=judge)


def _judge(settings: Settings, model: "BaseChatModel", rules: Template) -> Judge | None:
    asked = settings.answer.judge
    if asked == "llm":
        return ModelJudge(model, rules, settings.answer.model.timeout_s)
    if asked is not None:
        from rag.models.inference import inference_model

        return inference_model(asked)
    return None
