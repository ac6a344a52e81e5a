from collections.abc import Callable

import pytest

from connectors.parsing.code import parse
from rag.errors import DocumentError
from rag.types import Document, SourceItem

Check = Callable[[Document], None]

PYTHON = '''import os


# Adds things.
@decorated
class Adder(Base):
    """Doc."""

    limit = 3

    def add(self, a: int,
            b: int) -> int:
        def inner():
            return b
        return a + inner()


async def main():
    pass


print("end")
'''


def item(key: str) -> SourceItem:
    return SourceItem(source="s", key=key, uri=f"/x/{key}", fingerprint="f")


def headings(document: Document) -> list[tuple[int | None, str]]:
    return [
        (e.level, " ".join(document.text[e.start : e.end].split())) for e in document.elements if e.kind == "heading"
    ]


def test_classes_and_functions_are_sections_under_their_signatures(assert_well_formed: Check) -> None:
    document = parse(PYTHON.encode(), item("pkg/adder.py"))
    assert_well_formed(document)
    assert document.text == PYTHON, "positions are those of the file"
    assert document.title == "pkg/adder.py"
    assert headings(document) == [
        (1, "@decorated class Adder(Base):"),
        (2, "def add(self, a: int, b: int) -> int:"),
        (1, "async def main():"),
    ]
    last = document.elements[-1]
    assert (last.kind, document.text[last.start : last.end], last.level) == ("code", 'print("end")', 1)


@pytest.mark.parametrize(
    ("key", "code", "expected"),
    [
        ("a.js", "export class A { run(x) { return x } }\nconst go = (y) => { return y }\n",
         ["export class A", "run(x)", "const go = (y) =>"]),
        ("a.ts", "namespace N { export interface I { a: string } }\nfunction f<T>(x: T): T { return x }\n",
         ["namespace N", "export interface I", "function f<T>(x: T): T"]),
        ("a.tsx", "function View() { return <p>Hi</p> }\n", ["function View()"]),
        ("a.go", "package m\n\n// Sum adds.\nfunc Sum(a int) int {\n\treturn a\n}\n", ["func Sum(a int) int"]),
        ("a.java", "class A { int f(int x) { return x; } }", ["class A", "int f(int x)"]),
        ("a.rs", "impl A {\n    fn f(&self) -> u8 { 1 }\n}\n", ["impl A", "fn f(&self) -> u8"]),
        ("a.c", "#ifdef X\nint f(int a) { return a; }\n#endif\n", ["int f(int a)"]),
        ("a.cpp", "namespace n { template <class T> class A { void f() {} }; }",
         ["namespace n", "template <class T> class A", "void f()"]),
        ("a.cs", "class A { int F(int x) { return x; } }", ["class A", "int F(int x)"]),
        ("a.rb", "module M\n  class A\n    def f(x)\n      x\n    end\n  end\nend\n",
         ["module M", "class A", "def f(x)"]),
        ("a.php", "<?php class A { function f($x) { return $x; } }", ["class A", "function f($x)"]),
        ("a.sh", "f() {\n  echo hi\n}\n", ["f()"]),
        ("a.kt", "class A { fun f(x: Int): Int { return x } }", ["class A", "fun f(x: Int): Int"]),
        ("a.swift", "struct A { func f(x: Int) -> Int { return x } }", ["struct A", "func f(x: Int) -> Int"]),
        ("a.scala", "object A { def f(x: Int): Int = { x } }", ["object A", "def f(x: Int): Int ="]),
        ("a.lua", "function f(x)\n  return x\nend\n", ["function f(x)"]),
    ],
)  # fmt: skip
def test_every_language_is_split(key: str, code: str, expected: list[str], assert_well_formed: Check) -> None:
    document = parse(code.encode(), item(key))
    assert_well_formed(document)
    assert document.text == code
    assert [text for _, text in headings(document)] == expected


@pytest.mark.parametrize(
    "code",
    ["", "\n\n", "def broken(:\n  ((", "class A:\n" + "    x = 'é日'\n" * 3, "\tdef f(): pass", "x = 1\r\ny = 2"],
)
def test_odd_code_loses_nothing(code: str, assert_well_formed: Check) -> None:
    document = parse(code.encode(), item("a.py"))
    assert_well_formed(document)
    kept = "".join("".join(document.text[e.start : e.end].split()) for e in document.elements)
    assert kept == "".join(document.text.split())


def test_a_grammar_that_is_not_there_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("connectors.parsing.code.import_module", _absent)
    from connectors.parsing import code

    code._language.cache_clear()
    with pytest.raises(DocumentError, match=r"situated-rag\[code\]") as raised:
        parse(b"x = 1", item("a.py"))
    assert raised.value.kind == "dependency"


def _absent(name: str) -> None:
    raise ModuleNotFoundError(f"No module named {name!r}", name=name)
