"""Estimates as the API takes and gives them."""

from typing import Annotated, Literal

from pydantic import Field

from tallybook.addresses import EmailAddress
from tallybook.authors import By
from tallybook.clients.models import NamedClient
from tallybook.dates import Day, Timestamp
from tallybook.ids import Ulid
from tallybook.invoices.models import (
    AdjustmentWithNet,
    DocumentFields,
    DocumentSums,
    LineWithNet,
    PartyShown,
    Sending,
    TaxSum,
)
from tallybook.models import ApiModel, Patch
from tallybook.text import Line, Text

type EstimateStatus = Literal["draft", "sent", "accepted", "declined", "expired", "converted"]
type Choice = Literal["accepted", "declined"]


class NewEstimate(DocumentFields):
    """What can be entered about an estimate."""

    issue_date: Day | None = Field(
        default=None, examples=["2026-11-22"], description="Today when left out."
    )
    expires_on: Day | None = Field(
        default=None,
        examples=["2026-12-22"],
        description="The last day on which it holds; 30 days after the issue date when left out.",
    )


class EstimatePatch(Patch[NewEstimate]):
    """A merge patch: what is left out stays, null clears, lists are replaced."""


class EstimateToSend(ApiModel):
    """How an estimate is sent; everything can be left out."""

    to: Annotated[list[EmailAddress], Field(min_length=1, max_length=50)] | None = Field(
        default=None,
        examples=[["anna@example.com"]],
        description="When left out: the primary and the billing contacts, else the client itself.",
    )
    message: Annotated[Text, Field(max_length=5000)] | None = Field(
        default=None, examples=["As discussed on Tuesday."], description="Said in the mail."
    )


class Answered(ApiModel):
    """What the client said, and why, as staff heard it."""

    reason: Line | None = Field(default=None, examples=["Ms Müller said so on the telephone"])


class Decided(ApiModel):
    """Whether the client took the estimate, and who noted it down."""

    decision: Choice
    at: Timestamp
    by: By | None = Field(description="Null: the client, in the portal.")
    reason: str | None = Field(examples=["Ms Müller said so on the telephone"])


class EstimateRow(ApiModel):
    """An estimate as a list shows it."""

    client_id: Ulid
    estimate_id: Ulid
    number: str = Field(examples=["EST-2026-00007"])
    status: EstimateStatus
    currency: str = Field(examples=["EUR"])
    issue_date: Day
    expires_on: Day
    total: str = Field(examples=["238.00"])
    invoice_id: Ulid | None = Field(description="The invoice that it became.")
    sent_at: Timestamp | None
    created_at: Timestamp


class FirmEstimateRow(EstimateRow):
    """An estimate as the list of the whole firm shows it."""

    client: NamedClient


class Estimate(NewEstimate):
    """An estimate. `expired` is worked out: nobody decided in time."""

    client_id: Ulid
    estimate_id: Ulid
    number: str = Field(examples=["EST-2026-00007"])
    status: EstimateStatus
    currency: str = Field(examples=["EUR"])
    issue_date: Day
    expires_on: Day
    lines: list[LineWithNet]  # type: ignore[assignment]
    allowances: list[AdjustmentWithNet]  # type: ignore[assignment]
    charges: list[AdjustmentWithNet]  # type: ignore[assignment]
    totals: DocumentSums
    taxes: list[TaxSum]
    seller: PartyShown
    buyer: PartyShown
    sent: list[Sending] = Field(description="The last ten times.")
    decided: Decided | None
    invoice_id: Ulid | None = Field(description="The invoice that it became.")
    sent_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(examples=[1])
