"""Whether every citation that is shown says what its source says: an independent check from the outside.

It reads nothing but what `rag ask --json` and `rag show --json` print, and the source files themselves.
"""

import json
import subprocess
import sys
import tempfile
import unicodedata
from collections import Counter
from pathlib import Path
from typing import Any

from rag.evaluation.beir import load_beir

QUESTIONS = 40


def run(data: Path) -> int:
    """Print what was checked; 1 where a citation does not hold."""
    if not (data / "squad2").is_dir():
        print(f"squad2: not in {data}; see docs/benchmarks.md", file=sys.stderr)
        return 1
    dataset = load_beir(data / "squad2")
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary) / "articles"
        folder.mkdir()
        articles: dict[str, list[str]] = {}
        for passage in dataset.passages:
            articles.setdefault(passage.document_id, []).append(passage.text)
        for number, (name, texts) in enumerate(sorted(articles.items())):
            suffix = ".md" if number % 2 else ".txt"
            (folder / f"{name}{suffix}").write_text(f"# {name}\n\n" + "\n\n".join(texts) + "\n", encoding="utf-8")
        _rag("ingest", str(folder))
        ids = sorted(dataset.queries)
        found: Counter[str] = Counter()
        for id in ids[:: max(1, len(ids) // QUESTIONS)][:QUESTIONS]:
            answer = _rag("ask", str(folder), dataset.queries[id], "--json")
            found.update(check(answer, lambda document: _rag("show", str(folder), document, "--json")))
    for what, count in sorted(found.items()):
        print(f"{count:6} {what}")
    return int(any(what.startswith("WRONG") for what in found))


def check(answer: dict[str, Any], show: Any) -> Counter[str]:
    """Counts of what holds of one answer; what does not begins with WRONG."""
    found = Counter({"answers": 1, "abstentions": int(answer["abstained"])})
    evidence = {e["number"]: e for e in answer["evidence"]}
    for sentence in answer["sentences"]:
        found["sentences"] += 1
        if sentence["supported"] and not sentence["citations"]:
            found["WRONG: supported without a citation"] += 1
        for citation in sentence["citations"]:
            found["citations"] += 1
            for what in _faults(citation, evidence, show(citation["document_id"])):
                found[f"WRONG: {what}"] += 1
    return found


def _faults(citation: dict[str, Any], evidence: dict[int, dict[str, Any]], document: dict[str, Any]) -> list[str]:
    start, end, quote = citation["start"], citation["end"], citation["quote"]
    passage = evidence.get(citation["evidence"])
    chunks = {chunk["chunk_id"]: chunk for chunk in document["chunks"]}
    chunk = chunks.get(citation["chunk_id"])
    source = unicodedata.normalize("NFC", Path(citation["uri"]).read_text(encoding="utf-8"))
    checks = {
        "it does not call itself verified": citation["verified"],
        "the quote is empty": bool(quote.strip()),
        "the stored document has something else there": document["text"][start:end] == quote,
        "the source file has something else there": source[start:end] == quote,
        "there is no such evidence": passage is not None,
        "it is outside of its evidence": passage is not None and passage["start"] <= start < end <= passage["end"],
        "its evidence is of another document": passage is not None
        and passage["document_id"] == citation["document_id"],
        "there is no such chunk": chunk is not None,
        "it begins outside of its chunk": chunk is not None and chunk["start"] <= start < chunk["end"],
    }
    return [fault for fault, holds in checks.items() if not holds]


def _rag(*arguments: str) -> dict[str, Any]:
    """What a command prints as JSON; {} where it was not asked to."""
    done = subprocess.run([sys.executable, "-m", "rag", *arguments], capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout) if "--json" in arguments else {}
    return found
