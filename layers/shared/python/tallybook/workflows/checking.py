"""Whether the steps of a workflow fit together; each mistake is named by its field."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any

from tallybook.errors import InvalidFields, TemplateNotFound
from tallybook.mail import templates
from tallybook.mail.checking import check as check_template
from tallybook.mail.rendering import Source, Unrenderable
from tallybook.mail.variables import NAMES
from tallybook.money import DECIMALS
from tallybook.workflows.kinds import Action
from tallybook.workflows.models import REMINDERS, LateFee, NewStep

type Mistake = tuple[str, str]  # a field, and what is wrong with it

_OF_ACTION: Mapping[Action, Collection[str]] = {
    "email": ("template",),
    "sms": ("text",),
    "task": ("text",),
    "call": ("text",),
    "late_fee": ("fee",),
    "suspend_services": (),
}
_WHEN_LATE: Collection[Action] = ("late_fee", "suspend_services")


def check(steps: Sequence[NewStep], stored: Sequence[Mapping[str, Any]] = ()) -> None:
    """`stored` are the steps that the workflow has. Raises `InvalidFields`.

    A read for each template of the firm's own that is named.
    """
    mistakes = [
        (f"steps.{place}.{field}", message)
        for place, step in enumerate(steps)
        for field, message in _mistakes(step)
    ]
    mistakes += _unlike(steps, {each["step_id"]: each["action"] for each in stored})
    if mistakes:
        raise InvalidFields(
            [{"type": "value_error", "loc": at.split("."), "msg": why} for at, why in mistakes]
        )


def _unlike(steps: Sequence[NewStep], actions: Mapping[str, str]) -> Iterator[Mistake]:
    """What was done of a step stays done, so it has to stay what it is."""
    seen: set[str] = set()
    for place, step in enumerate(steps):
        if step.step_id is None:
            continue
        if step.step_id not in actions:
            yield f"steps.{place}.step_id", "The workflow has no such step; leave it out of a new."
        elif step.step_id in seen:
            yield f"steps.{place}.step_id", "Another step of the list has it."
        elif step.action != actions[step.step_id]:
            why = f"This step is of the action {actions[step.step_id]}; for another make a new one."
            yield f"steps.{place}.action", why
        seen.add(step.step_id)


def _mistakes(step: NewStep) -> Iterator[Mistake]:
    for field in ("template", "text", "fee"):
        if getattr(step, field) is not None and field not in _OF_ACTION[step.action]:
            yield field, f"The action {step.action} has none."
    if step.action in _WHEN_LATE and step.days < 1:
        yield "days", f"The action {step.action} comes behind the due date: give 1 or more."
    if step.action == "late_fee":
        yield from _of_fee(step.fee)
    elif step.action == "sms":
        yield from _of_sms(step.text)
    elif step.action == "email" and step.template:
        yield from _of_template(step.template)


def _of_template(name: str) -> Iterator[Mistake]:
    try:
        kind = name if name in NAMES else templates.effective(name).kind
    except TemplateNotFound:
        yield "template", f"There is no e-mail template {name!r}."
    else:
        if kind not in REMINDERS:
            yield (
                "template",
                f"A reminder is written from one of {', '.join(REMINDERS)}, or from \
one that is based on these; {name} is about something else.",
            )


def _of_sms(text: str | None) -> Iterator[Mistake]:
    if text is None:
        yield "text", "An sms needs a text."
        return
    try:
        check_template(Source(name=REMINDERS[0], subject="SMS", text=text))
    except Unrenderable as error:
        yield "text", error.message


def _of_fee(fee: LateFee | None) -> Iterator[Mistake]:
    if fee is None:
        yield "fee", "A late fee needs an amount or a percentage."
        return
    if (fee.amount is None) == (fee.percent is None):
        yield "fee", "Give either an amount or a percentage."
    if fee.amount is not None and fee.currency is None:
        yield "fee.currency", "An amount needs a currency."
    for name in ("amount", "percent", "cap_amount", "cap_percent"):
        number = getattr(fee, name)
        if number is not None and not Decimal(number):
            yield f"fee.{name}", "This must be more than 0."
    for name in ("amount", "cap_amount"):
        amount = getattr(fee, name)
        if amount is not None and fee.currency and not _is_of(amount, fee.currency):
            yield f"fee.{name}", f"{amount} is not an amount of {fee.currency}."


def _is_of(amount: str, currency: str) -> bool:
    _, _, fraction = amount.partition(".")
    return not fraction[DECIMALS[currency] :].strip("0")
