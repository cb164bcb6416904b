"""The clock and RFC 3339 times. Handlers ask `now` once and pass it down."""

import re
from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, PlainSerializer, WithJsonSchema


def now() -> datetime:
    """The current time in UTC, to the millisecond."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def today(at: datetime, time_zone: str) -> date:
    """The day that it is at the time `at` where the firm is (an IANA time zone)."""
    return at.astimezone(ZoneInfo(time_zone)).date()


def timestamp(moment: datetime) -> str:
    """RFC 3339 in UTC with milliseconds: "2026-11-22T07:04:00.000Z"."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Timestamp = Annotated[
    datetime,
    PlainSerializer(timestamp, return_type=str, when_used="json"),
    WithJsonSchema(
        {"type": "string", "format": "date-time", "examples": ["2026-11-22T07:04:00.000Z"]}
    ),
]


def _day_text(value: object) -> object:
    """Else a number would be taken for seconds since 1970, and a time for its day."""
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        return value
    raise ValueError("must be a day such as 2026-11-22")


def _of_our_times(value: date) -> date:
    if not _FIRST_YEAR <= value.year <= _LAST_YEAR:
        raise ValueError(f"must lie between {_FIRST_YEAR} and {_LAST_YEAR}")
    return value


_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_FIRST_YEAR, _LAST_YEAR = 1970, 2199

Day = Annotated[date, BeforeValidator(_day_text), AfterValidator(_of_our_times)]
"""A day that somebody enters: "2026-11-22" and nothing else."""
