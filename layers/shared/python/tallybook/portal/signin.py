"""Who is asking in the portal: the clients that the table names, and the sign-ins that it notes."""

import hashlib
from datetime import datetime

from tallybook.callers import PortalUser
from tallybook.clients.records import ClientRecord
from tallybook.contacts.household import household
from tallybook.dates import timestamp
from tallybook.errors import AccessSuspended, ClientNotFound
from tallybook.history.entries import entry
from tallybook.ids import derived_id
from tallybook.portal import memberships
from tallybook.portal.models import Myself, PortalAccount, PortalClient
from tallybook.portal.records import MembershipRecord
from tallybook.portal.rules import accepted
from tallybook.portal.standing import change, states
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged, version_changed

# Who has more clients than this signs in to the rest of them with the next requests.
_MOST_NOTED = 20
_MOST_HOLDERS = 90  # that are the same user, in one transaction


def myself(user: PortalUser, client_id: str | None, *, at: datetime) -> Myself:
    """The user, and their clients that are not suspended; the first request notes the sign-in.

    Raises `ClientNotFound` for a client that is not theirs, and `AccessSuspended` for one that is
    suspended, or when none is left.
    """
    found = memberships.of(user.sub)
    clients = memberships.served(found)
    if client_id is not None and client_id not in found:
        raise ClientNotFound
    if not clients or (client_id is not None and client_id not in clients):
        raise AccessSuspended
    unnoted = [each for each in clients if _is_new(user, found[each])]
    for each in unnoted[:_MOST_NOTED]:
        _note(user, each, at=at)
    chosen = client_id or (next(iter(clients)) if len(clients) == 1 else None)
    return Myself(
        email=user.email,
        clients=[_account(each, record) for each, record in clients.items()],
        client=_client(chosen, clients[chosen]) if chosen else None,
    )


def _is_new(user: PortalUser, membership: MembershipRecord) -> bool:
    noted = membership.signed_in_at
    if user.signed_in_at is None:
        return noted is None
    return noted is None or noted < timestamp(user.signed_in_at)


def _note(user: PortalUser, client_id: str, *, at: datetime) -> None:
    """Note a sign-in: on the membership, in the client's history, and whoever was waiting came."""
    moment = user.signed_in_at or at

    def attempt() -> None:
        membership = memberships.of(user.sub).get(client_id)
        if membership is None or not _is_new(user, membership):
            return
        found = household(client_id)
        came = {
            holder: accepted(state, at=timestamp(at))
            for holder, state in states(found).items()
            if state.get("sub") == user.sub and state["status"] == "waiting"
        }
        transaction = Transaction()
        if came:
            change(transaction, found, dict(list(came.items())[:_MOST_HOLDERS]), at=timestamp(at))
        noted = MembershipRecord.signed_in_at
        if len(came) <= _MOST_HOLDERS:  # else there is more to do at the next request
            is_as_read = (
                noted.does_not_exist()
                if membership.signed_in_at is None
                else noted == membership.signed_in_at
            )
            is_there = MembershipRecord.pk.exists() & is_as_read
            transaction.update(
                membership, [noted.set(timestamp(moment))], is_there, version_changed
            )
        _tell(transaction, user, client_id, moment)
        transaction.commit()

    try:
        until_unchanged(attempt)
    except ClientNotFound:  # it was deleted just now
        return


def _tell(transaction: Transaction, user: PortalUser, client_id: str, moment: datetime) -> None:
    """One entry for one sign-in, however often it is noted."""
    rest = hashlib.sha256(f"{user.sub}#{client_id}".encode()).digest()[:10]
    text = f"{user.email} signed in to the portal"
    entry_id = derived_id(moment, int.from_bytes(rest))
    told = entry(client_id, "portal", at=moment, text=text, entry_id=entry_id, email=user.email)
    transaction.put(told)


def _account(client_id: str, record: ClientRecord) -> PortalAccount:
    row = record.row
    return PortalAccount(client_id=client_id, number=row.number, business_name=row.business_name)


def _client(client_id: str, record: ClientRecord) -> PortalClient:
    row = record.row
    return PortalClient(
        client_id=client_id,
        number=row.number,
        business_name=row.business_name,
        first_name=row.first_name,
        last_name=row.last_name,
        currency=row.currency,
    )
