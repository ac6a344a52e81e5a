"""Results as they are read on a terminal."""

from pathlib import Path

from rag import Rag, render
from rag.answering.numbered import numbered
from tests.corpora import MakeFolder

CITATION = {"evidence": 2, "verified": True}
LISTED = "## Brewing\n\n1. Heat the water [2].\n2. Wait.\n\n```\nkettle --on\n```\nIt is tea [2]."


def test_the_answer_of_a_model_keeps_its_form() -> None:
    sentences = [
        {"text": "Heat the water.", "supported": True, "citations": [CITATION]},
        {"text": "Wait.", "supported": False, "citations": []},
        {"text": "It is tea.", "supported": True, "citations": [CITATION, CITATION]},
    ]
    answer = {"answer": LISTED, "model": "openai:tea", "sentences": sentences}
    assert numbered(answer, "not supported") == (
        "## Brewing\n\n1. Heat the water. [2]\n2. Wait. (not supported)\n\n```\nkettle --on\n```\nIt is tea. [2]"
    )


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
