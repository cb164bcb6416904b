"""A firm twice: the model and the real code, and which is which. Its workflows and settings."""

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from itertools import count
from random import Random
from typing import Any

from tallybook.table import decode
from tests.simulation.stack import Stack
from tests.support.time_model import Firm
from tests.support.time_model_clients import Client, Missed
from tests.support.time_model_things import Fee, Step, Workflow

type Json = dict[str, Any]

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_FRIENDLY, _FIRM, _FINAL = "reminder_friendly", "reminder_firm", "reminder_final"
_PERCENT = Fee(percent=Decimal(2), per="month", cap_percent=Decimal(5))
_FIXED = Fee(amount=Decimal(40), currency="EUR")
_WEEKLY = Fee(percent=Decimal(1), per="week", cap_amount=Decimal(25))

WORKFLOWS = (
    Workflow(
        "standard",
        [
            Step("standard-1", -3, "email", _FRIENDLY),
            Step("standard-2", 3, "email", _FRIENDLY),
            Step("standard-3", 10, "email", _FIRM),
            Step("standard-4", 14, "late_fee", fee=_PERCENT),
            Step("standard-5", 15, "sms"),
            Step("standard-6", 20, "call"),
            Step("standard-7", 25, "email", _FINAL),
            Step("standard-8", 30, "suspend_services"),
            Step("standard-9", 45, "task"),
        ],
    ),
    Workflow(
        "strict",
        [
            Step("strict-1", 0, "email", _FRIENDLY),
            Step("strict-2", 2, "email", _FIRM),
            Step("strict-3", 5, "late_fee", fee=_FIXED),
            Step("strict-4", 5, "sms"),
            Step("strict-5", 10, "late_fee", fee=_WEEKLY),
            Step("strict-6", 14, "suspend_services"),
            Step("strict-7", 14, "call"),
            Step("strict-8", 14, "email", _FINAL),
        ],
    ),
    Workflow("gentle", [Step("gentle-1", 7, "email", _FRIENDLY), Step("gentle-2", 30, "task")]),
    Workflow(
        "personal",
        [
            Step("personal-1", 1, "sms"),
            Step("personal-2", 5, "email", _FIRM),
            Step("personal-3", 21, "email", _FINAL),
        ],
    ),
    Workflow("silent", []),
)


def request_of(step: Step, step_id: str | None = None) -> Json:
    """The step as it is entered."""
    body: Json = {"days": step.days, "action": step.action}
    if step_id:
        body["step_id"] = step_id
    if step.template:
        body["template"] = step.template
    if step.action == "sms":
        body["text"] = "Please pay {{ invoice.number }}"
    if fee := step.fee:
        names = ("amount", "percent", "cap_amount", "cap_percent")
        body["fee"] = {"per": fee.per} | {
            name: str(value) for name in names if (value := getattr(fee, name)) is not None
        }
        if fee.currency:
            body["fee"]["currency"] = fee.currency
    return body


@dataclass
class World:
    """The model, the real code, and which is which: ids by the names that the model gives."""

    firm: Firm
    stack: Stack
    random: Random
    ids: dict[str, str] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    numbers: Any = field(default_factory=lambda: count(1))

    def known(self, name: str, identifier: str) -> None:
        self.ids[name], self.names[identifier] = identifier, name

    def see(self, item: Json) -> None:
        """Learn which invoice is which from what is written."""
        if item["sk"]["S"].startswith("INVOICE#") and "from_recurring" in item:
            of = decode(item["from_recurring"])
            name = f"{self.names[of['recurring_id']]}/{of['date']}"
            self.known(name, item["sk"]["S"].removeprefix("INVOICE#"))

    def mark(self, stored: str) -> str:
        """A mark of an invoice, with the model's names."""
        step_id, _, rest = stored.partition("#")
        return f"{self.names[step_id]}#{self.names.get(rest, rest)}"

    def missed(self, missed_id: str) -> Missed:
        day, kind, ref = missed_id.replace("#", ".").split(".", 2)
        if kind == "recurring":
            return Missed(kind, date.fromisoformat(day), self.names[ref])
        invoice_id, _, mark = ref.partition("~")
        mark = self.mark(mark.replace(".", "#", 1))
        return Missed(kind, date.fromisoformat(day), self.names[invoice_id], mark)

    def path(self, client: Client) -> str:
        return f"/v1/clients/{self.ids[client.name]}"

    def post(self, client: Client, path: str, body: Any = None) -> Any:
        return self.stack.ask("POST", f"{self.path(client)}/{path}", body).body

    def named(self, what: str) -> str:
        return f"{what}{next(self.numbers)}"

    def happens(self, chance: float) -> bool:
        return self.random.random() < chance


def found_firm(world: World) -> None:
    """The settings and the workflows."""
    sending = world.firm.sending
    hours = {"days": [_DAYS[day] for day in sorted(sending.weekdays)]}
    hours["holidays"] = [day.isoformat() for day in sorted(sending.holidays)]
    body: Json = {"time_zone": world.firm.zone, "sending": hours, "currency": "EUR"}
    if sending.begin and sending.end:
        body["sending"] |= {"from": f"{sending.begin:%H:%M}", "until": f"{sending.end:%H:%M}"}
    world.stack.ask("PATCH", "/v1/settings", body)
    for each in WORKFLOWS:
        steps = [request_of(step) for step in each.steps]
        made = world.stack.ask("POST", "/v1/workflows", {"name": each.name, "steps": steps}).body
        workflow = Workflow(each.name, list(each.steps))
        world.firm.workflows[each.name] = workflow
        world.known(each.name, made["workflow_id"])
        for step, answer in zip(each.steps, made["steps"], strict=True):
            world.known(step.name, answer["step_id"])
    world.firm.workflow = "standard"
    world.stack.ask("PATCH", "/v1/settings", {"workflow_id": world.ids["standard"]})
