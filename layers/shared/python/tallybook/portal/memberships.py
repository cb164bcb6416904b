"""To which clients a portal user belongs, and whether they may be served at present."""

from datetime import datetime

from tallybook.clients.records import ClientRecord
from tallybook.contacts.household import Household, household
from tallybook.dates import timestamp
from tallybook.errors import ClientNotFound
from tallybook.portal.records import MembershipRecord, membership_key
from tallybook.portal.rules import State
from tallybook.portal.standing import Holder, change, states
from tallybook.table import absent, find, find_all, query_all, read
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged, version_changed

type Memberships = dict[str, MembershipRecord]
"""By the id of the client."""


class Superseded(Exception):
    """The invitation was taken back, or a newer one took its place."""


def of(sub: str) -> Memberships:
    """The user's memberships, read consistently. One Query."""
    items = query_all(f"PORTALUSER#{sub}", "CLIENT#", ConsistentRead=True)
    return {item["sk"]["S"].removeprefix("CLIENT#"): read(MembershipRecord, item) for item in items}


def served(found: Memberships) -> dict[str, ClientRecord]:
    """Those of the clients that are there and not suspended. One BatchGetItem."""
    keys = [(f"CLIENT#{client_id}", "CLIENT") for client_id in found]
    records = [read(ClientRecord, item) for item in find_all(keys, consistent=True)]
    return {
        record.pk.removeprefix("CLIENT#"): record
        for record in records
        if record.suspended is None and not record.removed_at
    }


def standing_of(sub: str) -> dict[str, bool]:
    """Of each client of the user, whether it may be served."""
    found = of(sub)
    active = served(found)
    return {client_id: client_id in active for client_id in found}


def users_of(client_id: str) -> set[str]:
    """The subs of a client's users; of one that is deleted, each membership goes by itself."""
    try:
        found = states(household(client_id))
    except ClientNotFound:
        return set()
    return {state["sub"] for state in found.values() if "sub" in state}


def must_be_invited_by(email_id: str, client_id: str, holder: Holder) -> None:
    """Raises `Superseded` unless it was this very mail that invited the holder last."""
    try:
        _invited_by(email_id, household(client_id), holder)
    except ClientNotFound:
        raise Superseded from None


def _invited_by(email_id: str, found: Household, holder: Holder) -> State:
    state = states(found).get(holder, {})
    if state.get("email_id") != email_id:
        raise Superseded
    return state


def grant(
    sub: str, email: str, *, email_id: str, client_id: str, holder: Holder, at: datetime
) -> None:
    """Make the user a member of the client, for the holder whom this mail invites.

    Raises `Superseded`, and `ClientNotFound`.
    """

    def attempt() -> None:
        found = household(client_id)
        state = _invited_by(email_id, found, holder)
        key = membership_key(sub, client_id)
        transaction = Transaction()
        change(transaction, found, {holder: {**state, "sub": sub}}, at=None)
        if find(MembershipRecord, *key) is None:
            record = MembershipRecord(*key, email=email, created_at=timestamp(at))
            transaction.put(record, absent(MembershipRecord), version_changed)
        transaction.commit()

    until_unchanged(attempt)
