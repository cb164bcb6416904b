"""Invitations: written with the mail that sends them, which `access` does."""

from datetime import datetime

from tallybook.authors import By
from tallybook.contacts.household import Household, household
from tallybook.dates import timestamp
from tallybook.errors import ClientSuspended, InvoicingByPrint
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ids import new_id
from tallybook.mail.queueing import Mail, queue
from tallybook.mail.rules import addressee, mailable
from tallybook.portal.models import Invitation, Invitee
from tallybook.portal.rules import State, invited, is_withdrawn, shown
from tallybook.portal.standing import Holder, change, client_id_of, states
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged


def invite(
    client_id: str, contact_id: str | None, *, by: By, at: datetime, once: Once
) -> Invitation:
    """Invite a contact, or whoever is first to be asked, and queue the mail. Repeat it to resend.

    Raises `ContactNotFound`, `ClientSuspended`, `InvoicingByPrint` and `NoEmailAddress`.
    """
    email_id, moment = new_id(at), timestamp(at)

    def attempt() -> Invitation:
        found = household(client_id)
        holder = _invitable(found, contact_id)
        addresses = _addresses(found, holder)
        before = states(found)[holder]
        if is_withdrawn(before, addresses):  # an import took the address away
            before = {}
        to = _address(before, addresses)
        state = invited(before, to[0] if to else "", at=moment, email_id=email_id)
        invitation = Invitation(
            email_id=email_id,
            contact_id=holder,
            email=state["email"],
            status=state["status"],
            invited_at=state["invited_at"],
        )
        transaction = Transaction()
        once.claim(transaction, invitation)
        change(transaction, found, {holder: state}, at=moment)
        to = to or addresses  # none can be mailed: queueing says why
        _announce(transaction, found, invitation, to, by=by, at=at)
        transaction.commit()
        return invitation

    return until_unchanged(attempt)


def _announce(
    transaction: Transaction,
    found: Household,
    invitation: Invitation,
    to: list[str],
    *,
    by: By,
    at: datetime,
) -> None:
    """Queue the mail, and tell the client's history who was invited."""
    came = invitation.status == "accepted"
    mail = Mail(
        template="login_details" if came else "portal_invitation",
        to=to,
        by=by,
        via="access",
        contact_id=invitation.contact_id,
        context=_addressee(found, invitation.contact_id),
    )
    client_id = client_id_of(found.client)
    queue(transaction, mail, client_id=client_id, at=at, email_id=invitation.email_id)
    what = "Sent the login details of the portal to" if came else "Invited to the portal:"
    details = invitation.model_dump(include={"email", "email_id", "contact_id"})
    text = f"{what} {invitation.email}"
    transaction.put(entry(client_id, "portal", at=at, by=by, text=text, **details))


def _addressee(found: Household, holder: Holder) -> dict[str, dict[str, str]]:
    if holder is None:
        return {}
    contact = found.find(holder)
    return addressee(contact.first_name, contact.last_name)


def invitees(client_id: str, *, at: datetime) -> list[Invitee]:
    """How the client itself and each of its contacts stand. One query."""
    found = household(client_id)
    return [_invitee(found, holder, state, at) for holder, state in states(found).items()]


def _invitee(found: Household, holder: Holder, state: State, at: datetime) -> Invitee:
    portal = shown(state, at)
    to = _address(state, _addresses(found, holder))
    return Invitee(
        contact_id=holder,
        name=_name(found, holder),
        email=state.get("email") or (to[0] if to else None),
        status=portal.status,
        invited_at=portal.invited_at,
        accepted_at=portal.accepted_at,
        email_id=state.get("email_id"),
    )


def _invitable(found: Household, contact_id: str | None) -> Holder:
    """Who is to be invited. Raises when the client must not be invited at all."""
    if contact_id is not None:
        found.find(contact_id)
    if found.client.suspended is not None:
        raise ClientSuspended
    if found.client.invoicing_method == "print":
        raise InvoicingByPrint
    first = found.client.primary_contact
    if contact_id is None and first and mailable(_addresses(found, first))[0]:
        return str(first)
    return contact_id


def _addresses(found: Household, holder: Holder) -> list[str]:
    if holder is None:
        return list(found.client.row.emails or [])
    return list(found.find(holder).emails or [])


def _address(state: State, addresses: list[str]) -> list[str]:
    """Where to send it: to the address that was invited before, else to the first that can be.

    Empty when none can be mailed.
    """
    if "email" in state:
        return [state["email"]]
    return mailable(addresses)[0][:1]


def _name(found: Household, holder: Holder) -> str | None:
    if holder is None:
        return str(found.client.row.business_name)
    contact = found.find(holder)
    return " ".join(filter(None, (contact.first_name, contact.last_name))) or None
