"""Identifiers: ULIDs, so that ids sort by the time they were made."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import Field
from ulid import ULID

# Crockford's base 32; the first character of a 128-bit number is at most 7.
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")

ULID_PATTERN = f"^{_ULID.pattern}$"
Ulid = Annotated[str, Field(pattern=ULID_PATTERN, examples=["01JA2Y5B7Q8RZ4T9C1N6V3X0WD"])]


def new_id(at: datetime) -> str:
    """A ULID whose first ten characters are the time `at`, to the millisecond."""
    return str(ULID.from_datetime(at))


def is_ulid(text: str) -> bool:
    return _ULID.fullmatch(text) is not None


def time_of(ulid: str) -> datetime:
    """When the id was made, to the millisecond."""
    return datetime.fromtimestamp(ULID.from_str(ulid).milliseconds / 1000, UTC)
