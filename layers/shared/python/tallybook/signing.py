"""Signatures of what leaves the stack and comes back: cursors, and later links and tokens."""

import hashlib
import hmac
import os

_SECRET = os.environ["SIGNING_SECRET"].encode()
_BYTES = 16  # 128 bits: nobody guesses that, and cursors stay short


def sign(purpose: str, content: bytes) -> bytes:
    """The signature of `content`; one made for another purpose is never the same."""
    message = purpose.encode() + b"\0" + content
    return hmac.digest(_SECRET, message, hashlib.sha256)[:_BYTES]


def is_signed(purpose: str, content: bytes, signature: bytes) -> bool:
    return hmac.compare_digest(sign(purpose, content), signature)
