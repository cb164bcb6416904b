"""When the firm sends: hours, days and holidays where it is."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.settings.kinds import SendingHours
from tallybook.settings.rules import sends_at

WORKDAYS = SendingHours.model_validate(
    {"from": "08:00", "until": "18:00", "days": ["mon", "tue", "wed", "thu", "fri"]}
)


def moment(text: str, zone: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("zone", "asked", "sends"),
    [
        ("UTC", "2026-11-23T09:00", "2026-11-23T09:00"),  # a Monday, within the hours
        ("UTC", "2026-11-23T07:59", "2026-11-23T08:00"),
        ("UTC", "2026-11-23T18:00", "2026-11-24T08:00"),
        ("UTC", "2026-11-27T18:00", "2026-11-30T08:00"),  # Friday evening
        ("UTC", "2026-11-28T12:00", "2026-11-30T08:00"),
        ("Europe/Berlin", "2026-03-27T19:00", "2026-03-30T08:00"),  # the clocks go forward
        ("Pacific/Kiritimati", "2026-11-23T03:00", "2026-11-23T08:00"),
        ("Pacific/Pago_Pago", "2026-11-23T03:00", "2026-11-23T08:00"),
    ],
)
def test_what_falls_due_out_of_hours_waits_for_the_next(zone: str, asked: str, sends: str):
    at = moment(asked, zone).astimezone(UTC)
    assert sends_at(WORKDAYS, zone, at) == moment(sends, zone)


def test_nothing_is_sent_on_a_holiday():
    christmas = WORKDAYS.model_copy(update={"holidays": [date(2026, 12, 24), date(2026, 12, 25)]})
    at = moment("2026-12-23T20:00", "Europe/Berlin")
    assert sends_at(christmas, "Europe/Berlin", at) == moment("2026-12-28T08:00", "Europe/Berlin")


def test_a_firm_without_hours_sends_at_any_time():
    at = moment("2026-11-22T03:04", "UTC")
    assert sends_at(SendingHours(), "Europe/Berlin", at) == at


def test_hours_that_the_clocks_skip_begin_when_the_clocks_go_on():
    night = SendingHours.model_validate({"from": "02:30", "until": "05:00"})
    at = moment("2026-03-29T00:10", "UTC")  # 01:10 in Berlin; 02:00 becomes 03:00
    assert sends_at(night, "Europe/Berlin", at) == moment("2026-03-29T01:30", "UTC")


@pytest.mark.parametrize("until", ["02:45", "12:00"])
def test_hours_that_begin_as_the_clocks_go_back_have_begun_the_second_time(until: str):
    night = SendingHours.model_validate({"from": "02:15", "until": until})
    for minutes in range(0, 24 * 60, 5):  # 02:15 in Berlin is at 00:15 and 01:15
        at = moment("2026-10-25T00:00", "UTC") + timedelta(minutes=minutes)
        sends = sends_at(night, "Europe/Berlin", at)
        assert sends >= at
        assert sends_at(night, "Europe/Berlin", sends) == sends
    at = moment("2026-10-25T00:20", "UTC")
    assert sends_at(night, "Europe/Berlin", at) == at


@given(
    at=st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    zone=st.sampled_from(["UTC", "Europe/Berlin", "America/New_York", "Pacific/Apia"]),
)
def test_it_is_never_earlier_and_the_same_when_asked_again(at: datetime, zone: str):
    sends = sends_at(WORKDAYS, zone, at)
    assert sends >= at
    assert sends_at(WORKDAYS, zone, sends) == sends
    assert sends - at < timedelta(days=4)
    assert sends.astimezone(ZoneInfo(zone)).weekday() < 5
