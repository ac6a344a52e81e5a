"""Commands about who may log in to the chat."""

import argparse
import sys
from getpass import getpass
from pathlib import Path
from typing import Any

from rag.cli.options import DONE
from rag.errors import SettingsError


def add(commands: Any) -> None:
    """Add these commands."""
    text = "manage who may log in to the chat"
    users = commands.add_parser("users", help=text, description=f"{text[0].upper()}{text[1:]}.")
    inner = users.add_subparsers(title="commands", metavar="COMMAND", required=True)

    adding = _command(inner, "add", _add, "add a user, or change their password; asks for it, or reads it from stdin")
    adding.add_argument(
        "--principal",
        action="append",
        default=None,
        metavar="PRINCIPAL",
        help="see what this principal may see; may be repeated (default: the user's name)",
    )
    adding.add_argument("--operator", action="store_true", help="see everything")

    _command(inner, "remove", _remove, "remove a user, whose sessions end at once")


def _command(commands: Any, name: str, run: Any, text: str) -> argparse.ArgumentParser:
    parser: argparse.ArgumentParser = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.")
    parser.set_defaults(run=run)
    parser.add_argument("file", metavar="FILE", type=Path, help="the users file of `rag chat --auth`")
    parser.add_argument("name", metavar="NAME", help="the user's name")
    parser.add_argument("--debug", action="store_true", help="show the trace of an error")
    return parser


def _add(arguments: argparse.Namespace) -> int:
    from ui.passwords import hashed
    from ui.users_file import Entry, put

    if arguments.operator and arguments.principal:
        raise SettingsError("--operator sees everything: leave --principal out")
    principals = tuple(arguments.principal) if arguments.principal else None
    entry = Entry(password=hashed(_password()), principals=principals, operator=arguments.operator)
    known = put(arguments.file, arguments.name, entry)
    print(f"{'changed' if known else 'added'} {arguments.name} in {arguments.file}")
    return DONE


def _remove(arguments: argparse.Namespace) -> int:
    from ui.users_file import remove

    remove(arguments.file, arguments.name)
    print(f"removed {arguments.name} from {arguments.file}")
    return DONE


def _password() -> str:
    from ui.passwords import MAX_CHARS, MIN_CHARS

    asked = sys.stdin.isatty()
    password = getpass("Password: ") if asked else sys.stdin.readline().rstrip("\r\n")
    if not MIN_CHARS <= len(password) <= MAX_CHARS:
        raise SettingsError(f"a password has {MIN_CHARS} to {MAX_CHARS} characters, this one {len(password)}")
    if asked and getpass("Once more: ") != password:
        raise SettingsError("the two passwords differ: nothing was written")
    return password
