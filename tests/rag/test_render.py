"""Results as they are read on a terminal."""

from pathlib import Path

from rag import Rag, render
from tests.corpora import MakeFolder


def test_hits_name_only_legs_that_have_something_to_say_in_lines_that_fit(make_folder: MakeFolder) -> None:
    folder: Path = make_folder(
        {"tea.md": "# Tea\n\nGreen tea is brewed at 75 degrees.", "ship.md": "# Ship\n\nAurora."}
    )
    with Rag.open(folder) as corpus:
        corpus.ingest()
        result = corpus.search("brewed tea degrees")
    last = result.hits[-1]
    assert not last.scores["lexical"]
    shown = render.search(result)
    assert "lexical 0.000" not in shown
    assert shown.count("lexical ") >= 1
    assert max(map(len, shown.splitlines())) <= render.WIDTH + 3
