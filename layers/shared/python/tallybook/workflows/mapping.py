"""Workflows between the API, the table, and what plans what is due."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from tallybook.dates import timestamp
from tallybook.ids import new_id
from tallybook.models import trusted
from tallybook.text import sort_key
from tallybook.workflows.kinds import Fee, Step, Workflow
from tallybook.workflows.models import (
    REMINDERS,
    LateFee,
    NewStep,
    NewWorkflow,
    WorkflowAnswer,
    WorkflowRow,
    WorkflowStep,
)
from tallybook.workflows.records import WorkflowRecord

LISTING = "WORKFLOWS"
_FEE_NUMBERS = ("amount", "percent", "cap_amount", "cap_percent")


def key(workflow_id: str) -> tuple[str, str]:
    return f"WORKFLOW#{workflow_id}", "WORKFLOW"


def id_of(record: WorkflowRecord) -> str:
    return record.pk.removeprefix("WORKFLOW#")


def new_record(workflow_id: str, new: NewWorkflow, *, at: datetime) -> WorkflowRecord:
    record = WorkflowRecord(*key(workflow_id), listing_pk=LISTING, version=1)
    record.row = {"workflow_id": workflow_id, "created_at": timestamp(at)}
    enter(record, new, at=at)
    return record


def enter(record: WorkflowRecord, new: NewWorkflow, *, at: datetime) -> None:
    """Put what was entered into the record. Steps that are new get their ids."""
    steps = [each.model_dump(mode="json", exclude_none=True) for each in new.steps]
    record.steps = [{"step_id": new_id(at), **each} for each in steps]
    record.row = record.row | {"name": new.name, "active": new.active, "steps": len(steps)}
    record.listing_sk = f"{sort_key(new.name)}#{id_of(record)}"
    record.updated_at = timestamp(at)


def entered(record: WorkflowRecord) -> dict[str, Any]:
    """What was entered about the workflow, as the document that a merge patch changes."""
    return {
        "name": record.row["name"],
        "active": record.row["active"],
        "steps": record.steps,
    }


def to_answer(record: WorkflowRecord) -> WorkflowAnswer:
    return WorkflowAnswer.model_construct(
        workflow_id=id_of(record),
        name=record.row["name"],
        active=record.row["active"],
        steps=[_step_shown(each) for each in record.steps],
        created_at=datetime.fromisoformat(record.row["created_at"]),
        updated_at=datetime.fromisoformat(record.updated_at),
        version=int(record.version),
    )


def to_row(row: Mapping[str, Any]) -> WorkflowRow:
    created_at = datetime.fromisoformat(row["created_at"])
    return WorkflowRow.model_construct(**{**row, "created_at": created_at})


def to_workflow(record: WorkflowRecord) -> Workflow:
    """The workflow that plans what is due; each email with the template it is written from."""
    return Workflow(
        workflow_id=id_of(record), name=record.row["name"], steps=to_steps(record.steps)
    )


def to_steps(stored: Sequence[Mapping[str, Any]]) -> list[Step]:
    """The steps of a record. An email that names no template has the next sharper reminder."""
    defaults = _default_templates(stored)
    return [
        Step(
            step_id=each["step_id"],
            days=int(each["days"]),
            action=each["action"],
            template=each.get("template") or defaults.get(place),
            text=each.get("text"),
            fee=_fee(each["fee"]) if "fee" in each else None,
        )
        for place, each in enumerate(stored)
    ]


def _default_templates(steps: Sequence[Mapping[str, Any]]) -> dict[int, str]:
    """By place in the list: the first email behind the due date is friendly, the third is final."""
    emails = [(int(each["days"]), place) for place, each in enumerate(steps)
              if each["action"] == "email"]  # fmt: skip
    late = sorted(each for each in emails if each[0] > 0)
    early = {place: REMINDERS[0] for days, place in emails if days <= 0}
    last = len(REMINDERS) - 1
    return early | {place: REMINDERS[min(nth, last)] for nth, (_, place) in enumerate(late)}


def _fee(stored: Mapping[str, Any]) -> Fee:
    numbers = {name: Decimal(stored[name]) for name in _FEE_NUMBERS if name in stored}
    return Fee(currency=stored.get("currency"), per=stored["per"], **numbers)


def _step_shown(stored: Mapping[str, Any]) -> WorkflowStep:
    fee = stored.get("fee")
    nothing = dict.fromkeys(NewStep.model_fields)
    shown = trusted(LateFee, dict.fromkeys(LateFee.model_fields) | fee) if fee else None
    return trusted(WorkflowStep, {**nothing, **stored, "days": int(stored["days"]), "fee": shown})
