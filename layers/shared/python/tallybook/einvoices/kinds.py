"""What an e-invoice is made of, whatever its syntax. BT-… and BG-… are terms of EN 16931-1."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from tallybook.invoices.kinds import Account, Category, Paper, Party
from tallybook.invoices.rules import rounded


@dataclass(frozen=True, kw_only=True)
class Share:
    """A part that lowers or raises an amount: BG-20, BG-21, and BG-27 of a line."""

    charge: bool
    amount: Decimal  # BT-92, BT-99, BT-136
    base: Decimal | None = None  # BT-93, BT-100, BT-137
    percent: Decimal | None = None  # BT-94, BT-101, BT-138
    reason: str | None = None  # BT-97, BT-104, BT-139
    reason_code: str | None = None  # BT-140
    category: Category = "S"  # BT-95, BT-102
    rate: Decimal | None = None  # BT-96, BT-103


@dataclass(frozen=True, kw_only=True)
class Row:
    """BG-25."""

    number: str  # BT-126
    name: str | None  # BT-153
    description: str | None  # BT-154
    quantity: Decimal  # BT-129
    unit: str | None  # BT-130
    price: Decimal  # BT-146
    discount: Share | None  # BG-27
    net: Decimal  # BT-131
    category: Category  # BT-151
    rate: Decimal | None  # BT-152


@dataclass(frozen=True, kw_only=True)
class Breakdown:
    """BG-23."""

    category: Category  # BT-118
    rate: Decimal | None  # BT-119
    taxable: Decimal  # BT-116
    tax: Decimal  # BT-117
    reason: str | None  # BT-120
    reason_code: str | None  # BT-121


@dataclass(frozen=True, kw_only=True)
class Content:
    """A finalized paper, and what the norm derives from it."""

    paper: Paper
    number: str  # BT-1
    type_code: str  # BT-3, of UNTDID 1001
    seller: Party
    buyer: Party
    account: Account
    means: str | None  # BT-81
    delivered: date | None  # BT-72
    delivered_to: str | None  # BT-80
    rows: tuple[Row, ...]
    shares: tuple[Share, ...]
    taxes: tuple[Breakdown, ...]
    prepaid: Decimal  # BT-113
    due: Decimal  # BT-115

    def money(self, amount: Decimal) -> str:
        """An amount with the currency's decimals, as `rounded` made it."""
        return f"{rounded(amount, self.paper.document.currency):f}"
