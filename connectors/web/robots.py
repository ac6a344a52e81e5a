"""robots.txt (RFC 9309)."""

from urllib.parse import urlsplit

from protego import Protego

from connectors.web.errors import Refused, Unreachable
from connectors.web.fetching import Fetcher
from rag.skips import skip_reason

_MAX_BYTES = 512_000
_MAX_DELAY_S = 60.0


class Robots:
    """The rules of each site, read once.

    Args:
        user_agent: whose rules apply.
    """

    def __init__(self, fetcher: Fetcher, user_agent: str) -> None:
        self._fetcher = fetcher
        self._user_agent = user_agent
        self._rules: dict[str, Protego] = {}

    def check(self, url: str) -> None:
        """Do nothing where the site lets us read the page. Its Crawl-delay is kept from then on.

        Raises:
            Refused: it does not.
            Unreachable: its rules cannot be read; until they can, everything is forbidden.
        """
        parts = urlsplit(url)
        site = f"{parts.scheme}://{parts.netloc}"
        if site not in self._rules:
            self._rules[site] = self._read(site)
            delay = self._rules[site].crawl_delay(self._user_agent)
            if delay:
                self._fetcher.slow_down(parts.netloc, min(delay, _MAX_DELAY_S))
        if not self._rules[site].can_fetch(url, self._user_agent):
            raise Refused(skip_reason("robots"), lasting=True)

    def _read(self, site: str) -> Protego:
        try:
            answer = self._fetcher.get(f"{site}/robots.txt", max_bytes=_MAX_BYTES, cut=True)
        except Unreachable as error:
            raise Unreachable(f"robots.txt cannot be read: {error}") from error
        # a site that has none, or hides it, forbids nothing
        return Protego.parse((answer.body or b"").decode("utf-8", "replace"))
