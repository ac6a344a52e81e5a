"""What readers thought of answers: a line of JSON for each vote, in `feedback.jsonl` of the corpus' data folder.

A liked answer is a question with a known answer and evidence: `rag eval answers --data feedback.jsonl` asks it again.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, TypeAlias

import portalocker
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from rag.errors import RagError, SettingsError
from rag.settings import Settings
from rag.types import hash_json

Vote: TypeAlias = Literal["up", "down"]
FILE = "feedback.jsonl"
LONGEST_REASON = 2_000
_WAIT_S = 5.0


class Span(BaseModel):
    """What an answer cites: `text[start:end]` of a document."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    document_id: str
    start: int
    end: int


class Feedback(BaseModel):
    """A vote on an answer. A later line with the same `id` takes the place of an earlier one.

    Attributes:
        id: of the answer.
        time: of the vote, ISO 8601 in UTC.
        vote: None withdraws it.
        settings: hash of the settings that the answer was made with, apart from where the corpus comes from and lies.
        answers: what `rag eval answers` takes for right: the answer; none of a liked abstention.
        evidence: ids of the documents that it cites.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    id: str
    time: str
    corpus: str
    question: str
    standalone_question: str
    answer: str
    model: str
    cited: tuple[Span, ...]
    vote: Vote | None
    reason: str = Field("", max_length=LONGEST_REASON)
    settings: str
    answers: tuple[str, ...]
    evidence: tuple[str, ...]


def feedback_file(settings: Settings) -> Path:
    """Where the votes on a corpus' answers are kept.

    Raises:
        SettingsError: the settings name no data folder, as none that were read from a file do.
    """
    if settings.data_dir is None:
        raise SettingsError("data_dir is not set: votes need a folder to be kept in, such as data_dir: .rag/NAME")
    return settings.data_dir / FILE


def keep_vote(
    settings: Settings, answer: Mapping[str, Any], *, answer_id: str, vote: Vote | None, reason: str = ""
) -> Feedback:
    """Write down what a reader thought of an answer.

    Args:
        settings: of the corpus that answered.
        answer: the JSON of `rag ask`.
        answer_id: the same for every vote on this answer.
        vote: None withdraws an earlier one.
        reason: in the reader's own words; cut off behind 2,000 characters.

    Raises:
        RagError: the file cannot be written.
    """
    citations = [citation for sentence in answer["sentences"] for citation in sentence["citations"]]
    said = "" if answer["abstained"] else "\n".join(sentence["text"] for sentence in answer["sentences"])
    feedback = Feedback(
        id=answer_id,
        time=datetime.now(UTC).isoformat(timespec="seconds"),
        corpus=settings.name,
        question=answer["question"],
        standalone_question=answer["standalone_question"],
        answer=answer["answer"],
        model=answer["model"],
        cited=tuple(dict.fromkeys(Span.model_validate(citation) for citation in citations)),
        vote=vote,
        reason=reason.strip()[:LONGEST_REASON],
        settings=settings_hash(settings),
        answers=(said,) if said else (),
        evidence=tuple(dict.fromkeys(citation["document_id"] for citation in citations)),
    )
    _append(feedback_file(settings), feedback.model_dump_json())
    return feedback


def read_votes(path: Path) -> tuple[list[Feedback], int]:
    """The votes that hold, oldest first, and how many lines are none; nothing where there is no file.

    Raises:
        RagError: the file cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8-sig", errors="replace") if path.exists() else ""
    except OSError as error:
        raise RagError(f"{path}: cannot be read ({error.strerror or error})") from None
    found: dict[str, Feedback] = {}
    unreadable = 0
    for line in filter(str.strip, text.split("\n")):
        try:
            feedback = Feedback.model_validate_json(line)
        except ValidationError:
            unreadable += 1
            continue
        found.pop(feedback.id, None)
        found[feedback.id] = feedback
    return [feedback for feedback in found.values() if feedback.vote is not None], unreadable


def known_answers(rows: Mapping[int, Any]) -> dict[int, Any]:
    """The rows of a JSONL file of questions, by line, whose answers are known.

    A row that is no vote stays as it is. Of votes those that hold and are up; they ask the question as it was meant,
    since what it followed is not asked with it.
    """
    latest: dict[str | int, int] = {}
    for line, row in rows.items():
        is_vote = isinstance(row, dict) and "vote" in row
        latest[str(row.get("id")) if is_vote else line] = line
    found: dict[int, Any] = {}
    for line in sorted(latest.values()):
        row = rows[line]
        if not isinstance(row, dict) or "vote" not in row:
            found[line] = row
        elif row["vote"] == "up":
            found[line] = {**row, "question": row.get("standalone_question") or row.get("question")}
    return found


def settings_hash(settings: Settings) -> str:
    """Hash of what an answer depends on; where the corpus comes from and lies is no part of it."""
    return hash_json(settings.model_dump(mode="json", exclude={"name", "sources", "store", "data_dir"}))


def _append(path: Path, line: str) -> None:
    """A whole line at the end, whoever else writes; after one that was torn off on a line of its own."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with portalocker.Lock(
            path, mode="a+b", timeout=_WAIT_S, flags=portalocker.LOCK_EX | portalocker.LOCK_NB
        ) as file:
            file.seek(0, 2)
            if file.tell():
                file.seek(-1, 2)
                line = line if file.read(1) == b"\n" else f"\n{line}"
            file.write(f"{line}\n".encode())
            file.flush()
    except (OSError, portalocker.LockException) as error:
        raise RagError(
            f"{path}: the vote cannot be written ({error}); see that data_dir is a folder of yours"
        ) from None
