"""The inbox as the API gives it: messages that wait for somebody to say whose they are."""

from typing import Annotated, Any, Literal

from pydantic import Field, Strict

from tallybook.dates import Timestamp
from tallybook.ids import Ulid
from tallybook.models import ApiModel

type Mark = Literal["automatic", "opt_out", "spam", "unverified", "virus"]


class Candidate(ApiModel):
    """A client that the message may be from."""

    client_id: Ulid
    contact_id: Ulid | None


class InboxRow(ApiModel):
    """A message as the list shows it."""

    message_id: Ulid
    type: Literal["email", "sms"]
    sender: str | None = Field(
        description="An address, or a number.", examples=["anna@example.com"]
    )
    sender_name: str | None = Field(
        description="What the sender says to be called; anybody can say anything.",
        examples=["Anna Schmidt"],
    )
    subject: str | None = Field(examples=["Re: Invoice 2026-0042"])
    excerpt: str = Field(examples=["We will pay on Friday."])
    candidates: list[Candidate]
    attachments: int = Field(description="How many.", examples=[1])
    marks: list[Mark] = Field(
        description="`unverified`: the mail is not from the domain of its sender (DMARC)."
    )
    at: Timestamp = Field(description="When it came in.")


class InboxMessage(InboxRow):
    """A message. `details` are those of the history entry that it becomes."""

    text: str | None = Field(description="Without what it quotes.")
    details: dict[str, Any]
    version: int = Field(examples=[1])


class Assignment(ApiModel):
    """Whose message it is."""

    client_id: Ulid
    contact_id: Ulid | None = None
    remember: Annotated[bool, Strict()] = Field(
        default=False,
        description="Add the address or number to the contact, else to the client: what comes from "
        "there is filed by itself from then on.",
    )


class Filed(ApiModel):
    """Where the message stands now: an entry of the client's history."""

    client_id: Ulid
    contact_id: Ulid | None
    entry_id: Ulid
