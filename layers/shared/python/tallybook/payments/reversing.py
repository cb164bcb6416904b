"""Taking a payment back that was none: a cheque that bounced, a debit that was returned.

What was refunded of it is gone already and stays refunded: the rest is taken back. A bank that
returns a payment after a refund (of a card, say) asks for the rest, too. Where it does ask for all,
the client owes what was refunded anew, and that takes an invoice: a credit is never below 0.
"""

from dataclasses import replace
from datetime import date
from decimal import Decimal

from tallybook.dates import timestamp
from tallybook.errors import NothingLeft
from tallybook.invoices.records import InvoiceRecord
from tallybook.invoices.rules import rounded
from tallybook.ledger.books import Books, look_up
from tallybook.ledger.closing import stays_open
from tallybook.ledger.posting import book
from tallybook.payments.booking import settle_all, taken_back
from tallybook.payments.credits import Part, copy_of, sort_key, write
from tallybook.payments.deeds import Deed, day_since, left_of
from tallybook.payments.models import MOST_NAMED, NewReversal, Payment
from tallybook.payments.records import PaymentRecord
from tallybook.table import find, read
from tallybook.transactions import Transaction, fitting
from tallybook.versions import VersionChanged, until_unchanged


def reverse(deed: Deed[Payment], new: NewReversal) -> Payment:
    """Give each invoice back what the payment paid of it, and take away what is left.

    Two reads and one transaction for each forty invoices; until the last, what was taken back is
    credit. Raises `ClientNotFound`, `PaymentNotFound`, `PaymentReversed`, `StaleVersion`,
    `NothingLeft` when all was refunded, and `InvalidField`.
    """
    payment = until_unchanged(lambda: _reverse(deed, new))
    further = replace(deed, if_match=None)
    while payment.reversed is None:
        payment = until_unchanged(lambda: _reverse(further, new))
    return deed.shown(payment)


def _reverse(deed: Deed[Payment], new: NewReversal) -> PaymentRecord:
    """One transaction of `reverse`: the payment after it."""
    before, books, parts = _read(deed)
    taken = sum((each.amount for each in parts), left_of(before))
    if not taken:
        raise NothingLeft
    last = f"The last that was booked of the payment is of {before.last_day}."
    day = day_since(date.fromisoformat(before.last_day), new.date, books, otherwise=last)
    parts = [replace(each, date=day) for each in parts]
    after = _after(deed, before, parts, new, day)
    is_last, transaction, changed = after.reversed is not None, Transaction(), Transaction()
    write(changed, before, after)
    if is_last:
        deed.once.claim(transaction, deed.shown(after))
    transaction.extend(changed)
    opened = settle_all(transaction, before, parts, at=deed.at, back=True)
    if is_last:
        transaction.put(deed.told(before, "reversed", taken))
    stays_open(transaction, day, books.settings, today=books.today)
    posting = taken_back(before, parts, day, left_of(before) if is_last else None)
    book(transaction, books.client, [posting], at=deed.at, opened=opened)
    transaction.commit()
    return after


def _read(deed: Deed[Payment]) -> tuple[PaymentRecord, Books, list[Part]]:
    """The payment, and what it pays of as many invoices as one transaction takes."""
    where = f"CLIENT#{deed.client_id}", sort_key(deed.source)
    known = find(PaymentRecord, *where) if deed.keys else None
    paid: dict[str, Decimal] = {}
    for each in known.allocations if known else []:
        amount = paid.get(each["invoice_id"], Decimal(0)) + each["amount"]
        paid[each["invoice_id"]] = rounded(amount, known.row["currency"]) if known else amount
    ids = list(paid)[:MOST_NAMED]
    books = look_up(deed.client_id, *deed.keys, *(f"INVOICE#{each}" for each in ids), at=deed.at)
    payment = deed.credit(books)
    if known is None or payment.version != known.version:
        raise VersionChanged
    items = [books.own[f"INVOICE#{each}"] for each in ids]
    parts = [
        Part(invoice=read(InvoiceRecord, item), amount=paid[each], date=books.today)
        for each, item in list(zip(ids, items, strict=True))[: fitting(items)]
    ]
    return read(PaymentRecord, payment.serialize()), books, parts


def _after(
    deed: Deed[Payment], before: PaymentRecord, parts: list[Part], new: NewReversal, day: date
) -> PaymentRecord:
    """The payment when it pays those invoices no longer; reversed when it pays nothing then."""
    after, gone = copy_of(before), {each.invoice.row["invoice_id"] for each in parts}
    after.allocations = [each for each in before.allocations if each["invoice_id"] not in gone]
    after.last_day = day.isoformat()
    if after.allocations:
        after.credited_on = day.isoformat()
    else:
        after.reversed = {
            "date": day.isoformat(),
            "reason": new.reason,
            "by": deed.by.model_dump(),
            "at": timestamp(deed.at),
        }
    return after
