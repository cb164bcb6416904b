"""Clients as the API takes and gives them."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, Strict

from tallybook.addresses import EmailAddresses
from tallybook.dates import Timestamp
from tallybook.ids import ULID_PATTERN, Ulid
from tallybook.models import ApiModel, Patch
from tallybook.money import CurrencyCode
from tallybook.postal import Address, NewAddress
from tallybook.text import Line, ShortLine

StaffId = Annotated[
    ShortLine, Field(examples=["6f1c1f8e-3c55-4d0b-9a57-0d6f6a0a2b11"], description="A staff id.")
]
PaymentMethod = Literal[
    "bank_transfer", "card", "cash", "cheque", "direct_debit", "online", "other"
]
PortalStatus = Literal["not_invited", "waiting", "accepted", "expired"]
Minutes = Annotated[int, Strict(), Field(ge=1, le=525_600, examples=[240])]


def _distinct_tags(tags: list[str]) -> list[str]:
    first: dict[str, str] = {}
    for tag in tags:
        first.setdefault(tag.casefold(), tag)
    return list(first.values())


class Targets(ApiModel):
    """Response times in minutes per priority; null where none is promised."""

    low: Minutes | None = None
    normal: Minutes | None = None
    high: Minutes | None = None
    urgent: Minutes | None = None


class Sla(ApiModel):
    """Response times for requests, and for open jobs."""

    requests: Targets = Targets()
    jobs: Targets = Targets()


class PaymentSettings(ApiModel):
    """What the client's invoices start with. `late_fees: false` is the opt-out of late fees.

    `reminders: false` is that of the messages of workflows; tasks and calls are still due.
    """

    terms_days: Annotated[int, Strict(), Field(ge=0, le=365)] = 30
    methods: list[PaymentMethod] = Field(default=["bank_transfer"], max_length=7)
    late_fees: Annotated[bool, Strict()] = True
    reminders: Annotated[bool, Strict()] = True


class NewClient(ApiModel):
    """What can be entered about a client. Only the business name is required."""

    business_name: Line = Field(examples=["Müller & Söhne GmbH"])
    number: ShortLine | None = Field(
        default=None, examples=["C-0042"], description="Given automatically when left out."
    )
    first_name: Line | None = Field(default=None, examples=["Jürgen"])
    last_name: Line | None = Field(default=None, examples=["Müller"])
    emails: EmailAddresses = Field(default=[])
    telephone: ShortLine | None = Field(default=None, examples=["+49221123456"])
    billing_address: NewAddress = NewAddress()
    shipping_address: NewAddress | None = None
    currency: CurrencyCode | None = Field(
        default=None, examples=["EUR"], description="The firm's currency when left out."
    )
    invoicing_method: Literal["email", "print"] = "email"
    vat_id: ShortLine | None = Field(
        default=None, examples=["ATU12345678"], description="For e-invoices and reverse charge."
    )
    registration: ShortLine | None = Field(
        default=None, examples=["HRB 12345"], description="In the register of companies."
    )
    buyer_reference: ShortLine | None = Field(
        default=None, examples=["04011000-12345-03"], description="What the client's invoices name."
    )
    tags: Annotated[list[ShortLine], Field(max_length=30), AfterValidator(_distinct_tags)] = Field(
        default=[], examples=[["wholesale", "vip"]]
    )
    ar_specialist: ShortLine | None = Field(default=None, description="A staff id.")
    workflow_id: Annotated[str, Field(pattern=ULID_PATTERN)] | None = None
    sla: Sla = Sla()
    payment_settings: PaymentSettings = PaymentSettings()


class ClientPatch(Patch[NewClient]):
    """A merge patch of a client: what is left out stays, null clears."""


class Reason(ApiModel):
    """Why a client is flagged."""

    reason: Line = Field(examples=["Disputes invoice 2026-0042"])


class OptionalReason(ApiModel):
    """Why a client is suspended, when there is something to say."""

    reason: Line | None = Field(default=None, examples=["Unpaid since July"])


class Flag(ApiModel):
    reason: str = Field(examples=["Disputes invoice 2026-0042"])
    by: StaffId
    at: Timestamp


class Suspension(ApiModel):
    at: Timestamp
    by: StaffId
    reason: str | None = Field(default=None, examples=["Unpaid since July"])


class Portal(ApiModel):
    """Whether the client was invited to the portal, and came."""

    status: PortalStatus = "not_invited"
    invited_at: Timestamp | None = None
    accepted_at: Timestamp | None = None


class Counts(ApiModel):
    open_invoices: int = 0
    open_projects: int = 0
    files: int = 0


class Account(ApiModel):
    """The client's totals in one currency, in major units with the currency's decimals."""

    currency: str = Field(examples=["EUR"])
    invoiced: str = Field(examples=["1250.00"])
    paid: str = Field(examples=["1000.00"])
    unpaid: str = Field(examples=["250.00"])
    credit: str = Field(examples=["0.00"])


class Change(ApiModel):
    """A bulk action on clients."""

    action: Literal["delete", "suspend", "activate"]
    client_ids: list[ShortLine] = Field(
        min_length=1, max_length=100, examples=[["01JA2Y5B7Q8RZ4T9C1N6V3X0WD"]]
    )


class Outcome(ApiModel):
    """What became of one client: `code` says why not."""

    client_id: str
    ok: bool
    code: str | None = Field(examples=["client_not_found"])


class Outcomes(ApiModel):
    results: list[Outcome]


class Client(NewClient):
    """A client."""

    client_id: Ulid
    number: str = Field(examples=["C-0042"])
    currency: str = Field(examples=["EUR"])
    emails: list[str] = Field(default=[], examples=[["office@mueller.example"]])
    billing_address: Address = Address()
    shipping_address: Address | None = None
    status: Literal["active", "suspended"]
    suspended: Suspension | None
    flag: Flag | None
    favourite: bool = Field(description="Of the staff member who asks.")
    portal: Portal
    counts: Counts
    account: list[Account]
    created_at: Timestamp
    updated_at: Timestamp
    version: int = Field(examples=[1])


class ClientRow(ApiModel):
    """A client as a list shows it."""

    client_id: Ulid
    number: str = Field(examples=["C-0042"])
    business_name: str = Field(examples=["Müller & Söhne GmbH"])
    first_name: str | None = Field(examples=["Jürgen"])
    last_name: str | None = Field(examples=["Müller"])
    email: str | None = Field(examples=["office@mueller.example"])
    country: str | None = Field(examples=["DE"])
    country_name: str | None = Field(examples=["Germany"])
    status: Literal["active", "suspended"]
    tags: list[str] = Field(examples=[["wholesale", "vip"]])
    flag: Flag | None
    favourite: bool
    portal_status: PortalStatus
    account: list[Account]
    created_at: Timestamp


class NamedClient(ApiModel):
    """The client of a row of the whole firm; without a name when it was erased."""

    client_id: Ulid
    number: str | None = Field(examples=["C-0042"])
    business_name: str | None = Field(examples=["Müller & Söhne GmbH"])


class Latest(ApiModel):
    """The newest of each, five at most, as their lists show them."""

    invoices: list[dict[str, Any]]
    estimates: list[dict[str, Any]]
    recurring: list[dict[str, Any]]
    payments: list[dict[str, Any]]
    emails: list[dict[str, Any]]


class Overview(ApiModel):
    """A client's page at a glance."""

    client: Client
    latest: Latest
