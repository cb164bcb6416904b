"""Applying what is left of a payment or credit note to invoices."""

from dataclasses import replace
from datetime import date

from pydantic import BaseModel

from tallybook.errors import NothingLeft, TallybookError, UsedTooOften
from tallybook.ledger.books import Books, look_up
from tallybook.ledger.closing import must_be_open, stays_open
from tallybook.ledger.posting import book
from tallybook.payments.booking import applied, settle_all
from tallybook.payments.choosing import How, choose, find_open
from tallybook.payments.credits import CreditRecord, Part, allocate, copy_of, date_of, write
from tallybook.payments.deeds import Deed, day_of, left_of
from tallybook.payments.models import Application
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged

MOST_ALLOCATIONS = 500  # beside all lines of a credit note they fit into an item, and an answer


def apply[A: BaseModel](deed: Deed[A], new: Application) -> A:
    """Pay invoices with what is left of a credit: `oldest_first` as many as there are.

    One BatchGetItem and one transaction; for the oldest another BatchGetItem and a Query before,
    and a Query, a BatchGetItem and a transaction for each forty invoices. Where nothing is open,
    nothing happens.

    Raises `ClientNotFound`, `PaymentNotFound`, `CreditNoteNotFound`, `PaymentReversed`,
    `StaleVersion`, `NothingLeft`, `TooManyPayments`, `UsedTooOften` and `InvalidField`.
    """
    currency = None
    if new.allocations == "oldest_first":
        currency = deed.credit(look_up(deed.client_id, *deed.keys, at=deed.at)).row["currency"]

    def attempt() -> tuple[CreditRecord, bool]:
        return _apply(deed, new.allocations, new.date, currency=currency)

    credit, goes_on = until_unchanged(attempt)
    return apply_further(deed, credit, new.date) if goes_on else deed.shown(credit)


def apply_further[A: BaseModel](deed: Deed[A], credit: CreditRecord, on: date | None) -> A:
    """Pay the oldest invoices with what is left, after a transaction that was full.

    Each transaction leaves the books in order, and the request's answer as it is by then. What
    stops a later one undoes none before: what is left then is credit, and the answer says so.
    """
    further, goes_on = replace(deed, if_match=None, once=deed.once.further()), True
    currency = credit.row["currency"]

    def attempt() -> tuple[CreditRecord, bool]:
        return _apply(further, "oldest_first", on, currency=currency)

    while goes_on:
        try:
            credit, goes_on = until_unchanged(attempt)
        except TallybookError:
            goes_on = False
    return deed.shown(credit)


def _apply[A: BaseModel](
    deed: Deed[A], how: How, on: date | None, *, currency: str | None
) -> tuple[CreditRecord, bool]:
    """One transaction of `apply`: the credit after it, and whether there is more to pay."""
    found = find_open(deed.client_id, how, *deed.keys, currency=currency, at=deed.at)
    books, before = found.books, deed.credit(found.books)
    left = left_of(before)
    if not left:
        raise NothingLeft
    since = max(day_of(on, books), date_of(before), date.fromisoformat(before.credited_on))
    parts, rest = choose(found, how, left, before.row["currency"], on=since)
    after, transaction = copy_of(before), Transaction()
    if not parts:
        deed.once.claim(transaction, deed.shown(after))
        transaction.commit()
        return after, False
    allocate(after, parts)
    if len(after.allocations) > MOST_ALLOCATIONS:
        raise UsedTooOften(MOST_ALLOCATIONS, "allocations")
    changed = Transaction()
    write(changed, before, after)
    deed.once.claim(transaction, deed.shown(after))
    transaction.extend(changed)
    opened = settle_all(transaction, after, parts, at=deed.at)
    transaction.put(deed.told(after, "applied", left - rest))
    _must_be_open(transaction, parts, books)
    book(transaction, books.client, list(applied(after, parts)), at=deed.at, opened=opened)
    transaction.commit()
    return after, bool(rest and found.more)


def _must_be_open(transaction: Transaction, parts: list[Part], books: Books) -> None:
    first = min(each.date for each in parts)
    must_be_open(first, books.settings, "date")
    stays_open(transaction, first, books.settings, today=books.today)
