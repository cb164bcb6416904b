"""What can be missed, and what staff can decide about it."""

from typing import Literal

type MissedKind = Literal["recurring", "step"]
"""A period of a recurring invoice, or a step of a workflow for an invoice."""
type Decision = Literal["today", "own_date", "drop"]
"""Do it now with today's date, with the date that it would have had, or not at all."""

SUSPENDED = "suspended"  # why most is missed
