"""What the ledger books."""

from typing import Literal

type Kind = Literal[
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
