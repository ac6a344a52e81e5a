"""Users in a file, with hashed passwords.

It is YAML, a user a line; `rag users` writes it:

anna: {password: "$scrypt$ln=15,r=8,p=3$...", principals: [staff]}
root: {password: "$scrypt$ln=15,r=8,p=3$...", operator: true}
"""

import json
import logging
import os
import secrets
import unicodedata
from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from rag.errors import SettingsError
from ui.passwords import UNKNOWN, is_password
from ui.users import User

_LOG = logging.getLogger(__name__)
MAX_NAME = 64


class Entry(BaseModel):
    """A user of a users file."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    password: str = Field(pattern=r"^\$scrypt\$ln=\d{1,2},r=\d{1,3},p=\d{1,3}\$[\w+/]+\$[\w+/]+$")
    principals: tuple[str, ...] | None = None
    operator: bool = False


_ENTRIES = TypeAdapter(dict[str, Entry])


class UserFile:
    """The users of a file. It is read again when it changes; while it is not legal, nobody gets in.

    Args:
        path: of the file.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._entries: dict[str, Entry] = {}

    def read(self) -> dict[str, Entry]:
        """All users, by name.

        Raises:
            SettingsError: the file cannot be read, or something in it is not legal.
        """
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                self._entries = entries(self._path.read_text(encoding="utf-8"), self._path)
                self._seen = seen
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{self._path}: the users cannot be read ({type(error).__name__})") from None
        return self._entries

    def check(self, name: str, password: str) -> User | None:
        """See `Users.check`."""
        entry = self._find(name)
        fits = is_password(password, entry.password if entry else UNKNOWN)
        return _user(name, entry) if fits and entry else None

    def still(self, user: User) -> User | None:
        """See `Users.still`: not where the file does not have them any more, or with another password."""
        entry = self._find(user.name)
        return _user(user.name, entry) if entry and entry.password == user.password else None

    def _find(self, name: str) -> Entry | None:
        try:
            return self.read().get(name)
        except SettingsError as error:
            _LOG.error("nobody can log in: %s", error)
            return None


def _user(name: str, entry: Entry) -> User:
    principals = (name,) if entry.principals is None else entry.principals
    return User(name, None if entry.operator else principals, entry.password)


def entries(text: str, path: Path) -> dict[str, Entry]:
    """The users of a users file's text.

    Args:
        path: for messages.

    Raises:
        SettingsError: something in it is not legal; no message shows a hash.
    """
    try:
        tree, values = yaml.compose(text, yaml.SafeLoader), yaml.safe_load(text)
        names = [key.value for key, _ in tree.value] if isinstance(tree, yaml.MappingNode) else []
        if twice := {name for name in names if names.count(name) > 1}:
            raise SettingsError(f"{path}: {', '.join(sorted(twice))} stands there twice; keep one line of a user")
        return _ENTRIES.validate_python(values or {}, strict=False)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f", line {mark.line + 1}" if mark else ""
        raise SettingsError(f"{path}: not a readable YAML file{where}") from None
    except ValidationError as error:
        problem = error.errors(include_input=False, include_url=False)[0]
        where = ".".join(map(str, problem["loc"])) or "the file"
        raise SettingsError(
            f"{path}: {where}: {problem['msg']}; a user is a line such as "
            "anna: {password: ..., principals: [staff]}, which `rag users add` writes"
        ) from None


def put(path: Path, name: str, entry: Entry) -> bool:
    """Write a user in place of one of that name; other lines stay as they are.

    Returns:
        Whether there was one.

    Raises:
        SettingsError: the name or the file is not legal, or the file cannot be written.
    """
    name = unicodedata.normalize("NFC", name)
    if not name or len(name) > MAX_NAME or name != name.strip() or not name.isprintable():
        raise SettingsError(f"{name!r} is no name of a user: 1 to {MAX_NAME} characters that can be seen")
    values = {key: value for key, value in entry.model_dump(mode="json").items() if value not in (None, False)}
    return _changed(path, name, f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(values, ensure_ascii=False)}")


def remove(path: Path, name: str) -> None:
    """Take a user out of the file, whose sessions end at once.

    Raises:
        SettingsError: there is none of that name, or the file is not legal or cannot be written.
    """
    if not path.exists() or not _changed(path, unicodedata.normalize("NFC", name), None):
        raise SettingsError(f"{path}: there is no user {name!r}")


def _changed(path: Path, name: str, line: str | None) -> bool:
    """Replace the lines of a user; None takes them away."""
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        known = name in entries(text, path)
        lines = text.splitlines()
        tree = yaml.compose(text, yaml.SafeLoader)
        if known and isinstance(tree, yaml.MappingNode):
            key, value = next(pair for pair in tree.value if pair[0].value == name)
            lines[key.start_mark.line : _last_line(value) + 1] = [] if line is None else [line]
        elif line is not None:
            lines.append(line)
        written = "".join(f"{kept}\n" for kept in lines)
        entries(written, path)
        _replace(path, written)
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: the users cannot be written ({type(error).__name__})") from None
    return known


def _last_line(node: yaml.Node) -> int:
    """Where a value ends; YAML counts the comments behind a block to it."""
    if isinstance(node, yaml.MappingNode) and not node.flow_style:
        return _last_line(node.value[-1][1])
    if isinstance(node, yaml.SequenceNode) and not node.flow_style:
        return _last_line(node.value[-1])
    return int(node.end_mark.line)


def _replace(path: Path, text: str) -> None:
    """Write the file as a whole, for its owner alone."""
    new = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with open(descriptor, "w", encoding="utf-8") as file:  # noqa: PTH123 - of a descriptor
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        new.replace(path)
    except OSError:
        new.unlink(missing_ok=True)
        raise
