"""Connections to public addresses only, checked on the very address that is connected to."""

import ipaddress
import socket
from collections.abc import Iterable
from typing import TypeAlias

import httpcore

from connectors.web.errors import Refused
from connectors.web.pace import PacedStream
from rag.skips import skip_reason

IPAddress: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NOT_PUBLIC = tuple(
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # protocol assignments: 192.0.0.192 serves a cloud's secrets
        "168.63.129.16/32",  # public by its number, but answers inside a cloud's machines only
        "198.18.0.0/15",
        "fec0::/10",
    )
)


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a host, as the system resolves it."""
    return [str(answer[4][0]) for answer in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet, addresses wrapped in others included."""
    ip: IPAddress = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF) if ip in _NAT64 else ip.ipv4_mapped or ip.sixtofour
        ip = inner or ip
    listed = any(ip.version == network.version and ip in network for network in _NOT_PUBLIC)
    return ip.is_global and not (ip.is_multicast or ip.is_reserved or ip.is_unspecified or listed)


class CheckedBackend(httpcore.SyncBackend):
    """Resolves a host once, checks every answer and connects to one of those.

    A name that resolves to something else a moment later (DNS rebinding) gains nothing.

    Args:
        allow_private: connect to whatever address a host has.
    """

    def __init__(self, *, allow_private: bool) -> None:
        self._allow_private = allow_private

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers.

        Raises:
            Refused: one of its addresses is not public.
            httpcore.ConnectError: it has none, or none answers.
        """
        try:
            addresses = list(dict.fromkeys(resolve(host, port)))
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(f"the host name is not known ({error})") from error
        if not self._allow_private:
            for address in addresses:
                if not is_public(address):
                    raise Refused(skip_reason("not_public", host=host, address=address), lasting=False)
        failure: Exception = httpcore.ConnectError("the host has no address")
        for address in addresses:
            try:
                return PacedStream(super().connect_tcp(address, port, timeout, local_address, socket_options))
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure
