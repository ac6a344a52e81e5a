"""Reports as text for a terminal. Pure functions."""

import textwrap
from collections.abc import Mapping

from rag.evaluation.answers import AnswersReport
from rag.evaluation.calibrate import CalibrationReport
from rag.evaluation.chunking import ChunkingReport
from rag.evaluation.comparison import Comparison
from rag.evaluation.gate import GateReport
from rag.evaluation.generate import GenerationReport
from rag.evaluation.retrieval import RetrievalReport

MEANINGS = {
    "token_f1": "words shared with the right answer",
    "exact_match": "nothing but the right answer",
    "contains": "the right answer is in it",
    "citation_precision": "cited sentences that cite the evidence",
    "citation_recall": "of the evidence that is cited",
    "refused_answerable": "answerable questions that are refused",
    "answered_unanswerable": "unanswerable questions that are answered",
    "abstention_auroc": "confidence tells the two apart",
    "false_answers_at_5": "unanswerable ones answered where 5 % of the others are refused",
}


def retrieval(report: RetrievalReport) -> str:
    """A row a metric, with its 95 % interval, and a column a leg."""
    legs = {leg: max(10, len(leg) + 2) for leg in report.legs}
    lines = [
        f"{report.dataset}: {report.queries} queries, {report.chunks} passages of {report.documents} documents",
        f"{'':12}{'fused':>7}  {'95 % interval':15}" + "".join(f"{leg:>{width}}" for leg, width in legs.items()),
    ]
    for name, interval in report.metrics.items():
        row = f"{name:12}{interval.mean:7.3f}  {interval.low:.3f} to {interval.high:.3f} "
        lines.append(row + "".join(f"{report.legs[leg][name].mean:{width}.3f}" for leg, width in legs.items()))
    for name, found in report.foreign.items():
        a = found.auroc
        lines.append(
            f"score of the best hit against {len(found.scores)} foreign queries, {name}: "
            f"AUROC {a.mean:.3f} ({a.low:.3f} to {a.high:.3f})"
        )
    spent = ", ".join(f"{name} {value:.1f}" for name, value in report.latency_ms.items())
    lines.append(f"milliseconds a search: {spent}; {report.bytes_per_chunk:,.0f} bytes a chunk on disk")
    return "\n".join(lines)


def generation(report: GenerationReport) -> str:
    """How many questions of each kind, and why others are none."""

    def counted(counts: Mapping[str, int]) -> str:
        return f"{sum(counts.values())} (" + ", ".join(f"{count} {kind}" for kind, count in counts.items()) + ")"

    lines = [
        f"{report.folder}: {report.chunks} chunks of {report.documents} documents",
        f"questions: {counted(report.questions)}",
        f"unanswerable: {counted(report.unanswerable)}" if report.unanswerable else "unanswerable: 0",
        f"with an answer in words: {report.answers}",
    ]
    if report.filtered:
        lines.append("not kept:")
        lines += [f"  {count:7,} {reason}" for reason, count in report.filtered.items()]
    return "\n".join(lines)


def comparison(found: Comparison) -> str:
    """A row a metric, then the queries that differ most."""
    first, second = found.names
    width = max(len(first), len(second), 8)
    lines = [
        f"{found.dataset}: {second} against {first}, {len(found.queries)} queries",
        f"{'':12}{first:>{width}}  {second:>{width}}  difference  {'95 % interval':17}     p  better  worse   same",
    ]
    for name, d in found.metrics.items():
        interval = f"{d.difference.low:+.3f} to {d.difference.high:+.3f}"
        lines.append(
            f"{name:12}{d.first:{width}.3f}  {d.second:{width}.3f}  {d.difference.mean:+10.3f}  {interval:17} {d.p:.3f}"
            f"{d.wins:8}{d.losses:7}{d.ties:7}"
        )
    lines.append(f"\nqueries that differ most in {found.by}:")
    for id, text, before, after in found.most():
        lines.append(f"  {before:.3f} -> {after:.3f}  {id}  {textwrap.shorten(text, 90, placeholder=' ...')}")
    (ms, other_ms), (size, other_size) = found.latency_ms, found.bytes_per_chunk
    lines.append(
        f"\nmilliseconds a search: {ms:.1f} and {other_ms:.1f}; bytes a chunk: {size:,.0f} and {other_size:,.0f}"
    )
    return "\n".join(lines)


def chunking(report: ChunkingReport) -> str:
    """A row a corpus, the whole with its intervals last."""
    lines = [
        f"{report.questions} questions, {report.passages} of {report.chunks} chunks each, "
        f"{report.mean_characters:.0f} characters a chunk",
        f"{'':24}" + "".join(f"{name:>24}" for name in report.metrics),
    ]
    for corpus, means in report.by_corpus.items():
        lines.append(f"{corpus:24}" + "".join(f"{means[name]:24.3f}" for name in report.metrics))
    cells = [f"{i.mean:.3f} ({i.low:.3f} to {i.high:.3f})" for i in report.metrics.values()]
    lines.append(f"{'all, 95 % interval':24}" + "".join(f"{cell:>24}" for cell in cells))
    return "\n".join(lines)


def gate(report: GateReport) -> str:
    """A row a metric of the baseline."""
    lines = [
        f"{name:12} {found:.4f}, baseline {wanted:.4f}" + ("  below" if name in report.fallen else "")
        for name, (wanted, found) in report.checks.items()
    ]
    verdict = f"{len(report.fallen)} of {len(report.checks)} metrics are below their baseline by more than"
    return "\n".join([*lines, "ok" if report.ok else f"{verdict} {report.tolerance:g}"])


def answers(report: AnswersReport) -> str:
    """A row a metric, with its 95 % interval."""
    lines = [f"{report.dataset}: {report.queries} questions, {report.answerable} of them answerable"]
    for name, i in report.metrics.items():
        lines.append(f"{name:22}{i.mean:7.3f}  {i.low:.3f} to {i.high:.3f}  {MEANINGS[name]}")
    spent = ", ".join(f"{name} {value:.1f}" for name, value in report.latency_ms.items())
    return "\n".join([*lines, f"milliseconds an answer: {spent}"])


def calibration(report: CalibrationReport) -> str:
    """What was fitted, then a row a kind of question."""
    lines = [f"{report.corpus}: at most {report.risk:.1%} of the unanswerable questions are to be answered"]
    for group in report.fitted:
        curve = getattr(report.calibration, group)
        said = "questions that the encoder reads" if group == "read" else "questions in other languages"
        formula = f"1 / (1 + exp(-({curve.a:.2f} x score {curve.b:+.2f})))"
        lines.append(f"{said}: AUROC {report.auroc[group]:.3f}, answered from {curve.threshold:.2f} = {formula}")
    lines += [
        f"  {kind:14}{count:7}  {report.answered[kind]:6.1%} answered" for kind, count in report.questions.items()
    ]
    return "\n".join([*lines, "kept: answers go by it from now on" if report.kept else "not kept"])
