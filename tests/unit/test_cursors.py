import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.cursors import seal, unseal
from tallybook.errors import InvalidCursor

SCOPE = ["clients", "staff-1", '{"sort":"name"}']


@given(st.text(st.characters(codec="utf-8"), max_size=200))
def test_a_cursor_opens_for_the_list_it_was_made_for(position: str):
    cursor = seal(position, SCOPE)
    assert unseal(cursor, SCOPE) == position


def test_the_last_page_has_no_cursor_and_the_first_needs_none():
    assert seal(None, SCOPE) is None
    assert unseal(None, SCOPE) is None


@pytest.mark.parametrize(
    "other",
    [
        ["clients", "staff-2", '{"sort":"name"}'],
        ["clients", "staff-1", '{"sort":"-created_at"}'],
        ["contacts", "staff-1", '{"sort":"name"}'],
        ["clients", "staff-1"],
        ["clientss", "taff-1", '{"sort":"name"}'],
    ],
)
def test_a_cursor_of_another_list_is_refused(other: list[str]):
    with pytest.raises(InvalidCursor):
        unseal(seal("acme#1", SCOPE), other)


@given(st.data())
def test_an_altered_cursor_is_refused(data: st.DataObject):
    cursor = seal("acme#01JA2Y5B7Q8RZ4T9C1N6V3X0WD", SCOPE) or ""
    # The last character may hold bits that do not count.
    place = data.draw(st.integers(0, len(cursor) - 2))
    other = data.draw(st.sampled_from("abcXYZ019-_=.é").filter(lambda c: c != cursor[place]))
    with pytest.raises(InvalidCursor):
        unseal(cursor[:place] + other + cursor[place + 1 :], SCOPE)


@given(st.text(max_size=100))
def test_what_nobody_sealed_is_refused(text: str):
    with pytest.raises(InvalidCursor):
        unseal(text, SCOPE)
