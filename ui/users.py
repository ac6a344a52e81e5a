"""Who uses the app, and what they may see: everyone is the operator, or users log in."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TypeAlias

if TYPE_CHECKING:
    import gradio as gr

Authenticate: TypeAlias = Callable[[str, str], "Sequence[str] | bool | None"]
"""Name and password -> the principals of a user, or True for the name alone; False or None where they do not fit."""

USER = "user"
"""Where an ASGI scope holds the user, as Starlette's own authentication does."""


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who uses the app.

    Attributes:
        principals: what they may see documents by; None sees everything.
        password: the hash that they logged in with; another one ends their sessions.
    """

    name: str
    principals: tuple[str, ...] | None
    password: str = field(default="", repr=False)


OPERATOR = User("", None)
"""Whoever opens an app without users."""


def user_of(request: "gr.Request | None") -> User | None:
    """Who asks; None for a request that did not come through the guard."""
    inner = getattr(request, "request", request)  # Gradio's, or Starlette's own
    user = inner.scope.get(USER) if inner is not None else None
    return user if isinstance(user, User) else None


def principals_of(request: "gr.Request | None") -> list[str] | None:
    """What goes to every call that reads a corpus for somebody.

    Returns:
        None for the operator, who sees everything: where there is no `--auth`, and users with `operator: true`. Of a
        request that nobody let in, the empty list: it sees what is open to everyone.
    """
    user = user_of(request)
    if user is None:
        return []
    return None if user.principals is None else list(user.principals)


class Users(Protocol):
    """Those who may log in."""

    def check(self, name: str, password: str) -> User | None:
        """The user, if the password is theirs. Takes as long for a name that there is not."""
        ...

    def still(self, user: User) -> User | None:
        """The user as of now; None where they may not go on."""
        ...


def users_from(auth: "str | Path | Authenticate | None") -> Users | None:
    """The users of a file or of a function; None where everyone is the operator.

    Raises:
        SettingsError: the file cannot be read, or something in it is not legal.
    """
    if auth is None:
        return None
    if callable(auth):
        return _Function(auth)
    from ui.users_file import UserFile

    file = UserFile(Path(auth))
    file.read()
    return file


@dataclass(frozen=True, slots=True)
class _Function:
    """Users that a function knows; it is asked when they log in, and not again."""

    authenticate: Authenticate

    def check(self, name: str, password: str) -> User | None:
        found = self.authenticate(name, password)
        if found is None or found is False:
            return None
        return User(name, (name,) if found is True else tuple(found))

    def still(self, user: User) -> User | None:
        return user
