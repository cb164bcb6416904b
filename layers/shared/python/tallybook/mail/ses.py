"""The mail service, SES. Whether it took a mail is told apart from not knowing.

A call that was sent and not answered may have been accepted, and SES knows no idempotency token. So
botocore tries nothing again by itself; who sends decides.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from http import HTTPStatus
from typing import Any

import botocore
import botocore.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
)

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
_PAUSED = {"SendingPausedException", "AccountSuspendedException"}


class NotNow(Exception):
    """SES refused the call for now: the mail has certainly not left."""

    def __init__(self, reason: str, *, slower: bool) -> None:
        super().__init__(reason)
        self.slower = slower  # only too fast: a moment later it may be taken


class Refused(Exception):
    """SES will not take this mail. The text says why."""


class Unclear(Exception):
    """Nobody knows whether SES took the mail."""


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


def sender(name: str | None, own: str | None = None) -> str:
    """The From header: `own` address when its domain is the stack's verified identity."""
    is_verified = bool(_DOMAIN and own and own.lower().rpartition("@")[2] == _DOMAIN)
    return mailbox(name, own if is_verified and own else FROM)


def mailbox(name: str | None, address: str) -> str:
    """A name and an address as one header value, encoded where it must be (RFC 2047)."""
    # Address refuses line breaks; folding belongs to whoever makes the header's lines.
    visible = " ".join((name or "").split())
    if not visible:
        return address
    if visible.isascii():
        return str(Address(visible, addr_spec=address))
    from email.header import Header

    encoded = Header(visible, "utf-8", maxlinelen=10_000).encode()
    return f"{encoded} <{address}>"


def send(mail: Outgoing) -> str:
    """Give the mail to SES; returns its message id. Raises `NotNow`, `Refused` and `Unclear`."""
    try:
        answer = client.send_email(**_request(mail))
    except ClientError as error:
        raise _judged(error) from error
    except (ConnectTimeoutError, EndpointConnectionError) as error:  # it was never asked
        raise NotNow(str(error), slower=False) from error
    except BotoCoreError as error:
        raise Unclear(str(error)) from error
    message_id: str = answer["MessageId"]
    return message_id


def _judged(error: ClientError) -> Exception:
    code, message = error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    status = error.response["ResponseMetadata"].get("HTTPStatusCode", 0)
    if code in _NEVER:
        return Refused(message or code)
    is_slower = code in _SLOWER or status == HTTPStatus.TOO_MANY_REQUESTS
    if is_slower or code in _PAUSED or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return NotNow(f"{code}: {message}", slower=is_slower)
    # The stack is not set up right (rights, identity, configuration set): no fault of this mail.
    return NotNow(f"{code}: {message}", slower=False)


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
            }
        },
        "EmailTags": [{"Name": name, "Value": value} for name, value in mail.tags.items()],
        "ConfigurationSetName": _CONFIGURATION_SET,
    }
    if mail.reply_to:
        request["ReplyToAddresses"] = [mail.reply_to]
    return request
