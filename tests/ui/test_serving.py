"""The app as a server that may be exposed: who gets in, what is there without a login, headers, and many at once."""

import asyncio
import json
import re
import socket
import threading
import time
import urllib.request
from contextlib import contextmanager
from http.client import HTTPConnection
from urllib.parse import quote, urlencode

import pytest

from rag.corpus import Rag
from rag.errors import SettingsError
from tests.chat_server import Reply
from ui.guard import MAX_BODY
from ui.passwords import hashed
from ui.sessions import FAILURES_OF_ADDRESS
from ui.users_file import Entry, put, remove

PASSWORD, QUESTION = "correct horse", "How long do refunds take?"
OPEN = "# Refunds\n\nRefunds are paid within 14 days after the parcel has arrived.\n"
SECRET = "# Salaries\n\nSalaries are paid within 3 days after the end of the month.\n"


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


@pytest.fixture(scope="module")
def config(tmp_path_factory):
    folder = tmp_path_factory.mktemp("serving")
    for name, text in {"open": OPEN, "secret": SECRET}.items():
        (folder / name).mkdir()
        (folder / name / f"{name}.md").write_text(text, encoding="utf-8")
    config = folder / "shop.yaml"
    config.write_text(
        "sources:\n- {kind: files, name: open, path: ./open}\n"
        "- {kind: files, name: secret, path: ./secret, acl: [hr]}\nanswer: {min_confidence: 0}\n"
    )
    return config


@pytest.fixture(scope="module")
def corpus(config):
    with Rag.open(config) as corpus:
        assert corpus.ingest().new == 2
        yield corpus


@contextmanager
def served(corpus, **how):
    """The port of an app in this process."""
    from ui.server import serving

    made, make = [], asyncio.new_event_loop

    def kept():
        made.append(make())
        return made[-1]

    asyncio.new_event_loop = kept  # Gradio makes some for its locks, runs none of them, and closes none
    how = {"host": "127.0.0.1", "port": free_port(), **how}
    try:
        with serving([corpus], **how):
            yield how["port"]
    finally:
        asyncio.new_event_loop = make
        asyncio.set_event_loop(None)
        for loop in made:
            loop.close()


@pytest.fixture(scope="module")
def users(tmp_path_factory):
    path = tmp_path_factory.mktemp("users") / "users.yaml"
    kept = hashed(PASSWORD)
    put(path, "anna", Entry(password=kept, principals=("hr",)))
    put(path, "bea", Entry(password=kept, principals=()))
    put(path, "gone", Entry(password=kept))
    put(path, "root", Entry(password=kept, operator=True))
    return path


@pytest.fixture(scope="module")
def locked(corpus, users):
    with served(corpus, auth=users) as port:
        yield port


@pytest.fixture(scope="module")
def unlocked(corpus):
    with served(corpus) as port:
        yield port


class Response:
    def __init__(self, response):
        self.status, self.headers, self.body = response.status, response.headers, response.read()


def send(port, method, path, body=None, **headers):
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        return Response(connection.getresponse())
    finally:
        connection.close()


def log_in(port, name, password=PASSWORD, **headers):
    """The cookie header of a session, and the response."""
    form = urlencode({"name": name, "password": password})
    headers = {"Content_Type": "application/x-www-form-urlencoded", **headers}
    response = send(port, "POST", "/login", form, **headers)
    cookie = response.headers.get("Set-Cookie", "")
    return cookie.partition(";")[0], response


def ask(port, question, session, timeout=60, **headers):
    """A question as the page asks it, by the queue: seconds to the first words and to the end, and what was shown."""
    config = json.loads(send(port, "GET", "/config", **headers).body)
    event = next(d for d in config["dependencies"] if any(t[1] == "submit" for t in d["targets"]))
    asked = {"data": [None] * len(event["inputs"]), "event_data": {"typed": question}}
    body = json.dumps({**asked, "fn_index": event["id"], "session_hash": session})
    begin = time.monotonic()
    joined = send(port, "POST", "/gradio_api/queue/join", body, Content_Type="application/json", **headers)
    assert joined.status == 200, joined.body
    request = urllib.request.Request(f"http://127.0.0.1:{port}/gradio_api/queue/data?session_hash={session}")
    for name, value in headers.items():
        request.add_header(name, value)
    first = None
    with urllib.request.urlopen(request, timeout=timeout) as stream:
        text = ""
        for line in stream:
            text += line.decode()
            if first is None and b"rag-answer" in line:
                first = time.monotonic() - begin
            if b"process_completed" in line:
                return first, time.monotonic() - begin, text
    raise AssertionError(f"it ended before the answer: {text[-500:]}")


ROUTES = [
    ("GET", "/"),
    ("GET", "/config"),
    ("GET", "/info"),
    ("GET", "/gradio_api/info"),
    ("GET", "/gradio_api/app_id"),
    ("GET", "/gradio_api/token"),
    ("GET", "/gradio_api/startup-events"),
    ("GET", "/gradio_api/heartbeat/abc"),
    ("GET", "/gradio_api/queue/data?session_hash=abc"),
    ("GET", "/gradio_api/queue/status"),
    ("POST", "/gradio_api/queue/join"),
    ("POST", "/gradio_api/run/predict"),
    ("POST", "/gradio_api/call/ask"),
    ("POST", "/gradio_api/cancel"),
    ("POST", "/gradio_api/reset"),
    ("POST", "/gradio_api/stream/x"),
    ("POST", "/gradio_api/component_server"),
    ("POST", "/gradio_api/upload"),
    ("GET", "/gradio_api/upload_progress?upload_id=x"),
    ("GET", "/gradio_api/file=FILE"),
    ("GET", "/gradio_api/file/FILE"),
    ("GET", "/gradio_api/proxy=https://example.org/"),
    ("POST", "/gradio_api/vibe-code"),
    ("GET", "/monitoring"),
    ("GET", "/theme.css"),
    ("GET", "/manifest.json"),
    ("GET", "/static/img/logo.svg"),
    ("GET", "/assets/x.js"),
    ("GET", "//"),
    ("GET", "/login/"),
    ("GET", "/%6cogin/../config"),
    ("POST", "/logout"),
    ("OPTIONS", "/config"),
    ("PUT", "/nothing"),
]


@pytest.mark.parametrize(("method", "path"), ROUTES)
@pytest.mark.parametrize("cookie", [None, "rag_session_PORT=guess"], ids=["no session", "wrong session"])
def test_nothing_is_there_for_those_who_have_not_logged_in(locked, config, method, path, cookie):
    headers = {"Cookie": cookie.replace("PORT", str(locked))} if cookie else {}
    response = send(locked, method, path.replace("FILE", quote(str(config))), **headers)
    assert response.status == 401
    assert json.loads(response.body) == {"detail": "log in first"}


def test_a_browser_without_a_session_is_led_to_the_login(locked):
    led = send(locked, "GET", "/", Accept="text/html")
    assert (led.status, led.headers["Location"]) == (303, "/login")
    page = send(locked, "GET", "/login", Accept_Language="de")
    assert page.status == 200
    assert b"Passwort" in page.body
    assert b"<script" not in page.body


def test_a_session_is_a_cookie_that_scripts_and_other_sites_do_not_get(locked):
    session, response = log_in(locked, "anna")
    assert (response.status, response.headers["Location"]) == (303, "/")
    cookie = response.headers["Set-Cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie
    assert "secure" not in cookie, "a browser would drop it: this server speaks http"
    assert len(session.partition("=")[2]) >= 43
    assert send(locked, "GET", "/config", Cookie=session).status == 200
    left = send(locked, "POST", "/logout", Cookie=session)
    assert (left.status, left.headers["Location"]) == (303, "/login")
    assert send(locked, "GET", "/config", Cookie=session).status == 401


@pytest.mark.parametrize(("name", "password"), [("anna", "wrong"), ("anna", ""), ("nobody", PASSWORD), ("", "")])
def test_a_wrong_password_says_nothing_of_who_there_is(locked, name, password):
    session, response = log_in(locked, name, password)
    assert session == ""
    assert response.status == 200
    assert "Name and password do not fit together." in re.sub(r"&#(\d+);", lambda m: chr(int(m[1])), str(response.body))


def test_a_user_who_is_removed_is_out_at_once(locked, users):
    session, _ = log_in(locked, "gone")
    assert send(locked, "GET", "/config", Cookie=session).status == 200
    remove(users, "gone")
    assert send(locked, "GET", "/config", Cookie=session).status == 401
    assert log_in(locked, "gone")[0] == ""


def test_guessing_is_stopped_also_where_many_guess_at_once(corpus):
    asked = []

    def slow(name, password):
        asked.append(password)
        time.sleep(0.01)
        return password == PASSWORD

    with served(corpus, auth=slow) as port:
        found = []
        guesses = [
            threading.Thread(target=lambda n=n: found.append(log_in(port, "anna", f"guess {n}")[1].status))
            for n in range(2 * FAILURES_OF_ADDRESS)
        ]
        for guess in guesses:
            guess.start()
        for guess in guesses:
            guess.join()
        assert len(asked) == FAILURES_OF_ADDRESS
        assert sorted(found) == [200] * FAILURES_OF_ADDRESS + [429] * FAILURES_OF_ADDRESS
        session, refused = log_in(port, "anna")
        assert (session, refused.status) == ("", 429), "the right password neither"
        assert 0 < int(refused.headers["Retry-After"]) <= 301


def test_each_user_finds_what_they_may_see(locked):
    question = "When are salaries paid?"
    for name, sees in [("anna", True), ("bea", False), ("root", True)]:
        session, _ = log_in(locked, name)
        _, _, text = ask(locked, question, f"sees{name}", Cookie=session)
        assert ("3 days" in text) is sees, name


def test_files_are_not_served_and_not_taken_from_those_who_are_logged_in(locked, config):
    session, _ = log_in(locked, "anna")
    for path in (config, config.parent / "open/open.md", "/etc/passwd"):
        assert send(locked, "GET", f"/gradio_api/file={quote(str(path))}", Cookie=session).status in (403, 404)
    upload = b'--b\r\nContent-Disposition: form-data; name="files"; filename="a"\r\n\r\nlong\r\n--b--\r\n'
    kind = "multipart/form-data; boundary=b"
    assert send(locked, "POST", "/gradio_api/upload", upload, Content_Type=kind, Cookie=session).status == 413


@pytest.mark.parametrize("chunked", [False, True])
def test_a_request_may_be_so_large_and_no_larger(unlocked, chunked):
    body = b"x" * (MAX_BODY + 1)
    sent = iter([body[: MAX_BODY // 2], body[MAX_BODY // 2 :]]) if chunked else body
    response = send(unlocked, "POST", "/gradio_api/queue/join", sent, Content_Type="application/json")
    assert response.status in (400, 413)


def test_browsers_are_told_to_run_nothing_that_a_document_brings(unlocked):
    page = send(unlocked, "GET", "/", Accept="text/html")
    policy = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    nonce = re.search(r"'nonce-([\w-]+)'", policy["script-src"])[1]
    assert "unsafe-inline" not in policy["script-src"]
    assert policy["default-src"] == "'self'"
    assert policy["frame-ancestors"] == policy["object-src"] == "'none'"
    assert not any("http" in sources or "*" in sources for sources in policy.values())
    scripts = re.findall(rb"<script([^>]*)>", page.body)
    assert scripts
    assert all(f'nonce="{nonce}"'.encode() in script for script in scripts)
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Frame-Options"] == "DENY"
    assert page.headers["Referrer-Policy"] == "same-origin"
    assert page.headers["Server"] is None
    assert b"huggingface" not in page.body.lower()
    assert b"githubusercontent" not in page.body
    again = send(unlocked, "GET", "/", Accept="text/html")
    assert nonce.encode() not in again.body
    asset = send(unlocked, "GET", "/theme.css")
    assert asset.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert asset.headers["X-Content-Type-Options"] == "nosniff"


def test_pages_of_other_sites_may_not_ask(unlocked, locked):
    for origin in ("https://evil.example", "null", f"http://127.0.0.1:{locked}", f"http://localhost:{unlocked}"):
        response = send(unlocked, "POST", "/gradio_api/queue/join", "{}", Origin=origin)
        assert response.status == 403, origin
        assert "Access-Control-Allow-Origin" not in response.headers
    own = send(unlocked, "GET", "/config", Origin=f"http://127.0.0.1:{unlocked}")
    assert own.status == 200
    assert "Access-Control-Allow-Origin" not in own.headers


def test_a_name_that_somebody_else_leads_here_is_refused_where_nobody_logs_in(unlocked, locked):
    for host in ("evil.example", f"evil.example:{unlocked}", "127.0.0.1.evil.example", ""):
        assert send(unlocked, "GET", "/config", Host=host).status in (400, 421), host
    for host in ("localhost", f"LOCALHOST:{unlocked}", "127.0.0.1", "[::1]:7860"):
        assert send(unlocked, "GET", "/config", Host=host).status == 200, host
    session, _ = log_in(locked, "anna")
    assert send(locked, "GET", "/config", Host="rag.example.org", Cookie=session).status == 200


def test_behind_a_proxy_the_app_goes_by_the_name_that_people_open(corpus, users):
    with served(corpus, auth=users, url="https://rag.example.org/handbook") as port:
        led = send(port, "GET", "/", Accept="text/html")
        assert led.headers["Location"] == "/handbook/login"
        assert led.headers["Strict-Transport-Security"]
        session, entered = log_in(port, "anna", Origin="https://rag.example.org")
        assert entered.headers["Location"] == "/handbook/"
        assert "secure" in entered.headers["Set-Cookie"].lower()
        assert "path=/handbook/" in entered.headers["Set-Cookie"].lower()
        page = send(port, "GET", "/", Cookie=session, X_Forwarded_Host="evil.example")
        assert b"https://rag.example.org/handbook" in page.body
        assert b"evil.example" not in page.body
        assert b'action="&#47;handbook/logout"' in page.body
        assert log_in(port, "anna", Origin="https://evil.example")[1].status == 403


@pytest.mark.parametrize(
    "url", ["rag.example.org", "ftp://x", "https://me:secret@x", "https://", "https://x/?a", "http://["]
)
def test_an_address_that_nobody_can_open_is_refused(corpus, url):
    with pytest.raises(SettingsError, match="--url"), served(corpus, url=url):
        pass


def test_other_machines_are_let_in_on_purpose_alone(corpus):
    with pytest.raises(SettingsError, match=r"--host 0.0.0.0.*--auth.*--no-auth"), served(corpus, host="0.0.0.0"):
        pass
    with served(corpus, host="0.0.0.0", open_to_all=True) as port:
        assert send(port, "GET", "/config", Host="machine.example").status == 200


def test_twenty_at_once_are_all_answered(unlocked):
    answers, errors = [], []

    def one(number):
        try:
            answers.append(ask(unlocked, QUESTION, f"many{number}"))
        except Exception as error:
            errors.append(error)

    ask(unlocked, QUESTION, "warm")
    askers = [threading.Thread(target=one, args=(number,)) for number in range(20)]
    for asker in askers:
        asker.start()
    for asker in askers:
        asker.join()
    assert errors == []
    assert len(answers) == 20
    assert all("14 days" in text for _, _, text in answers)


@pytest.fixture
def with_model(config, corpus, server):
    """The corpus with a model that answers when it likes."""
    corpus.close()
    overrides = ["answer.llm=openai:scripted", f"answer.base_url={server.base_url}"]
    with Rag.open(config, overrides=overrides) as slow, served(slow) as port:
        yield port


def test_a_slow_answer_blocks_nobody(with_model, server):
    server.reply_to = lambda _: Reply(["Refunds are paid within 14 days [1]."], wait_s=4)
    quotes = {"Cookie": "rag_settings=" + quote(json.dumps({"model": "quotes"}))}
    ask(with_model, QUESTION, "first", **quotes)
    slow = [threading.Thread(target=ask, args=(with_model, QUESTION, f"slow{n}")) for n in range(12)]
    for asker in slow:
        asker.start()
    while len(server.requests) < len(slow):
        time.sleep(0.01)
    assert all("14 days" in ask(with_model, QUESTION, f"quick{n}", **quotes)[2] for n in range(3))
    assert len(server.requests) == len(slow), "quotes ask no model"
    assert all(asker.is_alive() for asker in slow)
    assert send(with_model, "GET", "/", Accept="text/html").status == 200
    for asker in slow:
        asker.join()
