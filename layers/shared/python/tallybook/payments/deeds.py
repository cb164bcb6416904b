"""What is done to a payment or credit note: by whom, when, once, and what the history says."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from pydantic import BaseModel

from tallybook.authors import By
from tallybook.errors import (
    CreditNoteNotFound,
    InvalidField,
    NotFound,
    PaymentNotFound,
    PaymentReversed,
)
from tallybook.history.entries import entry
from tallybook.history.records import HistoryRecord
from tallybook.idempotency import Once
from tallybook.ids import is_ulid
from tallybook.invoices.rules import rounded
from tallybook.ledger.books import Books
from tallybook.ledger.closing import must_be_open
from tallybook.money import amount_text
from tallybook.payments.credits import CreditRecord, is_reversed, sort_key, to_credit
from tallybook.versions import etag, must_match


@dataclass(frozen=True, kw_only=True)
class Deed[A: BaseModel]:
    """Who does what to a payment or credit note ("payment#<id>"), when, and how often: once.

    `shown` makes the answer of it.
    """

    client_id: str
    source: str
    shown: Callable[..., A]
    by: By
    at: datetime
    once: Once
    if_match: str | None = None

    @property
    def keys(self) -> tuple[str, ...]:
        """Where the credit is; nowhere with an id that none can have."""
        return (sort_key(self.source),) if is_ulid(self.source.partition("#")[2]) else ()

    def credit(self, books: Books) -> CreditRecord:
        """The credit, as it was read.

        Raises `PaymentNotFound` or `CreditNoteNotFound`, `StaleVersion`, `PaymentReversed`.
        """
        name = self.source.partition("#")[0]
        item = books.own.get(sort_key(self.source))
        if item is None:
            missing: type[NotFound] = PaymentNotFound if name == "payment" else CreditNoteNotFound
            raise missing
        credit = to_credit(item)
        must_match(self.if_match, etag(int(credit.version)))
        if is_reversed(credit):
            raise PaymentReversed
        return credit

    def told(
        self, credit: CreditRecord, what: str, amount: Decimal, *, event: bool = True
    ) -> HistoryRecord:
        """The entry of the client's history, which is the event "payment.applied", say."""
        name, _, credit_id = self.source.partition("#")
        currency = credit.row["currency"]
        text = amount_text(amount, currency)
        known = "a payment" if name == "payment" else f"credit note {credit.row['number']}"
        return entry(
            self.client_id,
            "payment",
            at=self.at,
            by=self.by,
            text=f"{text} {currency} of {known} {what}",
            event=f"{name}.{what}" if event else None,
            what=what,
            amount=text,
            currency=currency,
            **{f"{name}_id": credit_id},
        )


def left_of(credit: CreditRecord) -> Decimal:
    """What can be applied or refunded, with the currency's decimals."""
    return rounded(Decimal(credit.row["unapplied"]), credit.row["currency"])


def day_of(given: date | None, books: Books) -> date:
    """The day that was named, or today. Raises `InvalidField` for one to come."""
    if given and given > books.today:
        raise InvalidField("date", f"This day is still to come: today is {books.today}.")
    return given or books.today


def day_since(first: date, given: date | None, books: Books, *, otherwise: str) -> date:
    """The day that was named, else today, or `first` where that is later: of an invoice to come.

    Raises `InvalidField` for one before that (`otherwise` says why), one to come, and closed books.
    """
    latest = max(books.today, first)
    if given and given > latest:
        raise InvalidField("date", f"This day is still to come: today is {books.today}.")
    if given and given < first:
        raise InvalidField("date", otherwise)
    must_be_open(given or latest, books.settings, "date")
    return given or latest
