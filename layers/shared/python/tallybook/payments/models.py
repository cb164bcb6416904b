"""Payments as the API takes and gives them; what credit notes have in common with them, too."""

from typing import Annotated, Any, Literal

from pydantic import Discriminator, Field, Tag

from tallybook.addresses import EmailAddress
from tallybook.authors import By
from tallybook.clients.models import PaymentMethod
from tallybook.dates import Day, Timestamp
from tallybook.forms import Positive
from tallybook.ids import ULID_PATTERN, Ulid
from tallybook.invoices.models import Sending
from tallybook.models import ApiModel
from tallybook.money import CurrencyCode
from tallybook.payments.rules import CreditStatus
from tallybook.text import Line

MOST_NAMED = 40  # invoices that one request can name: they are one transaction

Amount = Annotated[Positive, Field(examples=["119.00"], description="In major units; above 0.")]


class NewAllocation(ApiModel):
    """What of the amount pays a certain invoice."""

    invoice_id: Annotated[str, Field(pattern=ULID_PATTERN)] = Field(
        examples=["01JA2Y5B7Q8RZ4T9C1N6V3X0WD"]
    )
    amount: Amount


def _of_which_kind(value: Any) -> str:
    return "[named]" if isinstance(value, list) else "[how]"


Named = Annotated[list[NewAllocation], Field(min_length=1, max_length=MOST_NAMED), Tag("[named]")]
Allocations = Annotated[
    Annotated[Literal["oldest_first", "none"], Tag("[how]")] | Named,
    Discriminator(_of_which_kind),
    Field(description="Which invoices it pays: by name, the oldest first, or none as yet."),
]


class NewPayment(ApiModel):
    """A payment that came in."""

    amount: Amount
    currency: CurrencyCode | None = Field(
        default=None, examples=["EUR"], description="The client's when left out."
    )
    method: PaymentMethod = "bank_transfer"
    date: Day | None = Field(
        default=None,
        examples=["2026-11-22"],
        description="When it came: today when left out, and not in the future.",
    )
    reference: Line | None = Field(default=None, examples=["INV-2026-00042"])
    allocations: Allocations = "oldest_first"


class Application(ApiModel):
    """What to pay with what is left of a payment or credit note."""

    allocations: Annotated[
        Annotated[Literal["oldest_first"], Tag("[how]")] | Named,
        Discriminator(_of_which_kind),
        Field(description="Which invoices it pays: by name, or the oldest first."),
    ] = "oldest_first"
    date: Day | None = Field(
        default=None, examples=["2026-11-22"], description="As of when; today when left out."
    )


class NewRefund(ApiModel):
    """Money that goes back to the client, of what is left."""

    amount: Amount
    method: PaymentMethod = "bank_transfer"
    date: Day | None = Field(
        default=None, examples=["2026-11-22"], description="Today when left out."
    )
    reference: Line | None = Field(default=None, examples=["Paid twice"])


class NewReversal(ApiModel):
    """Why and as of when a payment is taken back: a cheque bounced, say."""

    date: Day | None = Field(
        default=None,
        examples=["2026-11-22"],
        description="Today when left out; not before anything that was booked of the payment.",
    )
    reason: Line | None = Field(default=None, examples=["The cheque bounced"])


class Allocation(ApiModel):
    """What of it pays an invoice, and since when."""

    invoice_id: Ulid
    number: str = Field(examples=["INV-2026-00042"])
    amount: str = Field(examples=["119.00"])
    date: Day


class Refund(ApiModel):
    """What of it went back."""

    refund_id: Ulid
    amount: str = Field(examples=["19.00"])
    method: PaymentMethod
    date: Day
    reference: str | None = Field(examples=["Paid twice"])
    by: By
    at: Timestamp


class Reversal(ApiModel):
    """When and why it was taken back."""

    date: Day
    reason: str | None = Field(examples=["The cheque bounced"])
    by: By
    at: Timestamp


class ReceiptToSend(ApiModel):
    """Whom it is sent to."""

    to: Annotated[list[EmailAddress], Field(min_length=1, max_length=50)] | None = Field(
        default=None,
        examples=[["anna@example.com"]],
        description="When left out: the primary and the billing contacts, else the client itself.",
    )


class Used(ApiModel):
    """What became of a payment or credit note: applied, refunded, and what is left."""

    status: CreditStatus
    applied: str = Field(examples=["100.00"])
    refunded: str = Field(examples=["0.00"])
    unapplied: str = Field(examples=["19.00"], description="What can be applied or refunded.")


class PaymentRow(Used):
    """A payment as a list shows it."""

    client_id: Ulid
    payment_id: Ulid
    amount: str = Field(examples=["119.00"])
    currency: str = Field(examples=["EUR"])
    method: PaymentMethod
    date: Day
    reference: str | None = Field(examples=["INV-2026-00042"])
    created_at: Timestamp


class Payment(PaymentRow):
    """A payment, and what became of it: amount = applied + refunded + unapplied.

    One that was reversed pays nothing, and nothing of it is left.
    """

    allocations: list[Allocation]
    refunds: list[Refund]
    reversed: Reversal | None
    sent: list[Sending] = Field(description="The last ten times that its receipt was sent.")
    by: By | None
    version: int = Field(examples=[1])
