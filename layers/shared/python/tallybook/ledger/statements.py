"""A client's statement: what was owed, what was booked, what is owed, and for how long.

It is reckoned back from what the client owes now: the entries since the first day tell what it
owed before, and those after the last day what was open then. So it costs as much as was booked
since its first day, whatever was before.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook import dates
from tallybook.clients.presence import current, current_with
from tallybook.clients.records import ClientRecord
from tallybook.errors import Busy, InvalidField
from tallybook.ledger import reading
from tallybook.ledger.mapping import to_statement
from tallybook.ledger.models import Statement
from tallybook.ledger.rules import Booked, Standing, ageing, statement
from tallybook.ledger.spans import Span, span
from tallybook.papers.kinds import CurrencyStatement
from tallybook.settings import store as settings_store
from tallybook.table import Item, decode, query_all
from tallybook.versions import VersionChanged, until_unchanged

MOST_ENTRIES = 5_000  # in all currencies; an answer has 6 MB, and a reference up to 800 bytes
_NOTHING = Decimal(0)


class BrokenBooks(Exception):
    """What the client owes is not what its open invoices and credits add up to: a fault of ours."""


class _OutOfBalance(VersionChanged):
    """What was read does not add up: it was written meanwhile, or the books are broken."""


@dataclass
class _Since:
    """What was booked since the first day. What came after the last one is taken back at once."""

    inside: list[Booked] = field(default_factory=list)
    taken_back: Standing = field(default_factory=Standing)
    amount: Decimal = _NOTHING


def days(first: date | None, last: date | None, *, at: datetime) -> Span:
    """What a statement is of when days are left out. Raises `InvalidField`."""
    if last is None:
        last = dates.today(at, settings_store.get().time_zone)
    return span(first, last)


def shown(client_id: str, wanted: Span) -> Statement:
    """The statement as the API gives it. Raises what `of_client` raises."""
    return to_statement(wanted, of_client(client_id, wanted))


def of_client(client_id: str, wanted: Span) -> list[CurrencyStatement]:
    """The client's account in its own currency, and in others where there is something to tell.

    Two reads of the client, the second with its open invoices; for each currency a Query of the
    ledger and one of what is open. What is booked meanwhile makes it begin anew. Raises
    `ClientNotFound`, `InvalidField` for too many entries, `Busy`, and `BrokenBooks` when it never
    adds up while nobody books anything.
    """
    failed: list[str] = []  # what each attempt found

    def attempt() -> list[CurrencyStatement]:
        try:
            return _read(client_id, wanted)
        except VersionChanged as error:
            failed.append(str(error))
            raise

    try:
        return until_unchanged(attempt)
    except Busy as busy:
        if failed[0] and len(set(failed)) == 1:
            raise BrokenBooks(f"Client {client_id}, {failed[0]}") from busy
        raise


def _read(client_id: str, wanted: Span) -> list[CurrencyStatement]:
    client = current(client_id)
    currencies = reading.currencies(client)
    since: dict[str, _Since] = {}
    for each in currencies:
        told = sum(len(other.inside) for other in since.values())
        since[each] = _since(client_id, each, wanted, most=MOST_ENTRIES - told)
    keys = [key for each in currencies for key in _open(client, each)]
    afterwards, invoices = current_with(client_id, *keys)
    if afterwards.row.account != client.row.account:
        raise VersionChanged
    balances = [decode(item["row"]) for item in invoices.values()]
    found = [_statement(client, each, since[each], balances, wanted) for each in currencies]
    shown = [each for each in found if _tells(each) or each.currency == client.row.currency]
    return shown if client.row.currency in currencies else [_nothing(client, wanted), *shown]


def _since(client_id: str, currency: str, wanted: Span, *, most: int) -> _Since:
    found = _Since()
    for entry in reading.entries(client_id, currency, since=wanted.first):
        found.amount += entry.amount
        if entry.date > wanted.last:
            found.taken_back.take_back(entry)
            continue
        found.inside.append(entry)
        if len(found.inside) > most:
            raise InvalidField("from", f"These days have more than {MOST_ENTRIES:,} entries.")
    return found


def _open(client: ClientRecord, currency: str) -> list[str]:
    """The sort keys of the client's open invoices. One Query where something is unpaid."""
    if not client.row.account[currency]["unpaid"]:
        return []
    items = query_all(client.pk, f"OPEN#{currency}#", ConsistentRead=True)
    return [f"INVOICE#{_last_part(item)}" for item in items]


def _last_part(item: Item) -> str:
    key: str = item["sk"]["S"]
    return key.rpartition("#")[2]


def _statement(
    client: ClientRecord,
    currency: str,
    since: _Since,
    invoices: list[dict[str, Any]],
    wanted: Span,
) -> CurrencyStatement:
    """Raises `_OutOfBalance`."""
    totals = client.row.account[currency]
    standing = since.taken_back
    standing.credit += Decimal(totals["credit"])
    for each in invoices:
        if each["currency"] == currency:
            due_date = date.fromisoformat(each["due_date"])
            standing.open_invoice(each["invoice_id"], due_date, Decimal(each["balance"]))
    owed = Decimal(totals["unpaid"]) - Decimal(totals["credit"])
    told = statement(owed - since.amount, since.inside, *wanted)
    ages = ageing(standing.items(), wanted.last)
    if (adds_up_to := sum(ages.values())) != told.closing_balance:
        # With the totals: that they were the same each time says that nobody booked anything.
        raise _OutOfBalance(
            f"{currency}: up to {wanted.last} it owes {told.closing_balance}, and what is open "
            f"adds up to {adds_up_to}. Its totals are {totals}."
        )
    return CurrencyStatement(
        currency=currency,
        opening=told.opening_balance,
        rows=told.entries,
        closing=told.closing_balance,
        ageing=ages,
    )


def _nothing(client: ClientRecord, wanted: Span) -> CurrencyStatement:
    return CurrencyStatement(
        currency=client.row.currency,
        opening=_NOTHING,
        rows=(),
        closing=_NOTHING,
        ageing=ageing((), wanted.last),
    )


def _tells(statement: CurrencyStatement) -> bool:
    return bool(
        statement.opening or statement.rows or statement.closing or any(statement.ageing.values())
    )
