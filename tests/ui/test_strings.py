"""Every word of the app stands in strings.toml, in both languages, and is used."""

import ast
import re
import string
import tomllib
from pathlib import Path
from types import SimpleNamespace

import pytest

from ui.language import LANGUAGES, language_of, say, strings

UI = Path(__file__).parents[2] / "ui"
SECTIONS = tomllib.loads((UI / "strings.toml").read_text(encoding="utf-8"))
KEYS = [f"{section}.{key}" for section, keys in SECTIONS.items() for key in keys]
SOURCES = sorted(UI.rglob("*.py"))
SHOWN = {"label", "info", "placeholder", "value", "title", "submit_btn", "stop_btn", "description", "show_label"}
"""Arguments of Gradio's components that are shown as they are."""
COMPONENTS = re.compile(
    r"^(Button|Textbox|Dropdown|Radio|Slider|Checkbox|CheckboxGroup|Chatbot|Tab|Accordion|Markdown)$"
)


def fields(text):
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


@pytest.mark.parametrize("key", KEYS)
def test_it_is_said_in_every_language_with_the_same_values(key):
    section, name = key.split(".")
    said = SECTIONS[section][name]
    assert set(said) == set(LANGUAGES)
    assert all(text.strip() == text and text for text in said.values())
    assert len({frozenset(fields(text)) for text in said.values()}) == 1


def test_every_key_is_used():
    code = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    written = set(re.findall(r"""["']([a-z_]+\.[a-z_]+)["']""", code))
    patterns = [
        re.compile(re.sub(r"\\\{[^}]*\\\}", "[a-z0-9_]+", re.escape(text)).replace(r"\_", "_"))
        for text in re.findall(r"""f["']([a-z_]+\.[a-z_{}\[\]]*\{[^"']*)["']""", code)
    ]
    unused = [key for key in KEYS if key not in written and not any(pattern.fullmatch(key) for pattern in patterns)]
    # keys that a file puts together from its own section
    sections = {section for section in SECTIONS if f'f"{section}.{{' in code or f"f'{section}.{{" in code}
    assert [key for key in unused if key.split(".")[0] not in sections] == []


def literals(path):
    """Words that a component would show in one language: (line, text)."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        first = node.args[:1] if COMPONENTS.match(name) else []
        named = [k.value for k in node.keywords if k.arg in SHOWN] if COMPONENTS.match(name) or name == "update" else []
        for value in [*first, *named]:
            if (
                isinstance(value, ast.Constant)
                and isinstance(value.value, str)
                and re.search("[A-Za-z]{2}", value.value)
            ):
                yield node.lineno, value.value


@pytest.mark.parametrize("path", [path for path in SOURCES if path.name != "chat.py"], ids=lambda path: path.name)
def test_no_component_shows_words_of_one_language(path):
    assert list(literals(path)) == []


def test_the_search_for_words_finds_some(tmp_path):
    file = tmp_path / "x.py"
    file.write_text(
        'gr.Button("Ask")\ngr.Textbox(label="A question")\ngr.update(submit_btn="Stop")\ngr.Tab(i18n()("a.b"))'
    )
    assert [text for _, text in literals(file)] == ["Ask", "A question", "Stop"]


@pytest.mark.parametrize(
    ("cookie", "accepted", "language"),
    [
        ("de", "en", "de"),
        ("en", "de-DE", "en"),
        (None, "de-DE,de;q=0.9,en;q=0.8", "de"),
        (None, "fr-FR,fr;q=0.9,de;q=0.8", "de"),
        (None, "fr", "en"),
        (None, "", "en"),
        ("xx", "de", "de"),
        ("../../etc", "", "en"),
    ],
)
def test_the_language_is_the_chosen_one_else_the_browsers(cookie, accepted, language):
    request = SimpleNamespace(cookies={"rag_language": cookie} if cookie else {}, headers={"accept-language": accepted})
    assert language_of(request) == language


def test_values_are_filled_in():
    assert "7" in say("login.too_often", "de", minutes=7)
    assert strings()["de"].keys() == strings()["en"].keys()
