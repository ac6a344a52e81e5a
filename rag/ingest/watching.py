"""Keeps a corpus equal to its watched sources, by the changes that the operating system reports."""

import logging
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from threading import Event

from watchfiles import watch

from rag.errors import RagError, SettingsError
from rag.ingest.job import Progress
from rag.reports import IngestReport

TICK_MS = 500
"""How long a quiet moment lasts: changes that follow each other faster are taken together."""
LONGEST_MS = 5_000
"""Changes that never pause are taken after so long."""

POLL_MS = 5_000
"""Between two looks at all files, where the operating system does not report changes."""

_LOG = logging.getLogger(__name__)
logging.getLogger("watchfiles").setLevel(logging.WARNING)  # it reports every change on its own


class _Stopped(Exception):  # noqa: N818 - nothing went wrong
    """Nobody follows any more."""


def follow(
    watched: Mapping[str, Path],
    ingest: Callable[[frozenset[str] | None, Callable[[Progress], object]], IngestReport],
    *,
    ignored: Sequence[Path],
    stop: Event,
    progress: Callable[[Progress], object] | None,
) -> Iterator[IngestReport | RagError]:
    """The outcome of each run; see `Rag.follow`.

    Args:
        watched: source name -> folder or file.
        ingest: brings the named sources up to date, or all for None, and says where it stands.
        ignored: folders whose changes are ours.
        stop, progress: as in `Rag.follow`.

    Raises:
        SettingsError: nothing is watched.
    """
    if not watched:
        raise SettingsError("no source is watched: give one that is a local folder `watch: true` in the corpus file")

    def report(at: Progress) -> None:
        if stop.is_set():
            raise _Stopped
        if progress is not None:
            progress(at)

    def outcome(names: frozenset[str] | None) -> IngestReport | RagError:
        try:
            return ingest(names, report)
        except RagError as error:
            return error

    everything, failed = True, frozenset[str]()
    try:
        for names in changed_sources(watched, ignored=ignored, stop=stop):
            if everything:
                done = outcome(None)
                yield done
                everything = isinstance(done, RagError)
                if not everything:
                    continue
            # also where another source keeps the whole from being done
            done = outcome(names | failed)
            failed = names | failed if isinstance(done, RagError) else frozenset()
            yield done
    except _Stopped:
        return


def changed_sources(roots: Mapping[str, Path], *, ignored: Sequence[Path], stop: Event) -> Iterator[frozenset[str]]:
    """Names of the sources that changed, whenever some did, until `stop` is set.

    The first answer comes as soon as the roots are watched and names all of them: whoever reads them then misses
    nothing that changes meanwhile. A root that is a file, is missing, or is replaced by another folder is noticed by
    looking at it, since the operating system reports changes in folders that stay.

    Args:
        roots: source name -> folder or file.
        ignored: folders whose changes are ours, such as the index.
        stop: ends the iteration within a second.
    """
    paths = {name: Path(os.path.abspath(path)) for name, path in roots.items()}  # noqa: PTH100 - links stay as they are
    pending = frozenset(paths)
    seen = {name: _identity(path) for name, path in paths.items()}

    def replaced() -> frozenset[str]:
        """Names of the roots that are others than at the last look."""
        before = dict(seen)
        seen.update((name, _identity(path)) for name, path in paths.items())
        return frozenset(name for name in paths if seen[name] != before[name])

    while not stop.is_set():
        folders = {name: path for name, path in paths.items() if path.is_dir()}
        if not folders:
            if pending:
                yield pending
            stop.wait(TICK_MS / 1000)
            pending = replaced()
            continue
        with closing(_changes([*folders.values()], stop)) as changes:
            for changed in changes:
                pending |= {
                    name for name, root in paths.items() if any(_concerns(path, root, ignored) for path in changed)
                }
                others = replaced()
                if pending or others:
                    yield pending | others
                    pending = frozenset()
                if any(name in folders or paths[name].is_dir() for name in others):
                    # what changes before they are watched anew is not reported
                    pending = frozenset(folders) | others
                    break


def _changes(folders: Sequence[Path], stop: Event) -> Generator[list[Path]]:
    """Paths that changed, or none of them after each quiet moment."""

    def changes(*, polling: bool) -> Iterator[list[Path]]:
        events = watch(
            *folders,
            watch_filter=None,
            debounce=LONGEST_MS,
            step=TICK_MS,
            rust_timeout=TICK_MS,
            yield_on_timeout=True,
            stop_event=stop,
            raise_interrupt=True,
            force_polling=polling,
            poll_delay_ms=POLL_MS,
            ignore_permission_denied=True,
        )
        for found in events:
            yield [Path(path) for _, path in found]

    try:
        yield from changes(polling=False)
    except OSError as error:  # one watch for each folder, of which a user has so many
        _LOG.warning(
            "the operating system does not watch %s (%s): its files are looked at every %g s instead; on Linux, a "
            "higher fs.inotify.max_user_watches is the way out",
            ", ".join(map(str, folders)),
            error,
            POLL_MS / 1000,
        )
        yield from changes(polling=True)


def _concerns(path: Path, root: Path, ignored: Sequence[Path]) -> bool:
    """The change may change what the source lists: hidden files are never part of it."""
    if not path.is_relative_to(root) or any(path.is_relative_to(folder) for folder in ignored):
        return False
    return not any(part.startswith(".") for part in path.relative_to(root).parts)


def _identity(path: Path) -> tuple[int, ...] | None:
    """What tells this folder, or this content of a file, from another; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    if path.is_dir():
        return (status.st_dev, status.st_ino)
    return (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
