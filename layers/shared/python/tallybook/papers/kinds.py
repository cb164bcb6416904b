"""What goes onto a paper beside the document itself: how it looks, how it is paid, who had what."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from tallybook.invoices.kinds import Account, Party
from tallybook.ledger.rules import Bucket, Row

_NO_ACCOUNT = Account()


@dataclass(frozen=True, kw_only=True)
class Look:
    """The firm's branding and habits. A logo that can't be drawn gives way to the firm's name."""

    colour: str = "#1a6f5c"  # as entered; made darker until it can be read on white
    logo: bytes | None = None  # PNG, JPEG or SVG
    paper: Literal["a4", "letter"] = "a4"
    locale: str = "en-GB"  # of numbers and dates; words are English where no others are known
    footer: str | None = None


@dataclass(frozen=True, kw_only=True)
class Payment:
    """What the reader is asked to pay, and by which reference the money is recognised."""

    amount: Decimal
    reference: str | None = None  # BT-83, at most 140 characters in a QR code
    link: str | None = None  # https://…, where it can be paid online


@dataclass(frozen=True, kw_only=True)
class CurrencyStatement:
    """`ledger.rules.Statement` and `ageing` of one currency."""

    currency: str
    opening: Decimal
    rows: Sequence[Row]
    closing: Decimal
    ageing: Mapping[Bucket, Decimal]


@dataclass(frozen=True, kw_only=True)
class StatementPaper:
    seller: Party
    buyer: Party
    from_date: date
    to_date: date  # the ageing is as of this day
    issued: date
    currencies: Sequence[CurrencyStatement]
    account: Account = _NO_ACCOUNT


@dataclass(frozen=True)
class Allocation:
    invoice: str
    invoice_date: date
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Receipt:
    """That a payment came in, what it paid, and what is left of it."""

    seller: Party
    buyer: Party
    number: str
    date: date
    method: str | None = None  # in the reader's words: "Bank transfer"
    reference: str | None = None  # the payer's
    currency: str
    amount: Decimal
    allocations: Sequence[Allocation] = ()
    remaining: Decimal = Decimal(0)  # kept as credit
    account: Account = _NO_ACCOUNT
