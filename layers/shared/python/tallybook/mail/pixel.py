"""The address of the image by which an opened mail tells of itself."""

import os

from tallybook.mail.tracking import token

_PUBLIC_URL = os.environ["PUBLIC_URL"].rstrip("/")


def pixel(client_id: str, email_id: str) -> str:
    """The image's address. Its end tells mail programs what it is; the function strips it."""
    return f"{_PUBLIC_URL}/t/{token(client_id, email_id)}.gif"
