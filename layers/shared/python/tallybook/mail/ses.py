"""The mail service, SES. Whether it took a mail is told apart from not knowing.

A call that was sent and not answered may have been accepted, and SES knows no idempotency token. So
botocore tries nothing again by itself; who sends decides.
"""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.header import Header
from email.headerregistry import Address
from http import HTTPStatus
from typing import Any

import botocore
import botocore.session
from botocore.config import Config

from tallybook.handover import NotNow, Refused, Unclear, hand_over
from tallybook.mail.rules import ascii_address, mailable

FROM = os.environ["MAIL_FROM"]
_DOMAIN = os.environ["MAIL_DOMAIN"].lower()
_CONFIGURATION_SET = os.environ["MAIL_CONFIGURATION_SET"]

client: Any = botocore.session.get_session().create_client(
    "sesv2",
    config=Config(
        connect_timeout=2,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 1},
        max_pool_connections=16,
        parameter_validation=False,
        user_agent=f"Botocore/{botocore.__version__}",  # else each call puts this together twice
    ),
)

# What SES says when a mail can never be sent as it is.
_NEVER = {"MessageRejected", "BadRequestException", "BadRequest"}
_SLOWER = {
    "TooManyRequestsException",
    "ThrottlingException",
    "Throttling",
    "LimitExceededException",
}
_UNAVAILABLE = {"ServiceUnavailable", "ServiceUnavailableException"}
_UNVERIFIED = re.compile(r"not verified", re.IGNORECASE)  # the identity, or the sandbox's address


@dataclass(frozen=True)
class File:
    """A PDF that goes with a mail."""

    filename: str
    content: bytes


@dataclass(frozen=True)
class Outgoing:
    """A mail as it leaves. `to` are ASCII addresses, at most 50; `headers` are ASCII, too."""

    sender: str
    reply_to: str | None
    to: Sequence[str]
    subject: str
    text: str
    html: str
    tags: Mapping[str, str]
    headers: Mapping[str, str]
    files: Sequence[File] = ()


def sender(name: str | None, own: str | None = None) -> str:
    """The From header: `own` address when its domain is the stack's verified identity."""
    address = mailable_or_none(own)
    is_verified = bool(_DOMAIN and address and address.rpartition("@")[2].lower() == _DOMAIN)
    return mailbox(name, address if is_verified and address else FROM)


def mailable_or_none(address: str | None) -> str | None:
    """The address as mail servers write it; None when the mail service cannot take it."""
    taken, _ = mailable([address] if address else [])
    return ascii_address(taken[0]) if taken else None


def mailbox(name: str | None, address: str) -> str:
    """A name and an address as one header value, encoded where it must be (RFC 2047)."""
    visible = " ".join((name or "").split())  # on one line: a name cannot add a header
    if not visible:
        return address
    if visible.isascii():
        return str(Address(visible, addr_spec=address))
    encoded = Header(visible, "utf-8", maxlinelen=10_000).encode()
    return f"{encoded} <{address}>"


def send(mail: Outgoing) -> str:
    """Give the mail to SES; returns its message id. Raises `NotNow`, `Refused` and `Unclear`."""
    return hand_over(client.send_email, _judged, **_request(mail))


def _judged(code: str, message: str, status: int) -> Exception:
    if code in _NEVER and not _UNVERIFIED.search(message):
        return Refused(message or code)
    is_slower = code in _SLOWER or status == HTTPStatus.TOO_MANY_REQUESTS
    # An error of the service itself says nothing of what it did with the mail before.
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and code not in _UNAVAILABLE and not is_slower:
        return Unclear(f"{code}: {message}")
    # What remains is the stack's: paused, or not set up right (rights, identity). No mail is lost.
    return NotNow(f"{code}: {message}", slower=is_slower)


def _request(mail: Outgoing) -> dict[str, Any]:
    def content(text: str) -> dict[str, str]:
        return {"Data": text, "Charset": "UTF-8"}

    request = {
        "FromEmailAddress": mail.sender,
        "Destination": {"ToAddresses": list(mail.to)},
        "Content": {
            "Simple": {
                "Subject": content(mail.subject),
                "Body": {"Text": content(mail.text), "Html": content(mail.html)},
                "Headers": [{"Name": name, "Value": value} for name, value in mail.headers.items()],
                **_attached(mail.files),
            }
        },
        "EmailTags": [{"Name": name, "Value": value} for name, value in mail.tags.items()],
        "ConfigurationSetName": _CONFIGURATION_SET,
    }
    if mail.reply_to:
        request["ReplyToAddresses"] = [mail.reply_to]
    return request


def _attached(files: Sequence[File]) -> dict[str, Any]:
    if not files:
        return {}
    return {
        "Attachments": [
            {
                "FileName": file.filename,
                "RawContent": file.content,
                "ContentType": "application/pdf",
                "ContentDisposition": "ATTACHMENT",
                "ContentTransferEncoding": "BASE64",
            }
            for file in files
        ]
    }
