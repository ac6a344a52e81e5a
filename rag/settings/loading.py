"""Settings from their layers: defaults, the corpus file, the environment, overrides; the later ones win."""

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from rag.errors import SettingsError
from rag.settings.explain import explain
from rag.settings.models import QUERY_SECTIONS, EdgeStore, Settings
from rag.settings.sources import FilesSource, GitSource, JsonlSource, MailSource, Source, SqlSource

PREFIX = "RAG__"
"""Of environment variables that set a key: `RAG__CHUNKING__MAX_TOKENS=100`."""

_VARIABLE = re.compile(r"\$(?:\$|\{(?P<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?P<default>[^}]*))?\})")

_SQLITE_FILE = re.compile(r"(sqlite(?:\+\w+)?:///)([^/:?][^?]*)(.*)")
"""Of a database in a file whose path is relative."""


def load_settings(config: str | Path, overrides: Sequence[str] = ()) -> Settings:
    """Settings of a corpus file, or of a plain folder with the shipped defaults.

    Args:
        config: a YAML file or a folder. `${VAR}` and `${VAR:-default}` in the file's values are replaced by the
            environment's; `$${` stands for `${`.
        overrides: `a.b=c` strings, the value in YAML; later ones win. They win over `RAG__A__B=c` in the environment,
            which wins over the file.

    Raises:
        SettingsError: there is no such file, or a key or value in it is not legal.
    """
    return load_with_origins(config, overrides)[0]


def load_with_origins(
    config: str | Path, overrides: Sequence[str] = (), environment: Mapping[str, str] = os.environ
) -> tuple[Settings, dict[str, str]]:
    """The settings, and by dotted key where each value that is no default comes from. See `load_settings`."""
    path = Path(config)
    origins: dict[str, str] = {}
    if path.is_dir():
        values = folder_settings(path)
        origins.update(dict.fromkeys(("name", "sources.0.kind", "sources.0.path"), f"the folder {config}"))
    elif path.is_file():
        values = _read_yaml(path, origins)
        values = _interpolated(values, "", origins, environment, path)
        if "name" not in values:
            values["name"] = corpus_name(path.stem)
            origins["name"] = f"the name of {path.name}"
    else:
        raise SettingsError(f"{config}: no such corpus file or folder")
    for variable in sorted(environment):
        if variable.startswith(PREFIX):
            keys = variable.removeprefix(PREFIX).lower().split("__")
            _put(values, keys, environment[variable], origins, variable)
    for override in overrides:
        key, separator, text = override.partition("=")
        if not separator or not key:
            raise SettingsError(f"--set {override}: write it as key=value, for example chunking.max_tokens=100")
        _put(values, key.split("."), text, origins, f"--set {override}")
    try:
        settings = Settings.model_validate(values)
    except ValidationError as error:
        raise SettingsError(f"{config}: {explain(error, origins)}") from None
    return _anchored(settings, path.resolve().parent), origins


def with_overrides(settings: Settings, overrides: Mapping[str, Any]) -> Settings:
    """Settings with other values of keys that questions alone depend on.

    Args:
        overrides: dotted keys of `retrieval` and `answer` -> values.

    Raises:
        SettingsError: a key or a value that is not legal, or a key of another section.
    """
    values = {section: getattr(settings, section).model_dump() for section in QUERY_SECTIONS}
    for dotted, value in overrides.items():
        section, *keys = dotted.split(".")
        if section not in QUERY_SECTIONS or not keys:
            raise SettingsError(f"{dotted}: an open corpus takes other keys of {' and '.join(QUERY_SECTIONS)} alone")
        node = values[section]
        for key in keys[:-1]:
            node = node.setdefault(key, {}) if isinstance(node, dict) else {}
        node[keys[-1]] = value
    try:
        found = Settings.model_validate({**settings.model_dump(), **values})
    except ValidationError as error:
        raise SettingsError(explain(error, {})) from None
    return settings.model_copy(update={section: getattr(found, section) for section in QUERY_SECTIONS})


def folder_settings(folder: Path) -> dict[str, Any]:
    """A plain folder `F` is a corpus named after it, with one source and its index beside it."""
    folder = folder.resolve()
    return {"name": corpus_name(folder.name), "sources": [{"kind": "files", "path": str(folder)}]}


def corpus_name(text: str) -> str:
    """Lower case, every other character than a-z 0-9 - _ becomes `-`."""
    name = re.sub(r"_+", "_", re.sub(r"[^a-z0-9_-]", "-", text.lower()))[:40]  # `__` separates parts of stored names
    return name if re.match(r"[a-z0-9]", name) else f"c{name}"[:40]


class _Loader(yaml.SafeLoader):
    """Refuses a key that stands twice: one of the two would be lost."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [str(key.value) for key, _ in node.value]
        for key in keys:
            if keys.count(key) > 1:
                raise yaml.YAMLError(f"the key {key!r} stands twice in one mapping, {node.start_mark}")
        return super().construct_mapping(node, deep)


def _read_yaml(path: Path, origins: dict[str, str]) -> dict[str, Any]:
    """The file's values; the line of each goes to `origins`."""
    try:
        text = path.read_text(encoding="utf-8")
        values = yaml.load(text, _Loader)  # noqa: S506 - a SafeLoader
        tree = yaml.compose(text, _Loader)
    except (yaml.YAMLError, UnicodeDecodeError, OSError) as error:
        raise SettingsError(f"{path}: not a readable YAML file: {' '.join(str(error).split())}") from None
    if not isinstance(values, dict):
        raise SettingsError(
            f"{path}: a corpus file is a mapping of keys such as `name` and `sources`, not {type(values).__name__}"
        )
    origins.update({key: f"{path.name}:{line}" for key, line in _line_numbers(tree, ())})
    return values


def _line_numbers(node: yaml.Node | None, keys: tuple[str, ...]) -> Iterator[tuple[str, int]]:
    """Dotted key and line, from 1, of every scalar and of every list or mapping itself."""
    if node is None:
        return
    if keys:
        yield ".".join(keys), node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            yield from _line_numbers(value, (*keys, str(key.value)))
    elif isinstance(node, yaml.SequenceNode):
        for number, value in enumerate(node.value):
            yield from _line_numbers(value, (*keys, str(number)))


def _interpolated(value: Any, key: str, origins: dict[str, str], environment: Mapping[str, str], path: Path) -> Any:
    """The value with `${VAR}` in its strings replaced; a string that is only a variable is read as YAML."""
    if isinstance(value, dict):
        return {
            name: _interpolated(item, f"{key}.{name}".lstrip("."), origins, environment, path)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [_interpolated(item, f"{key}.{number}", origins, environment, path) for number, item in enumerate(value)]
    if not isinstance(value, str) or "$" not in value:
        return value
    used: list[str] = []

    def replaced(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return "$"
        found = environment.get(name) or match["default"]
        if found is None:
            raise SettingsError(
                f"{path}: {key} names the environment variable {name!r}, which is not set: set it, or write a default "
                f"as ${{{name}:-default}}"
            )
        used.append(name)
        return found

    text = _VARIABLE.sub(replaced, value)
    if used:
        origins[key] = f"{origins.get(key, path.name)} with {', '.join(f'${name}' for name in used)}"
    return _yaml_value(text) if used and _VARIABLE.fullmatch(value) else text


def _put(values: Any, keys: list[str], text: str, origins: dict[str, str], origin: str) -> None:
    """Set a key of the nested values to what the text is in YAML."""
    *parents, last = keys
    node: Any = values
    for depth, parent in enumerate(parents):
        if isinstance(node, list):
            node = node[_position(node, parent, origin)]
            continue
        inner = node.get(parent)
        if not isinstance(inner, dict | list):
            # a section that is not written yet; `store` is the one that cannot be made without its kind
            inner = node[parent] = {"kind": "edge"} if parent == "store" and depth == 0 else {}
        node = inner
    value = _yaml_value(text)
    if isinstance(node, list):
        node[_position(node, last, origin)] = value
    else:
        node[last] = value
    dotted = ".".join(keys)
    for key in [key for key in origins if key.startswith(f"{dotted}.")]:
        del origins[key]
    origins.update(dict.fromkeys(_keys_of(value, dotted), origin))


def _keys_of(value: Any, key: str) -> Iterator[str]:
    """Dotted keys of a value and of all in it."""
    yield key
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, item in inner:
        yield from _keys_of(item, f"{key}.{name}")


def _position(values: list[Any], text: str, origin: str) -> int:
    if not text.isdigit() or int(text) >= len(values):
        raise SettingsError(f"{origin}: {text!r} is no position of a list of {len(values)}, from 0")
    return int(text)


def _yaml_value(text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        return text


def _anchored(settings: Settings, base: Path) -> Settings:
    """Relative paths start at `base`; the store and the data folder get their default paths."""
    default = Path(".rag", settings.name)
    store, embedding = settings.store, settings.embedding
    if isinstance(store, EdgeStore):
        store = store.model_copy(update={"path": base / (store.path or default).expanduser()})
        default = store.path or default
    if (base / embedding.model).is_dir() and embedding.model != "minilm":
        embedding = embedding.model_copy(update={"model": str(base / embedding.model)})
    answer, contexts = settings.answer, settings.contexts
    if answer.prompts is not None:
        answer = answer.model_copy(update={"prompts": base / answer.prompts.expanduser()})
    if answer.judge is not None and (base / answer.judge).is_dir():
        answer = answer.model_copy(update={"judge": str(base / answer.judge)})
    if contexts.prompt is not None:
        contexts = contexts.model_copy(update={"prompt": base / contexts.prompt.expanduser()})
    return settings.model_copy(
        update={
            "answer": answer,
            "contexts": contexts,
            "sources": tuple(_anchored_source(source, base) for source in settings.sources),
            "store": store,
            "embedding": embedding,
            "data_dir": base / (settings.data_dir or default).expanduser(),
        }
    )


def _anchored_source(source: Source, base: Path) -> Source:
    if isinstance(source, FilesSource | JsonlSource | MailSource) and isinstance(source.path, Path):
        if isinstance(source, JsonlSource) and str(source.path) == "-":
            return source
        return source.model_copy(update={"path": base / source.path.expanduser()})
    if isinstance(source, SqlSource) and (match := _SQLITE_FILE.match(source.url or "")):
        return source.model_copy(update={"url": f"{match[1]}{(base / match[2]).absolute()}{match[3]}"})
    if isinstance(source, GitSource) and (base / Path(source.url).expanduser()).is_dir():
        return source.model_copy(update={"url": str(base / Path(source.url).expanduser())})
    return source
