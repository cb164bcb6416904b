"""Identifiers: ULIDs (github.com/ulid/spec), so that ids sort by the time they were made."""

import os
import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

from pydantic import Field

from tallybook.forms import form

# Crockford's base 32; the first character of a 128-bit number is at most 7.
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

ULID_PATTERN = f"^{_ULID.pattern}$"
Ulid = Annotated[
    str,
    form(ULID_PATTERN, "This must be an id such as 01JA2Y5B7Q8RZ4T9C1N6V3X0WD."),
    Field(examples=["01JA2Y5B7Q8RZ4T9C1N6V3X0WD"]),
]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_PYTHON_DIGITS = str.maketrans(_DIGITS, "0123456789abcdefghijklmnopqrstuv")


def new_id(at: datetime) -> str:
    """A ULID whose first ten characters are the time `at`, to the millisecond."""
    return derived_id(at, int.from_bytes(os.urandom(10)))


def derived_id(at: datetime, rest: int) -> str:
    """The ULID of the time `at` with the 80 bits of `rest` in place of chance."""
    number = (at - _EPOCH) // _MILLISECOND << 80 | rest
    return "".join(_DIGITS[number >> shift & 31] for shift in range(125, -1, -5))


def is_ulid(text: str) -> bool:
    return _ULID.fullmatch(text) is not None


def rest_of(ulid: str) -> int:
    """The 80 bits behind the time."""
    return int(ulid[10:].translate(_PYTHON_DIGITS), 32)


def time_of(ulid: str) -> datetime:
    """When the id was made, to the millisecond."""
    return _EPOCH + int(ulid[:10].translate(_PYTHON_DIGITS), 32) * _MILLISECOND
