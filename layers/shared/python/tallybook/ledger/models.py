"""The ledger, statements and receivables of clients, as the API gives them."""

from typing import Annotated

from pydantic import Field

from tallybook.clients.models import NamedClient
from tallybook.dates import Day
from tallybook.ids import Ulid
from tallybook.ledger.kinds import EntryKind
from tallybook.models import ApiModel
from tallybook.money import CurrencyCode

Amount = Annotated[str, Field(description="With the currency's decimals.", examples=["1250.00"])]
Balance = Annotated[
    str, Field(description="What the client owes; negative: a credit.", examples=["1250.00"])
]
_FIRST, _LAST = Field(alias="from", examples=["2026-10-01"]), Field(examples=["2026-10-31"])


class LedgerEffect(ApiModel):
    """What an entry adds to the balance of an invoice."""

    invoice_id: Ulid
    amount: Amount


class LedgerEntry(ApiModel):
    """An entry of a client's ledger. It is never changed: a mistake has a counter-entry.

    `amount` is the sum of the effects less the credit.
    """

    entry_id: Ulid
    date: Day = Field(examples=["2026-10-12"])
    kind: EntryKind
    currency: CurrencyCode
    amount: str = Field(description="What the client owes more by it.", examples=["1250.00"])
    reference: str | None = Field(examples=["INV-2026-00042"])
    effects: list[LedgerEffect]
    credit: str = Field(
        description="What it adds to the credit that a payment or credit note still holds.",
        examples=["0.00"],
    )
    source: str | None = Field(
        description="The payment or credit note whose credit it changes.",
        examples=["payment#01JA2Y5B7Q8RZ4T9C1N6V3X0WD"],
    )


class Ageing(ApiModel):
    """What is owed by days after the due date. A credit is current, and negative."""

    current: Balance
    to_30: Balance = Field(alias="1_30")
    to_60: Balance = Field(alias="31_60")
    to_90: Balance = Field(alias="61_90")
    over_90: Balance


class StatementEntry(ApiModel):
    date: Day = Field(examples=["2026-10-12"])
    kind: EntryKind
    reference: str | None = Field(examples=["INV-2026-00042"])
    amount: str = Field(description="What the client owes more by it.", examples=["1250.00"])
    balance: str = Field(description="What the client owes then.", examples=["1250.00"])


class StatementCurrency(ApiModel):
    """A client's account in one currency. The ageing is as of the last day."""

    currency: CurrencyCode
    opening_balance: Balance
    entries: list[StatementEntry]
    closing_balance: Balance
    ageing: Ageing


class Statement(ApiModel):
    """A client's account from one day to another, both included."""

    from_date: Day = _FIRST
    to: Day = _LAST
    currencies: list[StatementCurrency]


class StatementDays(ApiModel):
    """Which days a statement is of: by default the month of `to`, and `to` is today."""

    from_date: Day | None = Field(default=None, alias="from", examples=["2026-10-01"])
    to: Day | None = Field(default=None, examples=["2026-10-31"])


class AgeingTotal(ApiModel):
    """What all clients owe in one currency."""

    currency: CurrencyCode
    balance: Balance
    ageing: Ageing


class ClientAgeing(AgeingTotal):
    """What one client owes in one currency."""

    client: NamedClient


class AgeingReport(ApiModel):
    """Who owes how much for how long: by currency, the most overdue first.

    The totals are those of all clients, on each page.
    """

    as_of: Day = Field(examples=["2026-10-31"])
    totals: list[AgeingTotal]
    items: list[ClientAgeing]
    next_cursor: str | None


class DashboardMonth(ApiModel):
    """What was booked for the days of a month."""

    month: str = Field(examples=["2026-10"])
    invoiced: Amount = Field(description="With late fees, less what was voided.")
    received: Amount = Field(description="Payments, less refunds and what bounced.")
    credited: Amount
    written_off: Amount


class MostOverdue(ApiModel):
    """A client with invoices that should have been paid."""

    client: NamedClient
    amount: Amount
    invoices: int = Field(examples=[2])
    oldest_due_date: Day = Field(examples=["2026-08-14"])


class DashboardCurrency(ApiModel):
    """The firm's business in one currency: what is open now, and its last twelve months."""

    currency: CurrencyCode
    outstanding: Amount = Field(description="Unpaid of all invoices.")
    overdue: Amount = Field(description="Of that, what is past its due date.")
    credit: Amount = Field(description="Left of payments and credit notes.")
    open_invoices: int = Field(examples=[17])
    overdue_invoices: int = Field(examples=[3])
    ageing: Ageing
    months: list[DashboardMonth]
    most_overdue: list[MostOverdue]


class Dashboard(ApiModel):
    as_of: Day = Field(examples=["2026-11-22"])
    drafts: int = Field(description="Invoices that are drafts.", examples=[4])
    currencies: list[DashboardCurrency]
