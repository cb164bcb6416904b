"""What the workflows of a client do, and when. Pure; docs/workflows.md says it for people.

A step falls due some days behind an invoice's due date. What is done of it is marked on the
invoice; what is held back is not, so it is done when the reason ends.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from decimal import Decimal
from itertools import batched

from tallybook.workflows import fees
from tallybook.workflows.kinds import (
    Action,
    Due,
    Mark,
    Person,
    Receivable,
    Situation,
    Step,
    Workflow,
)
from tallybook.workflows.steps import (
    day_of,
    is_full,
    is_held,
    is_lapsed,
    is_marked,
    mark_of,
    people_of,
    steps_of,
    waiting_messages,
    workflow_of,
)

__all__ = ["MOST_INVOICES", "after", "due", "is_marked", "mark_of", "next_day", "workflow_of"]

MOST_INVOICES = 30  # of a message, or a task

_MESSAGES: tuple[Action, ...] = ("email", "sms")
_ONE_DAY = timedelta(days=1)


def due(situation: Situation, today: date, *, may_send: bool) -> list[Due]:
    """What is to be done, in its order: the first one is done, and the planner asked again.

    Without `may_send` the messages wait. Fees come first, so that a reminder shows them.
    """
    live = [each for each in _in_order(situation) if not is_held(situation, each, today)]
    found = list(_fees(situation, live, today)) if situation.late_fees else []
    found += _suspensions(situation, live, today)
    found += _errands(situation, live, today, ("task", "call"))
    if may_send and situation.reminders:
        for channel in _MESSAGES:
            found += _messages(situation, live, today, channel)
    return found


def after(situation: Situation, done: Due, today: date) -> Situation:
    """The situation when that was done: for looking ahead."""
    marks = {} if done.leaves_open else done.marks
    stamped = {"on": today.isoformat(), "what": done.step.action}
    passed = {"on": today.isoformat(), "what": "overtaken"}
    concerned = {each.invoice_id for each in done.receivables}
    fee, left = done.fee or Decimal(0), situation.paid_through
    if done.step.action == "suspend_services":
        left = [day for day in left if day is not None and day >= today]

    def changed(each: Receivable) -> Receivable:
        new = dict.fromkeys(marks.get(each.invoice_id, ()), stamped)
        new |= dict.fromkeys(done.overtaken.get(each.invoice_id, ()), passed)
        return replace(
            each,
            marks={**each.marks, **new},
            balance=each.balance + fee,
            total=each.total + fee,
            late_fees=each.late_fees + fee,
        )

    return replace(
        situation,
        paid_through=left,
        receivables=[
            changed(each) if each.invoice_id in concerned else each
            for each in situation.receivables
        ],
    )


def next_day(situation: Situation, today: date) -> date | None:
    """The first day behind `today` on which something may have to be done; None: none is known."""
    days = {pause.until + _ONE_DAY for pause in situation.pauses if pause.until >= today}
    for each in situation.receivables:
        if not (each.is_disputed or is_full(each)):
            days.update(_days_of(situation, each, today))
    return min(days, default=None)


@dataclass
class _Group:
    """The invoices for which one step is due, for one person or none."""

    workflow: Workflow
    step: Step
    place: int  # of the step in its workflow
    person: Person | None = None
    receivables: list[Receivable] = field(default_factory=list)
    overtaken: dict[str, list[Mark]] = field(default_factory=dict)

    def dues(self) -> Iterator[tuple[date, int, Due]]:
        mark = mark_of(self.step, self.person)
        for part in batched(self.receivables, MOST_INVOICES, strict=False):
            day, ids = day_of(part[0], self.step), [each.invoice_id for each in part]
            yield (
                day,
                self.place,
                Due(
                    workflow_id=self.workflow.workflow_id,
                    step=self.step,
                    day=day,
                    person=self.person,
                    receivables=part,
                    marks={each: [mark] for each in ids},
                    overtaken={each: self.overtaken[each] for each in ids if self.overtaken[each]},
                ),
            )


def _in_order(situation: Situation) -> list[Receivable]:
    return sorted(situation.receivables, key=lambda each: (each.due_date, each.invoice_id))


def _fees(situation: Situation, live: Iterable[Receivable], today: date) -> Iterator[Due]:
    """The fees that fell due, the oldest first; each counts those before it towards its cap."""
    found = []
    for each in live:
        for place, step in steps_of(workflow_of(situation, each), ("late_fee",)):
            if step.fee and fees.concerns(step.fee, each):
                found += [
                    (day, place, each, step, number)
                    for number, day in fees.periods(step.fee, day_of(each, step), today)
                    if not is_marked(each, mark_of(step, number=number))
                ]
    booked: dict[str, Decimal] = {}
    for day, _, each, step, number in sorted(found, key=lambda one: one[:2]):
        before = booked.get(each.invoice_id, Decimal(0))
        fee = fees.amount(step.fee, each, before) if step.fee else Decimal(0)
        booked[each.invoice_id] = before + fee
        workflow = workflow_of(situation, each)
        yield Due(
            workflow_id=workflow.workflow_id if workflow else "",
            step=step,
            day=day,
            person=None,
            receivables=[each],
            marks={each.invoice_id: [mark_of(step, number=number)]},
            fee=fee,
        )


def _suspensions(situation: Situation, live: Iterable[Receivable], today: date) -> list[Due]:
    """Services are suspended when nothing is paid in advance any more, the others later."""
    paid = [day for day in situation.paid_through if day is not None and day >= today]
    if paid and len(paid) == len(situation.paid_through):
        return []
    found = _errands(situation, live, today, ("suspend_services",))
    return [replace(each, leaves_open=bool(paid)) for each in found]


def _errands(
    situation: Situation, live: Iterable[Receivable], today: date, actions: Sequence[Action]
) -> list[Due]:
    """What is done once for an invoice, whoever its people are: each step that is due."""
    groups: dict[str, _Group] = {}
    for each in live:
        workflow = workflow_of(situation, each)
        for place, step in steps_of(workflow, actions):
            if workflow and day_of(each, step) <= today and not is_marked(each, mark_of(step)):
                group = groups.setdefault(step.step_id, _Group(workflow, step, place))
                group.receivables.append(each)
                group.overtaken[each.invoice_id] = []
    return _sorted(groups)


def _messages(
    situation: Situation, live: Iterable[Receivable], today: date, channel: Action
) -> list[Due]:
    """For each invoice and person the last message that is due; it overtakes those before it."""
    groups: dict[tuple[str, str], _Group] = {}
    for each in live:
        for person in people_of(situation, channel):
            workflow = workflow_of(situation, each, person)
            waiting = list(waiting_messages(workflow, each, person, channel))
            ready = [
                (place, step)
                for place, step in waiting
                if day_of(each, step) <= today and not is_lapsed(each, step, today)
            ]
            if workflow is None or not ready:
                continue
            place, step = max(ready, key=lambda one: (one[1].days, one[0]))
            key = step.step_id, person.person_id
            group = groups.setdefault(key, _Group(workflow, step, place, person))
            group.receivables.append(each)
            group.overtaken[each.invoice_id] = [
                mark_of(other, person)
                for _, other in waiting
                if other.step_id != step.step_id and day_of(each, other) <= today
            ]
    return _sorted(groups)


def _days_of(situation: Situation, receivable: Receivable, today: date) -> Iterator[date]:
    """The days behind `today` on which a step of the invoice falls due."""
    for _, step in steps_of(workflow_of(situation, receivable)):
        yield from _days_of_step(situation, receivable, step, today)
    for channel in _MESSAGES if situation.reminders else ():
        for person in people_of(situation, channel):
            workflow = workflow_of(situation, receivable, person)
            for _, step in waiting_messages(workflow, receivable, person, channel):
                if (day := day_of(receivable, step)) > today:
                    yield day


def _days_of_step(
    situation: Situation, receivable: Receivable, step: Step, today: date
) -> Iterator[date]:
    """The same of a step that is no message."""
    first = day_of(receivable, step)
    if step.fee:
        if situation.late_fees and fees.concerns(step.fee, receivable):
            coming = fees.period_after(step.fee, first, today)
            yield from (coming[1],) if coming else ()
    elif step.action not in _MESSAGES and not is_marked(receivable, mark_of(step)):
        if first > today:
            yield first
        elif step.action == "suspend_services":
            paid = (day for day in situation.paid_through if day is not None)
            yield from (day + _ONE_DAY for day in paid if day >= today)


def _sorted[K](groups: Mapping[K, _Group]) -> list[Due]:
    found = [each for group in groups.values() for each in group.dues()]
    return [each for _, _, each in sorted(found, key=lambda one: one[:2])]
