"""Who is logged in, and how often somebody tried in vain. Used by the event loop alone, so without locks."""

import hashlib
import ipaddress
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from ui.users import User, Users

IDLE_S = 12 * 3600
"""A session ends when it is not used for so long."""
LONGEST_S = 7 * 24 * 3600
"""A session ends after so long in any case."""
MAX_SESSIONS = 20
"""Of one user; the one that was not used for longest ends."""

WINDOW_S = 300
FAILURES_OF_ADDRESS, FAILURES_OF_NAME = 10, 20
"""So many wrong passwords in `WINDOW_S` and no further one is looked at."""
MAX_KEYS = 10_000


@dataclass(slots=True)
class _Session:
    user: User
    began: float
    used: float


class Sessions:
    """The sessions of those who are logged in. They end with the server.

    Args:
        users: are asked again at every request, so that a user who is removed is out.
        clock: seconds.
    """

    def __init__(self, users: Users, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._users, self._clock = users, clock
        self._sessions: dict[str, _Session] = {}

    def begin(self, user: User) -> str:
        """A token that only this browser gets to know; kept is its hash."""
        self._drop_old()
        own = sorted((s.used, key) for key, s in self._sessions.items() if s.user.name == user.name)
        for _, key in own[: max(0, len(own) - MAX_SESSIONS + 1)]:
            del self._sessions[key]
        token = secrets.token_urlsafe(32)
        now = self._clock()
        self._sessions[_key(token)] = _Session(user, now, now)
        return token

    def user(self, token: str | None) -> User | None:
        """Whose session it is; None where it ended or there is none."""
        session = self._sessions.get(_key(token)) if token else None
        if token is None or session is None:
            return None
        now = self._clock()
        user = self._users.still(session.user)
        if user is None or self._is_over(session, now):
            self.end(token)
            return None
        session.user, session.used = user, now
        return user

    def end(self, token: str | None) -> None:
        """Log out."""
        if token:
            self._sessions.pop(_key(token), None)

    def _is_over(self, session: _Session, now: float) -> bool:
        return now - session.used > IDLE_S or now - session.began > LONGEST_S

    def _drop_old(self) -> None:
        now = self._clock()
        for key in [key for key, session in self._sessions.items() if self._is_over(session, now)]:
            del self._sessions[key]


def _key(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


class Attempts:
    """Wrong passwords of late, by address and by name.

    Args:
        clock: seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failures: dict[tuple[str, str], list[float]] = {}

    def wait_s(self, address: str, name: str) -> float:
        """Seconds until another password is looked at; 0 is at once."""
        limits = {("address", network(address)): FAILURES_OF_ADDRESS, ("name", name): FAILURES_OF_NAME}
        waits = [0.0]
        for key, limit in limits.items():
            failures = self._recent(key)
            if len(failures) >= limit:
                waits.append(failures[-limit] + WINDOW_S - self._clock())
        return max(waits)

    def forgive(self, address: str, name: str) -> None:
        """The password that was noted last was the right one."""
        for key in (("address", network(address)), ("name", name)):
            self._failures[key] = self._recent(key)[:-1]

    def note(self, address: str, name: str) -> None:
        """Count a password as wrong; before it is looked at, so that many at once are counted, too."""
        for key in (("address", network(address)), ("name", name)):
            self._failures[key] = [*self._recent(key), self._clock()]
        if len(self._failures) > MAX_KEYS:
            for key in [key for key in self._failures if not self._recent(key)]:
                del self._failures[key]

    def _recent(self, key: tuple[str, str]) -> list[float]:
        begin = self._clock() - WINDOW_S
        return [at for at in self._failures.get(key, []) if at > begin]


def network(address: str) -> str:
    """What one attacker has: an address, of IPv6 the /64 that it is in."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    return address if found.version == 4 else str(ipaddress.ip_network((found, 64), strict=False))
