"""Invoices as the API gives them."""

from typing import Literal

from pydantic import Field

from tallybook.authors import By
from tallybook.clients.models import NamedClient
from tallybook.dates import Day, Timestamp
from tallybook.ids import Ulid
from tallybook.invoices.models import (
    AdjustmentWithNet,
    CollectionStatus,
    DocumentSums,
    Lack,
    LineWithNet,
    NewInvoice,
    PartyShown,
    Sending,
    TaxSum,
)
from tallybook.models import ApiModel
from tallybook.workflows.kinds import Deed

InvoiceStatus = Literal["draft", "open", "partially_paid", "paid", "void", "written_off"]


class InvoiceSums(DocumentSums):
    """The sums of an invoice, and what of it is paid."""

    late_fees: str = Field(examples=["0.00"], description="Charged since, beside `payable`.")
    paid: str = Field(examples=["100.00"])
    credited: str = Field(examples=["0.00"])
    written_off: str = Field(examples=["0.00"])
    balance: str = Field(examples=["138.00"], description="What is still owed.")


class Applied(ApiModel):
    """What a payment or credit note paid of the invoice on a day; negative: taken back."""

    source: Literal["payment", "credit_note"]
    id: Ulid
    amount: str = Field(examples=["100.00"])
    date: Day


class Ended(ApiModel):
    """When and why the invoice was voided or written off."""

    at: Timestamp
    by: By | None
    date: Day = Field(description="As of which day it is booked.")
    reason: str | None = Field(examples=["Wrong client"])


class Collection(ApiModel):
    """What is being done to collect the invoice, as staff see it."""

    note: str | None = Field(examples=["The samples are missing, says Ms Müller"])
    by: By
    at: Timestamp


class InvoiceReminder(ApiModel):
    """What a step of a workflow has done for the invoice."""

    date: Day
    what: Deed = Field(
        description="`task` in place of a message: its person cannot be sent one. `no_fee`: the "
        "cap leaves nothing. `overtaken`: a later message went out in its place. `missed`: the "
        "client was suspended; `again` and `dropped` are what staff have decided of that."
    )
    step_id: Ulid
    contact_id: Ulid | None = Field(description="Whom a message went to; null: the client itself.")
    fee: str | None = Field(examples=["5.00"], description="What was charged.")
    email_id: Ulid | None
    sms_id: Ulid | None
    task_id: Ulid | None


class FromRecurring(ApiModel):
    """The recurring invoice that made this one, and the day of the run."""

    recurring_id: Ulid
    date: Day


class InvoiceRow(ApiModel):
    """An invoice as a list shows it."""

    client_id: Ulid
    invoice_id: Ulid
    number: str | None = Field(examples=["INV-2026-00042"])
    status: InvoiceStatus
    overdue: bool = Field(description="Unpaid behind its due date, where the firm is.")
    days_overdue: int = Field(examples=[0])
    collection_status: CollectionStatus
    currency: str = Field(examples=["EUR"])
    issue_date: Day
    due_date: Day
    total: str = Field(examples=["238.00"])
    paid: str = Field(examples=["100.00"], description="By payments and credit notes.")
    balance: str = Field(examples=["138.00"])
    sent_at: Timestamp | None
    finalized_at: Timestamp | None
    created_at: Timestamp


class FirmInvoiceRow(InvoiceRow):
    """An invoice as the list of the whole firm shows it."""

    client: NamedClient


class Invoice(NewInvoice):
    """An invoice. A draft shows the dates that it would have had when it was last changed."""

    client_id: Ulid
    invoice_id: Ulid
    number: str | None = Field(examples=["INV-2026-00042"])
    status: InvoiceStatus
    collection_status: CollectionStatus
    collection: Collection | None
    overdue: bool
    days_overdue: int = Field(examples=[0])
    currency: str = Field(examples=["EUR"])
    issue_date: Day
    due_date: Day
    lines: list[LineWithNet]  # type: ignore[assignment]
    allowances: list[AdjustmentWithNet]  # type: ignore[assignment]
    charges: list[AdjustmentWithNet]  # type: ignore[assignment]
    totals: InvoiceSums
    taxes: list[TaxSum]
    seller: PartyShown
    buyer: PartyShown | None = Field(description="Null when the client was erased.")
    applied: list[Applied]
    sent: list[Sending] = Field(description="The last ten times.")
    reminders: list[InvoiceReminder] = Field(
        description="What its workflow has done, the last fifty times."
    )
    voided: Ended | None
    written_off: Ended | None
    from_estimate: Ulid | None
    from_recurring: FromRecurring | None
    warnings: list[Lack] = Field(description="What an e-invoice would lack.")
    sent_at: Timestamp | None
    finalized_at: Timestamp | None
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(examples=[1])
