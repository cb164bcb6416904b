"""What was missed, and what staff decide about it, as the API gives and takes them."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from tallybook.clients.models import Client
from tallybook.dates import Day, Timestamp
from tallybook.ids import Ulid
from tallybook.missed.kinds import Decision, MissedKind
from tallybook.models import ApiModel

MOST_DECISIONS = 100  # of one request

MissedId = Annotated[
    str,
    Field(
        min_length=1,
        max_length=200,
        pattern=r"^[^#]+$",  # keys have # where ids have dots
        examples=["2026-11-01.recurring.01JA2Y5B7Q8RZ4T9C1N6V3X0WD"],
    ),
]


class Missed(ApiModel):
    """What fell due while the client was suspended, or could not be done, and waits for staff."""

    client_id: Ulid
    missed_id: MissedId
    kind: MissedKind
    date: Day = Field(description="When it fell due.")
    text: str = Field(examples=["Recurring invoice Hosting of 2026-11-01"])
    amount: str | None = Field(examples=["119.00"])
    currency: str | None = Field(examples=["EUR"])
    reason: str = Field(
        examples=["suspended"], description="`suspended`, or in words why it could not be done."
    )
    recurring_id: Ulid | None
    invoice_id: Ulid | None = Field(description="Of a step: the invoice that it is about.")
    created_at: Timestamp


class OneDecision(ApiModel):
    """What becomes of one thing that was missed."""

    missed_id: MissedId
    do: Decision


class Decisions(ApiModel):
    """What becomes of what was missed: of some, or of all."""

    decisions: (
        Annotated[list[OneDecision], Field(min_length=1, max_length=MOST_DECISIONS)] | None
    ) = None
    all: Decision | None = Field(
        default=None,
        examples=["today"],
        description="For the oldest hundred; `left` says whether there are more.",
    )

    @model_validator(mode="after")
    def _either(self) -> Self:
        if (self.decisions is None) == (self.all is None):
            raise ValueError("Give either decisions or all")
        return self


class DecidedOutcome(ApiModel):
    """What became of one decision: `code` and `detail` say why nothing did."""

    missed_id: MissedId
    ok: bool
    code: str | None = Field(examples=["missed_not_found"])
    detail: str | None = Field(examples=["Nothing of the client's that was missed has this id."])


class DecidedMissed(ApiModel):
    """What became of the decisions, and how much is left to be decided about."""

    results: list[DecidedOutcome]
    left: int = Field(examples=[0])


class Activation(ApiModel):
    """What becomes of what was missed while the client was suspended."""

    missed: Literal["ask", "today", "own_date", "drop"] = Field(
        default="ask",
        description="`ask`: it stays listed until somebody decides. Else as `all` of a decision.",
    )


class Activated(Client):
    """A client that is active again, and how much of what was missed waits for a decision."""

    missed: int = Field(examples=[3])
    results: list[DecidedOutcome] = Field(description="What became of what was decided at once.")
