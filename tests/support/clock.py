"""A clock that a test turns: what the application takes for now."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Self
from unittest import mock

from tallybook import dates

_TICK = timedelta(milliseconds=1)


@dataclass
class Clock:
    """`at` in UTC. Each time it is asked it is a millisecond later, so ids are in their order."""

    at: datetime

    def ask(self) -> datetime:
        self.at += _TICK
        return self.at

    def set(self, at: datetime) -> None:
        """Forwards only."""
        assert at >= self.at, (at, self.at)
        self.at = at


@contextmanager
def turned(at: datetime) -> Iterator[Clock]:
    """Inside, the application's clock stands at `at`, and is turned by hand."""
    clock = Clock(at.astimezone(UTC))

    class Turned(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return clock.ask().astimezone(tz)  # type: ignore[return-value]

    with mock.patch.object(dates, "datetime", Turned):
        yield clock
