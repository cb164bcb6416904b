"""Invoices, payments and credit notes in plain Python: see `billing_model`."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

type Account = tuple[str, str]  # client and currency

_NOTHING = Decimal(0)


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
    def open_since(self) -> date:
        """The day from which it can be paid: before it, nothing of it was open."""
        return max([self.issued, *(use.day for _, use in self.payments if use.amount < 0)])

    @property
    def last_day(self) -> date:
        days = [use.day for _, use in self.payments] + [day for day, _ in self.losses]
        return max([self.issued, *days])


@dataclass
class Credit:
    """A payment, or a credit note with the invoice that it corrects."""

    account: Account
    day: date
    amount: Decimal
    credit_id: str = ""  # once it is there
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
    def credited_on(self) -> date:
        """The last day on which credit came: its own, or one on which some was given back."""
        return max([self.day, *(use.day for use in self.uses if use.amount < 0)])

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
