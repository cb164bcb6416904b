"""The calendar of the model of time: when a recurring invoice is due, and when a firm sends.

Plain arithmetic by hand, of issue 6's text: nothing of the application is used.
"""

import calendar
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

ONE_DAY = timedelta(1)
_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}
_DAYS = {"daily": 1, "weekly": 7}


def months_later(first: date, months: int, day: int | None = None) -> date:
    """So many months later, on the day of the first (or `day`), or the last of a shorter month."""
    years, month = divmod(first.month - 1 + months, 12)
    year = first.year + years
    last = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(day or first.day, last))


@dataclass
class Schedule:
    frequency: str
    start: date
    interval: int = 1
    day_of_month: int | None = None
    end: date | None = None
    count: int | None = None

    known: list[date] = field(default_factory=list)

    def nth(self, place: int) -> date:
        """The date with that place, as if it never ended, counted from the first, which has 0."""
        if step := _DAYS.get(self.frequency):
            return self.start + timedelta(step * self.interval * place)
        day = self.day_of_month or self.start.day
        first = months_later(self.start, 0, day)
        late = 1 if first < self.start else 0
        return months_later(self.start, late + _MONTHS[self.frequency] * self.interval * place, day)

    def behind(self, last: date | None) -> date:
        """The first date behind `last`, as if it never ended."""
        while not self.known or (last is not None and self.known[-1] <= last):
            self.known.append(self.nth(len(self.known)))
        return self.known[0 if last is None else bisect_right(self.known, last)]

    def before(self, day: date) -> date:
        """The last date before that one; there are dates before the first, too."""
        self.behind(day)
        return self.nth(bisect_left(self.known, day) - 1)


@dataclass
class Sending:
    """When the firm sends; `begin` and `end` None: all day."""

    begin: time | None = None
    end: time | None = None
    weekdays: frozenset[int] = frozenset(range(7))
    holidays: frozenset[date] = field(default_factory=frozenset)

    def is_open(self, here: datetime) -> bool:
        """Whether the firm sends at a moment, told where the firm is."""
        if here.weekday() not in self.weekdays or here.date() in self.holidays:
            return False
        now = here.time()
        return (self.begin is None or now >= self.begin) and (self.end is None or now < self.end)


def moment(day: date, at: time, zone: str) -> datetime:
    """In UTC, when it is that time of the day there."""
    return datetime.combine(day, at, ZoneInfo(zone)).astimezone(UTC)
