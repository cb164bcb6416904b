"""Recurring invoices as the API takes and gives them."""

from datetime import date
from typing import Annotated, Literal

from pydantic import Field, Strict, ValidationInfo, field_validator

from tallybook.authors import By
from tallybook.clients.models import NamedClient
from tallybook.dates import Day, Timestamp
from tallybook.ids import ULID_PATTERN, Ulid
from tallybook.invoices.models import DocumentContent, Period
from tallybook.models import ApiModel, Patch
from tallybook.recurring.kinds import Covers, Frequency, RecurringStatus
from tallybook.text import Line

MOST_RUNS = 1000  # that can be counted to

Whole = Annotated[int, Strict()]


class RecurringTemplate(DocumentContent):
    """What each invoice says. Its texts may have placeholders, see docs/recurring-invoices.md."""

    due_days: Annotated[Whole, Field(ge=0, le=365)] | None = Field(
        default=None,
        examples=[14],
        description="So many days after its date each is due; the client's terms when left out.",
    )
    workflow_id: Annotated[str, Field(pattern=ULID_PATTERN)] | None = None


class NewRecurringInvoice(ApiModel):
    """What can be entered about a recurring invoice."""

    name: Line | None = Field(default=None, examples=["Maintenance, monthly"])
    frequency: Frequency = Field(examples=["monthly"])
    interval: Annotated[Whole, Field(ge=1, le=100)] = Field(
        default=1, description="2: every second day, week, month, quarter or year."
    )
    start_date: Day | None = Field(
        default=None,
        examples=["2026-12-01"],
        description="Today when left out. What lies in the past is made up for.",
    )
    end_date: Day | None = Field(
        default=None, examples=["2027-11-30"], description="The last day on which it may run."
    )
    count: Annotated[Whole, Field(ge=1, le=MOST_RUNS)] | None = Field(
        default=None, examples=[12], description="After so many invoices it ends."
    )
    day_of_month: Annotated[Whole, Field(ge=1, le=31)] | None = Field(
        default=None,
        examples=[31],
        description="That of the start date when left out. A month without it has it on its last.",
    )
    covers: Covers = Field(
        default="coming",
        description="The time from its date to the next one, or from the one before up to it.",
    )
    auto_finalize: Annotated[bool, Strict()] = Field(
        default=True, description="False: each invoice is made as a draft."
    )
    auto_send: Annotated[bool, Strict()] | None = Field(
        default=None, description="Send each as it is finalized. Like auto_finalize when left out."
    )
    template: RecurringTemplate

    @field_validator("end_date")
    @classmethod
    def _ends_after_it_begins(cls, end: date | None, info: ValidationInfo) -> date | None:
        start = info.data.get("start_date")
        if start and end and end < start:
            raise ValueError("It lies before start_date")
        return end

    @field_validator("count")
    @classmethod
    def _ends_in_one_way(cls, count: int | None, info: ValidationInfo) -> int | None:
        if count is not None and info.data.get("end_date") is not None:
            raise ValueError("Give end_date or count, not both")
        return count

    @field_validator("day_of_month")
    @classmethod
    def _has_months(cls, day: int | None, info: ValidationInfo) -> int | None:
        if day is not None and info.data.get("frequency") in ("daily", "weekly"):
            raise ValueError("It is for months, quarters and years")
        return day

    @field_validator("auto_send")
    @classmethod
    def _sends_no_draft(cls, wanted: bool | None, info: ValidationInfo) -> bool | None:
        if wanted and info.data.get("auto_finalize") is False:
            raise ValueError("A draft is not sent: this needs auto_finalize")
        return wanted


class RecurringInvoicePatch(Patch[NewRecurringInvoice]):
    """A merge patch; it counts from the next run on."""


class RecurringPause(ApiModel):
    """How a recurring invoice is paused."""

    until: Day | None = Field(
        default=None,
        examples=["2027-03-01"],
        description="The day on which it goes on by itself; null: when it is resumed.",
    )
    catch_up: Annotated[bool, Strict()] = Field(
        default=False, description="Whether what is not made meanwhile is made afterwards."
    )


class RecurringResumption(ApiModel):
    """How a recurring invoice goes on."""

    catch_up: Annotated[bool, Strict()] | None = Field(
        default=None,
        description="Make what was not made meanwhile, with its own dates. Null: as was said when "
        "it was paused.",
    )


class RecurringPaused(RecurringPause):
    """Since when it is paused, by whom, and how it goes on."""

    at: Timestamp
    by: By | None


class RecurringInvoiceRow(ApiModel):
    """A recurring invoice as a list shows it."""

    client_id: Ulid
    recurring_id: Ulid
    name: str | None = Field(examples=["Maintenance, monthly"])
    status: RecurringStatus
    frequency: Frequency
    interval: int = Field(examples=[1])
    next_date: Day | None = Field(description="Null while it is paused, and when it has ended.")
    currency: str = Field(examples=["EUR"])
    total: str = Field(examples=["238.00"], description="As it was when it was last changed.")
    made: int = Field(examples=[3], description="Invoices, and runs that were missed.")
    created_at: Timestamp


class FirmRecurringInvoiceRow(RecurringInvoiceRow):
    """A recurring invoice as the list of the whole firm shows it."""

    client: NamedClient


class RecurringInvoice(NewRecurringInvoice):
    """A recurring invoice."""

    client_id: Ulid
    recurring_id: Ulid
    status: RecurringStatus
    start_date: Day
    auto_send: bool
    next_date: Day | None = Field(description="Null while it is paused, and when it has ended.")
    last_date: Day | None = Field(
        description="The day that was dealt with last: made, missed, or skipped by a pause."
    )
    made: int = Field(examples=[3], description="Invoices, and runs that were missed.")
    paused: RecurringPaused | None
    currency: str = Field(examples=["EUR"])
    total: str = Field(examples=["238.00"], description="As it was when it was last changed.")
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(examples=[1])


class RecurringRun(ApiModel):
    """A run to come, as it would be made now."""

    number: int = Field(examples=[4], description="Which run it is.")
    date: Day
    due_date: Day
    period: Period
    currency: str = Field(examples=["EUR"])
    total: str = Field(examples=["238.00"])
    lines: list[str | None] = Field(examples=[["Maintenance, December 2026"]])


class RecurringRuns(ApiModel):
    """The runs to come, the next first. None: it has ended."""

    items: list[RecurringRun]


class RecurringQuery(ApiModel):
    """Which recurring invoices."""

    status: Literal["active", "paused", "ended"] | None = None
