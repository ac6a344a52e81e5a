"""A progress bar on stderr for long work."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

from tqdm import tqdm

from rag.ingest.job import Progress


@contextmanager
def progress_bar() -> Iterator[Callable[[Progress], None]]:
    """A callback that draws documents done, rate and time left; silent where stderr is no terminal."""
    bar: tqdm[NoReturn] = tqdm(
        desc="ingest",
        disable=None,
        leave=False,
        bar_format="{desc}: |{bar:20}| {n_fmt}/{total_fmt} documents{postfix}",
    )
    bar.set_postfix_str("starting")

    def show(progress: Progress) -> None:
        bar.total = progress.total
        bar.n = progress.done
        rate = progress.tokens / progress.seconds if progress.seconds else 0.0
        left = "" if progress.eta_s is None else f", {_duration(progress.eta_s)} left"
        bar.set_postfix_str(f"{rate:,.0f} tokens/s{left}")
        if progress.done == progress.total:  # what is printed next stands on a line of its own
            bar.clear()

    try:
        yield show
    finally:
        bar.close()


@contextmanager
def steps_bar() -> Iterator[Callable[[str, int, int], None]]:
    """A callback that draws what is done, how much of it and of how much; silent where stderr is no terminal."""
    bar: tqdm[NoReturn] = tqdm(disable=None, leave=False, bar_format="{desc}: |{bar:20}| {n_fmt}/{total_fmt} {elapsed}")

    at = ""

    def show(step: str, done: int, total: int) -> None:
        nonlocal at
        if step != at:
            at = step
            bar.reset(total=total)
            bar.set_description(step, refresh=False)
        bar.n = done
        bar.update(0)

    try:
        yield show
    finally:
        bar.close()


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
