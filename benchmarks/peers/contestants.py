"""Who takes part in which job."""

from collections.abc import Mapping
from dataclasses import dataclass

OURS = "situated-rag"
JOBS = ("markdown", "pdf", "again", "query", "askers", "synthetic")
PEERS = ("langchain", "llama-index", "haystack")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contestant:
    """One system, set up in one way.

    Attributes:
        module: the file in this folder that runs it.
        ours: runs in this project's environment, not in that of the peers.
        overrides: keys of the corpus file that are not as shipped.
        jobs: what it takes part in.
    """

    name: str
    module: str
    ours: bool = False
    overrides: tuple[str, ...] = ()
    jobs: tuple[str, ...] = JOBS


CONTESTANTS: Mapping[str, Contestant] = {
    contestant.name: contestant
    for contestant in (
        # `python -m benchmarks scale` measures this project on synthetic chunks
        Contestant(name=OURS, module="with_situated_rag", ours=True, jobs=tuple(j for j in JOBS if j != "synthetic")),
        Contestant(
            name=f"{OURS} float32",
            module="with_situated_rag",
            ours=True,
            overrides=("embedding.dtype=float32",),
            jobs=("markdown", "pdf"),
        ),
        Contestant(name="langchain", module="with_langchain"),
        Contestant(name="llama-index", module="with_llama_index"),
        Contestant(name="haystack", module="with_haystack"),
    )
}


def taking_part(job: str, peers: tuple[str, ...]) -> list[Contestant]:
    """Those who do a job, ours first.

    Args:
        peers: names of the peers that are wanted; this project always takes part.
    """
    return [c for c in CONTESTANTS.values() if job in c.jobs and (c.ours or c.name in peers)]
