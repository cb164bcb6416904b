"""Ranges of days that are asked for."""

from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from tallybook.errors import InvalidField

LONGEST = 10  # years


class Span(NamedTuple):
    """Days from the first to the last, both included."""

    first: date
    last: date


@dataclass(frozen=True, kw_only=True)
class Within:
    """Days between two that may be left out."""

    first: date | None = None
    last: date | None = None


def within(first: date | None, last: date | None) -> Within:
    """Raises `InvalidField`."""
    _must_be_in_order(first, last)
    return Within(first=first, last=last)


def span(first: date | None, last: date) -> Span:
    """By default from the first of the month of `last`. Raises `InvalidField`."""
    _must_be_in_order(first, last)
    begin = first or last.replace(day=1)
    if (last.year - begin.year, last.month, last.day) > (LONGEST, begin.month, begin.day):
        raise InvalidField("from", f"A statement has {LONGEST} years at most, up to {last}.")
    return Span(begin, last)


def _must_be_in_order(first: date | None, last: date | None) -> None:
    if first and last and first > last:
        raise InvalidField("from", f"{first} is after {last}, the last day.")
