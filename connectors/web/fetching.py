"""Polite HTTP: redirects checked hop by hop, sizes and times bounded, a pause between requests to a host."""

import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache
from time import monotonic, sleep

import httpcore

from connectors.web.addresses import CheckedBackend
from connectors.web.body import read_body
from connectors.web.errors import Unreachable
from connectors.web.urls import host_of, normalised

_TRIES = 3
_BACKOFF_S = 1.0
_MAX_WAIT_S = 60.0
_MAX_REDIRECTS = 5
_SHORT_BYTES = 65_536
_BUSY = (429, 502, 503, 504)
_REDIRECTS = {301: True, 302: False, 303: False, 307: False, 308: True}
_FAILURES = (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a server answered.

    Attributes:
        url: where the redirects led.
        key: the address that the page goes by: permanent redirects rename it, temporary ones do not.
        headers: by their names in lower case; the last one of a name.
        body: decompressed; None where it was not wanted or there is none.
    """

    url: str
    key: str
    status: int
    headers: Mapping[str, str]
    body: bytes | None


def _any(*_: object) -> None:
    """Takes everything."""


class Fetcher:
    """Gets addresses with one pool of connections. Environment variables for proxies are not read.

    Args:
        user_agent: how requests name their sender.
        timeout_s: seconds that a connection and each part of an answer may take.
        requests_per_second: for each host.
        allow_private: also connect to addresses that are not public.
        secrets: headers for some origins (`https://host`, no slash), which others never see.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        timeout_s: float,
        requests_per_second: float,
        allow_private: bool,
        secrets: Mapping[str, Mapping[str, str]],
    ) -> None:
        self._user_agent = user_agent
        self._timeout_s = timeout_s
        self._pause_s = 1 / requests_per_second
        self._secrets = secrets
        self._delays: dict[str, float] = {}
        self._next: dict[str, float] = {}
        self._pool = httpcore.ConnectionPool(
            ssl_context=_trust(), network_backend=CheckedBackend(allow_private=allow_private), keepalive_expiry=15
        )

    def slow_down(self, host: str, delay_s: float) -> None:
        """Leave at least so many seconds between requests to a host."""
        self._delays[host] = delay_s
        self._next[host] = max(self._next.get(host, 0), monotonic() + delay_s)

    def get(
        self,
        url: str,
        *,
        max_bytes: float,
        cut: bool = False,
        validators: Mapping[str, Mapping[str, str]] | None = None,
        check: Callable[[str, bool], None] = _any,
        wanted: Callable[[Answer], None] = _any,
    ) -> Answer:
        """The answer at the end of the redirects, whatever its status below 500.

        Args:
            url: an address in its one spelling.
            max_bytes: of the body, compressed or not.
            cut: take the beginning of a larger body.
            validators: headers of a conditional request, by address.
            check: called with every address that a redirect leads to, and whether that is for good; may raise
                `PageError`.
            wanted: called with a successful answer before its body is read, may raise `PageError`.

        Raises:
            Unreachable: no answer, or 429 or 5xx, also after some tries; too many redirects.
            Refused: an address that is not public; a larger body (`TooLarge`).
        """
        key, permanent = url, True
        for _ in range(_MAX_REDIRECTS + 1):
            answer = self._tried(url, key, max_bytes, cut, (validators or {}).get(url, {}), wanted)
            if answer.status not in _REDIRECTS:
                return answer
            target = normalised(answer.headers.get("location", ""), url)
            if target is None:
                raise Unreachable("redirects to what is no http:// or https:// address")
            permanent = permanent and _REDIRECTS[answer.status]
            check(target, permanent)
            url, key = target, target if permanent else key
        raise Unreachable(f"more than {_MAX_REDIRECTS} redirects")

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()

    def _tried(
        self,
        url: str,
        key: str,
        max_bytes: float,
        cut: bool,
        conditions: Mapping[str, str],
        wanted: Callable[[Answer], None],
    ) -> Answer:
        for attempt in range(1, _TRIES + 1):
            wait = _BACKOFF_S * 2 ** (attempt - 1)
            self._keep_pace(host_of(url))
            try:
                answer = self._once(url, key, max_bytes, cut, conditions, wanted)
            except _FAILURES as error:
                failure = Unreachable(_reason(error, self._timeout_s))
            else:
                if answer.status < 500 and answer.status != 429:
                    return answer
                failure = Unreachable(f"the server answers {answer.status}")
                asked = _retry_after(answer.headers.get("retry-after", ""))
                if answer.status not in _BUSY or asked > _MAX_WAIT_S:
                    raise failure
                wait = max(wait, asked)
            if attempt < _TRIES:
                sleep(wait)
        raise failure

    def _keep_pace(self, host: str) -> None:
        pause = self._next.get(host, 0) - monotonic()
        if pause > 0:
            sleep(pause)
        self._next[host] = monotonic() + max(self._pause_s, self._delays.get(host, 0))

    def _once(
        self,
        url: str,
        key: str,
        max_bytes: float,
        cut: bool,
        conditions: Mapping[str, str],
        wanted: Callable[[Answer], None],
    ) -> Answer:
        scheme, _, rest = url.partition("://")
        headers = {
            "User-Agent": self._user_agent,
            "Accept": "text/html,application/xhtml+xml,*/*;q=0.8",
            "Accept-Encoding": "gzip",
            **conditions,
            **self._secrets.get(f"{scheme}://{rest.partition('/')[0]}", {}),
        }
        timeout = dict.fromkeys(("connect", "read", "write", "pool"), self._timeout_s)
        with self._pool.stream("GET", url, headers=[*headers.items()], extensions={"timeout": timeout}) as response:
            found = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            answer = Answer(url=url, key=key, status=response.status, headers=found, body=None)
            if response.status != 200:
                self._drain(response, found)
                return answer
            wanted(answer)
            body = read_body(response.iter_stream(), found, max_bytes=max_bytes, cut=cut, timeout_s=self._timeout_s)
        return Answer(url=url, key=key, status=200, headers=found, body=body)

    def _drain(self, response: httpcore.Response, headers: Mapping[str, str]) -> None:
        """Read a short answer to its end, so that the connection can be used again."""
        length = headers.get("content-length", "0" if response.status == 304 else "")
        if length.isdecimal() and int(length) <= _SHORT_BYTES:
            response.read()


@cache
def _trust() -> ssl.SSLContext:
    context = httpcore.default_ssl_context()
    context.load_default_certs()  # what the machine's owner trusts, too
    return context


def _reason(error: Exception, timeout_s: float) -> str:
    if isinstance(error, httpcore.TimeoutException):
        return f"no answer within {timeout_s:g} s"
    if isinstance(error, httpcore.LocalProtocolError):  # its message may quote a header of ours
        return "the request cannot be sent: look at the values of headers_env"
    return " ".join(str(error).split())[:200] or type(error).__name__


def _retry_after(value: str) -> float:
    """Seconds that a server asks to wait; 0 where it does not say so."""
    if value.strip().isdecimal():
        return float(value)
    with suppress(ValueError, TypeError):
        at = parsedate_to_datetime(value)
        return max((at.replace(tzinfo=at.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)
    return 0.0
