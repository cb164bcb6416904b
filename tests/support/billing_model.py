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

from tests.support.billing_documents import Account, Credit, Invoice

_NOTHING = Decimal(0)
_BUCKETS = ((0, "current"), (30, "1_30"), (60, "31_60"), (90, "61_90"))


class Refused(Exception):
    """The operation is against the rules of the books."""


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
    credits: list[Credit] = field(default_factory=list)
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
        self.credits.append(payment)
        self._owe(payment.account, payment.day, "payment", -payment.amount)

    def issue(self, note: Credit, *, apply: bool) -> None:
        """A credit note; one that corrects an invoice pays it first, unless told not to."""
        self._must(note.amount > 0)
        self._must_be_open(note.day)
        wanted: Wanted = []
        if (invoice := note.corrects) is not None:
            self._must(self.is_booked(invoice) and invoice.account == note.account)
            self._must(invoice.issued <= note.day <= max(self.today, invoice.issued))
            self._must(note.amount <= self.creditable(invoice))
            paid = min(note.amount, invoice.balance())
            wanted = [(invoice, paid)] if apply and paid else []
        self._use(note, wanted, note.day)
        self.credits.append(note)
        self._owe(note.account, note.day, "credit_note", -note.amount)

    def apply(self, credit: Credit, how: "str | Wanted", day: date | None) -> None:
        self._must(credit.reversed_on is None and credit.unapplied() > 0)
        on = self._past(day)
        self._use(
            credit, self._chosen(credit, credit.unapplied(), how), max(on, credit.credited_on)
        )

    def refund(self, credit: Credit, amount: Decimal, day: date | None) -> None:
        self._must(credit.reversed_on is None and 0 < amount <= credit.unapplied())
        on = self._since(credit.credited_on, day)  # as of no day more goes than there was
        credit.refunds.append((on, amount))
        self._owe(credit.account, on, "refund", amount)

    def reverse(self, payment: Credit, day: date | None) -> None:
        self._must(payment.reversed_on is None)
        self._must(payment.refunded < payment.amount)
        on = self._since(payment.last_day, day)
        payment.reversed_on, payment.reversed_credit = on, payment.amount - payment.refunded
        for invoice in payment.paid_invoices():
            payment.pay(invoice, -payment.pays(invoice), on)
        self._owe(payment.account, on, "reversal", payment.reversed_credit)

    def void(self, invoice: Invoice, day: date | None) -> None:
        self._must(self.is_booked(invoice) and not invoice.is_written_off)
        self._must(not self.notes_of(invoice))
        on = self._since(invoice.open_since, day)
        for credit in {id(each): each for each, _ in invoice.payments}.values():
            if back := credit.pays(invoice):
                # Not before the last day on which it paid, and then nor is the whole.
                paid_on = max(use.day for use in credit.uses if use.invoice is invoice)
                credit.pay(invoice, -back, max(on, paid_on))
        on = max(on, invoice.open_since)
        self._owe(invoice.account, on, "void", -invoice.balance())
        invoice.losses.append((on, invoice.balance()))
        invoice.is_void = True

    def write_off(self, invoice: Invoice, day: date | None) -> None:
        self._must(self.is_booked(invoice) and invoice.balance() > 0)
        on = self._since(invoice.open_since, day)
        self._owe(invoice.account, on, "write_off", -invoice.balance())
        invoice.losses.append((on, invoice.balance()))
        invoice.is_written_off = True

    # ---- What they come to ----------------------------------------------------------------------

    def is_booked(self, invoice: Invoice) -> bool:
        return not invoice.is_draft and not invoice.is_void

    def creditable(self, invoice: Invoice) -> Decimal:
        """What credit notes can still take back of an invoice: not what was written off, either."""
        taken = [each.amount for each in self.notes_of(invoice)]
        taken += [amount for _, amount in invoice.losses]
        return invoice.total - sum(taken, _NOTHING)

    def notes_of(self, invoice: Invoice) -> list[Credit]:
        """The credit notes that correct it."""
        return [each for each in self.credits if each.corrects is invoice]

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
            credit.pay(invoice, part, max(day, invoice.open_since))

    def _invoices(self, account: Account) -> list[Invoice]:
        return [each for each in self.invoices.values() if each.account == account]

    def _credits(self, account: Account) -> list[Credit]:
        return [each for each in self.credits if each.account == account]

    def _owe(self, account: Account, day: date, kind: str, amount: Decimal) -> None:
        self.rows.append(Owed(account, day, kind, amount))

    def _past(self, day: date | None) -> date:
        """That day, or today; refused when it is still to come."""
        self._must(day is None or day <= self.today)
        return day or self.today

    def _since(self, first: date, day: date | None) -> date:
        """That day, or today or a later first one; refused before the first and in closed books."""
        latest = max(first, self.today)
        self._must(day is None or first <= day <= latest)
        self._must_be_open(day or latest)
        return day or latest

    def _must_be_open(self, day: date) -> None:
        self._must(day > self.closed_until)

    def _must(self, condition: object) -> None:
        if not condition:
            raise Refused


def _bucket(due: date, as_of: date) -> str:
    days = (as_of - due).days
    return next((bucket for last, bucket in _BUCKETS if days <= last), "over_90")
