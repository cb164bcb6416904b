"""Tokens of payment links: signed, so that a token nobody made needs no look-up. Pure.

A token is the ids of client and link, the second at which it expires, and the signature of these.
"""

from base64 import b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime

from tallybook.ids import is_ulid
from tallybook.signing import is_signed, sign

_PURPOSE = "payment link"
_ID, _EXPIRY, _SIGNATURE = 26, 8, 22  # characters; seconds in hexadecimal last until 2106


class Forged(ValueError):
    """A token that we did not make."""


@dataclass(frozen=True)
class Named:
    """What a token names. It is ours, which does not yet say that it may be used."""

    client_id: str
    link_id: str
    expires_at: datetime


def token(named: Named) -> str:
    content = f"{named.client_id}{named.link_id}{int(named.expires_at.timestamp()):08x}"
    return content + _text(sign(_PURPOSE, content.encode()))


def read(text: str) -> Named:
    """What a token names. Raises `Forged` for all that `token` did not make, letter by letter."""
    content, signature = text[:-_SIGNATURE], text[-_SIGNATURE:]
    client_id, link_id, expiry = content[:_ID], content[_ID : 2 * _ID], content[2 * _ID :]
    if len(expiry) != _EXPIRY or not (is_ulid(client_id) and is_ulid(link_id)):
        raise Forged
    try:
        signed = b64decode(signature.encode("ascii") + b"==", altchars=b"-_", validate=True)
    except ValueError as error:
        raise Forged from error
    # The last character has bits that mean nothing: they may not be altered either.
    if _text(signed) != signature or not is_signed(_PURPOSE, _encoded(content), signed):
        raise Forged
    return Named(client_id, link_id, datetime.fromtimestamp(int(expiry, 16), UTC))


def _encoded(content: str) -> bytes:
    return content.encode("utf-8", "surrogatepass")


def _text(signature: bytes) -> str:
    return urlsafe_b64encode(signature).decode().rstrip("=")
