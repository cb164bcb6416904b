"""A client with its contacts, read together: they stand in one partition."""

from dataclasses import dataclass

from tallybook.clients.records import ClientRecord
from tallybook.contacts.records import ContactRecord, key
from tallybook.errors import ClientNotFound, ContactNotFound
from tallybook.ids import is_ulid
from tallybook.table import Item, find_all, query, read


@dataclass
class Household:
    """A client with some or all of its contacts, as read together."""

    client: ClientRecord
    contacts: dict[str, ContactRecord]

    def find(self, contact_id: str) -> ContactRecord:
        if contact_id not in self.contacts:
            raise ContactNotFound
        return self.contacts[contact_id]


def pair(client_id: str, contact_id: str) -> Household:
    """The client and one contact, if there is such a contact. One BatchGetItem."""
    if not is_ulid(client_id):
        raise ClientNotFound
    keys = [(f"CLIENT#{client_id}", "CLIENT")]
    if is_ulid(contact_id):  # anything else could be longer than a key
        keys.append(key(client_id, contact_id))
    return _read(find_all(keys, consistent=True))


def household(client_id: str) -> Household:
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


def _read(items: list[Item]) -> Household:
    client: ClientRecord | None = None
    contacts: dict[str, ContactRecord] = {}
    for item in items:
        if item["sk"]["S"] == "CLIENT":
            client = read(ClientRecord, item)
        else:
            contacts[item["sk"]["S"].removeprefix("CONTACT#")] = read(ContactRecord, item)
    if client is None or client.removed_at:
        raise ClientNotFound
    return Household(client, contacts)
