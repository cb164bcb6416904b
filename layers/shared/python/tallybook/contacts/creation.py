"""Adding a contact to a client."""

from dataclasses import dataclass
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from tallybook.clients import attention
from tallybook.clients.records import ClientRecord, is_there
from tallybook.contacts.mapping import enter, to_contact, ways
from tallybook.contacts.models import Contact, NewContact
from tallybook.contacts.records import ContactRecord, key
from tallybook.dates import timestamp
from tallybook.errors import ClientNotFound, TooManyContacts
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, new_id
from tallybook.inbound import reach
from tallybook.table import Item, absent, find, read
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, until_unchanged
from tallybook.workflows.guard import must_exist

MOST_CONTACTS = 100


@dataclass
class _Creation:
    """A contact being added, over its attempts."""

    client_id: str
    contact_id: str
    new: NewContact
    country: str | None
    at: datetime
    once: Once
    has_others: bool = False  # whether the client proved to have contacts already

    def attempt(self) -> Contact:
        is_primary = self.new.primary or not self.has_others
        record = self._record()
        contact = to_contact(record, self.contact_id if is_primary else None, self.at)
        changes: list[Action] = [ClientRecord.contacts.add(1)]
        if is_primary:
            changes.append(ClientRecord.primary_contact.set(self.contact_id))
        if is_primary or self.new.billing:  # reminders go to others now
            changes += attention.wanted(self.client_id, self.at)
        client = ClientRecord(f"CLIENT#{self.client_id}", "CLIENT")

        transaction = Transaction()
        self.once.claim(transaction, contact)
        transaction.update(client, changes, self._condition(), self._learn)
        transaction.put(record, absent(ContactRecord))
        reach.move(transaction, self.client_id, self.contact_id, [], ways(record))
        if self.new.workflow_id:
            must_exist(transaction, self.new.workflow_id)
        transaction.commit()
        return contact

    def _record(self) -> ContactRecord:
        made = timestamp(self.at)
        place = key(self.client_id, self.contact_id)
        record = ContactRecord(*place, created_at=made, updated_at=made, version=1)
        enter(record, self.new, country=self.country)
        return record

    def _condition(self) -> Condition:
        """The client is there, has room, and has a primary contact just if it has others."""
        count, first = ClientRecord.contacts, ClientRecord.primary_contact
        condition: Condition = is_there() & (count.does_not_exist() | (count < MOST_CONTACTS))
        if not self.new.primary:
            condition &= first.exists() if self.has_others else first.does_not_exist()
        return condition

    def _learn(self, item: Item) -> Exception:
        """What the client that failed the condition says of it."""
        if not item or "removed_at" in item:
            return ClientNotFound()
        client = read(ClientRecord, item)
        self.has_others = client.primary_contact is not None
        if int(client.contacts or 0) >= MOST_CONTACTS:
            return TooManyContacts(MOST_CONTACTS)
        return VersionChanged()


def create(client_id: str, new: NewContact, *, at: datetime, once: Once) -> Contact:
    """Add a contact; the first one is primary.

    One transaction, or two when the client proves to have contacts already; a read before it when a
    telephone number without its country code has to be understood. Raises `ClientNotFound` and
    `TooManyContacts`.
    """
    if not is_ulid(client_id):
        raise ClientNotFound
    country = _country_for(client_id, new)
    return until_unchanged(_Creation(client_id, new_id(at), new, country, at=at, once=once).attempt)


def _country_for(client_id: str, new: NewContact) -> str | None:
    """The client's country, read only if the telephone number can't be understood without it."""
    if not new.telephone or new.telephone.startswith("+") or (new.address and new.address.country):
        return None
    client = find(ClientRecord, f"CLIENT#{client_id}", "CLIENT")
    return client.row.country if client else None
