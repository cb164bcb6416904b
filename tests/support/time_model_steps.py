"""What of its workflow is due for an invoice, in the model of time.

Written from the text of issue 6's semantics (docs/workflows.md), rules 1 to 11.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from tests.support.time_model_clients import Client
from tests.support.time_model_dates import months_later
from tests.support.time_model_things import (
    NOTHING,
    Fee,
    Invoice,
    Person,
    Step,
    Workflow,
    cut,
    rounded,
)

type Workflows = Mapping[str, Workflow]


@dataclass(frozen=True)
class Duty:
    """One mark of an invoice that is due: since when, of which step, for whom."""

    day: date
    step: Step
    mark: str
    person: Person | None = None


def nearest(workflows: Workflows, *names: str | None) -> Workflow | None:
    """The first of those that is there and active."""
    for name in names:
        if name and name in workflows and workflows[name].is_active:
            return workflows[name]
    return None


def held(client: Client, invoice: Invoice, today: date) -> bool:
    """Whether nothing is done of the invoice: disputed, or covered by a pending promise."""
    return invoice.is_disputed or any(
        promise.covers(invoice)
        for promise in client.promises.values()
        if today <= promise.until
        and not promise.is_cancelled
        and promise.paid(client.entries) < promise.amount
    )


def without_person(
    client: Client, invoice: Invoice, workflow: Workflow | None, today: date
) -> Iterator[Duty]:
    """Fees, suspensions, tasks and calls."""
    for step in workflow.steps if workflow else ():
        first = invoice.due + timedelta(step.days)
        if step.action == "late_fee" and step.fee and client.late_fees:
            if step.fee.currency not in (None, invoice.currency):
                continue
            for number, day in periods(step.fee, first, today):
                if invoice.undone(mark := f"{step.name}#{number}"):
                    yield Duty(day, step, mark)
        elif step.action in ("task", "call", "suspend_services") and first <= today:
            mark = f"{step.name}#"
            yield from [Duty(first, step, mark)] if invoice.undone(mark) else []


def periods(fee: Fee, first: date, today: date) -> Iterator[tuple[int, date]]:
    """The periods of a late fee that have begun."""
    number, day = 0, first
    while day <= today:
        yield number, day
        if fee.per == "once":
            return
        number += 1
        day = first + timedelta(7 * number) if fee.per == "week" else months_later(first, number)


def messages(
    invoice: Invoice,
    person: Person,
    workflow: Workflow | None,
    today: date,
    channels: Iterable[str],
) -> tuple[list[Duty], list[str]]:
    """What goes to a person, at most one message of each channel; and the marks that it overtakes.

    A step before the due date lapses behind it.
    """
    sent: list[Duty] = []
    overtaken: list[str] = []
    for channel in channels:
        due: list[Duty] = []
        for step in workflow.steps if workflow else ():
            day, mark = invoice.due + timedelta(step.days), f"{step.name}#{person.name}"
            if step.action != channel or day > today or not invoice.undone(mark):
                continue
            if step.days < 0 and today > invoice.due:
                overtaken.append(mark)
            else:
                due.append(Duty(day, step, mark, person))
        if due:
            latest = max(range(len(due)), key=lambda n: (due[n].day, n))
            sent.append(due.pop(latest))
            overtaken += [each.mark for each in due]
    return sent, overtaken


def fee_of(fee: Fee, invoice: Invoice) -> Decimal:
    """What a late fee comes to now, cut at its caps."""
    base = max(invoice.balance - invoice.late_fees, NOTHING)
    wanted = base * (fee.percent or NOTHING) / 100 if fee.amount is None else fee.amount
    amount = rounded(wanted, invoice.currency)
    caps = [cap for cap in (fee.cap_amount,) if cap is not None]
    if fee.cap_percent is not None:
        caps.append(cut(invoice.total * fee.cap_percent / 100, invoice.currency))
    for cap in caps:
        amount = min(amount, max(cap - invoice.late_fees, NOTHING))
    return amount


def grouped(
    duties: Iterable[tuple[Invoice, Duty]],
) -> dict[tuple[str, str | None], list[tuple[Invoice, Duty]]]:
    """By step and person."""
    found: dict[tuple[str, str | None], list[tuple[Invoice, Duty]]] = {}
    for invoice, duty in duties:
        key = duty.step.name, duty.person.name if duty.person else None
        found.setdefault(key, []).append((invoice, duty))
    return found
