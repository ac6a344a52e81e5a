"""The address in the index folder: private, whole, and gone when it should be."""

import os
import stat
from pathlib import Path

import pytest

from rag.serving.address import Address, new_address, read_address, remove_address, write_address
from rag.store.lock import OWNER_FILE

VALID = '{"port": 1, "pid": 2, "command": "rag chat", "token": "t"}'


def test_only_the_user_can_read_it(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        write_address(tmp_path, new_address(4000))
    finally:
        os.umask(umask)
    assert [path.name for path in tmp_path.iterdir()] == [OWNER_FILE]
    assert stat.S_IMODE((tmp_path / OWNER_FILE).stat().st_mode) == 0o600


def test_it_is_read_as_it_was_written_and_every_one_has_its_own_token(tmp_path: Path) -> None:
    first, second = new_address(4000), new_address(4000)
    assert first.token != second.token
    assert len(first.token) == 64
    for address in (first, second):
        write_address(tmp_path, address)
        assert read_address(tmp_path) == address
    assert first.token not in str(first) + str(second), "messages name the process only"


def test_an_owner_removes_its_own_only(tmp_path: Path) -> None:
    mine, other = new_address(4000), new_address(4001)
    remove_address(tmp_path, mine)
    write_address(tmp_path, other)
    remove_address(tmp_path, mine)
    assert read_address(tmp_path) == other
    remove_address(tmp_path, other)
    assert read_address(tmp_path) is None
    assert [*tmp_path.iterdir()] == []


@pytest.mark.parametrize("mode", [0o604, 0o640, 0o602, 0o666])
def test_one_that_others_could_have_read_or_written_is_none(tmp_path: Path, mode: int) -> None:
    write_address(tmp_path, new_address(4000))
    (tmp_path / OWNER_FILE).chmod(mode)
    assert read_address(tmp_path) is None


@pytest.mark.parametrize(
    "text",
    ["", "{", "[]", "null", "{}", VALID[:-2], VALID.replace("1,", '"1",'), VALID.replace("}", ', "more": 1}')],
)
def test_what_is_no_address_is_none(tmp_path: Path, text: str) -> None:
    path = tmp_path / OWNER_FILE
    path.write_text(VALID)
    path.chmod(0o600)
    assert read_address(tmp_path) == Address(port=1, pid=2, command="rag chat", token="t")
    path.write_text(text)
    assert read_address(tmp_path) is None


def test_a_file_that_never_ends_or_is_none_does_no_harm(tmp_path: Path) -> None:
    (tmp_path / OWNER_FILE).symlink_to("/dev/zero")
    assert read_address(tmp_path) is None
    (tmp_path / OWNER_FILE).unlink()
    (tmp_path / OWNER_FILE).mkdir()
    assert read_address(tmp_path) is None
