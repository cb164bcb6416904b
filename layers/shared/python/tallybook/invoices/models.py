"""Invoices as the API takes and gives them; what estimates and credit notes have in common, too."""

from typing import Annotated, Literal, Self

from pydantic import Field, Strict, model_validator

from tallybook.addresses import EmailAddress
from tallybook.authors import By
from tallybook.dates import Day, Timestamp
from tallybook.forms import Number, Percent, Positive, form
from tallybook.ids import ULID_PATTERN, Ulid
from tallybook.models import ApiModel, Patch
from tallybook.money import CurrencyCode
from tallybook.text import Line, ShortLine, Text

MOST_LINES = 300
MOST_ADJUSTMENTS = 20

Category = Literal["S", "Z", "E", "AE", "K", "G", "O"]
UnitCode = Annotated[
    str, form(r"^[A-Z0-9]{1,3}$", "This must be a code of UN/ECE recommendation 20, such as HUR.")
]
CollectionStatus = Literal[
    "none", "in_dispute", "promised", "with_agency", "legal", "uncollectible"
]

_RATE = "In percent. It counts for category S; in the others no tax is charged."
_CATEGORY = "UNCL 5305. S when left out, or Z at rate 0."


class NewLine(ApiModel):
    """A line. A negative quantity is a credit line."""

    description: Annotated[Text, Field(max_length=1000)] | None = Field(
        default=None, examples=["Consulting, October"]
    )
    quantity: Number = Field(default="1", examples=["2.5"])
    unit: UnitCode = Field(
        default="C62", description="UN/ECE recommendation 20; C62 is a piece.", examples=["HUR"]
    )
    unit_price: Number = Field(examples=["80.00"])
    discount_percent: Percent | None = Field(default=None, examples=["10"])
    tax_rate: Percent = Field(default="0", description=_RATE, examples=["19"])
    tax_category: Category | None = Field(default=None, description=_CATEGORY, examples=["S"])


class NewAdjustment(ApiModel):
    """An allowance or a charge on the whole document: an amount, or a percentage of its lines."""

    reason: Line | None = Field(default=None, examples=["Loyal customer"])
    amount: Positive | None = Field(default=None, examples=["15.00"])
    percent: Percent | None = None
    tax_rate: Percent = Field(default="0", description=_RATE, examples=["19"])
    tax_category: Category | None = Field(default=None, description=_CATEGORY, examples=["S"])

    @model_validator(mode="after")
    def _is_one_of_both(self) -> Self:
        if (self.amount is None) == (self.percent is None):
            raise ValueError("Give either an amount or a percentage")
        return self


class Period(ApiModel):
    """When what is invoiced was supplied, both days included."""

    from_: Day = Field(alias="from", examples=["2026-10-01"])
    to: Day = Field(examples=["2026-10-31"])

    @model_validator(mode="after")
    def _has_its_days_in_order(self) -> Self:
        if self.to < self.from_:
            raise ValueError("The period ends before it begins")
        return self


class DocumentContent(ApiModel):
    """What can be entered about any document beside its dates."""

    currency: CurrencyCode | None = Field(
        default=None, examples=["EUR"], description="The client's currency when left out."
    )
    lines: list[NewLine] = Field(default=[], max_length=MOST_LINES)
    allowances: list[NewAdjustment] = Field(default=[], max_length=MOST_ADJUSTMENTS)
    charges: list[NewAdjustment] = Field(default=[], max_length=MOST_ADJUSTMENTS)
    prices_include_tax: Annotated[bool, Strict()] = Field(
        default=False, description="Then the amounts of allowances and charges do, too."
    )
    purchase_order: Line | None = Field(default=None, examples=["PO-7741"])
    notes: Annotated[Text, Field(max_length=5000)] | None = Field(
        default=None, examples=["Thank you for your order."]
    )
    payment_terms: Annotated[Text, Field(max_length=1000)] | None = Field(
        default=None, description="Those of the settings when left out."
    )
    exemption_reason: Line | None = Field(
        default=None, description="Why no tax is charged in category E; else that of the settings."
    )


class DocumentFields(DocumentContent):
    """What can be entered about an invoice, an estimate and a credit note alike."""

    delivery_date: Day | None = Field(default=None, examples=["2026-10-31"])
    period: Period | None = None


class NewInvoice(DocumentFields):
    """What can be entered about an invoice."""

    issue_date: Day | None = Field(
        default=None,
        examples=["2026-11-22"],
        description="The day on which it is finalized when left out.",
    )
    due_date: Day | None = Field(
        default=None,
        examples=["2026-12-22"],
        description="So many days after the issue date as the client's terms say when left out.",
    )
    workflow_id: Annotated[str, Field(pattern=ULID_PATTERN)] | None = None


class InvoicePatch(Patch[NewInvoice]):
    """A merge patch of a draft: what is left out stays, null clears, lists are replaced."""


class LineWithNet(NewLine):
    """A line with what it comes to."""

    net: str = Field(examples=["200.00"], description="Without tax, less the discount.")


class AdjustmentWithNet(NewAdjustment):
    """An allowance or charge with what it comes to."""

    net: str = Field(examples=["15.00"], description="Without tax.")


class DocumentSums(ApiModel):
    """The sums of a document, in major units with the currency's decimals."""

    lines: str = Field(examples=["200.00"])
    allowances: str = Field(examples=["0.00"])
    charges: str = Field(examples=["0.00"])
    net: str = Field(examples=["200.00"])
    tax: str = Field(examples=["38.00"])
    gross: str = Field(examples=["238.00"])
    rounding: str = Field(examples=["0.00"], description="To the smallest coin, if any.")
    payable: str = Field(examples=["238.00"], description="Gross and rounding.")


class TaxSum(ApiModel):
    """What is taxed at one rate of one category."""

    category: Category = Field(examples=["S"])
    rate: str = Field(examples=["19"])
    taxable: str = Field(examples=["200.00"])
    tax: str = Field(examples=["38.00"])


class Lack(ApiModel):
    """What an e-invoice (EN 16931) would lack. `code` is the rule of the norm."""

    code: str = Field(examples=["BR-CO-26"])
    field: str = Field(examples=["seller.vat_id"])
    message: str = Field(examples=["The seller has neither a VAT id nor a registration number."])


class PartyShown(ApiModel):
    """The seller or the buyer, as the document names it."""

    name: str | None = Field(default=None, examples=["Müller & Söhne GmbH"])
    person: str | None = None
    street1: str | None = None
    street2: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    vat_id: str | None = None
    tax_number: str | None = None
    registration: str | None = None
    number: str | None = None
    email: str | None = None
    telephone: str | None = None


class Sending(ApiModel):
    """One time that the invoice was sent."""

    email_id: Ulid
    at: Timestamp
    by: By | None = Field(description="Null: by itself, when it was finalized.")


class Ending(ApiModel):
    """As of which day an invoice is voided or written off, and why."""

    date: Day | None = Field(
        default=None,
        examples=["2026-11-22"],
        description="Today when left out; not before the invoice's own.",
    )
    reason: Line | None = Field(default=None, examples=["Wrong client"])


class CollectionState(ApiModel):
    """How the collecting of an invoice stands."""

    status: CollectionStatus
    note: Annotated[Text, Field(max_length=2000)] | None = Field(
        default=None, examples=["The samples are missing, says Ms Müller"]
    )


class InvoiceToSend(ApiModel):
    """How an invoice is sent; everything can be left out."""

    to: Annotated[list[EmailAddress], Field(min_length=1, max_length=50)] | None = Field(
        default=None,
        examples=[["anna@example.com"]],
        description="When left out: the primary and the billing contacts, else the client itself.",
    )
    message: Annotated[Text, Field(max_length=5000)] | None = Field(
        default=None, examples=["As discussed on Tuesday."], description="Said in the mail."
    )


class InvoiceRef(ApiModel):
    """An invoice of a client."""

    client_id: ShortLine = Field(examples=["01JA2Y5B7Q8RZ4T9C1N6V3X0WD"])
    invoice_id: ShortLine = Field(examples=["01JA2Y5B7Q8RZ4T9C1N6V3X0WE"])


class InvoicesToFinalize(ApiModel):
    """Drafts to finalize; they get their numbers in this order."""

    invoices: list[InvoiceRef] = Field(min_length=1, max_length=100)


class FinalizeOutcome(InvoiceRef):
    """What became of one draft: `code` and `detail` say why it is one still."""

    ok: bool
    number: str | None = Field(examples=["INV-2026-00042"])
    code: str | None = Field(examples=["validation_failed"])
    detail: str | None = Field(examples=["lines: An invoice needs a line."])


class FinalizeOutcomes(ApiModel):
    results: list[FinalizeOutcome]
