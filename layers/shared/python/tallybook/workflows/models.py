"""Workflows as the API takes and gives them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, StringConstraints

from tallybook.dates import Day, Timestamp
from tallybook.forms import Percent, Positive
from tallybook.ids import Ulid
from tallybook.models import ApiModel, Patch
from tallybook.money import CurrencyCode
from tallybook.text import ShortLine, Text
from tallybook.workflows.kinds import Action, Rhythm

MOST_STEPS = 20

type Preset = Literal["standard"]
ActionAhead = Literal[
    "email", "sms", "task", "call", "late_fee", "suspend_services",
    "recurring_invoice", "send_invoice", "promise_broken",
]  # fmt: skip
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


class StepsToRehearse(ApiModel):
    """What to rehearse a workflow with."""

    client_id: ShortLine = Field(examples=["01JA2Y5B7Q8RZ4T9C1N6V3X0WD"])
    steps: list[NewStep] | None = Field(
        default=None,
        max_length=MOST_STEPS,
        description="In place of the workflow's own, to see before they are saved.",
    )
    days: Annotated[int, Strict(), Field(ge=1, le=366)] = Field(
        default=90, description="How far to look ahead, today included."
    )


class InvoiceAhead(ApiModel):
    """An invoice of the outlook, as it will stand then."""

    invoice_id: Ulid | None = Field(description="Null: it will be made by a recurring invoice.")
    number: str | None = Field(examples=["INV-2026-00042"])
    recurring_id: Ulid | None
    due_date: Day
    balance: str = Field(examples=["1250.00"], description="With the late fees up to then.")
    currency: str = Field(examples=["EUR"])


class ThingAhead(ApiModel):
    """Something that will happen, if nobody pays and nobody changes anything."""

    date: Day
    at: Timestamp = Field(description="At the earliest: the system looks every hour.")
    action: ActionAhead = Field(examples=["email"])
    would_be_missed: bool = Field(
        description="It will not be done but noted, for staff to decide: the client is suspended, "
        "or it cannot be done."
    )
    workflow_id: Ulid | None
    step_id: Ulid | None = Field(description="Null also for a step that is not saved.")
    contact_id: Ulid | None = Field(description="Null: the client itself, or nobody.")
    to: list[str] = Field(examples=[["zoe@mueller.example"]])
    subject: str | None = Field(examples=["Invoice INV-2026-00042 is due"])
    text: str | None
    fee: str | None = Field(examples=["5.00"], description="Of a late_fee.")
    amount: str | None = Field(
        examples=["238.00"], description="Of a recurring_invoice, or of what was promised."
    )
    currency: str | None = Field(examples=["EUR"], description="Of the fee or the amount.")
    invoices: list[InvoiceAhead]


class Outlook(ApiModel):
    """What will happen, in its order, up to the end of a day."""

    until: Day
    complete: bool = Field(description="False: there is so much that it ends on an earlier day.")
    items: list[ThingAhead]
