import contextlib
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.parsing.rst import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Make = Callable[..., SourceItem]
Check = Callable[[Document], None]


@pytest.mark.parametrize(
    ("rst", "text"),
    [
        ("", ""),
        ("T\n=\n\nS\n-\n\np\n\nU\n-\n\nq\n", "# T\n\n## S\n\np\n\n## U\n\nq"),
        ("A\n=\n\np\n\nB\n=\n\nC\n-\n\nq\n", "# A\n\np\n\n# B\n\n## C\n\nq"),
        ("*a* **b** ``c`` `l <https://x.org>`_, `t`_\n\n.. _t: https://y.org\n",
         "a b c [l](https://x.org), [t](https://y.org)"),
        ("- a\n\n  - b\n\n- c\n", "- a\n  - b\n- c"),
        ("3. a\n4. b\n\n   (i) x\n", "3. a\n4. b\n  (i) x"),
        ("b) x\nc) y\n", "b) x\nc) y"),
        (".. code:: python\n\n   def f():\n       1\n", "```python\ndef f():\n    1\n```"),
        ("Example::\n\n  x\n", "Example:\n\n```\nx\n```"),
        ("term : kind\n  Meaning.\n", "term : kind\n\nMeaning."),
        (".. note:: Mind.\n", "Note:\n\nMind."),
        (".. admonition:: Own\n\n   Body.\n", "Own\n\nBody."),
        ("x\n\n:field: value\n", "x\n\n- field: value"),
        ("x [1]_\n\n.. [1] Foot.\n", "x [1]\n\n[1] Foot."),
        ("| a\n| b\n", "a\nb"),
        ("=== ===\nA   B\n=== ===\n1   2\n=== ===\n", "| A | B |\n| --- | --- |\n| 1 | 2 |"),
        ("+---+---+\n| r | 1 |\n|   +---+\n|   | 2 |\n+---+---+\n", "| r | 1 |\n| --- | --- |\n| r | 2 |"),
        (".. figure:: x.png\n   :alt: alt\n\n   Caption.\n", "alt\n\nCaption."),
        ("|x| and |undefined|\n\n.. |x| replace:: y\n", "y and |undefined|"),
        (".. comment\n\nx", "x"),
        (".. contents::\n\nx", "x"),
        ("日本\n\nЖ *é*", "日本\n\nЖ é"),
    ],
)  # fmt: skip
def test_what_is_written_is_what_is_read(make_item: Make, assert_well_formed: Check, rst: str, text: str) -> None:
    document = parse(rst.encode(), make_item("a.rst"))
    assert_well_formed(document)
    assert document.text == text


@pytest.mark.parametrize(
    ("rst", "text"),
    [
        (":func:`~os.path.join` :ref:`guide <g>` :doc:`install`", "os.path.join guide install"),
        (".. code-block:: python\n   :emphasize-lines: 1\n\n   x = 1\n", "```python\nx = 1\n```"),
        (".. versionadded:: 3.2\n   New *thing*.\n", "versionadded: 3.2\n\nNew thing."),
        (".. py:function:: f(x, *a)\n   :module: m\n\n   Does.\n", "function: f(x, *a)\n\nDoes."),
        (".. seealso:: the `site <https://x.org>`_\n", "seealso:\n\nthe [site](https://x.org)"),
        (".. toctree::\n   :maxdepth: 2\n\n   a\n   b\n\nx", "x"),
        (".. foo::\n\n   .. bar:: baz\n\n      Words.\n", "foo:\n\nbar: baz\n\nWords."),
    ],
)
def test_words_of_directives_and_roles_of_sphinx_are_kept(make_item: Make, rst: str, text: str) -> None:
    assert parse(rst.encode(), make_item("a.rst")).text == text


def test_fields_at_the_top_are_metadata(make_item: Make) -> None:
    document = parse(b'T\n=\n\n:Author: Ann\n:Date: 2024-01-02\n:My "own": x\n\nwords\n', make_item("a.rst"))
    assert (document.title, document.text) == ("T", "# T\n\nwords")
    assert document.metadata == {"author": "Ann", "date": "2024-01-02", "my 'own'": "x"}


def test_no_other_file_is_read_and_nothing_said(
    make_item: Make, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("password")
    directives = (f"include:: {secret}", f"literalinclude:: {secret}", f"raw:: html\n   :file: {secret}",
                  f"csv-table:: t\n   :file: {secret}")  # fmt: skip
    rst = "".join(f".. {directive}\n\n" for directive in directives) + "x *broken `y\n\n===\n"
    assert "password" not in parse(rst.encode(), make_item("a.rst")).text
    assert capfd.readouterr() == ("", "")


SUBSTITUTIONS = "".join(f".. |{chr(97 + n)}| replace:: |{chr(98 + n)}| |{chr(98 + n)}|\n" for n in range(25))


@pytest.mark.parametrize(
    "rst",
    [
        "|a|\n\n" + SUBSTITUTIONS + ".. |z| replace:: lol\n",
        "a " * 200_000,
        "*a " * 2_000,
        "\n\n".join("  " * n + "x" for n in range(400)),
        "".join("  " * n + ".. foo::\n\n" for n in range(100)),
    ],
    ids=["substitutions", "line", "emphasis", "quotes", "directives"],
)
def test_hostile_files_end_soon(make_item: Make, rst: str) -> None:
    started = time.monotonic()
    with contextlib.suppress(DocumentError):
        parse(rst.encode(), make_item("a.rst"))
    assert time.monotonic() - started < 10


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.sampled_from(["a", "*", "`", "|", "_", "::", "\n", "\n\n", "  ", "- ", "1. ", ".. ", "===", ":x:", "ü"])
    )
)
def test_any_text_is_a_document(make_item: Make, assert_well_formed: Check, parts: list[str]) -> None:
    assert_well_formed(parse("".join(parts).encode(), make_item("a.rst")))
