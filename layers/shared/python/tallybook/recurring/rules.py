"""On which days a recurring invoice is made, and for which time. Pure.

Every date is counted from the schedule's first one, never from the one before. So what a short
month cuts off comes back: 31 January, 28 February, 31 March (RFC 7529, SKIP=BACKWARD).
"""

from calendar import monthrange
from collections.abc import Iterator
from datetime import date, timedelta

from tallybook.recurring.kinds import Covers, Run, Schedule

FIRST_DAY, LAST_DAY = date(1970, 1, 1), date(2199, 12, 31)  # what days can be entered, see dates
_ONE_DAY = timedelta(days=1)
_DAYS = {"daily": 1, "weekly": 7}
_MONTHS = {"monthly": 1, "quarterly": 3, "yearly": 12}


def date_of(schedule: Schedule, place: int) -> date:
    """The schedule's date with this place, as if it had no end; the first has 0.

    Those before the first have places below 0: a time that is past may have begun there.
    """
    if schedule.frequency in _DAYS:
        days = _DAYS[schedule.frequency] * schedule.interval
        return schedule.start_date + timedelta(days=place * days)
    first = _first_month(schedule)
    return _in_month(schedule, first + place * _MONTHS[schedule.frequency] * schedule.interval)


def place_after(schedule: Schedule, day: date) -> int:
    """The place of the first date behind `day`."""
    if schedule.frequency in _DAYS:
        days = _DAYS[schedule.frequency] * schedule.interval
        return max(0, (day - schedule.start_date).days // days + 1)
    months = _MONTHS[schedule.frequency] * schedule.interval
    place = (_month_of(day) - _first_month(schedule)) // months
    return max(0, place if date_of(schedule, max(0, place)) > day else place + 1)


def place_before(schedule: Schedule, day: date) -> int:
    """The place of the last date before `day`; below 0 where that is before the first."""
    return place_after(schedule, day - _ONE_DAY) - 1


def next_date(schedule: Schedule, after: date | None, made: int) -> date | None:
    """The first date behind `after` (None: of all), if it is not behind the schedule's end.

    `made` are the runs that `count` counts.
    """
    if schedule.count is not None and made >= schedule.count:
        return None
    day = date_of(schedule, 0 if after is None else place_after(schedule, after))
    is_over = schedule.end_date is not None and day > schedule.end_date
    return None if is_over or day > LAST_DAY else day


def dates(schedule: Schedule, after: date | None, made: int) -> Iterator[date]:
    """All dates behind `after`, in order, up to the end."""
    while (day := next_date(schedule, after, made)) is not None:
        yield day
        after, made = day, made + 1


def last_skipped(schedule: Schedule, after: date | None, until: date) -> date | None:
    """What `after` becomes when all before `until` are skipped: the next one is then not before."""
    place = place_before(schedule, until)
    if place < 0:
        return after
    skipped = date_of(schedule, place)
    return skipped if after is None else max(after, skipped)


def run_on(schedule: Schedule, day: date, number: int, covers: Covers) -> Run:
    """The run of a day: it is for the time up to its next date, or from the one before on."""
    if covers == "coming":
        first, last = day, date_of(schedule, place_after(schedule, day)) - _ONE_DAY
    else:
        first, last = _date_before(schedule, day), day - _ONE_DAY
    return Run(day=day, number=number, first=max(first, FIRST_DAY), last=min(last, LAST_DAY))


def _date_before(schedule: Schedule, day: date) -> date:
    place = place_before(schedule, day)
    return date_of(schedule, place if place >= 0 else -1)


def _first_month(schedule: Schedule) -> int:
    """The month of the first date: the day of the month comes in that of the start or the next."""
    month = _month_of(schedule.start_date)
    return month if _in_month(schedule, month) >= schedule.start_date else month + 1


def _in_month(schedule: Schedule, month: int) -> date:
    """The day in a month, counted from the year 0; the month's last where it has no such day."""
    year, index = divmod(month, 12)
    wanted = schedule.day_of_month or schedule.start_date.day
    return date(year, index + 1, min(wanted, monthrange(year, index + 1)[1]))


def _month_of(day: date) -> int:
    return 12 * day.year + day.month - 1
