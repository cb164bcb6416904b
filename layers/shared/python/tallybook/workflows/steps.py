"""Which steps an invoice has, and what was done of each. Pure."""

from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from tallybook.workflows.kinds import (
    Action,
    Mark,
    Person,
    Receivable,
    Situation,
    Step,
    Workflow,
)

MOST_MARKS = 400  # an invoice with more of them is chased no further: its item would not hold them

_MESSAGED = ("email", "sms", "task")  # a task in place of a message that nobody could be sent


def workflow_of(
    situation: Situation, receivable: Receivable, person: Person | None = None
) -> Workflow | None:
    """The nearest of an invoice's workflows that is active; for messages to a person, the person's.

    An invoice that names its own has it for everybody.
    """
    names = [receivable.workflow_id, person and person.workflow_id, situation.workflow_id]
    found = (situation.workflows.get(name) for name in names if name)
    return next((workflow for workflow in found if workflow), None)


def people_of(situation: Situation, channel: Action) -> list[Person]:
    """Whom messages of a channel go to."""
    return [each for each in situation.people if channel not in each.reached_through_others]


def steps_of(
    workflow: Workflow | None, actions: Sequence[Action] | None = None
) -> Iterator[tuple[int, Step]]:
    """The steps with their places; of these actions only, where they are given."""
    for place, step in enumerate(workflow.steps if workflow else ()):
        if actions is None or step.action in actions:
            yield place, step


def day_of(receivable: Receivable, step: Step) -> date:
    return receivable.due_date + timedelta(days=step.days)


def is_lapsed(receivable: Receivable, step: Step, today: date) -> bool:
    """Whether it would say that the invoice falls due soon, and it did."""
    return step.days < 0 and today > receivable.due_date


def mark_of(step: Step, person: Person | None = None, number: int | None = None) -> Mark:
    """The mark of a step: for a person, or the number of a fee's period, or neither."""
    of_whom = person.person_id if person else "" if number is None else str(number)
    return f"{step.step_id}#{of_whom}"


def is_marked(receivable: Receivable, mark: Mark) -> bool:
    """Whether that was dealt with; what staff want done after all ("again") was not."""
    return _what(receivable, mark) not in (None, "again")


def is_held(situation: Situation, receivable: Receivable, today: date) -> bool:
    """Whether nothing is done about the invoice: it is disputed, or promised to be paid."""
    return (
        receivable.is_disputed
        or is_full(receivable)
        or any(
            today <= pause.until
            and pause.currency == receivable.currency
            and (pause.invoice_ids is None or receivable.invoice_id in pause.invoice_ids)
            for pause in situation.pauses
        )
    )


def is_full(receivable: Receivable) -> bool:
    return len(receivable.marks) >= MOST_MARKS


def waiting_messages(
    workflow: Workflow | None, receivable: Receivable, person: Person, channel: Action
) -> Iterator[tuple[int, Step]]:
    """The messages that the person has not got for the invoice.

    One that lies before a message that was sent is none of them, unless staff want it.
    """
    steps = list(steps_of(workflow, (channel,)))
    whats = {step.step_id: _what(receivable, mark_of(step, person)) for _, step in steps}
    last = max(
        ((step.days, place) for place, step in steps if whats[step.step_id] in _MESSAGED),
        default=None,
    )
    for place, step in steps:
        what = whats[step.step_id]
        if what == "again" or (what is None and (last is None or (step.days, place) > last)):
            yield place, step


def _what(receivable: Receivable, mark: Mark) -> object:
    return receivable.marks.get(mark, {}).get("what")
