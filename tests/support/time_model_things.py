"""What the model of time is about: workflows, invoices, payments, promises. A day is the firm's."""

from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_DOWN, ROUND_HALF_UP, Decimal

NOTHING = Decimal(0)
_DECIMALS = {"EUR": 2, "JPY": 0, "KWD": 3}
MESSAGES = ("email", "sms")


def rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-_DECIMALS[currency]), ROUND_HALF_UP)


def cut(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(Decimal(1).scaleb(-_DECIMALS[currency]), ROUND_DOWN)


@dataclass(frozen=True)
class Fee:
    amount: Decimal | None = None
    currency: str | None = None
    percent: Decimal | None = None
    per: str = "once"
    cap_amount: Decimal | None = None
    cap_percent: Decimal | None = None


@dataclass(frozen=True)
class Step:
    name: str
    days: int
    action: str
    template: str | None = None
    fee: Fee | None = None


@dataclass
class Workflow:
    name: str
    steps: list[Step]
    is_active: bool = True


@dataclass
class Person:
    """A contact, or ("client") the client itself."""

    name: str
    email: str | None = None
    telephone: str | None = None
    is_primary: bool = False
    is_billing: bool = False
    workflow: str | None = None


@dataclass
class Mark:
    """What was done of a step: sent, task, fee, nothing, suspended, overtaken, missed, again, …"""

    what: str
    day: date
    own_date: bool = False


@dataclass
class Payment:
    name: str
    currency: str
    amount: Decimal
    day: date
    number: int  # in the order in which things happen
    is_reversed: bool = False


@dataclass
class Entry:
    """What a payment, or taking it back, did: to the client's account and to invoices."""

    day: date
    number: int
    currency: str
    amount: Decimal  # paid: positive
    parts: dict[str, Decimal] = field(default_factory=dict)


@dataclass
class Invoice:
    name: str
    currency: str
    issued: date
    due: date
    total: Decimal
    run: int
    workflow: str | None = None
    period: tuple[date, date] | None = None
    paid: dict[str, Decimal] = field(default_factory=dict)  # by payment
    fees: list[tuple[str, date, Decimal]] = field(default_factory=list)
    reopened: list[date] = field(default_factory=list)  # when payments were taken back
    marks: dict[str, Mark] = field(default_factory=dict)
    end: str | None = None  # void, written_off
    is_draft: bool = False
    is_disputed: bool = False
    waits: bool = False  # to be sent at the first moment at which the firm sends
    sent_on: date | None = None

    @property
    def late_fees(self) -> Decimal:
        return sum((amount for _, _, amount in self.fees), NOTHING)

    @property
    def open_since(self) -> date:
        """The day from which all that is unpaid was unpaid: nothing can pay it before."""
        return max([self.issued, *self.reopened, *(day for _, day, _ in self.fees)])

    @property
    def balance(self) -> Decimal:
        if self.end:
            return NOTHING
        return self.total + self.late_fees - sum(self.paid.values(), NOTHING)

    @property
    def is_open(self) -> bool:
        return not self.is_draft and self.balance > 0

    @property
    def status(self) -> str:
        if self.is_draft:
            return "draft"
        if self.end:
            return self.end
        if self.balance > 0:
            return "partially_paid" if any(self.paid.values()) else "open"
        return "paid"

    def undone(self, mark: str) -> bool:
        return mark not in self.marks or self.marks[mark].what == "again"


@dataclass
class Promise:
    name: str
    currency: str
    amount: Decimal
    until: date
    number: int
    invoices: frozenset[str] | None = None
    is_cancelled: bool = False
    is_told: bool = False

    def paid(self, entries: list[Entry]) -> Decimal:
        """What was paid of it: since it was made, dated in time."""
        found = NOTHING
        for each in entries:
            in_time = each.number > self.number and each.day <= self.until
            if in_time and each.currency == self.currency:
                if self.invoices is None:
                    found += each.amount
                else:
                    found += sum((each.parts.get(name, NOTHING) for name in self.invoices), NOTHING)
        return found

    def covers(self, invoice: Invoice) -> bool:
        if invoice.currency != self.currency:
            return False
        return self.invoices is None or invoice.name in self.invoices
