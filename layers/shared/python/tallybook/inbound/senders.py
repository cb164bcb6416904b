"""Who a message is from."""

from tallybook.clients.reached import reached
from tallybook.inbound.reach import contacts_at
from tallybook.inbound.rules import reached_at

type Sender = tuple[str, str | None]
"""A client's id, and the id of its contact where it is known which one."""


def senders(way: str) -> list[Sender]:
    """The clients that the address or number belongs to, itself or as a contact's; each once.

    Two queries and a BatchGetItem. A contact is named when it is the only one of its client.
    """
    place = reached_at(way)
    if place is None:
        return []
    contacts: dict[str, list[str]] = {}
    for client_id, contact_id in contacts_at(place):
        contacts.setdefault(client_id, []).append(contact_id)
    return [
        (client_id, whose[0] if len(whose) == 1 else None)
        for client_id in reached(place, contacts)
        for whose in [contacts.get(client_id, [])]
    ]
