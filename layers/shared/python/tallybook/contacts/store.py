"""Contacts in the table.

The client's item says which contact is primary and how many there are; every change of the set of
contacts changes it on a condition. So there is exactly one primary contact whenever there is any,
however many people change contacts at once.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from tallybook.clients.models import Portal
from tallybook.clients.records import ClientRecord
from tallybook.contacts.models import Contact, ContactPatch, NewContact
from tallybook.contacts.records import ContactRecord
from tallybook.dates import timestamp
from tallybook.errors import (
    ClientNotFound,
    ContactNotFound,
    PrimaryContactRequired,
    TooManyContacts,
)
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, new_id
from tallybook.models import merged_into, trusted
from tallybook.postal import Address
from tallybook.table import Item, Transaction, absent, differences, find, find_all, query, read
from tallybook.telephones import normalise
from tallybook.versions import VersionChanged, etag, must_match, until_unchanged, version_changed
from tallybook.workflows.guard import must_exist

MOST_CONTACTS = 100


@dataclass
class _Household:
    """A client with some or all of its contacts, as read together."""

    client: ClientRecord
    contacts: dict[str, ContactRecord]

    def find(self, contact_id: str) -> ContactRecord:
        if contact_id not in self.contacts:
            raise ContactNotFound
        return self.contacts[contact_id]


def tag(contact: Contact) -> str:
    """The ETag: another contact made primary changes this one's answer and not its version."""
    return etag(f"{contact.version}-primary" if contact.primary else contact.version)


def create(client_id: str, new: NewContact, *, at: datetime, once: Once) -> Contact:
    """Add a contact; the first one is primary.

    One transaction, or two when the client proves to have contacts already; a read before it when a
    telephone number without its country code has to be understood. Raises
    `ClientNotFound` and `TooManyContacts`.
    """
    if not is_ulid(client_id):
        raise ClientNotFound
    contact_id = new_id(at)
    country = _country_for(client_id, new)
    has_others = False

    def learn(item: Item) -> Exception:
        nonlocal has_others
        if not item or "removed_at" in item:
            return ClientNotFound()
        client = read(ClientRecord, item)
        has_others = client.primary_contact is not None
        if int(client.contacts or 0) >= MOST_CONTACTS:
            return TooManyContacts(MOST_CONTACTS)
        return VersionChanged()

    def attempt() -> Contact:
        is_primary = new.primary or not has_others
        record = ContactRecord(
            *_key(client_id, contact_id),
            created_at=timestamp(at),
            updated_at=timestamp(at),
            version=1,
        )
        _enter(record, new, country=country)
        contact = _to_contact(record, contact_id if is_primary else None)
        transaction = Transaction()
        once.claim(transaction, contact)
        condition = ClientRecord.contacts.does_not_exist() | (ClientRecord.contacts < MOST_CONTACTS)
        if not new.primary:
            first = ClientRecord.primary_contact
            condition &= first.exists() if has_others else first.does_not_exist()
        changes: list[Action] = [ClientRecord.contacts.add(1)]
        if is_primary:
            changes.append(ClientRecord.primary_contact.set(contact_id))
        client = ClientRecord(f"CLIENT#{client_id}", "CLIENT")
        transaction.update(client, changes, _is_there() & condition, learn)
        transaction.put(record, absent(ContactRecord))
        if new.workflow_id:
            must_exist(transaction, new.workflow_id)
        transaction.commit()
        return contact

    return until_unchanged(attempt)


def get(client_id: str, contact_id: str) -> Contact:
    """One contact, in one read. Raises `ClientNotFound` and `ContactNotFound`."""
    household = _pair(client_id, contact_id)
    return _to_contact(household.find(contact_id), household.client.primary_contact)


def get_all(client_id: str) -> list[Contact]:
    """All contacts of a client, the oldest first. One query."""
    household = _household(client_id)
    first = household.client.primary_contact
    return [_to_contact(record, first) for _, record in sorted(household.contacts.items())]


def change(
    client_id: str, contact_id: str, patch: ContactPatch, *, at: datetime, if_match: str | None
) -> Contact:
    """Merge `patch` into the contact.

    Raises `PrimaryContactRequired` when it would leave the client without a primary contact.
    """
    document = patch.model_dump(exclude_unset=True)

    def attempt() -> Contact:
        household = _pair(client_id, contact_id)
        client, before = household.client, household.find(contact_id)
        current = _to_contact(before, client.primary_contact)
        must_match(if_match, tag(current))
        after = read(ContactRecord, before.serialize())
        merged = merged_into(NewContact, _entered(current), document)
        if current.primary and not merged.primary:
            raise PrimaryContactRequired
        _enter(after, merged, country=client.row.country)
        becomes_primary = merged.primary and not current.primary
        if not (becomes_primary or differences(before, after)):
            return current
        after.version, after.updated_at = int(before.version) + 1, timestamp(at)
        transaction = Transaction()
        is_unchanged = ContactRecord.version == before.version
        transaction.update(before, differences(before, after), is_unchanged, version_changed)
        if after.workflow_id and after.workflow_id != before.workflow_id:
            must_exist(transaction, after.workflow_id)
        if becomes_primary:
            becomes = [ClientRecord.primary_contact.set(contact_id)]
            transaction.update(client, becomes, _still_first(client), version_changed)
        transaction.commit()
        return _to_contact(after, contact_id if merged.primary else client.primary_contact)

    return until_unchanged(attempt)


def delete(client_id: str, contact_id: str, *, if_match: str | None) -> None:
    """Delete a contact. When it was primary, the oldest of the others becomes primary."""

    def attempt() -> None:
        household = _household(client_id)
        client, record = household.client, household.find(contact_id)
        must_match(if_match, tag(_to_contact(record, client.primary_contact)))
        transaction = Transaction()
        is_unchanged = ContactRecord.version == record.version
        transaction.delete(record, is_unchanged, version_changed)
        condition = _still_first(client)
        changes: list[Action] = [ClientRecord.contacts.add(-1)]
        if client.primary_contact == contact_id:
            others = sorted(household.contacts.keys() - {contact_id})
            if others:
                heir = household.contacts[others[0]]
                transaction.check(heir, ContactRecord.pk.exists(), version_changed)
                changes.append(ClientRecord.primary_contact.set(others[0]))
            else:
                condition &= ClientRecord.contacts == 1
                changes.append(ClientRecord.primary_contact.remove())
        transaction.update(client, changes, condition, version_changed)
        transaction.commit()

    until_unchanged(attempt)


def _country_for(client_id: str, new: NewContact) -> str | None:
    """The client's country, read only if the telephone number can't be understood without it."""
    if not new.telephone or new.telephone.startswith("+") or (new.address and new.address.country):
        return None
    client = find(ClientRecord, f"CLIENT#{client_id}", "CLIENT")
    return client.row.country if client else None


def _is_there() -> Condition:
    there: Condition = ClientRecord.pk.exists() & ClientRecord.removed_at.does_not_exist()
    return there


def _still_first(client: ClientRecord) -> Condition:
    """The condition that the client is there and has the primary contact it was read with."""
    both: Condition = _is_there() & (ClientRecord.primary_contact == client.primary_contact)
    return both


def _key(client_id: str, contact_id: str) -> tuple[str, str]:
    return f"CLIENT#{client_id}", f"CONTACT#{contact_id}"


def _pair(client_id: str, contact_id: str) -> _Household:
    if not is_ulid(client_id):
        raise ClientNotFound
    client, contact = (f"CLIENT#{client_id}", "CLIENT"), _key(client_id, contact_id)
    return _read(find_all([client, contact], consistent=True))


def _household(client_id: str) -> _Household:
    """The client and all its contacts, which stand behind it in its partition: one query."""
    if not is_ulid(client_id):
        raise ClientNotFound
    items, _ = query(
        KeyConditionExpression="pk = :pk AND sk BETWEEN :client AND :contacts",
        ExpressionAttributeValues={
            ":pk": {"S": f"CLIENT#{client_id}"},
            ":client": {"S": "CLIENT"},
            ":contacts": {"S": "CONTACT$"},  # "$" follows "#"
        },
        ConsistentRead=True,
    )
    return _read(items)


def _read(items: list[Item]) -> _Household:
    client: ClientRecord | None = None
    contacts: dict[str, ContactRecord] = {}
    for item in items:
        if item["sk"]["S"] == "CLIENT":
            client = read(ClientRecord, item)
        else:
            contacts[item["sk"]["S"].removeprefix("CONTACT#")] = read(ContactRecord, item)
    if client is None or client.removed_at:
        raise ClientNotFound
    return _Household(client, contacts)


def _entered(contact: Contact) -> dict[str, Any]:
    return contact.model_dump(
        include=set(NewContact.model_fields), exclude={"address": {"country_name"}}
    )


def _enter(record: ContactRecord, new: NewContact, *, country: str | None) -> None:
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


def _to_contact(record: ContactRecord, primary_contact: str | None) -> Contact:
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
        portal=Portal.model_validate(record.portal or {}),
        created_at=datetime.fromisoformat(record.created_at),
        updated_at=datetime.fromisoformat(record.updated_at),
        version=int(record.version),
    )
