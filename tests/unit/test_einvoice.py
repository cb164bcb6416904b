"""What an e-invoice would lack, by the rules of EN 16931."""

from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.invoices.einvoice import Terms, warnings
from tallybook.invoices.kinds import Adjustment, Category, Document, Line, Party
from tallybook.invoices.rules import totals

SELLER = Party(
    name="Kontor GmbH", country="DE", vat_id="DE123456789", tax_number="1/2", registration="HRB 1"
)
BUYER = Party(name="Anna AB", country="SE", vat_id="SE556677", registration="5566")
TERMS = Terms(due_date=date(2026, 3, 31), exemption_reason="§ 4 Nr. 21 UStG")
LINE = Line(
    quantity=Decimal(1),
    unit_price=Decimal(100),
    tax_rate=Decimal(19),
    description="Advice",
    unit="HUR",
)
PART = Adjustment(amount=Decimal(10), tax_rate=Decimal(19), reason="Loyalty")
DOCUMENT = Document(currency="EUR", lines=[LINE], allowances=[PART], charges=[PART])


def lacking(
    document=DOCUMENT, *, paid="0", seller=SELLER, buyer=BUYER, terms=TERMS
) -> list[tuple[str, str]]:
    sums = totals(document, paid=Decimal(paid))
    found = warnings(document, sums, seller=seller, buyer=buyer, terms=terms)
    assert all(each.message.endswith(".") for each in found)
    return [(each.code, each.field) for each in found]


def of(*categories: Category, **more) -> list[tuple[str, str]]:
    lines = [replace(LINE, tax_category=each) for each in categories]
    return lacking(Document(currency="EUR", lines=lines), **more)


def without(party: Party, *names: str) -> Party:
    return replace(party, **dict.fromkeys(names))


def test_a_complete_document_lacks_nothing():
    assert lacking() == []


def test_a_finding_has_a_code_a_field_and_a_message():
    (found,) = warnings(
        DOCUMENT, totals(DOCUMENT), seller=without(SELLER, "name"), buyer=BUYER, terms=TERMS
    )
    assert asdict(found) == {
        "code": "BR-06",
        "field": "seller.name",
        "message": "The seller's name is missing.",
    }


@pytest.mark.parametrize("blank", [None, "", "  "])
@pytest.mark.parametrize(
    ("whose", "name", "code"),
    [
        ("seller", "name", "BR-06"),
        ("seller", "country", "BR-09"),
        ("buyer", "name", "BR-07"),
        ("buyer", "country", "BR-11"),
    ],
)
def test_who_sells_and_who_buys_is_said(whose, name, code, blank):
    party = replace(SELLER if whose == "seller" else BUYER, **{name: blank})
    assert lacking(**{whose: party}) == [(code, f"{whose}.{name}")]


def test_the_seller_is_known_by_a_vat_id_or_a_registration():
    assert lacking(seller=without(SELLER, "vat_id")) == []
    assert lacking(seller=without(SELLER, "registration")) == []
    neither = without(SELLER, "vat_id", "registration")
    assert lacking(seller=neither) == [("BR-CO-26", "seller.vat_id")]


@pytest.mark.parametrize("category", ["S", "Z", "E", "AE"])
def test_a_tax_number_does_where_no_vat_id_is_asked_for(category):
    assert of(category, seller=without(SELLER, "vat_id")) == []
    neither = without(SELLER, "vat_id", "tax_number")
    assert of(category, seller=neither) == [(f"BR-{category}-02", "seller.vat_id")]


@pytest.mark.parametrize(("category", "code"), [("K", "BR-IC-02"), ("G", "BR-G-02")])
def test_across_a_border_only_a_vat_id_will_do(category, code):
    assert of(category) == []
    assert of(category, seller=without(SELLER, "vat_id")) == [(code, "seller.vat_id")]


@pytest.mark.parametrize(
    ("category", "missing", "found"),
    [
        ("S", ("vat_id", "registration"), []),
        ("AE", ("vat_id",), []),
        ("AE", ("vat_id", "registration"), [("BR-AE-02", "buyer.vat_id")]),
        ("K", ("registration",), []),
        ("K", ("vat_id",), [("BR-IC-02", "buyer.vat_id")]),
        ("G", ("vat_id", "registration"), []),
    ],
)
def test_the_buyer_has_a_vat_id_where_the_tax_is_the_buyers(category, missing, found):
    assert of(category, buyer=without(BUYER, *missing)) == found


def test_an_exemption_has_a_reason():
    assert of("E", terms=replace(TERMS, exemption_reason=None)) == [("BR-E-10", "exemption_reason")]
    assert of("S", terms=replace(TERMS, exemption_reason=None)) == []


@pytest.mark.parametrize(
    ("vat_id", "found"),
    [
        ("123", True),
        ("ZZ1", True),
        ("DE1", False),
        ("el 1", False),
        ("XI1", False),
        (" AT U1", False),
    ],
)
def test_a_vat_id_begins_with_its_country(vat_id, found):
    expected = [("BR-CO-09", "buyer.vat_id")] if found else []
    assert lacking(buyer=replace(BUYER, vat_id=vat_id)) == expected
    assert of("O", buyer=replace(BUYER, vat_id=vat_id)) == []  # it is not written at all


def test_a_rate_below_half_a_percent_is_taken_for_none():
    low = replace(LINE, unit_price=Decimal(1000), tax_rate=Decimal("0.4"))
    assert lacking(Document(currency="EUR", lines=[low])) == [("BR-CO-17", "lines")]
    assert lacking(Document(currency="EUR", lines=[replace(low, unit_price=Decimal(100))])) == []


def test_what_is_outside_the_scope_of_vat_stands_alone_and_shows_no_vat_id():
    assert of("O") == []
    assert of("O", "S") == [("BR-O-11", "lines")]
    assert of("O", seller=without(SELLER, "registration")) == [("BR-CO-26", "seller.vat_id")]


@pytest.mark.parametrize(
    ("change", "found"),
    [
        ({"unit": None}, ("BR-23", "lines.1.unit")),
        ({"unit": "hours"}, ("BR-CL-23", "lines.1.unit")),
        ({"unit": "\x07"}, ("BR-23", "lines.1.unit")),
        ({"description": " "}, ("BR-25", "lines.1.description")),
        ({"unit_price": Decimal(-1)}, ("BR-27", "lines.1.unit_price")),
        ({"tax_rate": Decimal(0), "tax_category": "S"}, ("BR-S-05", "lines.1.tax_rate")),
    ],
)
def test_a_line_says_what_was_sold(change, found):
    assert lacking(replace(DOCUMENT, lines=[LINE, replace(LINE, **change)])) == [found]


def test_a_credit_line_lacks_nothing():
    credit = replace(LINE, quantity=Decimal(-1))
    assert lacking(replace(DOCUMENT, lines=[credit])) == []


def test_a_document_has_a_line():
    assert lacking(Document(currency="EUR", lines=[])) == [("BR-16", "lines")]


@pytest.mark.parametrize(
    ("name", "change", "found"),
    [
        ("allowances", {"reason": None}, ("BR-33", "allowances.0.reason")),
        ("charges", {"reason": ""}, ("BR-38", "charges.0.reason")),
        (
            "allowances",
            {"tax_rate": Decimal(0), "tax_category": "S"},
            ("BR-S-06", "allowances.0.tax_rate"),
        ),
        (
            "charges",
            {"tax_rate": Decimal(0), "tax_category": "S"},
            ("BR-S-07", "charges.0.tax_rate"),
        ),
    ],
)
def test_an_allowance_and_a_charge_have_a_reason_and_a_rate(name, change, found):
    parts = {"allowances": [PART], "charges": [PART]} | {name: [replace(PART, **change)]}
    assert lacking(Document(currency="EUR", lines=[LINE], **parts)) == [found]


def test_what_is_to_be_paid_is_due_some_day():
    undated = replace(TERMS, due_date=None)
    assert lacking(terms=undated) == [("BR-CO-25", "due_date")]
    assert lacking(terms=replace(undated, payment_terms="30 days net")) == []
    assert lacking(terms=undated, paid="119") == []  # nothing is left to pay
    refund = replace(DOCUMENT, lines=[replace(LINE, quantity=Decimal(-1))])
    assert lacking(refund, terms=undated) == []


@pytest.mark.parametrize(
    ("currency", "found"),
    [
        ("JPY", []),
        ("EUR", []),
        ("KWD", [("BR-DEC-23", "currency")]),
        ("STN", [("BR-CL-04", "currency")]),
    ],
)
def test_the_norm_knows_two_decimals(currency, found):
    assert lacking(replace(DOCUMENT, currency=currency)) == found


@given(
    st.builds(Party, name=st.none() | st.just("A"), vat_id=st.none() | st.just("B")),
    st.lists(
        st.builds(
            Line,
            quantity=st.integers(-5, 5).map(Decimal),
            unit_price=st.integers(-5, 5).map(Decimal),
            tax_rate=st.integers(0, 25).map(Decimal),
            tax_category=st.sampled_from([None, "S", "Z", "E", "AE", "K", "G", "O"]),
        ),
        max_size=5,
    ),
)
def test_whatever_is_lacking_is_told_once_and_never_refused(party, lines):
    document = Document(currency="KWD", lines=lines)
    found = lacking(document, seller=party, buyer=party, terms=Terms())
    assert len(found) == len(set(found))
