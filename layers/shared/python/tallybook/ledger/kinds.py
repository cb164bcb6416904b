"""What the ledger books."""

from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from typing import Literal

type EntryKind = Literal[
    "invoice",
    "payment",
    "credit_note",
    "refund",
    "reversal",
    "write_off",
    "void",
    "late_fee",
    "allocation",  # moves a credit to an invoice or back: what the client owes stays the same
]
type Kind = EntryKind  # the API names it in full: a history has kinds, too

# How far ahead an invoice may be dated: a year that was mistyped is not worth a number. And how
# many months behind this one it then falls at most: from 31 January to the February of next year.
LONGEST_AHEAD = timedelta(days=366)
MONTHS_AHEAD = 13


@dataclass(frozen=True, kw_only=True)
class Effect:
    """What an entry adds to the balance of an invoice."""

    invoice_id: str
    due_date: date
    amount: Decimal
