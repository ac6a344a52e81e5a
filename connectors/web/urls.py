"""One spelling for each address."""

import re
from urllib.parse import quote, unquote, urljoin, urlsplit, urlunsplit

_TRACKING = re.compile(r"(utm_\w+|fbclid|gclid|dclid|msclkid|yclid|mc_cid|mc_eid|_hsenc|_hsmi|igshid)$", re.IGNORECASE)
_DEFAULT_PORTS = {"http": 80, "https": 443}
_ESCAPE = re.compile(r"%([0-9A-Fa-f]{2})")
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_BREAKS = re.compile(r"[\t\r\n]")  # browsers drop these; a blank is part of the address
_MAX_CHARS = 2000


def normalised(url: str, base: str = "") -> str | None:
    """The address in its one spelling; None for what is no web page's address.

    Scheme and host in lower case, the host in ASCII; no default port, no fragment, no dot segments and no tracking
    parameters; percent-encoded where needed and only there. A slash at the end stays as it is: with and without may
    be two pages.

    Args:
        base: address of the page that links to it.
    """
    try:
        url = _BREAKS.sub("", url.strip())
        parts = urlsplit(urljoin(base, url) if base else url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
        if not host.isascii():
            host = host.encode("idna").decode()
    except ValueError:
        return None
    if parts.scheme not in _DEFAULT_PORTS or not host or parts.username is not None or parts.password is not None:
        return None
    if not re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", host):
        return None
    host = f"[{host}]" if ":" in host else host
    netloc = host if port in (None, _DEFAULT_PORTS[parts.scheme]) else f"{host}:{port}"
    path = _without_dots(_escaped(parts.path, "/:@!$&'()*+,;="))
    kept = [part for part in parts.query.split("&") if part and not _TRACKING.match(part.partition("=")[0])]
    found = urlunsplit((parts.scheme, netloc, path, _escaped("&".join(kept), "/:@!$&'()*+,;=?[]"), ""))
    return found if len(found) <= _MAX_CHARS else None


def host_of(url: str) -> str:
    """Host of an address in its one spelling, with the port where it is not the scheme's default."""
    return urlsplit(url).netloc


def path_of(url: str) -> str:
    """Path of an address as people write it, without the first slash: what glob patterns are matched with."""
    return unquote(urlsplit(url).path, errors="replace").removeprefix("/")


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.removeprefix("/").split("/"):
        if segment == "..":
            kept = kept[:-1]
        elif segment != ".":
            kept.append(segment)
    ends_in_folder = path.endswith(("/.", "/..")) and bool(kept)
    return "/" + "/".join([*kept, ""] if ends_in_folder else kept)


def _escaped(text: str, safe: str) -> str:
    """Percent-encoded exactly where needed, escapes in upper case."""

    def mend(match: re.Match[str]) -> str:
        code = int(match[1], 16)
        return chr(code) if code in _UNRESERVED else f"%{code:02X}"

    return quote(_ESCAPE.sub(mend, text), safe=safe + "%", errors="replace")
