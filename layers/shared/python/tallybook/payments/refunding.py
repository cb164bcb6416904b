"""Refunding what is left of a payment or credit note."""

from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel

from tallybook.dates import timestamp
from tallybook.errors import InvalidField, NothingLeft, UsedTooOften
from tallybook.ids import new_id
from tallybook.ledger.books import Books, look_up
from tallybook.ledger.closing import stays_open
from tallybook.ledger.posting import Posting, book
from tallybook.payments.credits import CreditRecord, copy_of, source_of, write
from tallybook.payments.deeds import Deed, day_since, left_of
from tallybook.payments.models import NewRefund
from tallybook.payments.rules import NotAllocatable, entered
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged

MOST_REFUNDS = 20  # beside a long credit note they fit into an item


def refund[A: BaseModel](deed: Deed[A], new: NewRefund) -> A:
    """Give back some of what is left. One BatchGetItem and one transaction.

    Raises `ClientNotFound`, `PaymentNotFound`, `CreditNoteNotFound`, `PaymentReversed`,
    `StaleVersion`, `NothingLeft`, `UsedTooOften` and `InvalidField`.
    """
    refund_id = new_id(deed.at)

    def attempt() -> A:
        books = look_up(deed.client_id, *deed.keys, at=deed.at)
        before = deed.credit(books)
        amount, day = _amount(before, new), _day(new.date, before, books)
        after = copy_of(before)
        after.refunds = [*(before.refunds or []), _entered(deed, refund_id, new, amount, day)]
        after.last_day = max(before.last_day, day.isoformat())
        transaction, following = Transaction(), Transaction()
        write(following, before, after)
        answer = deed.shown(after)
        deed.once.claim(transaction, answer)
        transaction.extend(following)
        transaction.put(deed.told(after, "refunded", amount))
        stays_open(transaction, day, books.settings, today=books.today)
        posting = Posting(
            kind="refund",
            date=day,
            currency=before.row["currency"],
            credit=-amount,
            source=source_of(before),
            reference=new.reference,
        )
        book(transaction, books.client, [posting], at=deed.at)
        transaction.commit()
        return answer

    return until_unchanged(attempt)


def _amount(credit: CreditRecord, new: NewRefund) -> Decimal:
    left = left_of(credit)
    if not left:
        raise NothingLeft
    if len(credit.refunds or []) >= MOST_REFUNDS:
        raise UsedTooOften(MOST_REFUNDS, "refunds")
    try:
        amount = entered("amount", new.amount, credit.row["currency"])
    except NotAllocatable as error:
        raise InvalidField(error.field, error.message) from error
    if amount > left:
        raise InvalidField("amount", f"{amount} is more than the {left} that is left.")
    return amount


def _day(given: date | None, credit: CreditRecord, books: Books) -> date:
    """As of no day may more be gone than there was."""
    first = date.fromisoformat(credit.credited_on)
    return day_since(first, given, books, otherwise=f"The credit is there from {first} on.")


def _entered(
    deed: Deed[Any], refund_id: str, new: NewRefund, amount: Decimal, day: date
) -> dict[str, Any]:
    return {
        "refund_id": refund_id,
        "amount": amount,
        "method": new.method,
        "date": day.isoformat(),
        "reference": new.reference,
        "by": deed.by.model_dump(),
        "at": timestamp(deed.at),
    }
