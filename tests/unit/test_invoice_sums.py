"""What was entered of a document, its sums, and both as they are stored and answered."""

from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tallybook.invoices.models import NewInvoice
from tallybook.invoices.sums import (
    added_up,
    document,
    entered,
    from_stored,
    reversed_taxes,
    shown_fields,
    shown_sums,
    to_stored,
)
from tallybook.money import DECIMALS
from tallybook.table import decode, encode

CATEGORIES = st.sampled_from([None, "S", "Z", "E", "AE", "K", "G", "O"])
RATES = st.sampled_from(["0", "7", "19", "20", "5.5", "100"])


def numbers(least: int, most: int, places: int) -> st.SearchStrategy[str]:
    return st.decimals(least, most, places=places, allow_nan=False).map(lambda each: f"{each:f}")


LINES = st.fixed_dictionaries(
    {"quantity": numbers(-50, 1000, 3), "unit_price": numbers(0, 5000, 2), "tax_rate": RATES},
    optional={
        "discount_percent": numbers(0, 100, 2),
        "tax_category": CATEGORIES,
        "description": st.sampled_from(["Consulting", "山田 太郎"]),
    },
)
ADJUSTMENTS = st.lists(
    st.one_of(
        st.fixed_dictionaries({"amount": numbers(0, 100, 0), "tax_rate": RATES}),
        st.fixed_dictionaries({"percent": numbers(0, 100, 2), "tax_rate": RATES}),
    ),
    max_size=3,
)
INVOICES = st.fixed_dictionaries(
    {
        "lines": st.lists(LINES, min_size=1, max_size=12),
        "allowances": ADJUSTMENTS,
        "charges": ADJUSTMENTS,
        "prices_include_tax": st.booleans(),
    }
)


@given(INVOICES, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_the_sums_of_what_was_entered_are_the_same_when_they_come_back(
    given_: dict[str, Any], currency: str
):
    stored = entered(NewInvoice.model_validate(given_))
    sums = added_up(document(stored, currency, None))
    back = decode(encode({"entered": stored, "sums": to_stored(sums)}))
    assert back["entered"] == stored
    assert from_stored(back["sums"], currency) == sums
    assert added_up(document(back["entered"], currency, None)) == sums


@given(INVOICES, st.sampled_from(["EUR", "JPY", "KWD"]))
def test_what_is_answered_adds_up_to_the_last_digit(given_: dict[str, Any], currency: str):
    stored = entered(NewInvoice.model_validate(given_))
    sums = to_stored(added_up(document(stored, currency, None)))
    shown = {name: Decimal(text) for name, text in shown_sums(sums, currency).items()}
    fields = shown_fields(stored, sums, currency)
    for name in ("lines", "allowances", "charges"):
        assert sum(Decimal(each.net) for each in fields[name]) == shown[name]
    assert shown["lines"] - shown["allowances"] + shown["charges"] == shown["net"]
    assert shown["net"] + shown["tax"] == shown["gross"]
    assert shown["gross"] + shown["rounding"] == shown["payable"]
    assert sum(Decimal(each["tax"]) for each in sums["taxes"]) == shown["tax"]
    assert sum(Decimal(each["taxable"]) for each in sums["taxes"]) == shown["net"]
    for text in shown_sums(sums, currency).values():
        assert len(text.partition(".")[2]) == DECIMALS[currency]


@given(INVOICES)
def test_what_takes_a_document_back_mirrors_its_taxes(given_: dict[str, Any]):
    sums = to_stored(added_up(document(entered(NewInvoice.model_validate(given_)), "EUR", None)))
    for tax, back in zip(sums["taxes"], reversed_taxes(sums), strict=True):
        assert (tax["taxable"] + back["taxable"], tax["tax"] + back["tax"]) == (0, 0)
        assert (tax["category"], tax["rate"]) == (back["category"], back["rate"])
