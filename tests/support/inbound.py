"""Plays what brings messages in: SES and its bucket, the topic of text messages and its queue."""

import os
from email.message import EmailMessage
from email.utils import parseaddr
from typing import Any

from tests.support import stored
from tests.support.account import client
from tests.support.api import Answer, Staff, invoke
from tests.support.imports import s3_event, sqs_event

_numbers = iter(range(1, 1_000_000_000))


def mail(sender: str = "anna@acme.example", text: str = "We will pay.", **headers: str) -> bytes:
    """A mail as SES stores it; `X_SES_Spam_Verdict="FAIL"` is a header."""
    message = EmailMessage()
    for name, value in (
        {
            "Return_Path": f"<{sender}>",
            "X_SES_Spam_Verdict": "PASS",
            "X_SES_Virus_Verdict": "PASS",
            "Authentication_Results": f"amazonses.com; spf=pass; {_dmarc(sender)}",
            "From": sender,
            "Subject": "Re: Invoice 42",
            "Message_ID": f"<{next(_numbers)}@mail.example>",
        }
        | headers
    ).items():
        message[name.replace("_", "-")] = value
    message.set_content(text)
    return message.as_bytes()


def _dmarc(sender: str) -> str:
    """What SES found out about the domain of an address."""
    return f"dmarc=pass header.from={parseaddr(sender)[1].rpartition('@')[2]}"


def put(raw: bytes, key: str | None = None) -> dict[str, Any]:
    """Put a mail into the bucket; returns the event that S3 sends."""
    key = key or f"inbound/{next(_numbers):040}"
    bucket = os.environ["MAIL_BUCKET"]
    client("s3").put_object(Bucket=bucket, Key=key, Body=raw)
    event = s3_event(key, len(raw), "1")
    event["Records"][0]["s3"]["bucket"]["name"] = bucket
    return event


def arrive(raw: bytes) -> dict[str, Any]:
    """A mail comes in; returns the event, to be delivered again."""
    event = put(raw)
    invoke("inbound_mail", event)
    return event


def notice(number: str = "+49221123457", body: str = "We will pay.", **more: str) -> dict[str, Any]:
    """What AWS End User Messaging tells of a text message."""
    return {
        "originationNumber": number,
        "destinationNumber": "+4915735980000",
        "messageKeyword": "KEYWORD_1",
        "messageBody": body,
        "inboundMessageId": f"cae173d2-66b9-564c-8309-{next(_numbers):012}",
        "previousPublishedMessageId": "wJalrXUtnFEMI",
    } | more


def text(told: dict[str, Any], receive_count: int = 1) -> list[str]:
    """The queue brings a notice; returns what failed."""
    answer = invoke("inbound_sms", sqs_event([told], receive_count))
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def entries(client_id: str) -> list[dict[str, Any]]:
    """The messages in a client's history, the oldest first."""
    found = stored.items(f"CLIENT#{client_id}")
    return [
        each
        for each in found
        if each["sk"].startswith("HISTORY#") and each["kind"] in ("email", "sms")
    ]


def waiting(owner: Staff) -> list[dict[str, Any]]:
    """The messages in the inbox, the newest first."""
    items: list[dict[str, Any]] = ask(owner, "GET").body["items"]
    return items


def ask(staff: Staff, method: str, path: str = "", body: Any = None, **headers: str) -> Answer:
    dashed = {name.replace("_", "-"): value for name, value in headers.items()}
    return staff.call("inbox", method, f"/v1/inbox{path}", body, headers=dashed)
