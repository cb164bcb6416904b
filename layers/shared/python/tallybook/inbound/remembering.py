"""Remembering a sender: an address or number that is not known yet is added to whose it is."""

from datetime import datetime

from tallybook.authors import By
from tallybook.clients import store as clients
from tallybook.clients.models import ClientPatch
from tallybook.contacts import store as contacts
from tallybook.contacts.models import ContactPatch
from tallybook.errors import InvalidField, NotFound, StaleVersion
from tallybook.inbound.models import Assignment, InboxMessage
from tallybook.inbound.rules import reached_at
from tallybook.versions import VersionChanged, etag, until_unchanged


def remember(message: InboxMessage, wanted: Assignment, *, by: By, at: datetime) -> None:
    """Add the sender of `message` to the contact, or to the client without one.

    One that is known already changes nothing, so that it can be done again. Raises `InvalidFields`
    where there is no room for it.
    """
    if message.sender is None:
        raise InvalidField("remember", "The message does not say who it is from.")

    def attempt() -> None:
        try:
            _add(message, wanted, by=by, at=at)
        except StaleVersion as error:
            raise VersionChanged from error
        except NotFound as error:
            field = "contact_id" if wanted.contact_id else "client_id"
            raise InvalidField(field, error.detail) from error

    until_unchanged(attempt)


def _add(message: InboxMessage, wanted: Assignment, *, by: By, at: datetime) -> None:
    if wanted.contact_id:
        contact = contacts.get(wanted.client_id, wanted.contact_id, at=at)
        change = _change(message, contact.emails, contact.telephone)
        if change:
            contacts.change(
                wanted.client_id,
                wanted.contact_id,
                ContactPatch.model_validate(change),
                by=by,
                at=at,
                if_match=contacts.tag(contact),
            )
        return
    client = clients.get(wanted.client_id, by=by.staff_id, at=at)
    change = _change(message, client.emails, client.telephone)
    if change:
        patch = ClientPatch.model_validate(change)
        clients.change(wanted.client_id, patch, by=by, at=at, if_match=etag(client.version))


def _change(message: InboxMessage, emails: list[str], telephone: str | None) -> dict[str, object]:
    """The fields to change; none when the sender is known."""
    sender = message.sender or ""
    if message.type == "email":
        known = {reached_at(each) for each in emails}
        return {} if reached_at(sender) in known else {"emails": [*emails, sender]}
    if telephone and reached_at(telephone) != reached_at(sender):
        raise InvalidField("remember", "There is another telephone number already.")
    return {} if telephone else {"telephone": sender}
