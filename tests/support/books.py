"""Books of a client, written by the ledger's own booking: random ones, or entry by entry.

Each step is one transaction of what it books, as the API would write it. It reads its items anew,
so several writers may share a client.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from tallybook.clients.presence import current
from tallybook.credit_notes.records import CreditNoteRecord
from tallybook.dates import timestamp
from tallybook.ids import new_id
from tallybook.invoices.records import InvoiceRecord, OpenInvoiceRecord
from tallybook.invoices.standing import Application, applied_by, balance_of, due_date_of, settle
from tallybook.ledger.posting import Effect, Posting, book
from tallybook.numbering.records import NumberRecord
from tallybook.payments.records import PaymentRecord
from tallybook.sequences import SequenceRecord
from tallybook.table import Record, find, read
from tallybook.transactions import Transaction

FIRST_DAY = date(2026, 1, 1)
WRITTEN = datetime(2026, 11, 22, 7, 4, tzinfo=UTC)
NOTHING = Decimal(0)
_TAXES = [{"category": "S", "rate": Decimal(0), "taxable": NOTHING, "tax": NOTHING}]


@dataclass
class Books:
    """One client's books in one currency. Documents are named by their ids."""

    client_id: str
    currency: str = "EUR"
    invoices: list[str] = field(default_factory=list)
    sources: list[str] = field(default_factory=list)  # payment#<id>, credit_note#<id>
    latest: date = FIRST_DAY  # of what was booked

    def invoice(self, total: str | Decimal, issued: date, *, days: int = 30) -> str:
        """A finalized invoice, due so many days after it was issued."""
        invoice_id, amount, due = new_id(WRITTEN), Decimal(total), issued + timedelta(days)
        transaction = Transaction()
        number = _numbered(transaction, "invoice", self.client_id, invoice_id)
        row = {
            "client_id": self.client_id,
            "invoice_id": invoice_id,
            "number": number,
            "currency": self.currency,
            "issue_date": issued.isoformat(),
            "due_date": due.isoformat(),
            "status": "open" if amount else "paid",
            "total": amount,
            "paid": NOTHING,
            "credited": NOTHING,
            "written_off": NOTHING,
            "balance": amount,
            "collection_status": "none",
            "created_at": timestamp(WRITTEN),
            "finalized_at": timestamp(WRITTEN),
        }
        place = f"{due}#{invoice_id}"
        transaction.put(
            InvoiceRecord(
                f"CLIENT#{self.client_id}",
                f"INVOICE#{invoice_id}",
                listing_pk="INVOICES",
                listing_sk=f"{issued}#{invoice_id}",
                by_date_pk="OPEN" if amount else None,
                by_date_sk=place if amount else None,
                row=row,
                entered={},
                sums={},
                updated_at=timestamp(WRITTEN),
                version=1,
            )
        )
        if amount:
            where = f"OPEN#{self.currency}#{place}"
            transaction.put(OpenInvoiceRecord(f"CLIENT#{self.client_id}", where))
        effect = Effect(invoice_id=invoice_id, due_date=due, amount=amount)
        posting = self._posting("invoice", issued, (effect,), reference=number, taxes=_TAXES)
        self._book(transaction, [posting], opened=int(amount > 0), finalized=1)
        self.invoices.append(invoice_id)
        return invoice_id

    def pay(self, amount: str | Decimal, day: date, paid: Mapping[str, Any] = {}) -> str:
        """A payment, what it pays by invoice; the rest stays as credit. Returns its source."""
        return self._come_in("payment", PaymentRecord, Decimal(amount), day, paid)

    def credit(self, amount: str | Decimal, day: date, paid: Mapping[str, Any] = {}) -> str:
        """A credit note, as a payment."""
        return self._come_in("credit_note", CreditNoteRecord, Decimal(amount), day, paid)

    def apply(self, source: str, invoice_id: str, amount: str | Decimal, day: date) -> None:
        """Pay an invoice with the credit that is left of a source."""
        transaction, x = Transaction(), Decimal(amount)
        opened, effects = self._pay(transaction, {invoice_id: x}, source, day)
        self._move(transaction, source, applied=x, unapplied=-x)
        posting = self._posting("allocation", day, effects, credit=-x, source=source)
        self._book(transaction, [posting], opened=opened)

    def refund(self, source: str, amount: str | Decimal, day: date) -> None:
        transaction, x = Transaction(), Decimal(amount)
        self._move(transaction, source, refunded=x, unapplied=-x)
        self._book(
            transaction, [self._posting("refund", day, credit=-x, source=source, reference="back")]
        )

    def reverse(self, source: str, day: date) -> None:
        """A payment that bounced: what it paid is owed again."""
        transaction = Transaction()
        row = self.record(source).row
        back = {
            each: -applied_by(self.find(each))[source]
            for each in self.invoices
            if source in applied_by(self.find(each))
        }
        opened, effects = self._pay(transaction, back, source, day)
        left = Decimal(row["unapplied"])
        self._move(
            transaction, source, applied=-Decimal(row["applied"]), unapplied=-left, bounced=True
        )
        posting = self._posting("reversal", day, effects, credit=-left, source=source)
        self._book(transaction, [posting], opened=opened)

    def write_off(self, invoice_id: str, day: date) -> None:
        transaction, invoice = Transaction(), self.find(invoice_id)
        balance = balance_of(invoice)
        opened = settle(transaction, invoice, write_off=balance, at=WRITTEN)
        posting = self._posting("write_off", day, (_effect(invoice, -balance),))
        self._book(transaction, [posting], opened=opened)

    def void(self, invoice_id: str, day: date) -> None:
        """Take an invoice back; what paid it is credit again."""
        transaction, invoice = Transaction(), self.find(invoice_id)
        paid = applied_by(invoice)
        postings = []
        for source, x in paid.items():
            self._move(transaction, source, applied=-x, unapplied=x)
            effects = (_effect(invoice, x),)
            postings.append(self._posting("allocation", day, effects, credit=x, source=source))
        total = Decimal(invoice.row["total"])
        number = invoice.row["number"]
        postings.append(
            self._posting("void", day, (_effect(invoice, -total),), reference=number, taxes=_TAXES)
        )
        back = [Application(source=each, amount=-x, date=day) for each, x in paid.items()]
        voided = {"date": day.isoformat()}
        opened = settle(transaction, invoice, *back, at=WRITTEN, voided=voided)
        self._book(transaction, postings, opened=opened)

    def find(self, invoice_id: str) -> InvoiceRecord:
        found = find(InvoiceRecord, f"CLIENT#{self.client_id}", f"INVOICE#{invoice_id}")
        assert found
        return found

    def record(self, source: str) -> Any:
        kind, _, source_id = source.partition("#")
        record: Any = PaymentRecord if kind == "payment" else CreditNoteRecord
        return find(record, f"CLIENT#{self.client_id}", f"{_PREFIX[kind]}{source_id}")

    def _come_in(
        self, kind: Any, record: Any, amount: Decimal, day: date, paid: Mapping[str, Any]
    ) -> str:
        source_id, transaction = new_id(WRITTEN), Transaction()
        source = f"{kind}#{source_id}"
        amounts = {invoice_id: Decimal(x) for invoice_id, x in paid.items()}
        left = amount - sum(amounts.values(), NOTHING)
        opened, effects = self._pay(transaction, amounts, source, day)
        transaction.put(self._source(kind, record, source_id, transaction, amount, left, day))
        posting = self._posting(kind, day, effects, credit=left, source=source, reference="wire")
        self._book(transaction, [posting], opened=opened)
        self.sources.append(source)
        return source

    def _source(
        self,
        kind: str,
        record: Any,
        source_id: str,
        transaction: Transaction,
        amount: Decimal,
        left: Decimal,
        day: date,
    ) -> Record:
        is_payment = kind == "payment"
        own = {"amount": amount, "date": day.isoformat(), "payment_id": source_id}
        if not is_payment:
            number = _numbered(transaction, "credit_note", self.client_id, source_id)
            own = {"total": amount, "issue_date": day.isoformat(), "credit_note_id": source_id}
            own["number"] = number
        place = f"{day}#{source_id}"
        more: dict[str, Any] = {} if is_payment else {"entered": {}, "sums": {}, "parties": {}}
        made: Record = record(
            f"CLIENT#{self.client_id}",
            f"{_PREFIX[kind]}{source_id}",
            listing_pk="PAYMENTS" if is_payment else "CREDITNOTES",
            listing_sk=place,
            by_date_pk="CREDITS" if left else None,
            by_date_sk=place if left else None,
            row=own
            | {
                "client_id": self.client_id,
                "currency": self.currency,
                "applied": amount - left,
                "refunded": NOTHING,
                "unapplied": left,
                "status": "applied",
                "created_at": timestamp(WRITTEN),
            },
            credited_on=day.isoformat(),
            last_day=day.isoformat(),
            allocations=[],
            version=1,
            **more,
        )
        return made

    def _pay(
        self, transaction: Transaction, amounts: Mapping[str, Decimal], source: str, day: date
    ) -> tuple[int, tuple[Effect, ...]]:
        opened, effects = 0, []
        for invoice_id, x in amounts.items():
            invoice = self.find(invoice_id)
            applied = Application(source=source, amount=x, date=day)
            opened += settle(transaction, invoice, applied, at=WRITTEN)
            effects.append(_effect(invoice, -x))
        return opened, tuple(effects)

    def _move(
        self, transaction: Transaction, source: str, *, bounced: bool = False, **changes: Decimal
    ) -> None:
        before = self.record(source)
        after = read(type(before), before.serialize())
        row = dict(before.row)
        for name, change in changes.items():
            row[name] = Decimal(row[name]) + change
        after.row = row
        if bounced:
            after.reversed = {"at": timestamp(WRITTEN)}
        left = row["unapplied"]
        place = before.listing_sk
        after.by_date_pk, after.by_date_sk = ("CREDITS", place) if left else (None, None)
        after.version = int(before.version) + 1
        transaction.put(after, type(before).version == before.version)

    def _posting(
        self, kind: Any, day: date, effects: tuple[Effect, ...] = (), **more: Any
    ) -> Posting:
        self.latest = max(self.latest, day)
        return Posting(kind=kind, date=day, currency=self.currency, effects=effects, **more)

    def _book(self, transaction: Transaction, postings: list[Posting], **counts: Any) -> None:
        book(transaction, current(self.client_id), postings, at=WRITTEN, **counts)
        transaction.commit()


_PREFIX = {"payment": "PAYMENT#", "credit_note": "CREDITNOTE#"}


def _effect(invoice: InvoiceRecord, amount: Decimal) -> Effect:
    invoice_id: str = invoice.row["invoice_id"]
    return Effect(invoice_id=invoice_id, due_date=due_date_of(invoice), amount=amount)


def _numbered(transaction: Transaction, series: str, client_id: str, document_id: str) -> str:
    """The next number of a firm that has this one writer of books."""
    sequence = f"SEQUENCE#{series}#2026", "SEQUENCE"
    before = find(SequenceRecord, *sequence)
    following = int(before.next) if before else 1
    transaction.put(SequenceRecord(*sequence, next=following + 1))
    number = f"{'INV' if series == 'invoice' else 'CN'}-2026-{following:05}"
    transaction.put(
        NumberRecord(
            f"NUMBER#{series}#{number}", "NUMBER", client_id=client_id, document_id=document_id
        )
    )
    return number


# ---- Random books ---------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """What is tried next. Numbers choose among what is there; a step that cannot be is left out."""

    kind: str
    one: int  # which invoice or source
    other: int
    part: int  # of a hundred: how much of what there is
    day: int  # of the year


_OTHERS = ("pay_more", "credit", "apply", "refund", "reverse", "write_off", "void")
STEPS = st.lists(
    st.builds(
        Step,
        kind=st.sampled_from(
            [
                "invoice",
                "invoice",
                "pay",
                "pay",
                "pay_more",
                "credit",
                "apply",
                "refund",
                "reverse",
                "write_off",
                "void",
            ]
        ),
        one=st.integers(0, 9),
        other=st.integers(0, 9),
        part=st.integers(1, 100),
        day=st.integers(0, 364),
    ),
    min_size=1,
    max_size=12,
)


def perform(books: Books, step: Step, *, since: int = 0) -> None:
    """Do the step, dated `since` days into the year or later."""
    day = FIRST_DAY + timedelta(max(step.day, since))
    made: dict[str, Callable[[], object]] = {
        "invoice": lambda: books.invoice(Decimal(step.part * 7) / 4, day, days=step.other * 5),
        "pay": lambda: _pay(books, step, day),
        "pay_more": lambda: books.pay(Decimal(step.part) / 2, day),
        "credit": lambda: _credit(books, step, day),
        "apply": lambda: _apply(books, step, day),
        "refund": lambda: _refund(books, step, day),
        "reverse": lambda: _reverse(books, step, day),
        "write_off": lambda: _close(books, step, day, books.write_off),
        "void": lambda: _close(books, step, day, books.void),
    }
    made[step.kind]()


def _pay(books: Books, step: Step, day: date) -> None:
    paid = {}
    for which in {step.one, step.other}:
        if invoice := _chosen_invoice(books, which):
            invoice_id = invoice.row["invoice_id"]
            paid[invoice_id] = _part(balance_of(invoice), step.part)
            day = max(day, date.fromisoformat(invoice.row["issue_date"]))
    amount = sum(paid.values(), NOTHING) + step.part % 3
    if amount:
        books.pay(amount, day, paid)


def _credit(books: Books, step: Step, day: date) -> None:
    invoice = _chosen_invoice(books, step.one)
    if invoice is None:
        return
    day = max(day, date.fromisoformat(invoice.row["issue_date"]))
    amount = _part(balance_of(invoice), step.part)
    books.credit(amount + step.other % 3, day, {invoice.row["invoice_id"]: amount})


def _apply(books: Books, step: Step, day: date) -> None:
    invoice, source = _chosen_invoice(books, step.one), _chosen_source(books, step.other)
    if invoice is None or source is None:
        return
    row = books.record(source).row
    day = max(day, _dated(row), date.fromisoformat(invoice.row["issue_date"]))
    amount = min(_part(balance_of(invoice), step.part), Decimal(row["unapplied"]))
    books.apply(source, invoice.row["invoice_id"], amount, day)


def _refund(books: Books, step: Step, day: date) -> None:
    if source := _chosen_source(books, step.one):
        row = books.record(source).row
        amount = _part(Decimal(row["unapplied"]), step.part)
        books.refund(source, amount, max(day, _dated(row)))


def _reverse(books: Books, step: Step, day: date) -> None:
    whole = [each for each in books.sources if each.startswith("payment#")]
    if not whole:
        return
    source = whole[step.one % len(whole)]
    if not books.record(source).reversed:
        books.reverse(source, max(day, books.latest))


def _close(books: Books, step: Step, day: date, how: Callable[[str, date], None]) -> None:
    if invoice := _chosen_invoice(books, step.one):
        how(invoice.row["invoice_id"], max(day, books.latest))


def _chosen_invoice(books: Books, which: int) -> InvoiceRecord | None:
    found = [books.find(each) for each in books.invoices]
    with_balance = [each for each in found if balance_of(each)]
    return with_balance[which % len(with_balance)] if with_balance else None


def _chosen_source(books: Books, which: int) -> str | None:
    left = [each for each in books.sources if books.record(each).row["unapplied"]]
    return left[which % len(left)] if left else None


def _part(amount: Decimal, percent: int) -> Decimal:
    return max(Decimal("0.01"), (amount * percent / 100).quantize(Decimal("0.01")))


def _dated(row: Mapping[str, Any]) -> date:
    return date.fromisoformat(row.get("date") or row["issue_date"])
