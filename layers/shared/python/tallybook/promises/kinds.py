"""What a promise to pay is, and how it can stand."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

type PromiseStatus = Literal["pending", "kept", "broken", "cancelled"]


@dataclass(frozen=True, kw_only=True)
class Promised:
    """So much by the end of that day where the firm is. `invoice_ids` None: whatever it pays."""

    amount: Decimal
    currency: str
    date: date
    made_at: datetime
    invoice_ids: frozenset[str] | None = None
    is_cancelled: bool = False
