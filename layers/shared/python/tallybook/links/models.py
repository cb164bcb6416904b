"""Payment links and what the page behind one shows, as the API takes and gives them."""

from typing import Annotated, Literal

from pydantic import Field, Strict

from tallybook.authors import By
from tallybook.clients.models import PaymentMethod
from tallybook.dates import Day, Timestamp
from tallybook.ids import ULID_PATTERN, Ulid
from tallybook.models import ApiModel
from tallybook.postal import Address
from tallybook.settings.models import Branding

type Scope = Literal["invoice", "account"]


class NewPaymentLink(ApiModel):
    """A link by which a client pays one invoice or, without `invoice_id`, its whole account."""

    invoice_id: Annotated[str, Field(pattern=ULID_PATTERN)] | None = Field(
        default=None,
        examples=["01JA2Y5B7Q8RZ4T9C1N6V3X0WE"],
        description="Null: the whole account, which takes portal.account_history in the settings.",
    )
    expires_in_days: Annotated[int, Strict(), Field(ge=1, le=365)] = 90


class Revoked(ApiModel):
    at: Timestamp
    by: By


class PaymentLink(ApiModel):
    """A payment link and its use. Whoever has its address sees what it leads to."""

    link_id: Ulid
    client_id: Ulid
    scope: Scope
    invoice_id: Ulid | None
    url: str | None = Field(
        examples=["https://app.sturm.example/pay/01JA2Y5B7Q8RZ4T9C1N6V3X0WD…"],
        description="To copy; null once it is expired or revoked.",
    )
    status: Literal["active", "expired", "revoked"]
    created_at: Timestamp
    by: By | None = Field(description="Null: the system, for a mail.")
    expires_at: Timestamp
    revoked: Revoked | None
    use_count: int = Field(description="Loads within a minute count once.")
    last_used_at: Timestamp | None
    uses: list[Timestamp] = Field(description="When it was used, the last fifty, newest first.")
    version: int = Field(examples=[1])


class PayingFirm(ApiModel):
    """Whom the client pays."""

    name: str | None = Field(examples=["Sturm & Partner"])
    email: str | None = Field(examples=["office@sturm.example"])
    telephone: str | None
    address: Address
    branding: Branding


class PayableInvoice(ApiModel):
    """An invoice to pay."""

    number: str = Field(examples=["INV-2026-00042"])
    issue_date: Day = Field(examples=["2026-11-01"])
    due_date: Day = Field(examples=["2026-12-01"])
    currency: str = Field(examples=["EUR"])
    total: str | None = Field(
        examples=["1250.00"], description="Null unless portal.display_balances is on."
    )
    balance: str = Field(examples=["250.00"], description="What is still to be paid.")
    status: Literal["open", "partially_paid", "paid", "void"]
    overdue: bool


class Owed(ApiModel):
    """What the client owes in one currency, less its credit; below 0: credit that is left."""

    currency: str = Field(examples=["EUR"])
    balance: str = Field(examples=["250.00"])


class BankAccount(ApiModel):
    """Where to transfer to, and what to write on the transfer."""

    iban: str = Field(examples=["DE89370400440532013000"])
    bic: str | None = Field(examples=["COBADEFFXXX"])
    holder: str | None = Field(examples=["Sturm & Partner"])
    reference: str = Field(examples=["INV-2026-00042"])


class PayPage(ApiModel):
    """What the page behind a payment link shows."""

    firm: PayingFirm
    scope: Scope
    client_name: str = Field(examples=["Müller & Söhne GmbH"])
    invoice: PayableInvoice | None
    account: list[Owed] | None = Field(description="Of a link to the whole account.")
    login_required: bool = Field(
        description="Whether paying by this link takes a sign-in to the portal."
    )
    portal_url: str = Field(examples=["https://portal.sturm.example/sign-in"])
    methods: list[PaymentMethod]
    bank: BankAccount | None = Field(
        description="Null when there is nothing to pay, or not by bank transfer."
    )
    expires_at: Timestamp
