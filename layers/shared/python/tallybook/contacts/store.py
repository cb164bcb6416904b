"""Contacts in the table.

The client's item says which contact is primary and how many there are; every change of the set of
contacts changes it on a condition. So there is exactly one primary contact whenever there is any,
however many people change contacts at once.
"""

from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition

from tallybook.authors import By
from tallybook.clients import attention
from tallybook.clients.records import ClientRecord, is_there
from tallybook.contacts.household import Household, household, pair
from tallybook.contacts.mapping import enter, entered, to_contact, ways
from tallybook.contacts.models import Contact, ContactPatch, NewContact
from tallybook.contacts.records import ContactRecord
from tallybook.dates import timestamp
from tallybook.errors import PrimaryContactRequired
from tallybook.inbound import reach
from tallybook.models import merged_into
from tallybook.portal.rules import is_withdrawn
from tallybook.portal.standing import withdraw
from tallybook.table import differences, read
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed
from tallybook.workflows.guard import must_exist


def tag(contact: Contact) -> str:
    """The ETag: another contact made primary changes this one's answer and not its version."""
    return etag(f"{contact.version}-primary" if contact.primary else contact.version)


def get(client_id: str, contact_id: str, *, at: datetime) -> Contact:
    """One contact, in one read. Raises `ClientNotFound` and `ContactNotFound`."""
    found = pair(client_id, contact_id)
    return to_contact(found.find(contact_id), found.client.primary_contact, at)


def get_all(client_id: str, *, at: datetime) -> list[Contact]:
    """All contacts of a client, the oldest first. One query."""
    found = household(client_id)
    first = found.client.primary_contact
    return [to_contact(record, first, at) for _, record in sorted(found.contacts.items())]


def change(
    client_id: str,
    contact_id: str,
    patch: ContactPatch,
    *,
    by: By,
    at: datetime,
    if_match: str | None,
) -> Contact:
    """Merge `patch` into the contact.

    A contact that loses the address at which it was invited to the portal loses its access. Raises
    `PrimaryContactRequired` when it would leave the client without a primary contact.
    """
    document = patch.model_dump(exclude_unset=True)

    def attempt() -> Contact:
        found = _read_for(document, client_id, contact_id)
        client, before = found.client, found.find(contact_id)
        current = to_contact(before, client.primary_contact, at)
        must_match(if_match, tag(current))
        merged, after = _merged(current, document), read(ContactRecord, before.serialize())
        enter(after, merged, country=client.row.country)
        becomes_primary = merged.primary and not current.primary
        if not (becomes_primary or differences(before, after)):
            return current
        after.version, after.updated_at = int(before.version) + 1, timestamp(at)
        becomes, condition = _called(before, after, client, merged, at), is_there()
        transaction = Transaction()
        if becomes_primary:
            becomes.primary_contact, condition = contact_id, _still_first(client)
        if is_withdrawn(before.portal, after.emails or []):
            after.portal = None
            condition &= withdraw(transaction, found, contact_id, becomes, by=by, at=at)
        is_unchanged = ContactRecord.version == before.version
        transaction.update(before, differences(before, after), is_unchanged, version_changed)
        if after.workflow_id and after.workflow_id != before.workflow_id:
            must_exist(transaction, after.workflow_id)
        moved = reach.move(transaction, client_id, contact_id, ways(before), ways(after))
        _keep_up(transaction, client, becomes, condition, moved=moved)
        transaction.commit()
        return to_contact(after, becomes.primary_contact, at)

    return until_unchanged(attempt)


def _called(
    before: ContactRecord, after: ContactRecord, client: ClientRecord, new: NewContact, at: datetime
) -> ClientRecord:
    """The client, called to be looked at where reminders go to others now, or other ones.

    Those go to the primary and the billing contacts.
    """
    becomes = read(ClientRecord, client.serialize())
    names = ("billing", "emails", "telephone", "address", "workflow_id")
    changed = any(getattr(before, name) != getattr(after, name) for name in names)
    was_primary = after.sk == f"CONTACT#{client.primary_contact}"
    if new.primary != was_primary or (changed and (new.primary or before.billing or new.billing)):
        attention.call(becomes, at)
    return becomes


def _keep_up(
    transaction: Transaction,
    client: ClientRecord,
    becomes: ClientRecord,
    condition: Condition,
    *,
    moved: bool,
) -> None:
    """Add what a contact's change means for its client."""
    if changes := differences(client, becomes):
        transaction.update(client, changes, condition, version_changed)
    elif moved:  # else a client that is being removed would leave its contact's places behind
        transaction.check(client, condition, version_changed)


def _read_for(document: dict[str, Any], client_id: str, contact_id: str) -> Household:
    """The client and the contact to change; all contacts when they decide how the client stands."""
    found = pair(client_id, contact_id)
    if "emails" in document and found.find(contact_id).portal:
        return household(client_id)
    return found


def _merged(current: Contact, document: dict[str, Any]) -> NewContact:
    merged = merged_into(NewContact, entered(current), document)
    if current.primary and not merged.primary:
        raise PrimaryContactRequired
    return merged


def delete(client_id: str, contact_id: str, *, by: By, at: datetime, if_match: str | None) -> None:
    """Delete a contact, and end its access to the portal.

    When it was primary, the oldest of the others becomes primary.
    """

    def attempt() -> None:
        found = household(client_id)
        client, record = found.client, found.find(contact_id)
        must_match(if_match, tag(to_contact(record, client.primary_contact, at)))
        transaction = Transaction()
        is_unchanged = ContactRecord.version == record.version
        transaction.delete(record, is_unchanged, version_changed)
        reach.move(transaction, client_id, contact_id, ways(record), [])
        becomes, condition = read(ClientRecord, client.serialize()), _still_first(client)
        if client.primary_contact == contact_id:
            others = sorted(found.contacts.keys() - {contact_id})
            if others:
                heir = found.contacts[others[0]]
                transaction.check(heir, ContactRecord.pk.exists(), version_changed)
            else:
                condition &= ClientRecord.contacts == 1
            becomes.primary_contact = others[0] if others else None
        if record.portal:
            condition &= withdraw(transaction, found, contact_id, becomes, by=by, at=at)
        if record.billing or client.primary_contact == contact_id:
            attention.call(becomes, at)
        changes = [*differences(client, becomes), ClientRecord.contacts.add(-1)]
        transaction.update(client, changes, condition, version_changed)
        transaction.commit()

    until_unchanged(attempt)


def _still_first(client: ClientRecord) -> Condition:
    """The condition that the client is there and has the primary contact it was read with."""
    both: Condition = is_there() & (ClientRecord.primary_contact == client.primary_contact)
    return both
