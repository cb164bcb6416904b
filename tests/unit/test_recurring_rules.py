"""On which days a recurring invoice runs: tables, and what the iCalendar standard says of them.

The second opinion is python-dateutil's rrule (RFC 5545). What a short month cuts off is asked of it
as "the last of the days 1 to d of the month", which is what RFC 7529 calls SKIP=BACKWARD.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice, pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import DAILY, MONTHLY, WEEKLY, YEARLY, rrule
from hypothesis import example, given
from hypothesis import strategies as st

from tallybook import agenda
from tallybook.dates import today
from tallybook.recurring.kinds import Frequency, Schedule
from tallybook.recurring.rules import (
    date_of,
    dates,
    last_skipped,
    next_date,
    place_after,
    place_before,
    run_on,
)


def day(text: str) -> date:
    return date.fromisoformat(text)


def schedule(frequency: Frequency, start: str, **more: object) -> Schedule:
    for name in ("end_date", "start_date"):
        if name in more:
            more[name] = day(str(more[name]))
    return Schedule(frequency=frequency, start_date=day(start), **more)  # type: ignore[arg-type]


def first(count: int, of: Schedule) -> list[str]:
    return [each.isoformat() for each in islice(dates(of, None, 0), count)]


@pytest.mark.parametrize(
    ("of", "expected"),
    [
        (schedule("daily", "2028-02-27"), "2028-02-27 2028-02-28 2028-02-29 2028-03-01"),
        (schedule("daily", "2027-02-27", interval=2), "2027-02-27 2027-03-01 2027-03-03"),
        (schedule("weekly", "2026-12-24"), "2026-12-24 2026-12-31 2027-01-07"),
        (schedule("weekly", "2026-03-22", interval=2), "2026-03-22 2026-04-05 2026-04-19"),
        (
            schedule("monthly", "2026-01-31"),
            "2026-01-31 2026-02-28 2026-03-31 2026-04-30 2026-05-31 2026-06-30",
        ),
        (schedule("monthly", "2028-01-30"), "2028-01-30 2028-02-29 2028-03-30"),
        (schedule("monthly", "2026-01-29"), "2026-01-29 2026-02-28 2026-03-29"),
        (schedule("monthly", "2026-01-20", day_of_month=5), "2026-02-05 2026-03-05"),
        (schedule("monthly", "2026-01-20", day_of_month=20), "2026-01-20 2026-02-20"),
        (schedule("monthly", "2026-02-10", day_of_month=31), "2026-02-28 2026-03-31"),
        (schedule("monthly", "2026-02-28", day_of_month=31), "2026-02-28 2026-03-31"),
        (schedule("monthly", "2026-01-31", day_of_month=30), "2026-02-28 2026-03-30"),
        (schedule("monthly", "2026-11-30", interval=3), "2026-11-30 2027-02-28 2027-05-30"),
        (schedule("quarterly", "2026-11-30"), "2026-11-30 2027-02-28 2027-05-30 2027-08-30"),
        (schedule("quarterly", "2027-08-31", interval=2), "2027-08-31 2028-02-29 2028-08-31"),
        (schedule("quarterly", "2026-12-15", day_of_month=1), "2027-01-01 2027-04-01"),
        (
            schedule("yearly", "2028-02-29"),
            "2028-02-29 2029-02-28 2030-02-28 2031-02-28 2032-02-29",
        ),
        (schedule("yearly", "2096-02-29", interval=4), "2096-02-29 2100-02-28 2104-02-29"),
        (schedule("yearly", "2027-12-31"), "2027-12-31 2028-12-31"),
        (schedule("yearly", "2027-12-31", day_of_month=15), "2028-01-15 2029-01-15"),
    ],
    ids=lambda each: each.replace(" ", ",") if isinstance(each, str) else each.frequency,
)
def test_a_schedule_has_these_dates(of: Schedule, expected: str):
    wanted = expected.split()
    assert first(len(wanted), of) == wanted
    assert [each.isoformat() for each in islice(second_opinion(of), len(wanted))] == wanted


def second_opinion(of: Schedule) -> Iterator[date]:
    """The dates of the schedule, as python-dateutil's rrule has them."""
    start = datetime(of.start_date.year, of.start_date.month, of.start_date.day)  # noqa: DTZ001
    wanted = of.day_of_month or of.start_date.day
    last: Any = {"bymonthday": range(1, wanted + 1), "bysetpos": -1}
    match of.frequency:
        case "daily":
            rule = rrule(DAILY, start, of.interval)
        case "weekly":
            rule = rrule(WEEKLY, start, of.interval)
        case "monthly" | "quarterly" | "yearly":
            every = rrule(MONTHLY, start, **last)  # the first month that it runs in may be the next
            begin = next(iter(every))
            if of.frequency == "yearly":
                rule = rrule(YEARLY, begin, of.interval, bymonth=begin.month, **last)
            else:
                months = of.interval * (3 if of.frequency == "quarterly" else 1)
                rule = rrule(MONTHLY, begin, months, **last)
    return (each.date() for each in rule if of.end_date is None or each.date() <= of.end_date)


DAYS = st.dates(day("2000-01-01"), day("2040-12-31"))
SCHEDULES = st.builds(
    Schedule,
    frequency=st.sampled_from(["daily", "weekly"]),
    start_date=DAYS,
    interval=st.integers(1, 100),
) | st.builds(
    Schedule,
    frequency=st.sampled_from(["monthly", "quarterly", "yearly"]),
    start_date=DAYS,
    interval=st.integers(1, 15),
    day_of_month=st.none() | st.integers(1, 31),
)


@given(SCHEDULES)
@example(schedule("monthly", "2000-01-31"))
@example(schedule("yearly", "2000-02-29"))
@example(schedule("monthly", "2026-01-31", day_of_month=29))
def test_the_calendar_standard_gives_the_same_dates(of: Schedule):
    end = day("2199-12-31")
    expected = [each for each in islice(second_opinion(of), 40) if each <= end]
    assert list(islice(dates(of, None, 0), len(expected))) == expected


@given(SCHEDULES, DAYS, DAYS)
def test_the_next_date_is_the_first_one_behind_a_day(of: Schedule, after: date, until: date):
    all_dates = [each for each in islice(second_opinion(of), 400) if each <= until]
    bounded = Schedule(**vars(of) | {"end_date": until})
    expected = next((each for each in all_dates if each > after), None)
    if len(all_dates) < 400:
        assert next_date(bounded, after, 0) == expected
    assert next_date(bounded, None, 0) == (all_dates[0] if all_dates else None)


@given(SCHEDULES, DAYS)
def test_places_and_dates_belong_together(of: Schedule, at: date):
    place = place_after(of, at)
    assert place == 0 or date_of(of, place - 1) <= at
    assert date_of(of, place) > at
    before = place_before(of, at)
    assert before == -1 or date_of(of, before) < at
    assert date_of(of, before + 1) >= at
    for earlier, later in pairwise(date_of(of, each) for each in range(-3, 30)):
        assert earlier < later


@given(SCHEDULES, st.integers(1, 20), st.integers(0, 25))
def test_a_count_ends_it_however_much_was_made_before(of: Schedule, count: int, made: int):
    bounded = Schedule(**vars(of) | {"count": count})
    assert len(list(islice(dates(bounded, None, made), 30))) <= max(0, count - made)
    assert (next_date(bounded, None, made) is None) == (made >= count)


def test_a_schedule_ends_with_its_end_date():
    of = schedule("monthly", "2026-01-31", end_date="2026-03-31")
    assert first(9, of) == ["2026-01-31", "2026-02-28", "2026-03-31"]
    assert first(9, schedule("monthly", "2026-01-31", end_date="2026-01-30")) == []
    assert first(9, schedule("yearly", "2190-06-01", interval=5)) == ["2190-06-01", "2195-06-01"]


@given(SCHEDULES, DAYS, st.none() | DAYS)
def test_what_is_skipped_leaves_the_first_that_is_not_before_a_day(
    of: Schedule, until: date, after: date | None
):
    skipped = last_skipped(of, after, until)
    following = next_date(of, skipped, 0)
    assert following is not None
    expected = next(each for each in second_opinion(of) if each >= until)
    if after is None or after < until:
        assert following == expected
    else:
        assert following > after
        assert skipped == after


# ---- What a run is for ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("of", "on", "coming", "past"),
    [
        (
            schedule("monthly", "2026-01-31"),
            *("2026-01-31", "2026-01-31 2026-02-27", "2025-12-31 2026-01-30"),
        ),
        (
            schedule("monthly", "2026-01-31"),
            *("2026-02-28", "2026-02-28 2026-03-30", "2026-01-31 2026-02-27"),
        ),
        (
            schedule("monthly", "2028-02-01"),
            *("2028-02-01", "2028-02-01 2028-02-29", "2028-01-01 2028-01-31"),
        ),
        (
            schedule("quarterly", "2026-10-01"),
            *("2026-10-01", "2026-10-01 2026-12-31", "2026-07-01 2026-09-30"),
        ),
        (
            schedule("yearly", "2028-02-29"),
            *("2028-02-29", "2028-02-29 2029-02-27", "2027-02-28 2028-02-28"),
        ),
        (
            schedule("daily", "2026-03-29"),
            *("2026-03-29", "2026-03-29 2026-03-29", "2026-03-28 2026-03-28"),
        ),
        (
            schedule("weekly", "2026-12-28", count=1),
            *("2026-12-28", "2026-12-28 2027-01-03", "2026-12-21 2026-12-27"),
        ),
    ],
)
def test_a_run_is_for_the_time_up_to_the_next_or_from_the_one_before(
    of: Schedule, on: str, coming: str, past: str
):
    for covers, expected in (("coming", coming), ("past", past)):
        run = run_on(of, day(on), 1, "past" if covers == "past" else "coming")
        assert f"{run.first} {run.last}" == expected


@given(SCHEDULES)
def test_the_times_of_runs_follow_one_another_without_a_gap(of: Schedule):
    days = list(islice(dates(of, None, 0), 8))
    for covers in ("coming", "past"):
        runs = [run_on(of, each, 1, "past" if covers == "past" else "coming") for each in days]
        for earlier, later in pairwise(runs):
            assert later.first == earlier.last + timedelta(days=1)
            assert earlier.first <= earlier.last


def test_a_time_that_cannot_be_entered_ends_where_days_end():
    run = run_on(schedule("yearly", "2000-01-01", interval=100), day("2100-01-01"), 1, "coming")
    assert run.last == day("2199-12-31")
    run = run_on(schedule("yearly", "2000-01-01", interval=100), day("2000-01-01"), 1, "past")
    assert run.first == day("1970-01-01")


# ---- When a day begins ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("zone", "on", "moment"),
    [
        ("UTC", "2026-12-01", "2026-12-01T00:00"),
        ("Pacific/Niue", "2026-12-01", "2026-12-01T11:00"),  # UTC−11
        ("Pacific/Kiritimati", "2026-12-01", "2026-11-30T10:00"),  # UTC+14
        ("Asia/Kathmandu", "2026-12-01", "2026-11-30T18:15"),  # UTC+5:45
        ("Europe/Berlin", "2026-03-29", "2026-03-28T23:00"),  # clocks go forward at 2
        ("Europe/Berlin", "2026-03-30", "2026-03-29T22:00"),
        ("Europe/Berlin", "2026-10-25", "2026-10-24T22:00"),  # and back at 3
        ("Europe/Berlin", "2026-10-26", "2026-10-25T23:00"),
        ("America/New_York", "2026-03-08", "2026-03-08T05:00"),
        ("America/New_York", "2026-03-09", "2026-03-09T04:00"),
        ("Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00"),  # by half an hour
        ("Australia/Lord_Howe", "2026-04-06", "2026-04-05T13:30"),
        ("Pacific/Auckland", "2026-09-27", "2026-09-26T12:00"),
        ("Asia/Beirut", "2026-03-29", "2026-03-28T22:00"),  # midnight itself is skipped
        ("America/Havana", "2026-03-08", "2026-03-08T05:00"),
        ("America/Havana", "2026-11-01", "2026-11-01T04:00"),  # midnight comes twice
        ("Africa/Cairo", "2026-04-24", "2026-04-23T22:00"),
        ("America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00"),
    ],
)
def test_a_day_begins_at_this_moment(zone: str, on: str, moment: str):
    begins = agenda.start_of(day(on), zone)
    assert begins.astimezone(UTC) == datetime.fromisoformat(f"{moment}+00:00")
    assert today(begins, zone) == day(on)
    assert today(begins.astimezone(UTC) - timedelta(milliseconds=1), zone) < day(on)


ZONES = (
    *("UTC", "Pacific/Niue", "Pacific/Pago_Pago", "Pacific/Kiritimati", "Pacific/Chatham"),
    *("Europe/Berlin", "Europe/London", "America/New_York", "America/St_Johns", "Asia/Kolkata"),
    *("Australia/Lord_Howe", "Africa/Casablanca", "Asia/Beirut", "America/Havana", "Africa/Cairo"),
)


@given(st.sampled_from(ZONES), st.dates(day("2020-01-01"), day("2037-12-31")))
def test_a_day_begins_when_it_is_that_day_and_not_before(zone: str, on: date):
    begins = agenda.start_of(on, zone).astimezone(UTC)
    assert today(begins, zone) == on
    assert today(begins - timedelta(milliseconds=1), zone) == on - timedelta(days=1)
    assert begins.astimezone(ZoneInfo(zone)).date() == on


@given(st.sampled_from(ZONES), SCHEDULES)
def test_runs_fall_due_in_the_order_of_their_days_whatever_clocks_do(zone: str, of: Schedule):
    begins = [agenda.start_of(each, zone) for each in islice(dates(of, None, 0), 20)]
    assert begins == sorted(begins)
    assert len({each.astimezone(UTC) for each in begins}) == len(begins)
