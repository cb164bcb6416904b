"""Credits: payments and credit notes, of which something is applied, refunded or still left.

Both are the same to whoever applies, refunds or takes them back; this is how their items change.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from tallybook.credit_notes.records import CreditNoteRecord
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.standing import Application, applied_by, due_date_of
from tallybook.ledger.posting import Effect, Posting
from tallybook.payments.records import PaymentRecord
from tallybook.payments.rules import left_of, status_of
from tallybook.table import Item, differences, read
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, version_changed

type CreditRecord = PaymentRecord | CreditNoteRecord

_RECORDS: dict[str, tuple[type[CreditRecord], str]] = {
    "payment": (PaymentRecord, "PAYMENT#"),
    "credit_note": (CreditNoteRecord, "CREDITNOTE#"),
}


@dataclass(frozen=True, kw_only=True)
class Part:
    """What a credit pays of an invoice, from a day on."""

    invoice: InvoiceRecord
    amount: Decimal
    date: date

    @property
    def stored(self) -> dict[str, Any]:
        row = self.invoice.row
        return {
            "invoice_id": row["invoice_id"],
            "number": row["number"],
            "amount": self.amount,
            "date": self.date.isoformat(),
        }


def sort_key(source: str) -> str:
    """Where the credit of a source ("payment#<id>", "credit_note#<id>") is, with its client."""
    name, _, credit_id = source.partition("#")
    return f"{_RECORDS[name][1]}{credit_id}"


def source_of(credit: CreditRecord) -> str:
    name = "payment" if isinstance(credit, PaymentRecord) else "credit_note"
    return f"{name}#{credit.sk.partition('#')[2]}"


def to_credit(item: Item) -> CreditRecord:
    prefix = item["sk"]["S"].partition("#")[0] + "#"
    (record,) = (record for record, each in _RECORDS.values() if each == prefix)
    return read(record, item)


def amount_of(credit: CreditRecord) -> Decimal:
    """All of it, whatever became of it."""
    row = credit.row
    return Decimal(row["amount"] if isinstance(credit, PaymentRecord) else row["total"])


def date_of(credit: CreditRecord) -> date:
    row = credit.row
    day = row["date"] if isinstance(credit, PaymentRecord) else row["issue_date"]
    return date.fromisoformat(day)


def is_reversed(credit: CreditRecord) -> bool:
    return isinstance(credit, PaymentRecord) and credit.reversed is not None


def copy_of[C: CreditRecord](credit: C) -> C:
    """To be changed and given to `write` with the original."""
    return read(type(credit), credit.serialize())


def work_out(credit: CreditRecord) -> None:
    """Set what is applied, refunded and left of it, its status, and whether lists show it as left.

    From its amount, allocations and refunds, and whether it was reversed.
    """
    row: dict[str, Any] = dict(credit.row)
    applied, refunded = _sum(credit.allocations), _sum(credit.refunds or [])
    left = left_of(amount_of(credit), applied, refunded, is_reversed=is_reversed(credit))
    row |= {"applied": applied, "refunded": refunded, "unapplied": left}
    row["status"] = status_of(applied, left, is_reversed=is_reversed(credit))
    credit.row = row
    credit.by_date_pk = "CREDITS" if left else None
    credit.by_date_sk = credit.listing_sk if left else None


def allocate(credit: CreditRecord, parts: Iterable[Part]) -> None:
    """Add what it pays; what it pays of one invoice on one day is one allocation."""
    found = {(each["invoice_id"], each["date"]): each for each in credit.allocations}
    for part in parts:
        stored = part.stored
        before = found.get((stored["invoice_id"], stored["date"]))
        if before:
            stored["amount"] += before["amount"]
        found[stored["invoice_id"], stored["date"]] = stored
        credit.last_day = max(credit.last_day, stored["date"])
    credit.allocations = list(found.values())


def write(transaction: Transaction, before: CreditRecord, after: CreditRecord) -> None:
    """Write what changed of a credit on the condition that it is as it was read. One action.

    Fails with `VersionChanged`.
    """
    work_out(after)
    after.version = int(before.version) + 1
    condition = type(before).version == before.version
    transaction.update(before, differences(before, after), condition, version_changed)


# ---- For an invoice that is voided ---------------------------------------------------------


@dataclass(frozen=True)
class GivenBack:
    """To be booked (`ledger.posting.book`) and settled (`invoices.standing.settle`) together."""

    postings: list[Posting]
    applications: list[Application]


def keys_of_credits(invoice: InvoiceRecord) -> list[str]:
    """The sort keys of the payments and credit notes that pay something of the invoice."""
    return [sort_key(source) for source in applied_by(invoice)]


def give_back(
    transaction: Transaction, invoice: InvoiceRecord, items: Mapping[str, Item], *, on: date
) -> GivenBack:
    """Give the payments and credit notes of an invoice back what they pay of it.

    `items` are theirs by sort key, as they were read. One action for each, and one posting.
    Each is dated `on`, or the last day on which it paid the invoice when that is later. Raises
    `VersionChanged` when one of them was not read.
    """
    given = GivenBack([], [])
    for source, amount in applied_by(invoice).items():
        if sort_key(source) not in items:  # it came between reading the invoice and its credits
            raise VersionChanged
        before = to_credit(items[sort_key(source)])
        after, invoice_id = copy_of(before), invoice.row["invoice_id"]
        theirs = [each for each in before.allocations if each["invoice_id"] == invoice_id]
        day = max([on, *(date.fromisoformat(each["date"]) for each in theirs)])
        after.allocations = [each for each in before.allocations if each not in theirs]
        after.credited_on = max(before.credited_on, day.isoformat())
        after.last_day = max(before.last_day, day.isoformat())
        write(transaction, before, after)
        effect = Effect(invoice_id=invoice_id, due_date=due_date_of(invoice), amount=amount)
        given.applications.append(Application(source=source, amount=-amount, date=day))
        given.postings.append(
            Posting(
                kind="allocation",
                date=day,
                currency=invoice.row["currency"],
                effects=[effect],
                credit=amount,
                source=source,
            )
        )
    return given


def _sum(entries: Sequence[Mapping[str, Any]]) -> Decimal:
    return sum((Decimal(each["amount"]) for each in entries), Decimal(0))
