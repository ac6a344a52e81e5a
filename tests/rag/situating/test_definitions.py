"""The names that code defines, in many languages, and none in prose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rag import Rag
from rag.situating.definitions import MOST, definitions
from tests.corpora import FACTS, MakeFolder


@pytest.mark.parametrize(
    ("code", "names"),
    [
        ("class Kettle:\n    def boil(self):\n        pass", ["Kettle", "boil"]),
        ("    async def pour(self, cup):", ["pour"]),
        ("pub struct Kettle<T> {", ["Kettle"]),
        ("impl<T> Executor for Kettle<T> {\n    pub(crate) fn boil(&self) -> u8 {", ["Executor", "boil"]),
        ("export default class Kettle extends Pot {", ["Kettle"]),
        ("export async function boil(water) {", ["boil"]),
        ("public abstract class Kettle implements Pot {", ["Kettle"]),
        ("public interface Pot<T> {", ["Pot"]),
        ("type Kettle struct {", ["Kettle"]),
        ("func (k *Kettle) Boil(water int) error {", ["Boil"]),
        ("module Tea\n  class Kettle", ["Tea", "Kettle"]),
        ("data class Kettle(val litres: Int)", ["Kettle"]),
        ("fun boil() {", ["boil"]),
        ("type Water = number;", ["Water"]),
        ("CREATE TABLE IF NOT EXISTS tea.kettles (", ["tea.kettles"]),
        ("create or replace function boil(", ["boil"]),
        ("macro_rules! boil {", ["boil"]),
        ("class Kettle:\nclass Kettle:", ["Kettle"]),
        ("def größe(größe):", ["größe"]),
    ],
)
def test_definitions_are_found(code: str, names: list[str]) -> None:
    assert definitions(code) == names


@pytest.mark.parametrize(
    "prose",
    [
        "",
        "The class Kettle boils water.",
        "class action lawsuits are rare",
        "Class A\nClass B common stock",
        "type of tea",
        "function follows form.",
        "Interface with the team (see below).",
        "def is short for definition",
        "create a table of teas",
        "kettle = Kettle()\nkettle.boil()",
    ],
)
def test_prose_and_calls_define_nothing(prose: str) -> None:
    assert definitions(prose) == []


def test_of_many_names_the_first_count() -> None:
    assert definitions("\n".join(f"def f{n}():" for n in range(50))) == [f"f{n}" for n in range(MOST)]


@given(st.text())
def test_any_text_is_read(text: str) -> None:
    assert len(definitions(text)) <= MOST


def test_long_lines_are_read_in_reasonable_time() -> None:
    assert definitions("pub static " * 20_000) == []
    assert definitions("func (" + "a" * 100_000) == []
    assert definitions("impl<" + "<" * 100_000) == []


def test_a_chunk_is_found_by_what_it_defines(make_folder: MakeFolder) -> None:
    code = "# Notes\n\nHow tea is made:\n\n```python\ndef steep(leaves):\n    return leaves\n```\n"
    with Rag.open(make_folder({**FACTS, "code.md": code})) as corpus:
        corpus.ingest()
        hits = corpus.search("steep", top_k=4)
        assert hits[0].document_id == "files:code.md"
        assert hits[0].scores["headings"] > 0
