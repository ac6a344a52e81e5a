"""How a document is kept out of a corpus: what to write where, for each kind of source."""

import json
import re
from urllib.parse import unquote, urlsplit

from rag.notices import Notice, notice
from rag.settings.models import Settings
from rag.settings.sources import FilesSource, GitSource, Source, WebSource

_SPECIAL = re.compile(r"([*?[])")


def how_to_exclude(settings: Settings, document_id: str) -> Notice:
    """What to change so that the next ingest leaves a document out.

    Documents of a source belong to it: they cannot be deleted, they would come back.
    """
    name, _, key = document_id.partition(":")
    source = next((source for source in settings.all_sources if source.name == name), None)
    if source is None:
        return notice("source_gone", source=name)
    line = exclude_line(source, key)
    if line is None:
        return notice("no_exclude_line", source=name)
    return notice("exclude_file" if isinstance(source, FilesSource) else "exclude_line", source=name, line=line)


def exclude_line(source: Source, key: str) -> str | None:
    """The `exclude` of a source with one document more, as a line of YAML.

    None where no pattern can say it: the kind has no `exclude`, a start page is always taken, and a pattern that ends
    in a slash would take all below it.

    Args:
        key: of the document; of a member of an archive, which is left out with it.
    """
    item = key.partition("!/")[0]
    if isinstance(source, WebSource):  # its patterns are of the paths of pages
        if item in source.urls or not item.startswith("http"):
            return None
        item = unquote(urlsplit(item).path)
    elif not isinstance(source, FilesSource | GitSource):
        return None
    if not item or item.endswith("/"):
        return None
    pattern = "/" + _SPECIAL.sub(r"[\1]", item.removeprefix("/"))
    patterns = [*source.exclude, pattern]
    return f"exclude: {json.dumps(patterns, ensure_ascii=not all(text.isprintable() for text in patterns))}"
