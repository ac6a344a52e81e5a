"""What the engine tells the user: a code and values, from which a door makes words in any language."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

MESSAGES = {
    # why there is no answer
    "nothing_found": "Nothing was found: the corpus holds no passage that this search may see.",
    "nothing_filtered": "Nothing was found: no passage meets the filter. Without the filter, there may be an answer.",
    "no_such_field": "Nothing was found: no document here has {name}, by which the filter narrows the search. "
    "There are: {known}.",
    "no_such_value": "Nothing was found: no document here has {value} as {name}. There are: {known}.",
    "not_covered": "The corpus does not seem to cover this question "
    "(confidence {confidence:.2f}, needed {needed:.2f}).",
    "filter_not_covered": "What the filter leaves does not seem to cover this question "
    "(confidence {confidence:.2f}, needed {needed:.2f}).",
    "passages_changed": "The passages that were found have changed since; ask again.",
    "no_quote": "The nearest passages hold no sentence that could be quoted.",
    "not_stated": "The passages found do not state the answer.",
    "all_left_out": "What the model wrote could not be verified. "
    "Sentences left out, since the documents do not support them: {number:,}.",
    # how an answer came about
    "passages_left_out": "The model reads less than was found: {number:,} of {found:,} passages were left out.",
    "rewritten": "{number:,} of {all:,} sentences were not supported; the answer was rewritten.",
    "model_failed": "The model {model} gave no answer ({failure}); the documents are quoted instead.",
    "left_out": "Sentences left out, since the documents do not support them: {number:,}.",
    "nothing_verified": "Nothing in this answer could be verified in the documents.",
    "cut_off": "The model was stopped before the end of its answer: something may be missing.",
    "sources_differ": "The sources differ: “{one}” [{in_one}], “{other}” [{in_other}].",
    # how a document is left out
    "source_gone": "source {source!r} is in the corpus no longer: the next ingest of all sources takes the document "
    "out",
    "no_exclude_line": "it cannot be excluded by a pattern: take it out of the source {source!r} itself",
    "exclude_line": "in the corpus file, give the source {source!r} the line {line}",
    "exclude_file": "in the corpus file, give the source {source!r} the line {line}, or take the file out of the "
    "folder",
    # of a corpus
    "answers_as_built": "{keys} changed since the corpus was built; it answers as built until `rag ingest --rebuild`",
    "unfinished": "the first ingestion of this corpus is under way, or it was interrupted: what it has not reached is "
    "not found; `rag ingest` goes on with it",
    # why a model gave no answer
    "too_long": "the request is longer than the model reads",
    "key_refused": "HTTP {status}, the API key was refused",
    "access_refused": "HTTP {status}, access was refused",
    "no_such_model": "HTTP {status}, no such model or address",
    "too_many_requests": "HTTP {status}, too many requests, also when it was asked again later",
    "http_error": "HTTP {status}",
    "no_answer_in_time": "no answer in time",
    "unreachable": "the server cannot be reached",
    "empty_reply": "an empty reply",
    "endless_reply": "a reply without an end",
    "neither_yes_nor_no": "it replied with neither yes nor no",
    "other_failure": "{name}",
    # why a sentence is not supported
    "absent": "the source does not say this",
    "only_told": "the source tells of this without stating it",
    "reserved": "the source says this with a reservation that is left out here",
    "too_long_to_check": "it is too long to be compared with the source",
    "other_language": "it is in another language than the source: their words cannot be compared",
    "text_changed": "the stored text has changed since",
    "judge_failed": "the judge gave no answer ({failure})",
    "judge_disagrees": "the judge does not find it in the source",
    "unknown_name": "names {name}, which the source does not",
    "other_name": "names {name} where the source names {other}",
    "unknown_number": "says {number}, which the source does not",
    "other_words": "says {words} where the source says {other}",
    "other_agent": "says by {agent} where the source says by {other}",
    "other_subject": "says of {subject} what the source says of {other}",
    "other_order": "says it the other way round than the source",
    "opposite": "says the opposite of what the source says",
    "denies": "denies what the source says",
    "denied": "says what the source denies",
}
"""Code -> English. A code says the same in every version, with the same values."""


@dataclass(frozen=True, slots=True)
class Notice:
    """Something that a user is told.

    Attributes:
        code: one of `MESSAGES`.
        values: what is filled in: texts, numbers, and notices as their `to_dict` has them.
    """

    code: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """In English."""
        said = {name: each["text"] if isinstance(each, Mapping) else each for name, each in self.values.items()}
        return MESSAGES[self.code].format(**said)

    def __str__(self) -> str:
        return self.text

    def to_dict(self) -> dict[str, Any]:
        return {"code": self.code, "text": self.text, "values": dict(self.values)}


def notice(code: str, **values: Any) -> Notice:
    """A notice with these values, of which some may be notices themselves."""
    plain = {name: each.to_dict() if isinstance(each, Notice) else each for name, each in values.items()}
    return Notice(code, plain)
