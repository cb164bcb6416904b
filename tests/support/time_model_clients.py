"""Clients of the model of time, and what they have. Days are days where the firm is."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from tests.support.time_model_dates import ONE_DAY, Schedule
from tests.support.time_model_things import Entry, Invoice, Payment, Person, Promise, rounded


@dataclass
class Service:
    name: str
    paid_through: date | None = None
    suspended: str | None = None  # why


@dataclass
class Recurring:
    name: str
    schedule: Schedule
    net: Decimal
    tax_rate: Decimal
    currency: str
    due_days: int | None = None
    workflow: str | None = None
    is_deleted: bool = False
    is_finalized: bool = True
    is_sent: bool = True
    covers: str = "coming"
    status: str = "active"
    last: date | None = None
    made: int = 0
    until: date | None = None
    catches_up: bool = False
    periods: dict[date, tuple[date, date]] = field(default_factory=dict)
    """What those that were missed are for: as it was then."""

    @property
    def total(self) -> Decimal:
        return self.net + rounded(self.net * self.tax_rate / 100, self.currency)

    def next_date(self) -> date | None:
        """The next period, whether it is paused or not; None: it is over."""
        day, schedule = self.schedule.behind(self.last), self.schedule
        over = (schedule.count is not None and self.made >= schedule.count) or (
            schedule.end is not None and day > schedule.end
        )
        return None if over else day

    def period(self, day: date) -> tuple[date, date]:
        if self.covers == "coming":
            return day, self.schedule.behind(day) - ONE_DAY
        return self.schedule.before(day), day - ONE_DAY


@dataclass(frozen=True)
class Missed:
    """What was not done: a period of a recurring invoice, or a step of an invoice."""

    kind: str
    day: date
    of: str  # the recurring invoice, or the invoice
    mark: str | None = None


@dataclass
class Client:
    name: str
    currency: str = "EUR"
    terms: int = 30
    late_fees: bool = True
    reminders: bool = True
    is_printed: bool = False
    email: str | None = None
    telephone: str | None = None
    workflow: str | None = None
    is_suspended: bool = False
    contacts: list[Person] = field(default_factory=list)
    recurring: dict[str, Recurring] = field(default_factory=dict)
    invoices: dict[str, Invoice] = field(default_factory=dict)
    payments: dict[str, Payment] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    promises: dict[str, Promise] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    missed: set[Missed] = field(default_factory=set)

    def people(self) -> list[Person]:
        """Whom reminders go to."""
        chosen = [each for each in self.contacts if each.is_primary or each.is_billing]
        reached = [each for each in chosen if each.email or each.telephone]
        reached.sort(key=lambda each: not each.is_primary)
        return reached or [Person("client", self.email, self.telephone)]

    def gets_it_twice(self, person: Person, channel: str) -> bool:
        """Whether somebody before that person has the same address, or number."""
        people = self.people()
        before = people[: people.index(person)]
        if channel == "sms":
            return person.telephone is not None and person.telephone in [
                each.telephone for each in before
            ]
        is_mailed = person.email is not None and not self.is_printed
        return is_mailed and person.email in [each.email for each in before]

    def of_papers(self) -> list[str]:
        """The addresses that invoices go to."""
        if self.is_printed:
            return []
        chosen = [each for each in self.contacts if each.is_primary or each.is_billing]
        found = list(dict.fromkeys(each.email for each in chosen if each.email))
        return found or ([self.email] if self.email else [])

    def open_invoices(self) -> list[Invoice]:
        return sorted(self._open(), key=lambda each: (each.due, each.name))

    def _open(self) -> Iterator[Invoice]:
        return (each for each in self.invoices.values() if each.is_open)

    def is_overdue(self, today: date) -> bool:
        return any(each.due < today for each in self._open())


@dataclass(frozen=True)
class Told:
    """An entry of the model's diary: what the system did by itself."""

    what: str  # email, sms, task, call, print, invoice mail, suspended, reinstated
    client: str
    day: date
    to: str | None = None
    step: str | None = None
    invoices: frozenset[str] = frozenset()
    at: datetime | None = field(default=None, compare=False)
