"""Mail to clients, as the API takes and gives it."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from tallybook.addresses import EmailAddress
from tallybook.authors import By
from tallybook.dates import Timestamp
from tallybook.ids import Ulid
from tallybook.models import ApiModel
from tallybook.text import Line, ShortLine, Text

MOST_RECIPIENTS = 50  # of one mail, to SES; what a person sends has no more

type EmailStatus = Literal[
    "queued", "sending", "sent", "delivered", "bounced", "complained", "failed", "unknown"
]
Body = Annotated[Text, Field(max_length=20_000)]


class NewEmail(ApiModel):
    """A mail to a client, under the name of whoever sends it."""

    subject: Line = Field(examples=["Your order of 12 May"])
    body: Body = Field(
        examples=["Dear Ms Müller,\n\nthe samples are on their way."],
        description="Plain text; an empty line begins a paragraph, addresses become links.",
    )
    template: ShortLine | None = Field(
        default=None,
        examples=["message"],
        description="The e-mail template that the text is put into; `message` when left out.",
    )
    to: Annotated[list[EmailAddress], Field(min_length=1, max_length=MOST_RECIPIENTS)] | None = (
        Field(
            default=None,
            examples=[["anna@example.com"]],
            description="The client's own addresses when left out.",
        )
    )
    attach_documents: Annotated[bool, Strict()] = Field(
        default=False, description="Attach the files of the client that are marked as documents."
    )


class EmailId(ApiModel):
    """A mail that waits to be sent."""

    client_id: Ulid
    email_id: Ulid


class Skipped(ApiModel):
    """An address that a mail did not go to."""

    address: str = Field(examples=["old@example.com"])
    reason: str = Field(examples=["It bounced on 2026-11-02: 550 no such user"])


class MailEvent(ApiModel):
    """What the mail service told of a mail, for one address when it names one."""

    type: Literal["send", "delivery", "delivery_delay", "bounce", "complaint", "reject"]
    at: Timestamp
    address: str | None = Field(examples=["anna@example.com"])
    detail: str | None = Field(examples=["Permanent, General: 550 no such user"])


class EmailRow(ApiModel):
    """A mail as a list shows it. `opened` is true or null: that nobody opened is never known."""

    email_id: Ulid
    to: list[str]
    subject: str | None = Field(description="Null until a template's mail is written.")
    template: str = Field(examples=["message"])
    status: EmailStatus
    held_at: Timestamp | None = Field(description="Waits until the client is active again.")
    created_at: Timestamp
    sent_at: Timestamp | None = Field(description="When the mail service accepted it.")
    delivered_at: Timestamp | None = Field(description="When the last recipient's server took it.")
    opened: Literal[True] | None
    first_opened_at: Timestamp | None
    open_count: int
    machine_open_count: int = Field(description="Loads of the image that look like a machine's.")
    by: By | None = Field(description="Null: the system.")


class Email(EmailRow):
    """A mail with all that is known of it."""

    text: str | None = Field(
        description="What it says, passwords left out; null until it is written."
    )
    skipped: list[Skipped] = Field(description="Addresses that it did not go to, and why.")
    failure: str | None = Field(examples=["The mail service refused it: address is not verified"])
    attach_documents: bool
    attachments: list[dict[str, str]] = Field(
        description="The papers that it carries: {kind, id}, of a statement {kind, from, to}.",
        examples=[[{"kind": "invoice", "id": "01JC6Q5V8N3GZ7T2XH4YB9KDME"}]],
    )
    events: list[MailEvent]
    version: int = Field(examples=[3])


class Suppression(ApiModel):
    """An address of the client that no mail goes to, because it bounced or complained."""

    address: str = Field(examples=["old@example.com"])
    reason: Literal["bounce", "complaint"]
    detail: str | None = Field(examples=["Permanent, General: 550 no such user"])
    at: Timestamp
    email_id: Ulid | None


class Suppressions(ApiModel):
    items: list[Suppression]
