"""A firm's books in plain Python: what any sequence of operations must come to.

It keeps invoices and credits (payments, credit notes) and what they had to do with each other, by
day; balances, statements and ageing are summed up anew each time they are asked for. No totals are
kept, so none can go wrong.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

type Account = tuple[str, str]  # client and currency

_NOTHING = Decimal(0)
_BUCKETS = ((0, "current"), (30, "1_30"), (60, "31_60"), (90, "61_90"))


class Refused(Exception):
    """The operation is against the rules of the books."""


@dataclass
class Use:
    """What a credit paid of an invoice; negative: taken back."""

    invoice: "Invoice"
    amount: Decimal
    day: date


@dataclass
class Invoice:
    invoice_id: str
    account: Account
    issued: date
    due: date
    total: Decimal
    is_draft: bool = True
    payments: list[tuple["Credit", Use]] = field(default_factory=list)
    losses: list[tuple[date, Decimal]] = field(default_factory=list)  # written off, voided
    is_void: bool = False
    is_written_off: bool = False

    def balance(self, as_of: date = date.max) -> Decimal:
        if self.is_draft or self.issued > as_of:
            return _NOTHING
        paid = sum((use.amount for _, use in self.payments if use.day <= as_of), _NOTHING)
        lost = sum((amount for day, amount in self.losses if day <= as_of), _NOTHING)
        return self.total - paid - lost

    @property
    def status(self) -> str:
        if self.is_draft:
            return "draft"
        if self.is_void:
            return "void"
        if self.balance() > 0:
            return "open" if self.balance() == self.total else "partially_paid"
        return "written_off" if self.is_written_off else "paid"

    @property
    def last_day(self) -> date:
        days = [use.day for _, use in self.payments] + [day for day, _ in self.losses]
        return max([self.issued, *days])


@dataclass
class Credit:
    """A payment, or a credit note with the invoice that it corrects."""

    credit_id: str
    account: Account
    day: date
    amount: Decimal
    corrects: Invoice | None = None
    is_note: bool = False
    uses: list[Use] = field(default_factory=list)
    refunds: list[tuple[date, Decimal]] = field(default_factory=list)
    reversed_on: date | None = None
    reversed_credit: Decimal = _NOTHING

    def unapplied(self, as_of: date = date.max) -> Decimal:
        if self.day > as_of:
            return _NOTHING
        used = sum((use.amount for use in self.uses if use.day <= as_of), _NOTHING)
        refunded = sum((amount for day, amount in self.refunds if day <= as_of), _NOTHING)
        gone = self.reversed_on is not None and self.reversed_on <= as_of
        return self.amount - used - refunded - (self.reversed_credit if gone else _NOTHING)

    @property
    def refunded(self) -> Decimal:
        return sum((amount for _, amount in self.refunds), _NOTHING)

    @property
    def last_day(self) -> date:
        return max([self.day, *(use.day for use in self.uses), *(day for day, _ in self.refunds)])

    def pays(self, invoice: Invoice) -> Decimal:
        return sum((use.amount for use in self.uses if use.invoice is invoice), _NOTHING)

    def pay(self, invoice: Invoice, amount: Decimal, day: date) -> None:
        use = Use(invoice, amount, day)
        self.uses.append(use)
        invoice.payments.append((self, use))

    def paid_invoices(self) -> list[Invoice]:
        found: list[Invoice] = []
        for use in self.uses:
            if use.invoice not in found and self.pays(use.invoice):
                found.append(use.invoice)
        return found


@dataclass(frozen=True)
class Owed:
    """A row of a statement: by how much the client owes more from a day on."""

    account: Account
    day: date
    kind: str
    amount: Decimal


type Wanted = list[tuple[Invoice, Decimal]]


@dataclass
class Books:
    """`today` is the day on which everything happens that names no day."""

    today: date
    invoices: dict[str, Invoice] = field(default_factory=dict)
    credits: dict[str, Credit] = field(default_factory=dict)
    rows: list[Owed] = field(default_factory=list)
    closed_until: date = date.min

    # ---- Operations: each raises `Refused`, and has changed nothing then ------------------------

    def finalize(self, invoice: Invoice) -> None:
        self._must(invoice.is_draft)
        self._must_be_open(invoice.issued)
        invoice.is_draft = False
        self._owe(invoice.account, invoice.issued, "invoice", invoice.total)

    def pay(self, payment: Credit, how: "str | Wanted") -> None:
        self._must(payment.amount > 0 and payment.day <= self.today)
        self._must_be_open(payment.day)
        self._use(payment, self._chosen(payment, payment.amount, how), payment.day)
        self.credits[payment.credit_id] = payment
        self._owe(payment.account, payment.day, "payment", -payment.amount)

    def issue(self, note: Credit, *, apply: bool) -> None:
        """A credit note; one that corrects an invoice pays it first, unless told not to."""
        self._must(note.amount > 0)
        self._must_be_open(note.day)
        wanted: Wanted = []
        if (invoice := note.corrects) is not None:
            self._must(self.is_booked(invoice) and invoice.account == note.account)
            self._must(note.amount <= self.creditable(invoice))
            paid = min(note.amount, invoice.balance())
            wanted = [(invoice, paid)] if apply and paid else []
        self._use(note, wanted, note.day)
        self.credits[note.credit_id] = note
        self._owe(note.account, note.day, "credit_note", -note.amount)

    def apply(self, credit: Credit, how: "str | Wanted", day: date) -> None:
        self._must(credit.reversed_on is None and credit.unapplied() > 0)
        self._use(credit, self._chosen(credit, credit.unapplied(), how), max(day, credit.day))

    def refund(self, credit: Credit, amount: Decimal, day: date) -> None:
        self._must(credit.reversed_on is None and 0 < amount <= credit.unapplied())
        credit.refunds.append((day, amount))
        self._owe(credit.account, day, "refund", amount)

    def reverse(self, payment: Credit, day: date) -> None:
        self._must(payment.reversed_on is None and not payment.is_note)
        for invoice in payment.paid_invoices():
            payment.pay(invoice, -payment.pays(invoice), day)
        payment.reversed_credit, payment.reversed_on = payment.unapplied(), day
        self._owe(payment.account, day, "reversal", payment.reversed_credit)

    def void(self, invoice: Invoice, day: date) -> None:
        self._must(self.is_booked(invoice))
        for credit in {id(each): each for each, _ in invoice.payments}.values():
            if back := credit.pays(invoice):
                credit.pay(invoice, -back, day)
        invoice.losses.append((day, invoice.balance()))
        invoice.is_void = True
        self._owe(invoice.account, day, "void", -invoice.losses[-1][1])

    def write_off(self, invoice: Invoice, day: date) -> None:
        self._must(self.is_booked(invoice) and invoice.balance() > 0)
        self._owe(invoice.account, day, "write_off", -invoice.balance())
        invoice.losses.append((day, invoice.balance()))
        invoice.is_written_off = True

    # ---- What they come to ----------------------------------------------------------------------

    def is_booked(self, invoice: Invoice) -> bool:
        return not invoice.is_draft and not invoice.is_void

    def creditable(self, invoice: Invoice) -> Decimal:
        """What credit notes can still take back of an invoice."""
        notes = (each.amount for each in self.credits.values() if each.corrects is invoice)
        return invoice.total - sum(notes, _NOTHING)

    def unpaid(self, account: Account) -> Decimal:
        return sum((each.balance() for each in self._invoices(account)), _NOTHING)

    def credit(self, account: Account) -> Decimal:
        return sum((each.unapplied() for each in self._credits(account)), _NOTHING)

    def owed(self, account: Account, as_of: date) -> Decimal:
        rows = (row.amount for row in self.rows if row.account == account and row.day <= as_of)
        return sum(rows, _NOTHING)

    def rows_of(self, account: Account, first: date, last: date) -> list[Owed]:
        """In the order of their days; of one day, as they were booked."""
        mine = [row for row in self.rows if row.account == account and first <= row.day <= last]
        return sorted(mine, key=lambda row: row.day)

    def ageing(self, account: Account, as_of: date) -> dict[str, Decimal]:
        found: dict[str, Decimal] = defaultdict(Decimal)
        for invoice in self._invoices(account):
            balance = invoice.balance(as_of)
            found["current" if balance < 0 else _bucket(invoice.due, as_of)] += balance
        for credit in self._credits(account):
            found["current"] -= credit.unapplied(as_of)
        return {bucket: total for bucket, total in found.items() if total}

    # ---- How --------------------------------------------------------------------------------

    def _chosen(self, credit: Credit, amount: Decimal, how: "str | Wanted") -> Wanted:
        if isinstance(how, list):
            self._allocatable(credit, amount, how)
            return how
        return list(self._oldest_first(credit, amount)) if how == "oldest_first" else []

    def _allocatable(self, credit: Credit, amount: Decimal, wanted: Wanted) -> None:
        named: dict[str, Decimal] = defaultdict(Decimal)
        for invoice, part in wanted:
            self._must(part > 0 and invoice.account == credit.account)
            self._must(self.is_booked(invoice))
            named[invoice.invoice_id] += part
            self._must(named[invoice.invoice_id] <= invoice.balance())
        self._must(sum(named.values(), _NOTHING) <= amount)

    def _oldest_first(self, credit: Credit, left: Decimal) -> Iterator[tuple[Invoice, Decimal]]:
        by_age = sorted(self._invoices(credit.account), key=lambda i: (i.due, i.invoice_id))
        for invoice in by_age:
            if part := min(left, invoice.balance()):
                yield invoice, part
                left -= part

    def _use(self, credit: Credit, wanted: Iterable[tuple[Invoice, Decimal]], day: date) -> None:
        for invoice, part in wanted:
            credit.pay(invoice, part, max(day, invoice.issued))

    def _invoices(self, account: Account) -> list[Invoice]:
        return [each for each in self.invoices.values() if each.account == account]

    def _credits(self, account: Account) -> list[Credit]:
        return [each for each in self.credits.values() if each.account == account]

    def _owe(self, account: Account, day: date, kind: str, amount: Decimal) -> None:
        self.rows.append(Owed(account, day, kind, amount))

    def _must_be_open(self, day: date) -> None:
        self._must(day > self.closed_until)

    def _must(self, condition: object) -> None:
        if not condition:
            raise Refused


def _bucket(due: date, as_of: date) -> str:
    days = (as_of - due).days
    return next((bucket for last, bucket in _BUCKETS if days <= last), "over_90")
