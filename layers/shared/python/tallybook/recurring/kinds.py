"""What is invoiced again and again: its schedule, and the runs that follow from it."""

from dataclasses import dataclass
from datetime import date
from typing import Literal

type Frequency = Literal["daily", "weekly", "monthly", "quarterly", "yearly"]
type Covers = Literal["coming", "past"]
"""Whether an invoice is for the time from its date on, or for the time up to it."""
type RecurringStatus = Literal["active", "paused", "ended"]


@dataclass(frozen=True, kw_only=True)
class Schedule:
    """On which days it runs: `interval` days, weeks, months, quarters or years apart.

    It ends with `end_date`, or behind `count` runs. A `day_of_month` that a month does not have is
    its last day there.
    """

    frequency: Frequency
    start_date: date
    interval: int = 1
    end_date: date | None = None
    count: int | None = None
    day_of_month: int | None = None


@dataclass(frozen=True, kw_only=True)
class Run:
    """One run: its day, its number, counted from 1, and the days it is for, both included."""

    day: date
    number: int
    first: date
    last: date
