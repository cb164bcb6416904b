"""Workflows to begin with. Pure."""

from collections.abc import Mapping

from tallybook.errors import InvalidField
from tallybook.workflows.models import NewStep, NewWorkflow, Preset, WorkflowToMake

_STANDARD = NewWorkflow(
    name="Standard",
    steps=[
        NewStep(days=3, action="email", template="reminder_friendly"),
        NewStep(days=14, action="email", template="reminder_firm"),
        NewStep(days=21, action="call", text="Ask when the payment can be expected."),
        NewStep(days=28, action="email", template="reminder_final"),
        NewStep(days=42, action="task", text="Decide: pay by instalments, agency, or court?"),
    ],
)
PRESETS: Mapping[Preset, NewWorkflow] = {"standard": _STANDARD}


def chosen(wanted: WorkflowToMake) -> NewWorkflow:
    """What was asked for. Raises `InvalidField` for what is missing, or too much."""
    if wanted.preset is None:
        if wanted.name is None:
            raise InvalidField("name", "A workflow that is no preset needs a name.")
        return NewWorkflow(name=wanted.name, active=wanted.active, steps=wanted.steps or [])
    if wanted.steps is not None:
        raise InvalidField("steps", "A preset has its own steps; change them afterwards.")
    preset = PRESETS[wanted.preset]
    named = {"name": wanted.name or preset.name, "active": wanted.active}
    return preset.model_copy(update=named)
