"""The stages of `retrieval.rerank`, made from the settings."""

from collections.abc import Mapping, Sequence

from rag.protocols import Reranker
from rag.retrieval.queries import QueryEncoder
from rag.retrieval.rerank import Diversity, Feedback, Stage, TextStage
from rag.retrieval.scoring import Scorer
from rag.settings.reranking import (
    CrossEncoderRerank,
    DiversityRerank,
    FeedbackRerank,
    LangchainRerank,
    LateInteractionRerank,
    Rerank,
)


def stages_for(
    settings: Sequence[Rerank], *, scorer: Scorer, queries: QueryEncoder, weights: Mapping[str, float]
) -> list[Stage]:
    """A stage for each entry, in order.

    Args:
        weights: of the legs that are asked.

    Raises:
        RagError: a model or a package cannot be had.
    """
    return [_stage(rerank, scorer, queries, weights) for rerank in settings]


def _stage(rerank: Rerank, scorer: Scorer, queries: QueryEncoder, weights: Mapping[str, float]) -> Stage:
    candidates, store, chunks = rerank.candidates, scorer.store, scorer.chunks
    if isinstance(rerank, FeedbackRerank):
        return Feedback(candidates=candidates, scorer=scorer, weights=weights, hits=rerank.hits, weight=rerank.weight)
    if isinstance(rerank, DiversityRerank):
        return Diversity(candidates=candidates, store=store, chunks=chunks, relevance=rerank.relevance)
    reranker = _reranker(rerank, queries)
    # a leg may have the same name
    return TextStage(name=f"rerank_{rerank.kind}", candidates=candidates, reranker=reranker, store=store, chunks=chunks)


def _reranker(rerank: CrossEncoderRerank | LateInteractionRerank | LangchainRerank, queries: QueryEncoder) -> Reranker:
    if isinstance(rerank, CrossEncoderRerank):
        from rag.models.cross_encoder import CrossEncoder

        return CrossEncoder(rerank.model, device=rerank.device, dtype=rerank.dtype, batch_tokens=rerank.batch_tokens)
    if isinstance(rerank, LateInteractionRerank):
        from rag.models.late_interaction import LateInteraction

        return LateInteraction(encoder=queries.encoder, rarity=queries.rarity)
    from rag.models.compressor import CompressorReranker

    return CompressorReranker(rerank.compressor, arguments=rerank.arguments, arguments_env=rerank.arguments_env)
