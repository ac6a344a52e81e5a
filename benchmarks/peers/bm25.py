"""FastEmbed's BM25 without the download of its lists of stop words.

`Qdrant/bm25`, which all peers use for the words of hybrid search, has no weights: it is lists of stop words, NLTK's.
The English one comes with LlamaIndex; a cache of models with it in its place is found by FastEmbed when it is offline.
"""

from pathlib import Path

STOP_WORDS = "lib/python3*/site-packages/llama_index/core/_static/nltk_cache/corpora/stopwords/english"
OTHERS = (
    *("arabic", "danish", "dutch", "finnish", "french", "german", "greek", "hungarian", "italian", "norwegian"),
    *("portuguese", "romanian", "russian", "spanish", "swedish", "turkish"),
)
"""Languages whose lists have to be there; none of them is used."""
REVISION = "0" * 40


def write_cache(folder: Path, environment: Path) -> None:
    """Make a cache for `FASTEMBED_CACHE_PATH`.

    Args:
        environment: the peers' virtual environment.

    Raises:
        FileNotFoundError: LlamaIndex is not in the environment, or brings no stop words any more.
    """
    found = next(environment.glob(STOP_WORDS), None)
    if found is None:
        raise FileNotFoundError(f"no {STOP_WORDS} in {environment}")
    model = folder / "models--Qdrant--bm25"
    snapshot = model / "snapshots" / REVISION
    snapshot.mkdir(parents=True)
    (model / "refs").mkdir()
    (model / "refs" / "main").write_text(REVISION)
    (snapshot / "config.json").write_text("{}")
    (snapshot / "english.txt").write_text(found.read_text(encoding="utf-8"), encoding="utf-8")
    for language in OTHERS:
        (snapshot / f"{language}.txt").write_text("")
