from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from tallybook.ids import is_ulid, new_id, time_of

MOMENTS = st.datetimes(
    datetime(1970, 1, 1),  # noqa: DTZ001
    datetime(9999, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
).map(lambda at: at.replace(microsecond=at.microsecond // 1000 * 1000))


@given(MOMENTS)
def test_an_id_is_a_ulid_that_keeps_its_time(at: datetime):
    made = new_id(at)
    assert is_ulid(made)
    assert time_of(made) == at


@given(MOMENTS, st.integers(1, 10**9))
def test_ids_sort_by_the_time_they_were_made(at: datetime, milliseconds: int):
    earlier = at - timedelta(milliseconds=milliseconds)
    if earlier >= datetime(1970, 1, 1, tzinfo=UTC):
        assert new_id(earlier) < new_id(at)


def test_ids_of_one_moment_differ():
    at = datetime(2026, 11, 22, tzinfo=UTC)
    assert len({new_id(at) for _ in range(1000)}) == 1000


def test_the_time_is_read_as_the_specification_writes_it():
    """The example of github.com/ulid/spec."""
    assert time_of("01ARZ3NDEKTSV4RRFFQ69G5FAV") == datetime.fromtimestamp(1469922850.259, UTC)


def test_what_is_no_ulid_is_told_apart():
    assert is_ulid("01ARZ3NDEKTSV4RRFFQ69G5FAV")
    for text in (
        "",
        "01ARZ3NDEKTSV4RRFFQ69G5FA",
        "81ARZ3NDEKTSV4RRFFQ69G5FAV",
        "01ARZ3NDEKTSV4RRFFQ69G5FAU",
    ):
        assert not is_ulid(text)
