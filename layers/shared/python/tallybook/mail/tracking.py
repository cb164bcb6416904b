"""Opens of mails: the signed token in a mail's image, and what a load of the image tells.

The token says which mail it is in, so that it needs no look-up, and nobody can make one.
"""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from tallybook.ids import is_ulid
from tallybook.signing import is_signed, sign

_PURPOSE = "open"


class Forged(ValueError):
    """A token that we did not make."""


def token(client_id: str, email_id: str) -> str:
    content = f"{client_id}{email_id}".encode()
    return f"{client_id}{email_id}{urlsafe_b64encode(sign(_PURPOSE, content)).decode().rstrip('=')}"


def read(text: str) -> tuple[str, str]:
    """The client and the mail that a token names. Raises `Forged`."""
    client_id, email_id, signature = text[:26], text[26:52], text[52:]
    if not (is_ulid(client_id) and is_ulid(email_id)):
        raise Forged
    try:
        signed = urlsafe_b64decode(signature + "==")
    except ValueError as error:
        raise Forged from error
    if not is_signed(_PURPOSE, f"{client_id}{email_id}".encode(), signed):
        raise Forged
    return client_id, email_id
