"""Signatures of webhooks, as the Standard Webhooks 1.0 have them (standardwebhooks.com). Pure.

Secrets are derived from the stack's own and stored nowhere: whoever reads the table signs nothing.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime

from tallybook.signing import sign

_PREFIX = "whsec_"
_PURPOSE = "webhook secret"


def secret(service_id: str, number: int) -> str:
    """A secret of a service: 256 bits."""
    halves = (sign(_PURPOSE, f"{service_id}#{number}#{half}".encode()) for half in (1, 2))
    return _PREFIX + base64.b64encode(b"".join(halves)).decode()


def headers(
    message_id: str, body: bytes, secrets: Iterable[str], at: datetime
) -> Mapping[str, str]:
    """The headers that say what a message is and that it is ours, with a signature by each secret.

    `at` is when it is sent: who receives it refuses what is some minutes old.
    """
    seconds = str(int(at.timestamp()))
    content = f"{message_id}.{seconds}.".encode() + body
    signatures = (f"v1,{_signature(content, each)}" for each in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": seconds,
        "webhook-signature": " ".join(signatures),
    }


def _signature(content: bytes, secret: str) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
