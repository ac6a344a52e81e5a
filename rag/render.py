"""Results as text for a terminal. Pure functions."""

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rag.answering.numbered import numbered, numbers
from rag.candidates import LegScore
from rag.reports import Failure, IngestReport, Plan, Skipped, VerifyReport
from rag.results import Answer, SearchResult, StoredDocument

if TYPE_CHECKING:
    from rag.benchmark import EncoderBenchmark
    from rag.doctor import Diagnosis
    from rag.profiling import Profile
    from rag.retrieval.trace import Explanation

WORTH_IT = 1.1
"""How many times as fast another way to encode has to be to be recommended: less is noise."""
SHOWN = 20
"""Rows of a long list that are printed; the JSON has them all."""
WIDTH = 100
"""Columns of what is wrapped."""
UNSUPPORTED = "not supported by the sources"


def printable(text: str) -> str:
    """The text without what could move a terminal's cursor; line ends and tabs stay."""
    return "".join(c if c.isprintable() or c in "\n\t" else "\N{REPLACEMENT CHARACTER}" for c in text)


def plan(found: Plan) -> str:
    lines = [
        f"{found.corpus}: {found.new} new, {found.changed} changed, {found.unchanged} unchanged, "
        f"{found.deleted} deleted"
    ]
    lines += [
        f"  setting {c.key}: stored {c.stored!r}, now {c.wanted!r} (needs --rebuild)" for c in found.settings_changed
    ]
    lines += _capped([f"  {d.action:8} {d.id}" for d in found.documents])
    lines += _problems(found.failed, found.skipped)
    e = found.estimate
    lines.append(f"about {e['tokens']:,.0f} tokens to encode, {e['seconds']:,.0f} s, {e['bytes'] / 1e6:,.1f} MB")
    if "contexts" in e:
        cost = f", cost about {e['cost']:,.2f}" if "cost" in e else ""
        lines.append(
            f"about {e['contexts']:,.0f} contexts to ask for: {e['input_tokens']:,.0f} tokens in, "
            f"{e['output_tokens']:,.0f} out{cost}"
        )
    return "\n".join(lines)


def ingest(report: IngestReport) -> str:
    lines = _problems(report.failed, report.skipped)
    lines.append(
        f"{report.corpus}: {report.new} new, {report.changed} changed, {report.unchanged} unchanged, "
        f"{report.deleted} deleted, {len(report.failed)} failed, {len(report.skipped)} skipped"
    )
    lines.append(
        f"{report.chunks_written} chunks written, {report.chunks_deleted} deleted, "
        f"{report.tokens_encoded:,} tokens encoded, {report.tokens_truncated} truncated, {report.seconds:.1f} s"
    )
    if report.contexts_written:
        lines.append(f"{report.contexts_written} contexts written by the language model")
    return "\n".join(lines)


def profile(report: IngestReport, spent: "Profile") -> str:
    """Stages by the clock, libraries by processor time."""
    lines = ["stage          seconds  of the run; stages overlap"]
    lines += [
        f"{name:14}{seconds:8.2f}  {seconds / max(report.seconds, 1e-9):4.0%}"
        for name, seconds in report.stages.items()
    ]
    total = max(spent.processor_seconds, 1e-9)
    lines += ["", "library             s  of the processor time"]
    lines += [f"{name:18}{seconds:7.2f}  {seconds / total:4.0%}" for name, seconds in spent.libraries.items()]
    share = spent.processor_seconds / max(spent.seconds, 1e-9)
    lines.append(f"{'together':18}{spent.processor_seconds:7.2f}  {share:.1f} cores busy for {spent.seconds:.1f} s")
    return "\n".join(lines)


def verify(report: VerifyReport) -> str:
    mended = f"{report.repaired} repaired; " if report.repaired else ""
    if report.ok:
        return f"{mended}ok: {report.documents} documents, {report.chunks} chunks, nothing missing, orphaned or stale"
    return (
        f"{mended}{report.documents} documents, {report.chunks} chunks: {report.missing_chunks} missing chunks, "
        f"{report.orphan_chunks} orphan chunks, {report.stale_documents} stale documents; `rag verify --repair` mends "
        "what the sources still have, `rag ingest --rebuild` builds everything anew"
    )


def document(found: StoredDocument) -> str:
    head = f"{found.document_id}\n{found.title}\n{found.uri}\n{len(found.chunks)} chunks\n"
    return f"{head}\n{found.text}"


def search(result: SearchResult) -> str:
    said = [f"searched for: {result.corrected}"] if result.corrected else []
    if not result.hits:
        return "\n".join([*said, result.why_nothing.text if result.why_nothing else "no hits"])
    blocks = said
    for hit in result.hits:
        # a leg that scores 0 has nothing to say of the hit
        legs = [f"{name} {score:.3f} (#{hit.ranks[name]})" for name, score in hit.scores.items() if score]
        place = _place(hit.document_id, hit.page)
        head = f"{hit.rank}. {hit.score:.3f}  {hit.situation or hit.title}\n   {place}"
        blocks.append("\n".join([head, *_columns(legs), textwrap.indent(_beginning(hit.text), "   ")]))
    return "\n\n".join(blocks)


def _columns(cells: Sequence[str]) -> list[str]:
    """Cells in lines of at most `WIDTH`, none torn."""
    lines: list[str] = []
    for cell in cells:
        if lines and len(lines[-1]) + len(cell) < WIDTH:
            lines[-1] += f"  {cell}"
        else:
            lines.append(f"   {cell}")
    return lines


def trace(result: SearchResult, lost: int = 5) -> str:
    """A line a leg: what it brought. Then a row a candidate: all hits and the first that are none.

    Each cell has what the leg adds to the fused score as a bar, its exact score, and the rank that it gives; `*` where
    the leg brought the candidate.
    """
    found = result.trace
    if found is None or not found.candidates:
        return "no leg brought a candidate"
    stages, legs = found.stages, found.legs
    lines = [
        f"{stages['brought']} brought -> {stages['candidates']} candidates -> {stages['hits']} hits",
        f"{'leg':18}{'weight':>7}{'brought':>9}{'alone':>7}{'hits':>6}{'lowest':>8}{'share of the hits':>19}",
    ]
    for name, leg in legs.items():
        counts = "".join(f"{'' if n is None else n:>{w}}" for n, w in ((leg.brought, 9), (leg.alone, 7), (leg.hits, 6)))
        lowest = "" if leg.lowest is None else f"{leg.lowest:.3f}"
        lines.append(f"{name:18}{leg.weight:7g}{counts}{lowest:>8}{leg.share:9.0%} {bar(leg.share, 9)}")
    shown = found.candidates[: stages["hits"] + lost]
    longest = max(leg.share for candidate in shown for leg in candidate.legs.values()) or 1.0
    lines.append(f"\n{'':11}" + "".join(f"{name.replace('_', ' ')[:16]:<17}" for name in legs).rstrip())
    for candidate in shown:
        if candidate.rank == stages["hits"] + 1:
            lines.append("not taken:")
        row = "".join(f"{_cell(leg, longest):<17}" for leg in candidate.legs.values())
        lines.append(f"{candidate.rank:3} {candidate.score:.3f}  {row}{candidate.document_id}")
    return "\n".join(lines)


def _cell(leg: LegScore, longest: float) -> str:
    """Bar, score and rank; nothing where the leg has nothing to say of the candidate."""
    if not leg.share and leg.brought is None:
        return ""
    return f"{bar(leg.share / longest, 4)} {leg.score:5.2f} {'*' if leg.brought else ' '}#{leg.rank}"


def bar(share: float, width: int) -> str:
    """A bar of eighths of a cell, `width` cells for 1; anything above 0 is seen."""
    eighths = max(round(share * width * 8), 1 if share > 0 else 0)
    full, part = divmod(min(eighths, width * 8), 8)
    return f"{'█' * full}{' ▏▎▍▌▋▊▉'[part] if part else ''}".ljust(width)


def why(found: "Explanation") -> str:
    """The verdict, then the best chunk leg by leg beside the last hit."""
    verdicts = {
        "found": f"found, at rank {found.rank}",
        "ranked too low": f"lost in the ranking: rank {found.rank}, {found.missing:.3f} below the last that is kept",
        "reranked too low": f"lost in reranking: rank {found.rank}, {found.missing:.3f} below the last hit",
        "no candidate": f"lost before the ranking: no leg brought it, and {found.missing:.3f} below the last hit",
        "filtered out": "hidden by --where",
        "no text": "there is no text in it to be found",
    }
    lines = [f"{found.document_id}: {verdicts[found.stage]}"]
    if found.chunk_id is None:
        return lines[0]
    lines.append(
        f"  its best chunk, {found.start} to {found.end}: {textwrap.shorten(found.text, 120, placeholder=' ...')}"
    )
    lines.append(f"  {'leg':18}{'score':>9}{'rank':>7}{'adds':>8}{'to the last hit':>18}")
    for name, leg in found.legs.items():
        beside = found.last_hit.get(name)
        other = f"{beside:18.3f}" if beside is not None else ""
        rank = str(leg.rank) if leg.score else ""
        lines.append(f"  {name:18}{leg.score:9.3f}{rank:>7}{leg.share:8.3f}{other}")
    total = f"{found.needed:18.3f}" if found.needed is not None else ""
    last = "reranked" if found.stage == "reranked too low" else "all"
    lines.append(f"  {last:18}{'':9}{found.rank:7}{found.score:8.3f}{total}")
    return "\n".join(lines)


def answer(found: Answer) -> str:
    """What was asked, where it differs from the question; the answer with numbers; what stands behind it."""
    said = found.to_dict()
    meant = [_meant(said)] if _meant(said) else []
    text = f"No answer. {found.reason}" if found.abstained else numbered(said, UNSUPPORTED)
    return "\n".join([*meant, text, sources(said)])


def sources(found: Mapping[str, Any]) -> str:
    """The cited passages of an answer's JSON, or the nearest ones, each with its beginning, where it abstained."""
    cited = {number for sentence in found["sentences"] for number in numbers(sentence)}
    lines = []
    for row in found["evidence"]:
        if row["number"] in cited or found["abstained"]:
            path = " > ".join([row["title"], *row["headings"]])
            lines.append(f"[{row['number']}] {path}  {_place(row['document_id'], row['page'])}")
        if found["abstained"]:
            lines.append(textwrap.indent(_beginning(row["text"]), "    "))
    if lines:
        lines = ["", "Nearest passages:" if found["abstained"] else "Sources:", *lines]
    return "\n".join([*lines, *([found["notice"]] if found.get("notice") else [])])


def after_stream(found: Mapping[str, Any]) -> str:
    """What is left to say once the words of an answer have been printed as they came."""
    said = [_meant(found)] if _meant(found) else []
    if found["abstained"]:
        said.append(f"No answer. {found['reason']}")
    said += [f"{UNSUPPORTED.capitalize()}: {s['text']}" for s in found["sentences"] if not s["supported"]]
    return "\n".join([*said, sources(found)])


def _meant(found: Mapping[str, Any]) -> str:
    meant: str = found["standalone_question"]
    return "" if meant == found["question"] else f"searched for: {meant}"


def _beginning(text: str) -> str:
    return textwrap.fill(textwrap.shorten(text, 240, placeholder=" ..."), WIDTH)


def _place(document_id: str, page: int | None) -> str:
    return document_id if page is None else f"{document_id}, page {page}"


def _problems(failed: tuple[Failure, ...], skipped: tuple[Skipped, ...]) -> list[str]:
    # most errors name the file themselves
    lines = _capped([f"  failed  {f.uri}: {f.error.removeprefix(f'{f.uri}: ')}" for f in failed])
    return lines + _capped([f"  skipped {s.uri}: {s.reason}" for s in skipped])


def _capped(lines: list[str]) -> list[str]:
    return lines if len(lines) <= SHOWN else [*lines[:SHOWN], f"  ... and {len(lines) - SHOWN} more (--json lists all)"]


def doctor(found: "Diagnosis") -> str:
    signs = {"ok": "ok  ", "note": "note", "fail": "FAIL"}
    width = max(len(check.name) for check in found.checks)
    lines = []
    for check in found.checks:
        lines.append(f"{signs[check.status]}  {check.name:{width}}  {check.detail}")
        if check.fix:
            lines.append(f"      {'':{width}}  -> {check.fix}")
    failing = sum(check.status == "fail" for check in found.checks)
    lines.append(f"{failing} of {len(found.checks)} checks fail" if failing else "nothing would fail")
    return "\n".join(lines)


def benchmark(found: "EncoderBenchmark") -> str:
    """A row a way to encode, and what to set."""
    lines = [
        f"{found.model} on {found.device}: {found.texts} chunks of the corpus, {found.tokens:,} tokens",
        "backend   dtype     threads  tokens/s  same top 10  cosines differ by",
    ]
    lines += [
        f"{speed.backend:10}{speed.dtype:9}{speed.threads:8}{speed.tokens_per_second:10,.0f}{speed.same_top:13.1%}"
        f"{speed.cosine_difference:19.4f}{'  as set now' if speed.chosen else ''}"
        for speed in found.speeds
    ]
    best, now = found.speeds[0], next(speed for speed in found.speeds if speed.chosen)
    faster = best.tokens_per_second / max(now.tokens_per_second, 1e-9)
    if faster < WORTH_IT:
        return "\n".join([*lines, "the settings are about as fast as it gets here"])
    ways = [f"embedding.backend: {best.backend}"] if best.backend != now.backend else []
    ways += [f"embedding.dtype: {best.dtype}"] if best.dtype != now.dtype else []
    ways += [f"OMP_NUM_THREADS={best.threads}"] if best.threads != now.threads else []
    return "\n".join([*lines, f"{faster:.1f} times as fast: {' and '.join(ways)}"])


def settings(values: Mapping[str, Any], origins: Mapping[str, str], prefix: str = "") -> Iterator[str]:
    """Lines of a corpus file with these values, each with where it comes from unless it is the default."""
    import yaml

    for name, value in values.items():
        key = f"{prefix}{name}"
        indent = "  " * key.count(".")
        if isinstance(value, dict) and value:
            yield f"{indent}{name}:"
            yield from settings(value, origins, f"{key}.")
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            yield f"{indent}{name}:"
            for number, item in enumerate(value):
                first, *rest = (line[len(indent) + 2 :] for line in settings(item, origins, f"{key}.{number}."))
                yield f"{indent}- {first[2:]}"
                yield from (f"{indent}{line}" for line in rest)
        else:
            text = yaml.safe_dump(value, default_flow_style=True, allow_unicode=True, width=10_000)
            origin = origins.get(key)
            yield f"{indent}{name}: {text.removesuffix('...' + chr(10)).strip()}" + (f"  # {origin}" if origin else "")
