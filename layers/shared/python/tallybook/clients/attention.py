"""When a client is to be looked at: what is due to be said to it, charged, or given back.

Whatever may bring a step of a workflow forward, or take it away, calls for a look, in its own
transaction, and marks the client so. Who looks acts only on a client that is still marked as it was
read: so nothing is done on what others have changed meanwhile.
"""

from collections.abc import Sequence
from datetime import datetime

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action

from tallybook import agenda
from tallybook.clients.records import ClientRecord, is_there
from tallybook.errors import ClientNotFound
from tallybook.ids import new_id
from tallybook.table import Item
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged

_DECISIVE = ("workflow_id", "payment_settings", "invoicing_method", "suspended", "primary_contact")


def wanted(client_id: str, at: datetime) -> list[Action]:
    """What an update of the client sets for it to be looked at now."""
    return [*_due(client_id, at), ClientRecord.attention.set(new_id(at))]


def want(transaction: Transaction, client_id: str, at: datetime) -> None:
    """Have the client looked at now: one action. Fails with `ClientNotFound`."""
    record = ClientRecord(f"CLIENT#{client_id}", "CLIENT")
    transaction.update(record, wanted(client_id, at), is_there(), lambda _: ClientNotFound())


def call(client: ClientRecord, at: datetime) -> None:
    """Put into the record that the client is to be looked at now, for whoever writes it."""
    client.agenda_pk, client.agenda_sk = _place(_id_of(client), at)
    client.attention = new_id(at)


def decides(before: ClientRecord, after: ClientRecord) -> bool:
    """Whether a change may bring a step forward, take it away, or change who gets it."""
    return any(
        getattr(one, name) != getattr(other, name)
        for one, other, names in (
            (before, after, _DECISIVE),
            (before.row, after.row, ("emails", "telephone", "country")),
        )
        for name in names
    )


def as_read(client: ClientRecord) -> Condition:
    """The condition that nothing has called for a look since the client was read."""
    mark = ClientRecord.attention
    seen = mark.does_not_exist() if client.attention is None else mark == client.attention
    condition: Condition = is_there() & seen
    return condition


def stays(transaction: Transaction, client: ClientRecord) -> None:
    """Make `transaction` fail with `VersionChanged` when something called for a look since."""
    transaction.check(client, as_read(client), changed)


def look_again(transaction: Transaction, client: ClientRecord, moment: datetime | None) -> None:
    """Have the client looked at then (None: when something calls for it), if that is new.

    At most one action. Fails with `VersionChanged`.
    """
    client_id = _id_of(client)
    actions: Sequence[Action] = ()
    if moment is not None:
        if client.agenda_sk != _place(client_id, moment)[1]:
            actions = _due(client_id, moment)
    elif client.agenda_sk is not None:
        actions = [ClientRecord.agenda_pk.remove(), ClientRecord.agenda_sk.remove()]
    if actions:
        transaction.update(client, actions, as_read(client), changed)


def changed(item: Item) -> Exception:
    """What it means that the client is not as it was read."""
    return VersionChanged() if item and "removed_at" not in item else ClientNotFound()


def _due(client_id: str, moment: datetime) -> list[Action]:
    partition, position = _place(client_id, moment)
    return [ClientRecord.agenda_pk.set(partition), ClientRecord.agenda_sk.set(position)]


def _place(client_id: str, moment: datetime) -> agenda.Key:
    return agenda.place("client", moment, client_id)


def _id_of(client: ClientRecord) -> str:
    return client.pk.removeprefix("CLIENT#")
