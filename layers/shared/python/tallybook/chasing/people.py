"""Whom the reminders of a client go to."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from tallybook.clients.records import ClientRecord
from tallybook.contacts.household import Household
from tallybook.contacts.records import ContactRecord
from tallybook.mail.rules import addressee, folded, mailable
from tallybook.sms.rules import number
from tallybook.workflows.kinds import CLIENT, Action, Person


def people_of(whom: Household) -> list[Person]:
    """The primary and the billing contacts who can be reached; the client where there are none."""
    client = whom.client
    contacts = [
        (contact_id, each)
        for contact_id, each in whom.contacts.items()
        if (contact_id == client.primary_contact or each.billing)
        and (each.emails or each.telephone)
    ]
    if contacts:
        contacts.sort(key=lambda one: (one[0] != client.primary_contact, one[0]))
        return list(_each_once(_contact(client, *one) for one in contacts))
    row = client.row
    return [
        Person(
            person_id=CLIENT,
            emails=_usable(client, row.emails or []),
            telephone=row.telephone and number(row.telephone, row.country),
        )
    ]


def _each_once(people: Iterable[Person]) -> Iterator[Person]:
    """Each address and number with the first who has it: nobody gets a message twice."""
    addresses, numbers = set[str](), set[str]()
    for person in people:
        own = [each for each in person.emails if folded(each) not in addresses]
        through: list[Action] = ["email"] if person.emails and not own else []
        if person.telephone in numbers:
            through.append("sms")
        addresses.update(map(folded, own))
        numbers.update([person.telephone] if person.telephone else [])
        yield replace(person, emails=own, reached_through_others=through)


def _contact(client: ClientRecord, contact_id: str, contact: ContactRecord) -> Person:
    country = (contact.address or {}).get("country") or client.row.country
    return Person(
        person_id=contact_id,
        workflow_id=contact.workflow_id,
        emails=_usable(client, contact.emails or []),
        telephone=contact.telephone and number(contact.telephone, country),
        greeting=addressee(contact.first_name, contact.last_name),
    )


def _usable(client: ClientRecord, addresses: Iterable[str]) -> list[str]:
    """Those that mail can be sent to: none of a client that is invoiced by print."""
    if client.invoicing_method == "print":
        return []
    taken, _ = mailable(addresses)
    given_up = client.suppressed or {}
    return [each for each in taken if folded(each) not in given_up]
