"""Connections to hosts that somebody entered: on the public internet, and to nothing inside.

An address that somebody enters may lead to the inside of a network, which is none of its author's
business: so its host is looked up first, and the connection goes to just the address that was found
to be a public one, whatever the name leads to by then (CWE-918). Another name is looked up again.
"""

import ssl
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from http.client import HTTPSConnection
from ipaddress import IPv6Address, IPv6Network, ip_address
from socket import IPPROTO_TCP, SHUT_RDWR, create_connection, getaddrinfo
from threading import Timer
from time import monotonic

_UNICAST = IPv6Network("2000::/3")
_LEAST = 0.1  # seconds: what is cut at once says less than what was tried


class NotPublic(ValueError):
    """The host is inside of a network."""


def public(host: str, port: int, deadline: float) -> str:
    """The address of a host, if all of its addresses are on the public internet.

    `deadline` is a moment of the monotonic clock: whose own name server it is may keep it waiting.
    Raises `NotPublic`, and `OSError` when it is not found (in time).
    """
    asked = _lookups().submit(getaddrinfo, host, port, proto=IPPROTO_TCP)
    found = [str(each[4][0]) for each in asked.result(max(deadline - monotonic(), _LEAST))]
    if not found or not all(is_public(each) for each in found):
        raise NotPublic(f"{host} is not a public address.")
    return found[0]


def is_public(address: str) -> bool:
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        # Not those that hold an address of IPv4, which may be any: mapped, 6to4, NAT64.
        return parsed in _UNICAST and parsed.is_global and parsed.sixtofour is None
    return parsed.is_global and not parsed.is_multicast


class Pinned(HTTPSConnection):
    """A connection to an address that was looked up before; the certificate is still the host's.

    It is cut at the deadline: time-outs of a socket say nothing of who sends a byte a second.
    """

    def __init__(self, host: str, port: int, address: str, deadline: float) -> None:
        self._deadline = deadline
        super().__init__(host, port, timeout=self._left(), context=_context())
        self._address = address
        self._end: Timer | None = None

    def connect(self) -> None:
        raw = create_connection((self._address, self.port), self._left())
        self.sock = _context().wrap_socket(
            raw, server_hostname=self.host, do_handshake_on_connect=False
        )
        self._end = Timer(self._left(), self.sock.shutdown, [SHUT_RDWR])
        self._end.daemon = True
        self._end.start()
        self.sock.do_handshake()

    def close(self) -> None:
        if self._end:
            self._end.cancel()
        super().close()

    def _left(self) -> float:
        return max(self._deadline - monotonic(), _LEAST)


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()


@cache
def _lookups() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=4)
