"""When the system may send something by itself. Pure."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from tallybook.settings.kinds import SendingHours

_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_MOST_DAYS = 1500  # 200 holidays that are all of them Mondays are four years


def sends_at(sending: SendingHours, time_zone: str, at: datetime) -> datetime:
    """The first moment from `at` on at which the firm sends: `at` itself where that is one.

    Where no day of the next years is one, `at` itself: what is due is not lost.
    """
    zone = ZoneInfo(time_zone)
    today = at.astimezone(zone).date()
    begin = time.fromisoformat(sending.from_) if sending.from_ else time.min
    end = time.fromisoformat(sending.until) if sending.until else None
    for ahead in range(_MOST_DAYS):
        day = today + timedelta(days=ahead)
        if not _is_sent_on(day, sending):
            continue
        opens = _moment(day, begin, zone)
        if ahead or at < opens:
            return opens.astimezone(at.tzinfo)
        if end is None or at < _moment(day, end, zone):
            return at
    return at


def _moment(day: date, at: time, zone: ZoneInfo) -> datetime:
    """In UTC, where moments are in their order when the clocks go back; the first of two."""
    return datetime.combine(day, at, zone).astimezone(UTC)


def _is_sent_on(day: date, sending: SendingHours) -> bool:
    return _WEEKDAYS[day.weekday()] in sending.days and day not in sending.holidays
