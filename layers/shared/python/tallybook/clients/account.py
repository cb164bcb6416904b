"""A client's running totals: changed by addition, in the transaction of what changes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action

from tallybook.clients import attention
from tallybook.clients.records import ClientRecord, is_there
from tallybook.transactions import Transaction

_NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Change:
    """What is added to the totals of a client in one currency."""

    invoiced: Decimal = _NOTHING
    paid: Decimal = _NOTHING
    unpaid: Decimal = _NOTHING
    credit: Decimal = _NOTHING


def has_books(client: ClientRecord) -> bool:
    """Whether anything was ever booked, be it only a payment: the firm keeps that."""
    return bool(client.finalized_invoices or client.row.account)


def without_books() -> Condition:
    """The condition that nothing was ever booked: a booking leaves the client's version alone."""
    count, account = ClientRecord.finalized_invoices, Path(["row", "account"])
    nothing: Condition = (count.does_not_exist() | (count == 0)) & (account == {"M": {}})
    return nothing


def change(
    transaction: Transaction,
    client: ClientRecord,
    changes: Mapping[str, Change],
    *,
    at: datetime,
    by_itself: bool = False,
    while_active: bool = False,
    opened: int = 0,
    finalized: int = 0,
) -> None:
    """Add to the client's totals, by currency, and to its counts of open and finalized invoices.

    `client` as it was read; its version stays. The transaction fails with `VersionChanged` when by
    then something begins or ceases to be unpaid that did not as read, and with `ClientNotFound`.
    Calls for a look at the client; what the system does `by_itself` while it looks does not, and
    fails with `VersionChanged` when something else has called for one; what is only done
    `while_active`, when the client is suspended by then.
    """
    client_id = client.pk.removeprefix("CLIENT#")
    actions: list[Action] = [] if by_itself else attention.wanted(client_id, at)
    condition = _as_asked(client, by_itself=by_itself, while_active=while_active)
    due = 0
    for currency, each in changes.items():
        place = ["row", "account", currency]
        if currency not in client.row.account:
            actions.append(Path(place).set({"M": _first(each)}))
            condition &= Path(place).does_not_exist()
            due += each.unpaid > 0
            continue
        for name in ("invoiced", "paid", "unpaid", "credit"):
            if added := getattr(each, name):
                total = Path([*place, name])
                actions.append(total.set(total + _number(added)))
        if each.unpaid:
            before = Decimal(client.row.account[currency]["unpaid"])
            due += (before + each.unpaid > 0) - (before > 0)
            condition &= _as_read(Path([*place, "unpaid"]), before, each.unpaid)
    if due:
        actions.append(_counted(int(client.row.balance_due or 0) + due))
        condition &= _count_as_read(client)
    counts = ((ClientRecord.open_invoices, opened), (ClientRecord.finalized_invoices, finalized))
    actions += [count.add(added) for count, added in counts if added]
    if actions:
        transaction.update(client, actions, condition, attention.changed)


def _as_asked(client: ClientRecord, *, by_itself: bool, while_active: bool) -> Condition:
    condition: Condition = attention.as_read(client) if by_itself else is_there()
    return condition & ClientRecord.suspended.does_not_exist() if while_active else condition


def _first(each: Change) -> dict[str, dict[str, str]]:
    names = ("invoiced", "paid", "unpaid", "credit")
    return {name: _number(getattr(each, name)) for name in names}


def _as_read(unpaid: Path, before: Decimal, added: Decimal) -> Condition:
    """What is unpaid is still nothing, or will still be something, as it was read."""
    if before <= 0:
        found: Condition = unpaid == _number(_NOTHING)
    elif before + added > 0:
        found = unpaid > _number(max(-added, _NOTHING))
    else:
        found = unpaid == _number(before)
    return found


def _counted(currencies: int) -> Action:
    """In how many currencies something is unpaid; absent where in none, for the list's filter."""
    count = Path(["row", "balance_due"])
    return count.set(_number(Decimal(currencies))) if currencies else count.remove()


def _count_as_read(client: ClientRecord) -> Condition:
    count, seen = Path(["row", "balance_due"]), client.row.balance_due
    if seen is None:
        return count.does_not_exist()
    found: Condition = count == _number(Decimal(seen))
    return found


def _number(amount: Decimal) -> dict[str, str]:
    return {"N": str(amount)}
