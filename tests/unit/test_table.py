from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pynamodb.attributes import UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record, decode, differences, encode
from tallybook.transactions import MOST_ACTIONS, Transaction

PLAIN = st.recursive(
    st.booleans()
    | st.integers(-(10**30), 10**30)
    | st.text(max_size=5)
    | st.decimals(allow_nan=False, allow_infinity=False, places=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=10,
)


class Note(Record):
    KEY = ("NOTE#<id>", "NOTE")

    text = UnicodeAttribute(null=True)
    row = PlainMapAttribute(null=True)


@given(PLAIN)
def test_a_value_is_stored_exactly(value: Any):
    assert decode(encode(value)) == value


def test_none_inside_a_map_is_left_out():
    assert encode({"a": None, "b": 1}) == {"M": {"b": {"N": "1"}}}


def test_a_float_is_never_stored():
    with pytest.raises(TypeError):
        encode(1.5)


def test_an_update_names_only_what_differs_in_a_map():
    before = Note("NOTE#1", "NOTE", text="a", row={"x": 1, "y": {"z": 1}, "gone": 1})
    after = Note("NOTE#1", "NOTE", text="a", row={"x": 2, "y": {"z": 1}})
    assert [str(each) for each in differences(before, after)] == ["row.gone", "row.x = {'N': '2'}"]


def test_equal_records_differ_in_nothing():
    assert differences(Note("NOTE#1", "NOTE", text="a"), Note("NOTE#1", "NOTE", text="a")) == []


def test_a_transaction_that_cannot_fit_is_a_mistake_of_ours():
    transaction = Transaction()
    for place in range(MOST_ACTIONS + 1):
        transaction.put(Note(f"NOTE#{place}", "NOTE"))
    with pytest.raises(ValueError, match="101 actions"):
        transaction.commit()


def test_nothing_to_write_is_nothing_written():
    Transaction().commit()
