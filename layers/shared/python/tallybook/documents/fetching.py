"""Fetching a small file from an address that somebody entered, and from nowhere else.

Each address, that of a redirect too, is looked up and held against `outside`.
"""

from contextlib import closing
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from time import monotonic
from urllib.parse import urljoin, urlsplit, urlunsplit

from tallybook.outside import Pinned, public

_MOST_BYTES = 2_000_000
_SECONDS = 4.0  # for all of it
_MOST_REDIRECTS = 2
_REDIRECTS = {301, 302, 303, 307, 308}
_HEADERS = {"User-Agent": "Tallybook", "Accept": "image/*", "Accept-Encoding": "identity"}
_BLOCK = 65_536


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
    address = public(parts.hostname, port, deadline)
    connection = Pinned(parts.hostname, port, address, deadline)
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
