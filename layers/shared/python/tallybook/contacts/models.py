"""Contacts of a client as the API takes and gives them."""

from typing import Annotated

from pydantic import Field, Strict, model_validator

from tallybook.addresses import EmailAddresses
from tallybook.clients.models import Portal
from tallybook.dates import Timestamp
from tallybook.ids import ULID_PATTERN, Ulid
from tallybook.models import ApiModel, Patch
from tallybook.postal import Address, NewAddress
from tallybook.text import Line, ShortLine


class ContactFields(ApiModel):
    """What can be entered about a contact."""

    first_name: Line | None = Field(default=None, examples=["Zoë"])
    last_name: Line | None = Field(default=None, examples=["Müller"])
    emails: EmailAddresses = Field(default=[])
    telephone: ShortLine | None = Field(default=None, examples=["+49221123457"])
    job_title: Line | None = Field(default=None, examples=["Bookkeeper"])
    primary: Annotated[bool, Strict()] = Field(
        default=False, description="The first contact is the primary one in any case."
    )
    billing: Annotated[bool, Strict()] = Field(
        default=False, description="Receives invoices, statements and reminders too."
    )
    address: NewAddress | None = None
    workflow_id: Annotated[str, Field(pattern=ULID_PATTERN)] | None = None


class NewContact(ContactFields):
    """A new contact: at least a name or an e-mail address."""

    @model_validator(mode="after")
    def _can_be_told_apart(self) -> "NewContact":
        if not (self.first_name or self.last_name or self.emails):
            raise ValueError("A contact needs a first name, a last name or an e-mail address")
        return self


class ContactPatch(Patch[ContactFields]):
    """A merge patch of a contact: what is left out stays, null clears."""


class Contact(ContactFields):
    """A contact of a client."""

    contact_id: Ulid
    emails: list[str] = Field(default=[], examples=[["zoe@mueller.example"]])
    address: Address | None = None
    portal: Portal
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(examples=[1])
