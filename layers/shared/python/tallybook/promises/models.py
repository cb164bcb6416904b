"""Promises to pay as the API takes and gives them."""

from typing import Annotated

from pydantic import Field

from tallybook.authors import By
from tallybook.dates import Day, Timestamp
from tallybook.forms import Positive
from tallybook.ids import ULID_PATTERN, Ulid
from tallybook.models import ApiModel
from tallybook.money import CurrencyCode
from tallybook.promises.kinds import PromiseStatus
from tallybook.text import Text

MOST_NAMED = 40  # invoices of one promise


class NewPromise(ApiModel):
    """What a client said that it will pay, and by when."""

    amount: Annotated[Positive, Field(examples=["250.00"], description="In major units; above 0.")]
    currency: CurrencyCode | None = Field(
        default=None, examples=["EUR"], description="The client's when left out."
    )
    date: Day = Field(
        examples=["2026-12-01"],
        description="The last day, where the firm is: from today on, a year ahead at most.",
    )
    invoice_ids: (
        Annotated[
            list[Annotated[str, Field(pattern=ULID_PATTERN)]],
            Field(min_length=1, max_length=MOST_NAMED),
        ]
        | None
    ) = Field(
        default=None,
        examples=[["01JA2Y5B7Q8RZ4T9C1N6V3X0WD"]],
        description="The open invoices that it will pay; null: any of the currency.",
    )
    note: Annotated[Text, Field(max_length=2000)] | None = Field(
        default=None, examples=["Said so on the telephone."]
    )


class Promise(ApiModel):
    """A promise to pay. Whether it was kept is worked out from what was paid since."""

    client_id: Ulid
    promise_id: Ulid
    amount: str = Field(examples=["250.00"])
    currency: str = Field(examples=["EUR"])
    date: Day
    invoice_ids: list[Ulid] | None = Field(description="Null: any invoice of the currency.")
    note: str | None = Field(examples=["Said so on the telephone."])
    status: PromiseStatus
    paid: str = Field(
        examples=["100.00"], description="Since it was made, as of its day at the latest."
    )
    task_id: Ulid | None = Field(description="The task that was made as it was broken.")
    by: By
    created_at: Timestamp
    cancelled_at: Timestamp | None
    version: int = Field(examples=[1])
