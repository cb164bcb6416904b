"""Booking: the one way by which anything changes what a client owes.

An entry says what it adds to the balances of invoices (`effects`) and to the credit that a payment
or credit note still holds (`credit`). So what the client owes more, `amount`, is the sum of the
effects less the credit, and the ledger alone tells every balance and credit as of any day.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from pynamodb.expressions.update import Action

from tallybook.clients import account
from tallybook.clients.records import ClientRecord
from tallybook.ids import derived_id, new_id, rest_of
from tallybook.ledger.kinds import Effect, Kind
from tallybook.ledger.records import LedgerRecord, MonthRecord
from tallybook.transactions import Transaction

__all__ = ["Effect", "Posting", "book"]

_NOTHING = Decimal(0)


@dataclass(frozen=True, kw_only=True)
class Posting:
    """An entry to book. `source` holds the credit: "payment#<id>" or "credit_note#<id>"."""

    kind: Kind
    date: date
    currency: str
    effects: Sequence[Effect] = ()
    credit: Decimal = _NOTHING
    source: str | None = None
    reference: str | None = None  # an invoice's or credit note's number, a payment's reference
    taxes: Sequence[dict[str, Any]] = ()  # of an invoice, void or credit note, signed as `amount`

    @property
    def amount(self) -> Decimal:
        """What the client owes more."""
        return sum((each.amount for each in self.effects), _NOTHING) - self.credit


def book(
    transaction: Transaction,
    client: ClientRecord,
    postings: Sequence[Posting],
    *,
    at: datetime,
    opened: int = 0,
    finalized: int = 0,
    by_itself: bool = False,
    while_active: bool = False,
) -> None:
    """Add the entries, in this order, with the months and the client's totals that they change.

    Once for each client in a transaction: 1 + entries + months touched. `opened` invoices are open
    more, and `finalized` more. The client is looked at, see `account.change` for this, for
    `by_itself` and `while_active`. Fails with `VersionChanged` and `ClientNotFound`.
    """
    client_id = client.pk.removeprefix("CLIENT#")
    first = new_id(at)
    for place, posting in enumerate(postings):
        # One behind the other, also within a millisecond: their order is that of the books.
        entry_id = derived_id(at, (rest_of(first) + place) % (1 << 80))
        transaction.put(_entry(client_id, entry_id, posting))
    for (currency, month), added in _by_month(postings).items():
        record = MonthRecord(f"CLIENT#{client_id}", f"MONTH#{currency}#{month}")
        where = [
            MonthRecord.listing_pk.set(f"MONTHS#{month}"),
            MonthRecord.listing_sk.set(f"{currency}#{client_id}"),
        ]
        transaction.update(record, [*where, *added], None)
    account.change(
        transaction,
        client,
        _by_currency(postings),
        at=at,
        by_itself=by_itself,
        while_active=while_active,
        opened=opened,
        finalized=finalized,
    )


def _entry(client_id: str, entry_id: str, posting: Posting) -> LedgerRecord:
    day = posting.date.isoformat()
    return LedgerRecord(
        f"CLIENT#{client_id}",
        f"LEDGER#{posting.currency}#{day}#{entry_id}",
        by_date_pk=f"JOURNAL#{day[:7]}",
        by_date_sk=f"{day}#{entry_id}",
        row={
            "client_id": client_id,
            "currency": posting.currency,
            "kind": posting.kind,
            "date": day,
            "amount": posting.amount,
            "credit": posting.credit or None,
            "source": posting.source,
            "reference": posting.reference,
            "effects": [_effect(each) for each in posting.effects] or None,
            "taxes": list(posting.taxes) or None,
        },
    )


def _effect(effect: Effect) -> dict[str, object]:
    due = effect.due_date.isoformat()
    return {"invoice_id": effect.invoice_id, "due_date": due, "amount": effect.amount}


def _by_month(postings: Iterable[Posting]) -> dict[tuple[str, str], list[Action]]:
    sums: dict[tuple[str, str], dict[str, Decimal]] = defaultdict(lambda: defaultdict(Decimal))
    for each in postings:
        month = sums[each.currency, each.date.isoformat()[:7]]
        month["amount"] += each.amount
        match each.kind:
            case "invoice" | "late_fee" | "void":
                month["invoiced"] += each.amount
            case "payment" | "refund" | "reversal":
                month["received"] -= each.amount
            case "credit_note":
                month["credited"] -= each.amount
            case "write_off":
                month["written_off"] -= each.amount
    return {
        key: [getattr(MonthRecord, name).add(total) for name, total in totals.items() if total]
        for key, totals in sums.items()
        if any(totals.values())
    }


def _by_currency(postings: Iterable[Posting]) -> dict[str, account.Change]:
    found: dict[str, account.Change] = {}
    for each in postings:
        before = found.get(each.currency, account.Change())
        is_invoice = each.kind in ("invoice", "late_fee", "void")
        is_payment = each.kind in ("payment", "refund", "reversal")
        found[each.currency] = account.Change(
            invoiced=before.invoiced + (each.amount if is_invoice else _NOTHING),
            paid=before.paid - (each.amount if is_payment else _NOTHING),
            unpaid=before.unpaid + each.amount + each.credit,
            credit=before.credit + each.credit,
        )
    return found
