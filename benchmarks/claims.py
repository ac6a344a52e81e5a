"""Whether the verifier tells claims that a passage supports from those that it does not.

Two sets: claims written by hand (`claims.jsonl`), and sentences of SQuAD 2.0 with one thing changed.
"""

import json
import random
import re
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from rag import Rag
from rag.answering.answerer import ExtractiveAnswerer
from rag.answering.evidence import pack_evidence
from rag.answering.names import names
from rag.answering.verification.verifier import Verifier
from rag.chunking.sentences import sentence_spans
from rag.evaluation.beir import load_beir
from rag.results import Evidence

WRITTEN = Path(__file__).parent / "claims.jsonl"
TRUE = {"verbatim", "paraphrase", "combined", "shortened"}
SENTENCES = 300
_VERB = re.compile(r"\b(?:is|are|was|were|has|had|can|could|will|would)\b")
_NUMBER = re.compile(r"\b\d{1,4}\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A text and claims about it: kind and sentence."""

    title: str
    text: str
    claims: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    kind: str
    claim: str
    supported: bool
    milliseconds: float

    @property
    def right(self) -> bool:
        return self.supported == (self.kind in TRUE)


def written(split: str) -> list[Passage]:
    """The passages written by hand.

    Args:
        split: `development`, which the verifier was made with, `held out`, or `answers`, about everyday documents, with
            which it was made, too.
    """
    rows = [json.loads(line) for line in WRITTEN.read_text(encoding="utf-8").splitlines()]
    return [
        Passage(title=row["title"], text=row["text"], claims=tuple((c["kind"], c["text"]) for c in row["claims"]))
        for row in rows
        if row["split"] == split
    ]


def verdicts(passages: Sequence[Passage], folder: Path) -> Iterator[Verdict]:
    """Each claim, citing its passage, checked against the evidence that a search for the passage brings."""
    (folder / "passages").mkdir()
    for number, passage in enumerate(passages):
        (folder / f"passages/{number}.md").write_text(f"# {passage.title}\n\n{passage.text}\n", encoding="utf-8")
    with Rag.open(folder / "passages") as corpus:
        corpus.ingest()
        answerer = corpus._opened.answerer()
        quotes: ExtractiveAnswerer = answerer  # type: ignore[assignment]  # without a model there is no other
        for number, passage in enumerate(passages):
            evidence = _evidence(corpus, quotes, f"{passage.title} {passage.text[:100]}")
            own = [e.number for e in evidence if e.uri.endswith(f"/{number}.md")]
            if not own:
                raise RuntimeError(f"a search for passage {number} does not find it")
            verifier = Verifier(
                evidence,
                encoder=quotes.encoder,
                lexical=quotes.lexical,
                idf=quotes.idf,
                read_text=quotes.read_text,
            )
            for kind, claim in passage.claims:
                started = time.perf_counter()
                checked = verifier.support(f"{claim} [{own[0]}]")
                spent = 1000 * (time.perf_counter() - started)
                yield Verdict(kind, claim, checked is not None and checked.supported, spent)


def table(found: Iterable[Verdict]) -> str:
    """Shares of each kind that were taken for supported, precision and recall, and milliseconds a claim."""
    kinds: Mapping[str, Counter[bool]] = defaultdict(Counter)
    milliseconds = []
    for verdict in found:
        kinds[verdict.kind][verdict.supported] += 1
        milliseconds.append(verdict.milliseconds)
    lines = [
        f"{kind:12} {'true' if kind in TRUE else 'false':6} supported {of[True]} of {of.total()}"
        for kind, of in kinds.items()
    ]
    precision, recall = scores(kinds)
    p50, p95 = np.percentile(milliseconds, (50, 95))
    mean = np.mean(milliseconds)
    lines.append(f"precision {precision:.3f}  recall {recall:.3f}  ms mean {mean:.1f} p50 {p50:.1f} p95 {p95:.1f}")
    return "\n".join(lines)


def scores(kinds: Mapping[str, Counter[bool]]) -> tuple[float, float]:
    """Precision and recall of "supported"."""
    held = sum(of[True] for kind, of in kinds.items() if kind in TRUE)
    taken = sum(of[True] for of in kinds.values())
    true = sum(of.total() for kind, of in kinds.items() if kind in TRUE)
    return held / taken if taken else 0.0, held / true if true else 0.0


def run(data: Path) -> int:
    """Print a table for each set; 1 where SQuAD is missing."""
    if not (data / "squad2").is_dir():
        print(f"squad2: not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    sets = {f"written by hand, {split}": written(split) for split in ("development", "held out", "answers")}
    for name, passages in {**sets, "SQuAD 2.0, changed": [*changed(data / "squad2")]}.items():
        with tempfile.TemporaryDirectory() as folder:
            print(f"{name}: {len(passages)} passages\n{table(verdicts(passages, Path(folder)))}\n", flush=True)
    return 0


def changed(folder: Path) -> Iterator[Passage]:
    """Sentences of paragraphs as they are, shortened, and with a number, a name or the verb's polarity changed."""
    chance = random.Random(0)
    passages = [p for p in load_beir(folder).passages if len(p.text) > 300]
    for passage in chance.sample(passages, SENTENCES):
        sentences = [passage.text[start:end] for start, end in sentence_spans(passage.text)]
        fitting = [s for s in sentences if 8 <= len(s.split()) <= 40 and s.endswith(".")]
        if fitting:
            sentence = chance.choice(fitting)
            claims = tuple(_variants(sentence, passage.text, chance))
            yield Passage(title=passage.document_id.replace("_", " "), text=passage.text, claims=claims)


def _variants(sentence: str, text: str, chance: random.Random) -> Iterator[tuple[str, str]]:
    yield "verbatim", sentence
    head, comma, _ = sentence.rpartition(", ")
    if comma and len(head.split()) > 7 and _VERB.search(head):
        yield "shortened", f"{head}."
    if number := _NUMBER.search(sentence):
        other = str(int(number[0]) + chance.choice((1, 2, 10)))
        yield "number", sentence[: number.start()] + other + sentence[number.end() :]
    own = [name for name in names(sentence) if name.isalpha() and len(name) > 3]
    others = sorted({name for name in names(text) if name.isalpha() and len(name) > 3 and name not in sentence})
    if own and others:
        yield "name", re.sub(rf"\b{re.escape(own[0])}\b", chance.choice(others), sentence, count=1)
    if " not " in sentence:
        yield "negation", sentence.replace(" not ", " ", 1)
    elif verb := _VERB.search(sentence):
        yield "negation", f"{sentence[: verb.end()]} not{sentence[verb.end() :]}"


def _evidence(corpus: Rag, quotes: ExtractiveAnswerer, query: str) -> Sequence[Evidence]:
    hits: Any = corpus.search(query).hits
    return pack_evidence(
        hits,
        read_text=quotes.read_text,
        chunk_spans=quotes.chunk_spans,
        max_tokens=quotes.settings.max_evidence_tokens,
        count=quotes.tokens.count,
    )
