import pytest

from connectors.globs import Globs
from rag.errors import SettingsError


@pytest.mark.parametrize(
    ("pattern", "taken", "left"),
    [
        ("**/*.md", ["a.md", "x/y/a.md"], ["a.mdx", "md", "x/amd"]),
        ("*.md", ["a.md", "x/y/a.md"], ["a.txt"]),
        ("/*.md", ["a.md"], ["x/a.md"]),
        ("docs/*.md", ["docs/a.md"], ["a.md", "docs/x/a.md", "x/docs/a.md"]),
        ("docs/**/*.md", ["docs/a.md", "docs/x/y/a.md"], ["a.md"]),
        ("drafts", ["drafts", "drafts/", "drafts/a", "x/drafts/a"], ["drafts2/a", "my drafts"]),
        ("drafts/", ["drafts/", "drafts/a", "x/drafts/a"], ["drafts"]),
        ("drafts/**", ["drafts/", "drafts/a/b"], ["x/drafts/a", "drafts"]),
        ("**", ["a", "b/c"], []),
        ("a?.[!x]b", ["a1.cb"], ["a1.xb", "a.cb", "a1./b"]),
        ("[0-9].md", ["7.md"], ["x.md"]),
        ("a[.md", ["a[.md"], ["a.md"]),
        ("(a|b)+.md", ["(a|b)+.md"], ["a.md"]),
        ("cafe\u0301.md", ["café.md"], []),
    ],
)
def test_pattern(pattern: str, taken: list[str], left: list[str]) -> None:
    globs = Globs([pattern])
    assert [key for key in taken if not globs.match(key)] == []
    assert [key for key in left if globs.match(key)] == []


def test_the_first_pattern_that_takes_a_key_is_named() -> None:
    assert Globs(["*.txt", "a*", "*.md"]).match("a.md") == "a*"
    assert not Globs([])


@pytest.mark.parametrize("pattern", ["", "/", "!a.md", "[z-a].md"])
def test_a_pattern_that_cannot_mean_anything_is_an_error(pattern: str) -> None:
    with pytest.raises(SettingsError, match="pattern"):
        Globs([pattern])
