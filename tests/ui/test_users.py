"""Who may log in: passwords, the users file, sessions, wrong passwords, and the commands that manage users."""

import io
import stat
import sys
from types import SimpleNamespace

import pytest

from rag.cli import main
from rag.errors import SettingsError
from ui.passwords import UNKNOWN, hashed, is_password
from ui.sessions import (
    FAILURES_OF_ADDRESS,
    FAILURES_OF_NAME,
    IDLE_S,
    LONGEST_S,
    MAX_SESSIONS,
    WINDOW_S,
    Attempts,
    Sessions,
)
from ui.users import OPERATOR, User, principals_of, users_from
from ui.users_file import Entry, UserFile, put, remove

PASSWORD = "correct horse"
HASH = hashed(PASSWORD)


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def entry(**values):
    return Entry(password=HASH, **values)


def by(user):
    return SimpleNamespace(request=SimpleNamespace(scope={} if user is None else {"user": user}))


@pytest.mark.parametrize("wrong", ["", "correct", "Correct horse", "correct horse "])
def test_a_password_fits_its_own_hash_alone(wrong):
    assert is_password(PASSWORD, HASH)
    assert not is_password(wrong, HASH)
    assert PASSWORD not in HASH
    assert hashed(PASSWORD) != HASH, "each hash has its own salt"


@pytest.mark.parametrize(
    "kept",
    ["", "x", "$scrypt$ln=15,r=8,p=3$$", "$scrypt$ln=99,r=8,p=1$AAAA$AAAA", "$scrypt$ln=x,r=8,p=1$AAAA$AAAA", UNKNOWN],
    ids=range(6),  # the last one is another one in every process
)
def test_what_is_no_hash_of_a_password_lets_nobody_in(kept):
    assert not is_password("", kept)
    assert not is_password(PASSWORD, kept)


def test_a_file_says_who_comes_in_and_what_they_see(tmp_path):
    path = tmp_path / "users.yaml"
    put(path, "anna", entry(principals=("staff", "hr")))
    put(path, "Bjørn", entry())
    put(path, "root", entry(operator=True))
    users = users_from(path)
    assert users.check("anna", PASSWORD).principals == ("staff", "hr")
    assert users.check("Bjørn", PASSWORD).principals == ("Bjørn",)
    assert users.check("root", PASSWORD).principals is None
    assert users.check("anna", "wrong") is users.check("nobody", PASSWORD) is None
    assert HASH not in repr(users.check("anna", PASSWORD))


def test_a_user_who_is_removed_or_has_another_password_does_not_go_on(tmp_path):
    path = tmp_path / "users.yaml"
    put(path, "anna", entry())
    put(path, "bea", entry())
    users = UserFile(path)
    anna, bea = users.check("anna", PASSWORD), users.check("bea", PASSWORD)
    put(path, "anna", entry(principals=("new",)))
    assert users.still(anna).principals == ("new",), "what they may see holds from now on"
    put(path, "anna", Entry(password=hashed("another one")))
    remove(path, "bea")
    assert users.still(anna) is users.still(bea) is None


def test_writing_a_user_leaves_the_other_lines_and_is_for_the_owner_alone(tmp_path):
    path = tmp_path / "users.yaml"
    path.write_text(f"# ours\nanna:\n  password: {HASH}\n  principals: [a]\n# more\nbea: {{password: '{HASH}'}}")
    put(path, "anna", entry(principals=("b",)))
    put(path, "carl: x", entry())
    lines = path.read_text().splitlines()
    assert [lines[0], lines[2], lines[3]] == ["# ours", "# more", f"bea: {{password: '{HASH}'}}"]
    assert list(UserFile(path).read()) == ["anna", "bea", "carl: x"]
    assert UserFile(path).read()["anna"].principals == ("b",)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    remove(path, "anna")
    assert list(UserFile(path).read()) == ["bea", "carl: x"]
    assert [p.name for p in tmp_path.iterdir()] == ["users.yaml"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("anna: {password: secret}", ["anna.password", "rag users add"]),
        (f"anna: {{password: '{HASH}', groups: [a]}}", ["anna.groups"]),
        (f"anna: {{password: '{HASH}', principals: staff}}", ["anna.principals"]),
        (f"anna: {{password: '{HASH}'}}\nanna: {{password: '{HASH}'}}", ["anna", "twice"]),
        ("anna: {", ["YAML", "line"]),
        ("- anna", ["dictionary"]),
    ],
)
def test_what_is_wrong_with_a_users_file_is_named_without_a_hash(tmp_path, text, words):
    path = tmp_path / "users.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        users_from(path)
    assert all(word in str(error.value) for word in [str(path), *words]), error.value
    assert HASH not in str(error.value)
    assert "\n" not in str(error.value)


def test_nobody_comes_in_by_a_file_that_became_wrong_or_is_gone(tmp_path, caplog):
    path = tmp_path / "users.yaml"
    put(path, "anna", entry())
    users = UserFile(path)
    anna = users.check("anna", PASSWORD)
    path.write_text("anna: {")
    assert users.still(anna) is users.check("anna", PASSWORD) is None
    path.unlink()
    assert users.still(anna) is users.check("anna", PASSWORD) is None
    assert "users.yaml" in caplog.text
    with pytest.raises(SettingsError, match="cannot be read"):
        users_from(path)


@pytest.mark.parametrize(
    ("said", "principals"), [(True, ("anna",)), (["a", "b"], ("a", "b")), ([], ()), (False, "out"), (None, "out")]
)
def test_a_function_may_know_the_users(said, principals):
    user = users_from(lambda *_: said).check("anna", "x")
    assert (user.principals if user else "out") == principals


def test_what_goes_to_a_search_is_what_the_user_may_see_and_fails_closed():
    assert principals_of(by(User("anna", ("staff",)))) == ["staff"]
    assert principals_of(by(User("anna", ()))) == []
    assert principals_of(by(OPERATOR)) is None
    assert principals_of(by(None)) == principals_of(None) == []


def test_sessions_end(tmp_path):
    users, clock = users_from(lambda *_: True), Clock()
    sessions = Sessions(users, clock=clock)
    token = sessions.begin(users.check("anna", "x"))
    for _ in range(int(LONGEST_S / IDLE_S)):
        clock.now += IDLE_S - 1
        assert sessions.user(token).name == "anna"
    clock.now += IDLE_S - 1
    assert sessions.user(token) is None, "also one that is used"
    idle = sessions.begin(users.check("anna", "x"))
    clock.now += IDLE_S + 1
    assert sessions.user(idle) is None
    left = sessions.begin(users.check("anna", "x"))
    sessions.end(left)
    assert sessions.user(left) is sessions.user("guess") is sessions.user(None) is None


def test_a_user_has_so_many_sessions_and_no_more():
    users, clock = users_from(lambda *_: True), Clock()
    sessions = Sessions(users, clock=clock)
    other = sessions.begin(users.check("bea", "x"))
    tokens = []
    for _ in range(MAX_SESSIONS + 1):
        clock.now += 1
        tokens.append(sessions.begin(users.check("anna", "x")))
    assert [sessions.user(token) is not None for token in tokens] == [False] + [True] * MAX_SESSIONS
    assert sessions.user(other) is not None


def test_wrong_passwords_are_limited_by_address_and_by_name_for_a_while():
    clock = Clock()
    attempts = Attempts(clock=clock)
    for number in range(FAILURES_OF_ADDRESS):
        assert attempts.wait_s("2001:db8::1", f"name{number}") == 0
        attempts.note("2001:db8::1", f"name{number}")
    assert 0 < attempts.wait_s("2001:db8::ffff", "anna") <= WINDOW_S, "a whole /64 is one attacker's"
    assert attempts.wait_s("2001:db8:1::1", "anna") == 0
    for number in range(FAILURES_OF_NAME):
        attempts.note(f"192.0.2.{number}", "anna")
    assert attempts.wait_s("198.51.100.1", "anna") > 0
    clock.now += WINDOW_S + 1
    assert attempts.wait_s("2001:db8::1", "anna") == 0


def test_the_right_password_is_not_counted():
    attempts = Attempts(clock=Clock())
    for _ in range(3 * FAILURES_OF_NAME):
        attempts.note("192.0.2.1", "anna")
        attempts.forgive("192.0.2.1", "anna")
    assert attempts.wait_s("192.0.2.1", "anna") == 0


def typed(monkeypatch, text):
    monkeypatch.setattr(sys, "stdin", io.StringIO(text))


def test_users_are_managed_from_the_command_line(tmp_path, monkeypatch, capsys):
    path = tmp_path / "users.yaml"
    typed(monkeypatch, f"{PASSWORD}\n")
    assert main(["users", "add", str(path), "anna", "--principal", "staff", "--principal", "hr"]) == 0
    assert capsys.readouterr().out == f"added anna in {path}\n"
    assert UserFile(path).check("anna", PASSWORD).principals == ("staff", "hr")
    typed(monkeypatch, "another password\n")
    assert main(["users", "add", str(path), "anna", "--operator"]) == 0
    assert capsys.readouterr().out == f"changed anna in {path}\n"
    assert UserFile(path).check("anna", "another password").principals is None
    assert main(["users", "remove", str(path), "anna"]) == 0
    assert UserFile(path).read() == {}


@pytest.mark.parametrize(
    ("arguments", "password", "words"),
    [
        (["add", "FILE", "anna"], "short", "8 to 1024"),
        (["add", "FILE", " anna"], PASSWORD, "no name of a user"),
        (["add", "FILE", "an\x07na"], PASSWORD, "no name of a user"),
        (["add", "FILE", "x" * 65], PASSWORD, "no name of a user"),
        (["add", "FILE", "anna", "--operator", "--principal", "x"], PASSWORD, "--operator"),
        (["add", "FOLDER/none/users", "anna"], PASSWORD, "cannot be written"),
        (["remove", "FILE", "anna"], "", "no user 'anna'"),
    ],
)
def test_a_user_who_cannot_be_written_is_an_error_in_one_line(
    tmp_path, monkeypatch, capsys, arguments, password, words
):
    typed(monkeypatch, f"{password}\n")
    places = {"FILE": str(tmp_path / "users.yaml"), "FOLDER/none/users": str(tmp_path / "none/users")}
    assert main(["users", *(places.get(argument, argument) for argument in arguments)]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert error.count("\n") == 1
    assert not (tmp_path / "users.yaml").exists()
