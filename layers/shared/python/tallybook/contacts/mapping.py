"""Between the contact that the API knows and the contact in the table."""

from datetime import datetime
from typing import Any

from tallybook.contacts.models import Contact, NewContact
from tallybook.contacts.records import ContactRecord
from tallybook.models import trusted
from tallybook.portal.rules import shown
from tallybook.postal import Address
from tallybook.telephones import normalise


def entered(contact: Contact) -> dict[str, Any]:
    return contact.model_dump(
        include=set(NewContact.model_fields), exclude={"address": {"country_name"}}
    )


def ways(record: ContactRecord) -> list[str | None]:
    """Where the contact is reached: its addresses and its telephone number."""
    return [*(record.emails or []), record.telephone]


def enter(record: ContactRecord, new: NewContact, *, country: str | None) -> None:
    """Put what was entered into the record. `country` is the client's, for its telephone."""
    region = (new.address.country if new.address else None) or country
    record.first_name = new.first_name
    record.last_name = new.last_name
    record.emails = new.emails or None
    record.telephone = new.telephone and normalise(new.telephone, region)
    record.job_title = new.job_title
    record.billing = new.billing or None
    record.address = new.address.model_dump(exclude_none=True) if new.address else None
    record.workflow_id = new.workflow_id


def to_contact(record: ContactRecord, primary_contact: str | None, at: datetime) -> Contact:
    """The contact as it is at the time `at`: an invitation to the portal expires by itself."""
    contact_id = record.sk.removeprefix("CONTACT#")
    return Contact.model_construct(
        contact_id=contact_id,
        first_name=record.first_name,
        last_name=record.last_name,
        emails=list(record.emails or []),
        telephone=record.telephone,
        job_title=record.job_title,
        primary=contact_id == primary_contact,
        billing=bool(record.billing),
        address=trusted(Address, record.address) if record.address is not None else None,
        workflow_id=record.workflow_id,
        portal=shown(record.portal, at),
        created_at=datetime.fromisoformat(record.created_at),
        updated_at=datetime.fromisoformat(record.updated_at),
        version=int(record.version),
    )
