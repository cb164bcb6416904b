"""What will happen with a client, day by day, if nobody pays and nobody changes anything.

Nothing is read: the planner itself is asked, on a copy of the situation to which all is done that
it plans. Days on which nothing can happen are passed over.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from itertools import takewhile

from tallybook.agenda import start_of
from tallybook.dates import today as day_at
from tallybook.settings.kinds import SendingHours
from tallybook.settings.rules import sends_at
from tallybook.workflows import rules
from tallybook.workflows.kinds import Due, Receivable, Situation

_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, kw_only=True)
class Hours:
    """When the firm sends, and where it is."""

    sending: SendingHours
    time_zone: str

    def sends_at(self, at: datetime) -> datetime:
        return sends_at(self.sending, self.time_zone, at)

    def day_of(self, at: datetime) -> date:
        return day_at(at, self.time_zone)

    def start_of(self, day: date) -> datetime:
        return start_of(day, self.time_zone)


@dataclass(frozen=True, kw_only=True)
class Coming:
    """A run of a recurring invoice. `receivable` None: nothing comes to be owed, say of a draft."""

    recurring_id: str
    day: date  # on which it is made
    date: date  # that it is of: an earlier one, where it is made up for
    currency: str
    total: str
    receivable: Receivable | None
    to: Sequence[str] = ()  # whom it is sent to
    waits: bool = True  # for the hours at which the firm sends
    note: str | None = None  # what remains to be done by people, or why it is not made
    missed: bool = False  # it cannot be made


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """An invoice whose mail waits for the hours at which mail is sent."""

    invoice_id: str
    to: Sequence[str]
    receivable: Receivable | None = None  # where a recurring invoice will make it


@dataclass(frozen=True, kw_only=True)
class PromiseEnd:
    """A promise that nobody keeps: broken on the day behind its own."""

    promise_id: str
    day: date
    currency: str
    amount: str
    invoice_ids: Sequence[str] = ()


type Event = Due | Coming | Waiting | PromiseEnd


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """What will happen, and when: a moment of the day on which it does."""

    at: datetime
    day: date
    event: Event


@dataclass(frozen=True, kw_only=True)
class Outset:
    """How everything stands at a moment. `suspended`: nothing is done, all of it is noted down."""

    at: datetime
    situation: Situation
    hours: Hours
    coming: Sequence[Coming] = ()
    waiting: Sequence[Waiting] = ()
    promises: Sequence[PromiseEnd] = ()
    suspended: bool = False


def ahead(outset: Outset, until: date) -> Iterator[Foreseen]:
    """Everything up to the end of the day `until`, in the order in which it happens."""
    look = _Look(outset)
    moment: datetime | None = outset.at
    while moment is not None and look.hours.day_of(moment) <= until:
        yield from look.at(moment)
        moment = look.next_moment(moment)


class _Look:
    """The copy of the situation, as it stands at the moment that is looked at."""

    def __init__(self, outset: Outset) -> None:
        self.hours, self.situation = outset.hours, outset.situation
        self._suspended = outset.suspended
        self._coming = sorted(outset.coming, key=lambda each: each.day)
        self._promises = sorted(outset.promises, key=lambda each: each.day)
        self._waiting = list(outset.waiting)

    def at(self, moment: datetime) -> Iterator[Foreseen]:
        """What happens at a moment."""
        day = self.hours.day_of(moment)
        may_send = self._suspended or self.hours.sends_at(moment) == moment
        events: list[Event] = [*self._broken(day), *self._made(day)]
        for event in (*events, *self._mailed(may_send=may_send)):
            yield Foreseen(at=moment, day=day, event=event)
        while dues := self._due(day, may_send=may_send):
            for due in _independent(dues):
                if not self._is_idle(due, day):
                    yield Foreseen(at=moment, day=day, event=due)
                self._do(due, day)

    def next_moment(self, moment: datetime) -> datetime | None:
        """The first moment behind that at which something may happen; None: nothing any more."""
        day = self.hours.day_of(moment)
        moments = [self.hours.start_of(each) for each in self._days(day)]
        sends = self.hours.sends_at(moment)
        if sends > moment and (self._waiting or self._due(day, may_send=True)):
            moments.append(sends)
        return min(moments, default=None)

    def _days(self, day: date) -> Iterator[date]:
        if (following := rules.next_day(self.situation, day)) is not None:
            yield following
        for first in (self._coming[:1], self._promises[:1]):
            yield from (max(each.day, day + _ONE_DAY) for each in first)

    def _broken(self, day: date) -> Iterator[PromiseEnd]:
        while self._promises and self._promises[0].day <= day:
            yield self._promises.pop(0)

    def _made(self, day: date) -> Iterator[Coming]:
        while self._coming and self._coming[0].day <= day:
            run = self._coming.pop(0)
            yield run
            if self._suspended or run.receivable is None:
                continue
            owed = [*self.situation.receivables, run.receivable]
            self.situation = replace(self.situation, receivables=owed)
            if run.to and run.waits:
                invoice = run.receivable
                self._waiting.append(
                    Waiting(invoice_id=invoice.invoice_id, to=run.to, receivable=invoice)
                )

    def _mailed(self, *, may_send: bool) -> Iterator[Waiting]:
        if may_send and not self._suspended:
            yield from self._waiting
            self._waiting = []

    def _due(self, day: date, *, may_send: bool) -> list[Due]:
        return rules.due(self.situation, day, may_send=may_send)

    def _is_idle(self, due: Due, day: date) -> bool:
        """Whether nothing comes of it: a fee beyond the cap, or no service that is active."""
        if due.step.action != "suspend_services" or self._suspended:
            return due.fee == 0
        return not any(paid is None or paid < day for paid in self.situation.paid_through)

    def _do(self, due: Due, day: date) -> None:
        if not self._suspended:
            self.situation = rules.after(self.situation, due, day)
            return
        # Of a suspended client it is only noted down: no fee is booked, and no service stopped.
        noted = rules.after(self.situation, replace(due, fee=None, leaves_open=False), day)
        self.situation = replace(noted, paid_through=self.situation.paid_through)


def _independent(dues: Sequence[Due]) -> Iterable[Due]:
    """The first ones, of which none changes whether or how another is due: those of one kind."""
    first = dues[0].step.action
    if first == "suspend_services":  # the next may find none that it can suspend
        return dues[:1]
    return takewhile(lambda each: each.step.action == first, dues)
