"""The pace of sending, on a clock of its own."""

import itertools

import pytest

from tallybook.mail import pace


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def monotonic(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(pace, "time", clock)
    return clock


def waits(clock: Clock, at: pace.Pace, count: int) -> list[float]:
    """When each of those who wait one after the other goes on, in seconds from now."""
    begun, times = clock.now, []
    for _ in range(count):
        at.wait()
        times.append(round(clock.now - begun, 3))
    return times


def test_mails_leave_one_interval_apart(clock: Clock):
    assert waits(clock, pace.Pace(10), 5) == [0, 0.1, 0.2, 0.3, 0.4]


def test_the_time_between_two_batches_is_made_up_for(clock: Clock):
    ten_a_second = pace.Pace(10)
    waits(clock, ten_a_second, 3)
    clock.sleep(0.35)
    assert waits(clock, ten_a_second, 5) == [0, 0, 0, 0.05, 0.15]


def test_over_many_batches_the_whole_rate_is_used_and_no_more(clock: Clock):
    hundred, begun = pace.Pace(100), clock.now
    for _ in range(50):
        waits(clock, hundred, 10)
        clock.sleep(0.08)  # what a batch of 0.1 seconds leaves
    assert 500 / (clock.now - begun) == pytest.approx(100, rel=0.02)


def test_whoever_was_idle_does_not_send_all_at_once(clock: Clock):
    ten_a_second = pace.Pace(10)
    clock.sleep(3600)
    times = waits(clock, ten_a_second, 20)
    assert sum(time == 0 for time in times) <= 6
    assert all(after - before <= 0.1001 for before, after in itertools.pairwise(times))
