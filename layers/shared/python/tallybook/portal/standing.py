"""How a client and its contacts stand with the portal, kept in step by whatever changes it.

A contact's `portal` is its state (see `rules`). A client's is how the client stands as a whole,
with `own`, its own state when it was invited at its own address, and `turn`, which counts the
changes of any of them: who changes one has read all, and writes on the condition that the turn is
still the same.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from tallybook.authors import By
from tallybook.clients.records import ClientRecord
from tallybook.contacts.household import Household
from tallybook.contacts.records import ContactRecord
from tallybook.dates import timestamp
from tallybook.history.entries import entry
from tallybook.portal.records import MembershipRecord, membership_key
from tallybook.portal.rules import State, overall
from tallybook.table import Item, differences, read
from tallybook.transactions import Transaction
from tallybook.versions import version_changed

type Holder = str | None
"""The id of a contact; None is the client itself, at its own address."""
type States = Mapping[Holder, State]

_TURN = Path(["portal", "turn"])


def own(client: ClientRecord) -> State:
    state: State = (client.portal or {}).get("own", {})
    return state


def states(household: Household) -> dict[Holder, State]:
    """How each holder stands: the client itself, then its contacts, the oldest first."""
    found: dict[Holder, State] = {None: own(household.client)}
    for contact_id, record in sorted(household.contacts.items()):
        found[contact_id] = record.portal or {}
    return found


def unmoved(client: ClientRecord) -> Condition:
    """The condition that nobody's state was changed since the client was read."""
    turn = (client.portal or {}).get("turn")
    return _TURN.does_not_exist() if turn is None else turn == _TURN


def settle(
    transaction: Transaction, household: Household, changed: States, client: ClientRecord
) -> None:
    """Put into `client`, the record as it will be stored, how it stands when these holders change.

    A holder that is given {} is no longer invited. The membership of a user that no holder is any
    more goes with the transaction. Who stores the client does so on the condition `unmoved`.
    """
    before = states(household)
    after = before | dict(changed)
    turn = (household.client.portal or {}).get("turn", 0)
    portal: dict[str, Any] = {**overall(after.values()), "turn": turn + 1}
    if after[None]:
        portal["own"] = dict(after[None])
    client.portal = portal
    client.row.portal_status = portal.get("status")
    client.row.portal_invited_at = portal.get("invited_at")
    for sub in sorted(_users(before) - _users(after)):
        transaction.delete(MembershipRecord(*membership_key(sub, client_id_of(client))))


def _users(found: States) -> set[str]:
    return {state["sub"] for state in found.values() if "sub" in state}


def change(
    transaction: Transaction, household: Household, changed: States, *, at: str | None
) -> None:
    """Add the updates that give these holders their new states.

    `at` is when, as everybody sees it; None when nothing that is shown changes.
    """
    client = read(ClientRecord, household.client.serialize())
    settle(transaction, household, changed, client)
    _touch(client, at)
    actions = differences(household.client, client)
    transaction.update(household.client, actions, _as_read(household.client), version_changed)
    for contact_id, state in changed.items():
        if contact_id is not None:
            before = household.contacts[contact_id]
            contact = read(ContactRecord, before.serialize())
            contact.portal = dict(state)
            _touch(contact, at)
            if actions := differences(before, contact):
                is_same = ContactRecord.version == before.version
                transaction.update(before, actions, is_same, version_changed)


def withdraw(
    transaction: Transaction,
    household: Household,
    holder: Holder,
    client: ClientRecord,
    *,
    by: By,
    at: datetime,
) -> Condition:
    """Take its access from a holder; `client` is the client's record as it will be stored.

    Returns the condition on which the client has to be stored.
    """
    settle(transaction, household, {holder: {}}, client)
    if client.version == household.client.version:
        _touch(client, timestamp(at))
    email = states(household)[holder].get("email")
    text = f"Access to the portal ended for {email}"
    told = entry(client_id_of(client), "portal", at=at, by=by, text=text, contact_id=holder)
    transaction.put(told)
    return _as_read(household.client)


def _as_read(client: ClientRecord) -> Condition:
    as_read: Condition = (ClientRecord.version == client.version) & unmoved(client)
    return as_read


def memberships(client_id: str, found: Iterable[State]) -> list[Item]:
    """The keys of the memberships of these holders, to remove them with their client."""
    keys = [membership_key(state["sub"], client_id) for state in found if "sub" in state]
    return [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in dict.fromkeys(keys)]


def client_id_of(client: ClientRecord) -> str:
    return client.pk.removeprefix("CLIENT#")


def _touch(record: ClientRecord | ContactRecord, at: str | None) -> None:
    if at is not None:
        record.version, record.updated_at = int(record.version) + 1, at
