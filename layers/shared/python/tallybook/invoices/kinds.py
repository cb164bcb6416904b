"""What an invoice, estimate or credit note is made of, its sums, and who and when it is for.

BR-… are business rules of EN 16931-1, BT-… and BG-… its terms.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

type Category = Literal["S", "Z", "E", "AE", "K", "G", "O"]
"""Standard, zero rated, exempt, reverse charge, intra-Community, export, outside the scope."""

_NOTHING = Decimal(0)


class InvalidAmount(ValueError):
    """A number that no sum can be made with. `field` is its place in the request."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field, self.message = field, message


@dataclass(frozen=True, kw_only=True)
class Line:
    """BG-25. A negative quantity is a credit line."""

    quantity: Decimal  # BT-129
    unit_price: Decimal  # BT-146, before the discount
    discount_percent: Decimal | None = None  # BT-138
    tax_rate: Decimal = _NOTHING  # BT-152
    tax_category: Category | None = None  # BT-151
    description: str | None = None  # BT-153
    unit: str | None = None  # BT-130


@dataclass(frozen=True, kw_only=True)
class Adjustment:
    """An allowance (BG-20) or charge (BG-21) on the document: an amount or a percentage."""

    amount: Decimal | None = None  # BT-92, BT-99
    percent: Decimal | None = None  # BT-94, BT-101
    tax_rate: Decimal = _NOTHING  # BT-96, BT-103
    tax_category: Category | None = None  # BT-95, BT-102
    reason: str | None = None  # BT-97, BT-104


@dataclass(frozen=True, kw_only=True)
class Document:
    currency: str
    lines: Sequence[Line]
    allowances: Sequence[Adjustment] = ()
    charges: Sequence[Adjustment] = ()
    prices_include_tax: bool = False  # then the amounts of allowances and charges do, too
    round_to: Decimal | None = None  # the smallest coin, where what is paid is rounded: 0.05 CHF


@dataclass(frozen=True)
class Tax:
    """BG-23: what is taxed at one rate of one category."""

    category: Category  # BT-118
    rate: Decimal  # BT-119
    taxable: Decimal  # BT-116
    tax: Decimal  # BT-117


@dataclass(frozen=True, kw_only=True)
class Totals:
    """BG-22, and the amounts of BG-25, BG-20 and BG-21 in the order of the document."""

    lines: Decimal  # BT-106
    allowances: Decimal  # BT-107
    charges: Decimal  # BT-108
    net: Decimal  # BT-109
    tax: Decimal  # BT-110
    gross: Decimal  # BT-112
    paid: Decimal  # BT-113, with `credited`
    credited: Decimal
    rounding: Decimal  # BT-114
    balance: Decimal  # BT-115
    taxes: tuple[Tax, ...]
    line_nets: tuple[Decimal, ...]  # BT-131
    allowance_amounts: tuple[Decimal, ...]  # BT-92
    charge_amounts: tuple[Decimal, ...]  # BT-99

    @property
    def payable(self) -> Decimal:
        """What the document adds to the client's ledger; payments do not change it."""
        return self.gross + self.rounding


@dataclass(frozen=True, kw_only=True)
class Party:
    """The seller (BG-4) or the buyer (BG-7), as a document names it."""

    name: str | None = None  # BT-27, BT-44
    person: str | None = None  # BT-41, BT-56: whom to ask, or whose attention
    street1: str | None = None  # BT-35, BT-50
    street2: str | None = None  # BT-36, BT-51
    city: str | None = None  # BT-37, BT-52
    state: str | None = None  # BT-39, BT-54
    postal_code: str | None = None  # BT-38, BT-53
    country: str | None = None  # BT-40, BT-55
    vat_id: str | None = None  # BT-31, BT-48
    tax_number: str | None = None  # BT-32
    registration: str | None = None  # BT-30, BT-47: in the register of companies
    number: str | None = None  # BT-46: the client's number
    email: str | None = None  # BT-43, BT-58
    telephone: str | None = None  # BT-42, BT-57


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the seller is paid (BG-17)."""

    iban: str | None = None  # BT-84
    bic: str | None = None  # BT-86
    bank: str | None = None
    holder: str | None = None  # BT-85


type PaperKind = Literal["invoice", "credit_note", "estimate"]


@dataclass(frozen=True, kw_only=True)
class Paper:
    """A document as its reader gets it: what PDF and e-invoice are made from.

    A draft has no number. Amounts of a credit note are positive, as in UBL's CreditNote.
    """

    kind: PaperKind
    number: str | None  # BT-1
    issue_date: date  # BT-2
    due_date: date | None = None  # BT-9; of an estimate: until when it holds
    document: Document
    sums: Totals
    seller: Party
    buyer: Party
    account: Account = Account()
    purchase_order: str | None = None  # BT-13
    buyer_reference: str | None = None  # BT-10
    notes: str | None = None  # BT-22
    payment_terms: str | None = None  # BT-20
    exemption_reason: str | None = None  # BT-120
    delivery_date: date | None = None  # BT-72
    period: tuple[date, date] | None = None  # BG-14
    corrects: tuple[str, date] | None = None  # BG-3: number and date of the invoice
