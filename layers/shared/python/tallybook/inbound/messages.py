"""What is kept of a message, whichever way it came: what it says and what is known of it."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tallybook.dates import timestamp
from tallybook.inbound.decoding import clean, cut, one_line
from tallybook.inbound.mime import ReceivedMail
from tallybook.inbound.replies import newest
from tallybook.inbound.rules import Kind, wants_no_more

MOST_TEXT = 20_000  # characters
_MOST_EXCERPT = 200


@dataclass(frozen=True)
class Message:
    """A message. `source` is what no other message has: where the mail lies, the id of the SMS.

    One that is not `trusted` is filed under no client by itself. `marks` are what lists show.
    """

    kind: Kind
    source: str
    sender: str | None
    at: datetime
    text: str
    trusted: bool = True
    marks: dict[str, bool] = field(default_factory=dict)
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def excerpt(self) -> str:
        return one_line(self.text, _MOST_EXCERPT)


def of_mail(mail: ReceivedMail, *, key: str, size: int, at: datetime) -> Message:
    """The message that a mail is, which lies in the bucket under `key`."""
    text = cut(newest(mail.text, mail.subject), MOST_TEXT)
    verdicts = mail.verdicts
    marks = {
        "automatic": mail.automatic,
        "spam": verdicts.spam,
        "virus": verdicts.virus,
        "unverified": mail.ambiguous or not verdicts.vouch_for(mail.sender),
    }
    attachments = [vars(each) for each in mail.attachments]
    return Message(
        kind="email",
        source=key,
        sender=mail.sender,
        at=at,
        text=text,
        trusted=not (marks["spam"] or marks["virus"] or marks["unverified"]),
        marks=marks,
        details={
            "direction": "inbound",
            "from": mail.sender,
            "from_name": mail.sender_name,
            "subject": mail.subject,
            "sent_at": timestamp(mail.sent_at) if mail.sent_at else None,
            "message_id": mail.message_id,
            "in_reply_to": mail.in_reply_to,
            "s3_key": key,
            "size": size,
            "attachments": attachments,
            "authentication": verdicts.authentication,
            "full_text": mail.text if text != mail.text and len(mail.text) <= MOST_TEXT else None,
            **marks,
        },
    )


def of_sms(notice: dict[str, Any], *, at: datetime) -> Message:
    """The message that AWS End User Messaging tells of."""
    body, number = str(notice.get("messageBody") or ""), str(notice["originationNumber"])
    marks = {"opt_out": wants_no_more(body) or wants_no_more(notice.get("messageKeyword") or "")}
    return Message(
        kind="sms",
        source=str(notice["inboundMessageId"]),
        sender=number or None,
        at=at,
        text=cut(clean(body), MOST_TEXT),
        marks=marks,
        details={
            "direction": "inbound",
            "from": number,
            "to": notice.get("destinationNumber"),
            "message_id": notice["inboundMessageId"],
            "in_reply_to": notice.get("previousPublishedMessageId"),
            **marks,
        },
    )
