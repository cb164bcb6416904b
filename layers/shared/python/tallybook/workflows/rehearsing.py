"""What a workflow would do about a client's open invoices, before anybody has it."""

from dataclasses import replace
from datetime import datetime, timedelta

from tallybook.chasing.seeing import Seen, see
from tallybook.ids import new_id
from tallybook.workflows import store
from tallybook.workflows.ahead import ahead
from tallybook.workflows.checking import check
from tallybook.workflows.kinds import Due, Situation, Workflow
from tallybook.workflows.mapping import to_steps
from tallybook.workflows.models import NewStep, Outlook, StepsToRehearse
from tallybook.workflows.outlook import outset, told
from tallybook.workflows.telling import Teller


def rehearse(workflow_id: str, wanted: StepsToRehearse, *, at: datetime) -> Outlook:
    """What the workflow would do if it were everybody's, nobody paid, and nothing else came.

    What other workflows have done stays done where the steps are the same. Nothing is written.
    Raises `WorkflowNotFound`, `ClientNotFound`, and `InvalidFields` for steps that don't fit.
    """
    stored = store.current(workflow_id)
    saved = {each["step_id"] for each in stored.steps}
    steps = stored.steps
    if wanted.steps is not None:
        check(wanted.steps, stored.steps)
        steps = [_with_id(each, at) for each in wanted.steps]
    seen = see(wanted.client_id, at)
    workflow = Workflow(workflow_id=workflow_id, name=stored.row["name"], steps=to_steps(steps))
    until = seen.today + timedelta(days=wanted.days - 1)
    foreseen = ahead(outset(seen, _everybodys(workflow, seen)), until)
    steps_alone = (each for each in foreseen if isinstance(each.event, Due))
    return told(steps_alone, Teller(seen, saved), until, complete=True)


def _with_id(step: NewStep, at: datetime) -> dict[str, object]:
    stored = step.model_dump(mode="json", exclude_none=True)
    return {"step_id": new_id(at), **stored}


def _everybodys(workflow: Workflow, seen: Seen) -> Situation:
    """The situation in which nobody has another workflow."""
    now = seen.situation
    return replace(
        now,
        workflow_id=workflow.workflow_id,
        workflows={workflow.workflow_id: workflow},
        people=[replace(each, workflow_id=None) for each in now.people],
        receivables=[replace(each, workflow_id=None) for each in now.receivables],
    )
