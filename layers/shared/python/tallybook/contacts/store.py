"""Contacts in the table.

The client's item says which contact is primary and how many there are; every change of the set of
contacts changes it on a condition. So there is exactly one primary contact whenever there is any,
however many people change contacts at once.
"""

from dataclasses import dataclass
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from tallybook.clients.records import ClientRecord, is_there
from tallybook.contacts.mapping import enter, entered, key, to_contact, ways
from tallybook.contacts.models import Contact, ContactPatch, NewContact
from tallybook.contacts.records import ContactRecord
from tallybook.dates import timestamp
from tallybook.errors import ClientNotFound, ContactNotFound, PrimaryContactRequired
from tallybook.ids import is_ulid
from tallybook.inbound import reach
from tallybook.models import merged_into
from tallybook.table import Item, differences, find_all, query, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed
from tallybook.workflows.guard import must_exist


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


def get(client_id: str, contact_id: str) -> Contact:
    """One contact, in one read. Raises `ClientNotFound` and `ContactNotFound`."""
    household = _pair(client_id, contact_id)
    return to_contact(household.find(contact_id), household.client.primary_contact)


def get_all(client_id: str) -> list[Contact]:
    """All contacts of a client, the oldest first. One query."""
    household = _household(client_id)
    first = household.client.primary_contact
    return [to_contact(record, first) for _, record in sorted(household.contacts.items())]


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
        current = to_contact(before, client.primary_contact)
        must_match(if_match, tag(current))
        after = read(ContactRecord, before.serialize())
        merged = merged_into(NewContact, entered(current), document)
        if current.primary and not merged.primary:
            raise PrimaryContactRequired
        enter(after, merged, country=client.row.country)
        becomes_primary = merged.primary and not current.primary
        if not (becomes_primary or differences(before, after)):
            return current
        after.version, after.updated_at = int(before.version) + 1, timestamp(at)
        transaction = Transaction()
        is_unchanged = ContactRecord.version == before.version
        transaction.update(before, differences(before, after), is_unchanged, version_changed)
        if after.workflow_id and after.workflow_id != before.workflow_id:
            must_exist(transaction, after.workflow_id)
        moved = reach.move(transaction, client_id, contact_id, ways(before), ways(after))
        if becomes_primary:
            becomes = [ClientRecord.primary_contact.set(contact_id)]
            transaction.update(client, becomes, _still_first(client), version_changed)
        elif moved:  # else a client that is being removed would leave them behind
            transaction.check(client, is_there(), version_changed)
        transaction.commit()
        return to_contact(after, contact_id if merged.primary else client.primary_contact)

    return until_unchanged(attempt)


def delete(client_id: str, contact_id: str, *, if_match: str | None) -> None:
    """Delete a contact. When it was primary, the oldest of the others becomes primary."""

    def attempt() -> None:
        household = _household(client_id)
        client, record = household.client, household.find(contact_id)
        must_match(if_match, tag(to_contact(record, client.primary_contact)))
        transaction = Transaction()
        is_unchanged = ContactRecord.version == record.version
        transaction.delete(record, is_unchanged, version_changed)
        reach.move(transaction, client_id, contact_id, ways(record), [])
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


def _still_first(client: ClientRecord) -> Condition:
    """The condition that the client is there and has the primary contact it was read with."""
    both: Condition = is_there() & (ClientRecord.primary_contact == client.primary_contact)
    return both


def _pair(client_id: str, contact_id: str) -> _Household:
    if not is_ulid(client_id):
        raise ClientNotFound
    keys = [(f"CLIENT#{client_id}", "CLIENT")]
    if is_ulid(contact_id):  # anything else could be longer than a key
        keys.append(key(client_id, contact_id))
    return _read(find_all(keys, consistent=True))


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
