"""How much an outlook tells."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tallybook.workflows import outlook
from tallybook.workflows.ahead import Foreseen, PromiseEnd

FIRST = date(2026, 3, 1)
LAST = FIRST + timedelta(days=9)


def foreseen(days: int) -> Foreseen:
    day = FIRST + timedelta(days)
    promise = PromiseEnd(promise_id="P", day=day, currency="EUR", amount="1.00")
    return Foreseen(at=datetime(2026, 3, 1, tzinfo=UTC), day=day, event=promise)


@pytest.mark.parametrize(
    ("days", "shown", "until", "complete"),
    [
        ([], 0, 9, True),
        ([0, 1, 1], 3, 9, True),
        ([0, 1, 1, 2], 3, 1, False),
        ([0, 1, 1, 1], 1, 0, False),
        ([0, 0, 0, 0], 3, 0, False),
    ],
)
def test_it_ends_with_a_whole_day_or_within_the_first(
    days: list[int], shown: int, until: int, complete: bool, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(outlook, "MOST_ITEMS", 3)
    teller: Any = SimpleNamespace(tell=lambda each: each)
    told = outlook.told(map(foreseen, days), teller, LAST, complete=True)
    assert (len(told.items), told.until, told.complete) == (
        shown,
        FIRST + timedelta(until),
        complete,
    )
