"""Credit notes as the API takes and gives them. Their amounts are positive."""

from typing import Annotated, Self

from pydantic import Field, Strict, model_validator

from tallybook.authors import By
from tallybook.dates import Day, Timestamp
from tallybook.ids import ULID_PATTERN, Ulid
from tallybook.invoices.models import (
    AdjustmentWithNet,
    DocumentFields,
    DocumentSums,
    LineWithNet,
    PartyShown,
    Sending,
    TaxSum,
)
from tallybook.payments.models import Allocation, ReceiptToSend, Refund, Used
from tallybook.text import Line, Text


class CreditNoteFields(DocumentFields):
    """What can be entered about a credit note and is shown again."""

    invoice_id: Annotated[str, Field(pattern=ULID_PATTERN)] | None = Field(
        default=None, description="The invoice that it corrects, if it is one."
    )
    issue_date: Day | None = Field(
        default=None,
        examples=["2026-11-22"],
        description="Today when left out; not in the future, and not before its invoice's.",
    )
    reason: Line | None = Field(default=None, examples=["Two pieces came back"])


class NewCreditNote(CreditNoteFields):
    """What can be entered about a credit note: lines of its own, or all of its invoice."""

    full: Annotated[
        bool, Strict(), Field(description="As its invoice, line by line. It has none of its own.")
    ] = False
    apply: Annotated[
        bool, Strict(), Field(description="To its invoice at once, as far as that is unpaid.")
    ] = True

    @model_validator(mode="after")
    def _says_what_is_credited(self) -> Self:
        if self.full and self.invoice_id is None:
            raise ValueError("A full credit note needs the invoice_id of its invoice")
        if self.full and (self.lines or self.allowances or self.charges):
            raise ValueError("A full credit note has the lines of its invoice and none of its own")
        if not self.full and not self.lines:
            raise ValueError("A credit note needs lines, or full and an invoice_id")
        return self


class CreditNoteToSend(ReceiptToSend):
    """How a credit note is sent; everything can be left out."""

    message: Annotated[Text, Field(max_length=5000)] | None = Field(
        default=None, examples=["As discussed on Tuesday."], description="Said in the mail."
    )


class CreditNoteRow(Used):
    """A credit note as a list shows it."""

    client_id: Ulid
    credit_note_id: Ulid
    number: str = Field(examples=["CN-2026-00007"])
    invoice_id: Ulid | None
    invoice_number: str | None = Field(examples=["INV-2026-00042"])
    currency: str = Field(examples=["EUR"])
    issue_date: Day
    total: str = Field(examples=["119.00"])
    created_at: Timestamp


class CreditNote(CreditNoteFields, CreditNoteRow):
    """A credit note, and what became of it: total = applied + refunded + unapplied."""

    invoice_id: Ulid | None
    currency: str = Field(examples=["EUR"])
    issue_date: Day
    lines: list[LineWithNet]  # type: ignore[assignment]
    allowances: list[AdjustmentWithNet]  # type: ignore[assignment]
    charges: list[AdjustmentWithNet]  # type: ignore[assignment]
    totals: DocumentSums
    taxes: list[TaxSum]
    seller: PartyShown
    buyer: PartyShown | None = Field(description="Null when the client was erased.")
    allocations: list[Allocation]
    refunds: list[Refund]
    sent: list[Sending] = Field(description="The last ten times.")
    by: By | None
    version: int = Field(examples=[1])
