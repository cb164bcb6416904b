"""Workflows as the API takes and gives them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, StringConstraints

from tallybook.dates import Timestamp
from tallybook.forms import Percent, Positive
from tallybook.ids import Ulid
from tallybook.models import ApiModel, Patch
from tallybook.money import CurrencyCode
from tallybook.text import ShortLine, Text
from tallybook.workflows.kinds import Action, Rhythm

MOST_STEPS = 20

type Preset = Literal["standard"]
REMINDERS = ("reminder_friendly", "reminder_firm", "reminder_final")  # ever sharper

TemplateName = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$"),
    Field(examples=["reminder_friendly"]),
]
_LONGEST_SMS = 1_600  # bytes of UTF-8 that SNS takes


def _short_enough(text: str) -> str:
    if len(text.encode()) > _LONGEST_SMS:
        raise ValueError(f"can have {_LONGEST_SMS:,} bytes of UTF-8")
    return text


class LateFee(ApiModel):
    """What is charged: an amount, or a percentage of what is unpaid beside earlier late fees."""

    amount: Positive | None = Field(default=None, examples=["40.00"])
    currency: CurrencyCode | None = Field(
        default=None, examples=["EUR"], description="Of the amount; invoices in others have no fee."
    )
    percent: Percent | None = Field(default=None, examples=["1.5"])
    per: Rhythm = Field(default="once", description="How often, while the invoice is open.")
    cap_amount: Positive | None = Field(
        default=None,
        examples=["120.00"],
        description="The most that all late fees of an invoice come to, in its currency.",
    )
    cap_percent: Percent | None = Field(
        default=None,
        examples=["10"],
        description="The same as a percentage of what the invoice came to without them.",
    )


class NewStep(ApiModel):
    """One thing that is done about an unpaid invoice, so many days behind its due date."""

    step_id: Ulid | None = Field(
        default=None,
        description="Of a step that the workflow has already: what it has done stays done. "
        "A step without one is new.",
    )
    days: Annotated[int, Strict(), Field(ge=-90, le=365)] = Field(
        examples=[7], description="Behind the due date; a negative number is before it."
    )
    action: Action = Field(examples=["email"])
    template: TemplateName | None = Field(
        default=None,
        description="Of an email. When left out: reminder_friendly for the first email behind the "
        "due date and those before it, then reminder_firm, then reminder_final.",
    )
    text: Annotated[Text, AfterValidator(_short_enough)] | None = Field(
        default=None,
        examples=["Invoice {{ invoice.number }} is unpaid. Please pay: {{ link }}"],
        description="Of an sms, which needs one, and of a task or call, where it can be left out.",
    )
    fee: LateFee | None = Field(default=None, description="Of a late_fee, which needs one.")


class NewWorkflow(ApiModel):
    """What can be entered about a workflow."""

    name: ShortLine = Field(examples=["Standard"])
    active: Annotated[bool, Strict()] = Field(
        default=True, description="One that is not counts as not there."
    )
    steps: list[NewStep] = Field(
        default=[], max_length=MOST_STEPS, description="None at all: nothing is ever done."
    )


class WorkflowToMake(ApiModel):
    """A new workflow: of steps, or as one that is ready to use."""

    preset: Preset | None = Field(default=None, description="One that is ready to use.")
    name: ShortLine | None = Field(
        default=None, examples=["Standard"], description="Can be left out with a preset."
    )
    active: Annotated[bool, Strict()] = True
    steps: list[NewStep] | None = Field(
        default=None, max_length=MOST_STEPS, description="To be left out with a preset."
    )


class WorkflowPatch(Patch[NewWorkflow]):
    """A merge patch of a workflow. `steps` replaces them all; name those that stay by step_id."""


class WorkflowStep(NewStep):
    """A step of a workflow."""

    step_id: Ulid
    template: str | None = Field(examples=["reminder_friendly"])
    text: str | None
    fee: LateFee | None


class WorkflowRow(ApiModel):
    """A workflow as a list shows it."""

    workflow_id: Ulid
    name: str = Field(examples=["Standard"])
    active: bool
    steps: int = Field(description="How many it has.", examples=[5])
    created_at: Timestamp


class WorkflowAnswer(ApiModel):
    """A workflow: what is done about unpaid invoices, and when."""

    workflow_id: Ulid
    name: str = Field(examples=["Standard"])
    active: bool
    steps: list[WorkflowStep]
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(examples=[1])
