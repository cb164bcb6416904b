"""The clock and RFC 3339 times. Handlers ask `now` once and pass it down."""

from datetime import UTC, date, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import PlainSerializer, WithJsonSchema


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
