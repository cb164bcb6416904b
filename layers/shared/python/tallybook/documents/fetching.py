"""Fetching a small file from an address that somebody entered, and from nowhere else.

The address may lead to the inside of a network, which is none of its author's business: so it is
looked up first, and the connection goes to just the address that was found to be a public one
(CWE-918). Another name or a redirect is looked up again.
"""

import ssl
from collections.abc import Sequence
from contextlib import closing
from functools import cache
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import IPv6Address, IPv6Network, ip_address
from socket import IPPROTO_TCP, SHUT_RDWR, create_connection, getaddrinfo
from threading import Timer
from time import monotonic
from urllib.parse import urljoin, urlsplit, urlunsplit

_MOST_BYTES = 2_000_000
_SECONDS = 4.0  # for all of it
_MOST_REDIRECTS = 2
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {"User-Agent": "Tallybook", "Accept": "image/*", "Accept-Encoding": "identity"}
_BLOCK = 65_536
_UNICAST = IPv6Network("2000::/3")


class Unfetchable(Exception):
    """The file could not be had, or must not be. The text says why."""


def fetch(url: str) -> bytes:
    """What is at a https:// address: at most 2 MB, in four seconds. Raises `Unfetchable`."""
    deadline = monotonic() + _SECONDS
    try:
        for _ in range(_MOST_REDIRECTS + 1):
            content, onwards = _asked(url, deadline)
            if onwards is None:
                return content
            url = urljoin(url, onwards)
    except (OSError, HTTPException, ValueError) as error:
        raise Unfetchable(f"{type(error).__name__}: {error}") from error
    raise Unfetchable("It was redirected too often.")


def _asked(url: str, deadline: float) -> tuple[bytes, str | None]:
    """The file, or the address that it is at by now."""
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.username is not None:
        raise Unfetchable("It is no plain https:// address.")
    port = parts.port or 443
    connection = _Pinned(parts.hostname, port, public(parts.hostname, port), deadline)
    with closing(connection):
        path = urlunsplit(("", "", parts.path or "/", parts.query, ""))
        connection.request("GET", path, headers=_HEADERS)
        answer = connection.getresponse()
        if answer.status in _REDIRECTS:
            return b"", answer.getheader("Location") or ""
        if answer.status != HTTPStatus.OK:
            raise Unfetchable(f"The answer was {answer.status}.")
        return _read(answer, deadline), None


def _read(answer: HTTPResponse, deadline: float) -> bytes:
    content = b""
    while block := answer.read1(_BLOCK):
        content += block
        if len(content) > _MOST_BYTES:
            raise Unfetchable("It is too large.")
        if monotonic() > deadline:
            raise Unfetchable("It took too long.")
    return content


def public(host: str, port: int) -> str:
    """The address of a host, if all of its addresses are on the public internet."""
    found: Sequence[str] = [str(each[4][0]) for each in getaddrinfo(host, port, proto=IPPROTO_TCP)]
    if not found or not all(_is_public(each) for each in found):
        raise Unfetchable(f"{host} is not a public address.")
    return found[0]


def _is_public(address: str) -> bool:
    parsed = ip_address(address.partition("%")[0])
    if isinstance(parsed, IPv6Address):
        # Not those that hold an address of IPv4, which may be any: mapped, 6to4, NAT64.
        return parsed in _UNICAST and parsed.is_global and parsed.sixtofour is None
    return parsed.is_global and not parsed.is_multicast


class _Pinned(HTTPSConnection):
    """A connection to an address that was looked up before; the certificate is still the host's.

    It is cut at the deadline: time-outs of a socket say nothing of who sends a byte a second.
    """

    def __init__(self, host: str, port: int, address: str, deadline: float) -> None:
        self._left = max(deadline - monotonic(), 0.1)
        super().__init__(host, port, timeout=self._left, context=_context())
        self._address = address
        self._end: Timer | None = None

    def connect(self) -> None:
        raw = create_connection((self._address, self.port), self._left)
        self.sock = _context().wrap_socket(
            raw, server_hostname=self.host, do_handshake_on_connect=False
        )
        self._end = Timer(self._left, self.sock.shutdown, [SHUT_RDWR])
        self._end.daemon = True
        self._end.start()
        self.sock.do_handshake()

    def close(self) -> None:
        if self._end:
            self._end.cancel()
        super().close()


@cache
def _context() -> ssl.SSLContext:
    return ssl.create_default_context()
