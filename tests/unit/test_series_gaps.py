"""Gaps in series of numbers, as `make verify` finds them."""

import pytest

from tools.books.numbers import before_first, following, gaps, look_of

YEARLY = look_of("INV-{year}-{seq:03}", yearly=True)
ONE_RUN = look_of("{seq}/{year}", yearly=False)


@pytest.mark.parametrize(
    ("look", "numbers", "found"),
    [
        (YEARLY, [], []),
        (YEARLY, ["INV-2026-002", "INV-2026-001", "INV-2026-003"], []),
        (YEARLY, ["INV-2026-001", "INV-2026-003"], ["INV-2026-002 is missing"]),
        (YEARLY, ["INV-2025-001", "INV-2026-005"], []),
        (YEARLY, ["INV-2026-001", "INV-2026-001"], ["INV-2026-001 was given twice"]),
        (YEARLY, ["INV-2026-001", "INV-2026-900"], ["INV-2026-002 to INV-2026-899 are missing"]),
        (YEARLY, ["INV-2026-999", "INV-2026-1000"], []),
        (YEARLY, ["INV-2026-001", "R-7", "INV-26-003"], []),
        (ONE_RUN, ["9/2025", "10/2026"], []),
        (ONE_RUN, ["9/2025", "11/2026"], ["10/2026 is missing"]),
    ],
)
def test_what_is_missing_between_first_and_last_is_a_gap(look, numbers, found):
    assert list(gaps(numbers, look)) == found


def test_a_series_may_begin_anywhere_unless_somebody_had_the_number_before():
    numbers = ["INV-2026-008", "INV-2026-007", "INV-2025-001"]
    assert before_first(numbers, YEARLY) == ["INV-2026-006"]


def test_each_run_goes_on_behind_its_last_number():
    assert following(["INV-2026-008", "INV-2025-001"], YEARLY) == {"2026": 9, "2025": 2}
    assert following(["9/2025", "10/2026"], ONE_RUN) == {"": 11}


@pytest.mark.parametrize("pattern", ["INV.{seq}", "({year}) {seq:04}+", "{seq:012}"])
def test_a_pattern_may_hold_characters_that_mean_something_to_expressions(pattern):
    look = look_of(pattern, yearly=True)
    assert look.expression.fullmatch(pattern.format(year=2026, seq=42))
    assert not look.expression.fullmatch("INVx42")
