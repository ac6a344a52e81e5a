"""Why things of a source are not taken, in words that are the same whoever says them.

Reasons travel as words, through other processes, JSON and what a source remembers; a door that speaks another language
recognises them.
"""

import re
from collections.abc import Mapping
from functools import cache
from string import Formatter

REASONS = {
    "broken_link": "a broken link",
    "excluded": "excluded by {pattern!r}",
    "hidden_link": "a link to a hidden file",
    "link": "a link, which is not followed",
    "link_out": "a link out of the folder",
    "link_to_folder": "a link to a folder, which is not followed",
    "images": "images in messages are not read",
    "missing_chapters": "chapters that the book lists and does not hold: {parts}",
    "no_acl": "its access list holds something that is no text",
    "no_file": "not a regular file",
    "no_parser": "no parser for files of this kind",
    "no_parser_for": "no parser for {kind} files",
    "no_parser_for_type": "no parser for {mime}",
    "no_suffix": "no parser for files without a suffix",
    "no_type": "no parser for an unnamed media type",
    "not_default": "{kind} files are taken only where `include` names them",
    "not_included": "`include` does not name where it leads",
    "not_public": "{host} has the address {address}, which is not a public one",
    "not_unicode": "its name is not valid Unicode: rename it",
    "not_utf8": "its name is not valid UTF-8: rename it",
    "other_host": "on another host: name {host!r} in `hosts` to take it",
    "outlook_link": "a message within an Outlook message, or a link, is not read",
    "pages_without_text": "pages that show pictures whose text is not recognised: {parts}",
    "redirected": "redirects to another host, {host}",
    "robots": "robots.txt forbids it",
    "robots_index": "the page asks robots not to index it",
    "same_message": "the same Message-ID as {other}",
    "same_name": "the same name in Unicode's normal form as {other}",
    "same_page": "the same page as {other}",
    "status": "the server answers {status}",
    "submodule": "a submodule, which is not entered",
    "too_large": "{size:.4g} MB, more than the {limit:.4g} MB of parsing.max_file_mb",
    "too_large_page": "{size:.4g} MB or more, above the {limit:.4g} MB of parsing.max_file_mb",
    "too_many_pages": "more than {pages} pages: raise `max_pages` or narrow `include`",
    "unread_pages": "malformed pages: {parts}",
}
"""Code -> English."""


def skip_reason(code: str, **values: object) -> str:
    """The words of a reason.

    Args:
        code: one of `REASONS`.
        values: what is filled in.
    """
    return REASONS[code].format_map(values)


def too_large(size: int, limit: float) -> str:
    """Why something is not taken that has more bytes than the limit."""
    return skip_reason("too_large", size=size / 1e6, limit=limit / 1e6)


def recognised(reason: str) -> tuple[str, Mapping[str, str]] | None:
    """The code and the values of a reason as they are written in it; None for words of others."""
    for code, pattern in _patterns():
        if found := pattern.fullmatch(reason):
            return code, found.groupdict()
    return None


@cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Those that say most by themselves come first: others might take their words for values."""
    fixed = {code: len(re.sub(r"\{.*?\}", "", words)) for code, words in REASONS.items()}
    ordered = sorted(REASONS, key=lambda code: ("{" in REASONS[code], -fixed[code]))
    return tuple((code, re.compile(_pattern(REASONS[code]), re.DOTALL)) for code in ordered)


def _pattern(words: str) -> str:
    pieces = Formatter().parse(words)
    return "".join(re.escape(text) + (f"(?P<{name}>.+?)" if name else "") for text, name, _, _ in pieces)
