from dataclasses import replace
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.invoices.kinds import Adjustment, Document, InvalidAmount, Line
from tallybook.invoices.rules import rounded, totals
from tallybook.money import quantum

CURRENCIES = st.sampled_from(["JPY", "EUR", "KWD"])
RATES = st.sampled_from([Decimal(rate) for rate in ("0", "5.5", "7", "19", "20", "20.0", "25")])
CATEGORIES = st.sampled_from([None, "S", "Z", "E", "AE", "K", "G", "O"])
LINES = st.builds(
    Line,
    quantity=st.decimals("-1000", "1000", places=3),
    unit_price=st.decimals("0", "10000", places=4),
    discount_percent=st.none() | st.decimals("0", "100", places=2),
    tax_rate=RATES,
    tax_category=CATEGORIES,
)
WHOLE = st.integers(0, 1000).map(Decimal)  # what every currency can express
ADJUSTMENTS = st.lists(
    st.builds(Adjustment, amount=WHOLE, tax_rate=RATES, tax_category=CATEGORIES)
    | st.builds(Adjustment, percent=WHOLE.map(lambda each: each / 10), tax_rate=RATES),
    max_size=3,
)
DOCUMENTS = st.builds(
    Document,
    currency=CURRENCIES,
    lines=st.lists(LINES, max_size=8),
    allowances=ADJUSTMENTS,
    charges=ADJUSTMENTS,
    prices_include_tax=st.booleans(),
)


def line(quantity: str, unit_price: str, rate: str = "20", **more) -> Line:
    return Line(
        quantity=Decimal(quantity), unit_price=Decimal(unit_price), tax_rate=Decimal(rate), **more
    )


def part(rate: str = "20", *, amount=None, percent=None, category=None) -> Adjustment:
    return Adjustment(
        amount=amount and Decimal(amount),
        percent=percent and Decimal(percent),
        tax_rate=Decimal(rate),
        tax_category=category,
    )


def sums(*lines: Line, currency: str = "EUR", paid="0", credited="0", **more):
    document = Document(currency=currency, lines=lines, **more)
    return totals(document, paid=Decimal(paid), credited=Decimal(credited))


def told(found, *names: str) -> list[str]:
    return [str(getattr(found, name)) for name in names]


def taxes(found) -> list[tuple[str, str, str, str]]:
    return [
        (each.category, str(each.rate), str(each.taxable), str(each.tax)) for each in found.taxes
    ]


# The published examples of Peppol BIS Billing 3.0 (OpenPEPPOL/peppol-bis-invoice-3)


def test_the_base_example_of_peppol():
    """base-example.xml: a credit line and a charge at 25 percent."""
    found = sums(line("7", "400", "25"), line("-3", "500", "25"), charges=[part("25", amount="25")])
    assert [str(each) for each in found.line_nets] == ["2800.00", "-1500.00"]
    assert told(found, "lines", "allowances", "charges") == ["1300.00", "0.00", "25.00"]
    assert told(found, "net", "tax", "gross") == ["1325.00", "331.25", "1656.25"]
    assert told(found, "paid", "rounding", "balance") == ["0.00", "0.00", "1656.25"]
    assert taxes(found) == [("S", "25", "1325.00", "331.25")]


def test_the_allowance_example_of_peppol():
    """Allowance-example.xml: allowance and charge of 200 each, a line without tax, 1000 prepaid.

    Its allowances on lines (101 less 1 of 4100 and of 1000) are worked into the prices here.
    """
    found = sums(
        line("10", "400", "25.0"),
        line("10", "100", "0.0", tax_category="E"),
        line("10", "90", "25"),
        allowances=[part("25", amount="200")],
        charges=[part("25", amount="200")],
        paid="1000",
    )
    assert told(found, "lines", "allowances", "charges") == ["5900.00", "200.00", "200.00"]
    assert told(found, "net", "tax", "gross") == ["5900.00", "1225.00", "7125.00"]
    assert told(found, "paid", "balance", "payable") == ["1000.00", "6125.00", "7125.00"]
    assert taxes(found) == [("S", "25", "4900.00", "1225.00"), ("E", "0", "1000.00", "0.00")]


# BT-131: a line


@pytest.mark.parametrize(
    ("currency", "quantity", "price", "discount", "net"),
    [
        ("EUR", "3", "19.99", None, "59.97"),
        ("EUR", "1.5", "0.33", None, "0.50"),  # 0.495
        ("EUR", "1", "0.005", None, "0.01"),  # half up
        ("EUR", "-1", "0.005", None, "-0.01"),  # and away from 0, as the invoice it mirrors
        ("EUR", "1", "0.0049", None, "0.00"),
        ("EUR", "-1", "0.0049", None, "0.00"),
        ("EUR", "1", "1.015", None, "1.02"),  # which a float holds as 1.01499…
        ("EUR", "3", "33.33", "10", "89.99"),  # 89.991, rounded once
        ("EUR", "1", "0.99", "50", "0.50"),  # 0.495
        ("EUR", "7", "12.34", "100", "0.00"),
        ("EUR", "3", "33.333333", "33.3333", "66.67"),
        ("JPY", "3", "333.5", None, "1001"),  # 1000.5
        ("JPY", "1", "0.49", None, "0"),
        ("KWD", "3", "1.2345", None, "3.704"),  # 3.7035
        ("KWD", "1", "10", "12.5", "8.750"),
    ],
)
def test_a_line_is_rounded_once_half_up(currency, quantity, price, discount, net):
    one = line(quantity, price, discount_percent=discount and Decimal(discount))
    assert [str(each) for each in sums(one, currency=currency).line_nets] == [net]


# BT-92, BT-99: allowances and charges


def test_a_percentage_is_of_the_sum_of_the_lines():
    found = sums(
        line("1", "99.99"),
        line("1", "50.02", "10"),
        allowances=[part(percent="10"), part("10", amount="5")],
        charges=[part("0", percent="2.5", category="E")],
    )
    assert [str(each) for each in found.allowance_amounts] == ["15.00", "5.00"]  # 15.001
    assert [str(each) for each in found.charge_amounts] == ["3.75"]  # 3.75025
    assert told(found, "lines", "allowances", "charges") == ["150.01", "20.00", "3.75"]
    assert told(found, "net", "tax", "gross") == ["133.76", "21.50", "155.26"]
    assert taxes(found) == [
        ("S", "20", "84.99", "17.00"),  # 16.998
        ("S", "10", "45.02", "4.50"),  # 4.502
        ("E", "0", "3.75", "0.00"),
    ]


def test_an_allowance_at_a_rate_of_its_own_is_taxed_at_that_rate():
    found = sums(line("1", "100", "20"), allowances=[part("10", amount="30")])
    assert taxes(found) == [("S", "20", "100.00", "20.00"), ("S", "10", "-30.00", "-3.00")]
    assert told(found, "net", "tax", "gross") == ["70.00", "17.00", "87.00"]


# BR-CO-17: the tax


def test_tax_is_rounded_once_for_a_rate_and_not_for_a_line():
    found = sums(*[line("1", "0.03", "19")] * 10)  # each 0.0057
    assert taxes(found) == [("S", "19", "0.30", "0.06")]  # 0.057


@pytest.mark.parametrize(
    ("currency", "price", "rate", "tax"),
    [
        ("EUR", "0.50", "21", "0.11"),  # 0.105
        ("EUR", "-0.50", "21", "-0.11"),
        ("EUR", "1234.56", "5.5", "67.90"),  # 67.9008
        ("EUR", "10.10", "8.1", "0.82"),  # 0.8181
        ("JPY", "1005", "10", "101"),  # 100.5
        ("JPY", "999", "8", "80"),  # 79.92
        ("KWD", "1.110", "5", "0.056"),  # 0.0555
    ],
)
def test_tax_is_rounded_half_up_to_the_decimals_of_the_currency(currency, price, rate, tax):
    assert str(sums(line("1", price, rate), currency=currency).tax) == tax


@pytest.mark.parametrize(
    ("category", "rate", "expected"),
    [
        (None, "20", ("S", "20", "100.00", "20.00")),
        (None, "0", ("Z", "0", "100.00", "0.00")),
        ("S", "20", ("S", "20", "100.00", "20.00")),
        ("S", "0", ("S", "0", "100.00", "0.00")),
        ("Z", "20", ("Z", "0", "100.00", "0.00")),
        ("E", "20", ("E", "0", "100.00", "0.00")),
        ("AE", "20", ("AE", "0", "100.00", "0.00")),
        ("K", "20", ("K", "0", "100.00", "0.00")),
        ("G", "20", ("G", "0", "100.00", "0.00")),
        ("O", "20", ("O", "0", "100.00", "0.00")),
    ],
)
@pytest.mark.parametrize("prices_include_tax", [False, True])
def test_the_rate_counts_for_the_standard_category_only(
    category, rate, expected, prices_include_tax
):
    price = "120" if prices_include_tax and expected[1] == "20" else "100"
    one = line("1", price, rate, tax_category=category)
    assert taxes(sums(one, prices_include_tax=prices_include_tax)) == [expected]


def test_there_is_one_tax_for_each_category_and_rate_however_it_is_written():
    found = sums(
        line("1", "1", "0", tax_category="O"),
        line("1", "2", "7.0"),
        line("1", "4", "20"),
        line("1", "8", "2E+1"),
        line("1", "16", "20.00"),
        line("1", "32", "0"),
        line("1", "64", "7", tax_category="Z"),
        line("1", "128", "5.50"),
    )
    assert taxes(found) == [
        ("S", "20", "28.00", "5.60"),
        ("S", "7", "2.00", "0.14"),
        ("S", "5.5", "128.00", "7.04"),
        ("Z", "0", "96.00", "0.00"),
        ("O", "0", "1.00", "0.00"),
    ]


# Prices with tax


@pytest.mark.parametrize(
    ("currency", "price", "rate", "net", "tax"),
    [
        ("EUR", "120.00", "20", "100.00", "20.00"),
        ("EUR", "9.99", "19", "8.39", "1.60"),  # 8.3949…
        ("EUR", "0.03", "20", "0.03", "0.00"),  # 0.025: no net in whole cents has this gross
        ("EUR", "-9.99", "19", "-8.39", "-1.60"),
        ("JPY", "1000", "8", "926", "74"),  # 925.9…
        ("KWD", "1.000", "5", "0.952", "0.048"),  # 0.9523…
        ("EUR", "100.00", "0", "100.00", "0.00"),
    ],
)
def test_a_price_with_tax_comes_out_as_it_was_entered(currency, price, rate, net, tax):
    found = sums(line("1", price, rate), currency=currency, prices_include_tax=True)
    assert told(found, "net", "tax") == [net, tax]
    assert found.gross == Decimal(price)


def test_nets_of_lines_are_adjusted_until_they_add_up():
    found = sums(*[line("1", "10.00", "19")] * 3, prices_include_tax=True)
    assert taxes(found) == [("S", "19", "25.21", "4.79")]  # 30 / 1.19 = 25.2100…
    assert [str(each) for each in found.line_nets] == ["8.41", "8.40", "8.40"]  # 8.4033…
    assert told(found, "lines", "net", "gross") == ["25.21", "25.21", "30.00"]


def test_an_allowance_on_prices_with_tax_contains_tax():
    found = sums(
        line("2", "60.00"),
        line("1", "11.00", "10"),
        prices_include_tax=True,
        allowances=[part(percent="10")],
        charges=[part(amount="6")],
    )
    # 10 percent of 131.00 is 13.10 with tax; 120 - 13.10 + 6 = 112.90 at 20, 11.00 at 10 percent
    assert taxes(found) == [("S", "20", "94.08", "18.82"), ("S", "10", "10.00", "1.00")]
    assert [str(each) for each in found.allowance_amounts] == ["10.92"]  # 10.9166…
    assert [str(each) for each in found.charge_amounts] == ["5.00"]
    assert [str(each) for each in found.line_nets] == ["100.00", "10.00"]
    assert told(found, "net", "tax", "gross") == ["104.08", "19.82", "123.90"]


# BR-CO-16: what is left to pay


def test_the_balance_is_the_gross_less_what_was_paid_and_credited():
    found = sums(line("1", "100"), paid="50.5", credited="20")
    assert told(found, "gross", "paid", "credited", "balance") == [
        "120.00",
        "50.50",
        "20.00",
        "49.50",
    ]


@pytest.mark.parametrize(
    ("price", "paid", "rounding", "balance"),
    [
        ("100.02", "0", "-0.02", "100.00"),
        ("100.03", "0", "0.02", "100.05"),
        ("100.025", "0", "0.02", "100.05"),  # the line is 100.03
        ("-100.03", "0", "-0.02", "-100.05"),
        ("100.05", "0", "0.00", "100.05"),
        ("100.03", "50.01", "0.02", "50.04"),  # a payment does not change what was billed
    ],
)
def test_what_is_paid_is_rounded_to_the_smallest_coin(price, paid, rounding, balance):
    found = sums(line("1", price, "0"), currency="CHF", round_to=Decimal("0.05"), paid=paid)
    assert told(found, "rounding", "balance") == [rounding, balance]
    assert found.payable == found.gross + found.rounding


def test_a_document_without_lines_is_0():
    found = sums()
    assert told(found, "lines", "net", "tax", "gross", "balance") == ["0.00"] * 5
    assert found.taxes == ()


# What no sum can be made with


@pytest.mark.parametrize(
    ("document", "field", "message"),
    [
        (
            {"lines": [line("1", "1"), line("1234567890123456", "1")]},
            "lines.1.quantity",
            "15 digits",
        ),
        ({"lines": [line("1E+15", "1")]}, "lines.0.quantity", "15 digits"),
        ({"lines": [line("1", "1E-15")]}, "lines.0.unit_price", "15 digits"),
        ({"lines": [line("1", "NaN")]}, "lines.0.unit_price", "not a number"),
        ({"lines": [line("-Infinity", "1")]}, "lines.0.quantity", "not a number"),
        ({"lines": [line("1E+7", "1E+7")]}, "lines.0", "15 digits"),
        ({"lines": [line("1", "9E+12", "0")] * 2}, "totals.lines", "15 digits"),
        ({"lines": [line("1", "9E+12", "20")]}, "totals.gross", "15 digits"),
        (
            {"lines": [line("1", "1", discount_percent=Decimal(101))]},
            "lines.0.discount_percent",
            "between 0 and 100",
        ),
        (
            {"lines": [line("1", "1", discount_percent=Decimal(-1))]},
            "lines.0.discount_percent",
            "between 0 and 100",
        ),
        ({"lines": [line("1", "1", "-20")]}, "lines.0.tax_rate", "below 0"),
        ({"charges": [part("-1", amount="1")]}, "charges.0.tax_rate", "below 0"),
        ({"allowances": [part(amount="1.005")]}, "allowances.0.amount", "more than 2 decimals"),
        ({"allowances": [part()]}, "allowances.0", "either an amount or a percentage"),
        (
            {"charges": [part(amount="1"), part(amount="1", percent="1")]},
            "charges.1",
            "either an amount or a percentage",
        ),
        (
            {"allowances": [part(percent="1E+14")], "lines": [line("1", "1000")]},
            "allowances.0",
            "15 digits",
        ),
        ({"round_to": Decimal(0)}, "round_to", "not above 0"),
        ({"round_to": Decimal("0.005")}, "round_to", "more than 2 decimals"),
    ],
)
def test_a_number_that_cannot_be_used_is_named(document, field, message):
    with pytest.raises(InvalidAmount, match=message) as refused:
        totals(Document(**{"currency": "EUR", "lines": [line("1", "1")]} | document))
    assert refused.value.field == field
    assert str(refused.value).startswith(f"{field}: ")


@pytest.mark.parametrize("name", ["paid", "credited"])
def test_what_was_paid_has_the_decimals_of_the_currency(name):
    with pytest.raises(InvalidAmount, match=rf"^{name}: 0\.5 JPY has more than 0 decimals"):
        sums(line("1", "100"), currency="JPY", **{name: "0.5"})


def test_fifteen_digits_are_enough_for_anybody():
    found = sums(line("1", "9999999999999.99", "0"))
    assert str(found.gross) == "9999999999999.99"
    found = sums(line("999999999.999999", "0.00000000000001", "0"))
    assert str(found.gross) == "0.00"


# What always holds


@given(DOCUMENTS)
def test_the_sums_add_up(document):
    found = totals(document)
    assert found.lines == sum(found.line_nets)
    assert found.allowances == sum(found.allowance_amounts)
    assert found.charges == sum(found.charge_amounts)
    assert found.net == found.lines - found.allowances + found.charges
    assert found.net == sum(each.taxable for each in found.taxes)
    assert found.tax == sum(each.tax for each in found.taxes)
    assert found.gross == found.net + found.tax == found.balance == found.payable


@given(DOCUMENTS)
def test_every_amount_has_the_decimals_of_the_currency(document):
    found = totals(document)
    amounts = [getattr(found, name) for name in ("lines", "net", "tax", "gross", "balance", "paid")]
    amounts += [amount for each in found.taxes for amount in (each.taxable, each.tax)]
    amounts += [*found.line_nets, *found.allowance_amounts, *found.charge_amounts]
    assert {each.as_tuple().exponent for each in amounts} == {
        quantum(document.currency).as_tuple().exponent
    }
    assert not [each for each in amounts if each.is_zero() and each.is_signed()]


@given(DOCUMENTS)
def test_the_tax_of_a_rate_is_within_half_a_unit_of_the_exact_one(document):
    half = Fraction(quantum(document.currency)) / 2
    for each in totals(document).taxes:
        rate = Fraction(each.rate) / 100
        if document.prices_include_tax:
            exact = Fraction(each.taxable + each.tax) * rate / (1 + rate)
        else:
            exact = Fraction(each.taxable) * rate
        assert abs(Fraction(each.tax) - exact) <= half


@given(DOCUMENTS)
def test_the_tax_is_within_the_unit_that_the_norm_lets_pass(document):
    """BR-CO-17 as its schematron tests it: less than 1 off rate x taxable, even in yen."""
    for each in totals(document).taxes:
        exact = Fraction(each.taxable) * Fraction(each.rate) / 100
        assert abs(Fraction(each.tax) - exact) < quantum(document.currency)


@given(DOCUMENTS)
def test_prices_with_tax_give_back_what_was_entered(document):
    document = replace(document, prices_include_tax=True)
    found = totals(document)
    as_net = totals(replace(document, prices_include_tax=False))  # what was entered, rounded
    assert found.gross == as_net.net
    for each, entered in zip(found.taxes, as_net.taxes, strict=True):
        assert each.taxable + each.tax == entered.taxable


@given(DOCUMENTS)
def test_the_net_of_a_line_is_less_than_a_unit_off_its_exact_share(document):
    document = replace(document, prices_include_tax=True)
    found = totals(document)
    entered = totals(replace(document, prices_include_tax=False)).line_nets
    for one, net, gross in zip(document.lines, found.line_nets, entered, strict=True):
        standard = one.tax_category in (None, "S")
        rate = Fraction(one.tax_rate) / 100 if standard else Fraction(0)
        assert abs(Fraction(net) - Fraction(gross) / (1 + rate)) < quantum(document.currency)


@given(LINES, CURRENCIES)
def test_a_single_line_with_tax_has_the_gross_that_was_entered(one, currency):
    found = sums(one, currency=currency, prices_include_tax=True)
    off = 1 - (one.discount_percent or Decimal(0)) / 100
    assert found.gross == rounded(one.quantity * one.unit_price * off, currency)


@given(DOCUMENTS, st.randoms(use_true_random=False))
def test_the_order_of_lines_does_not_change_the_sums(document, chance):
    lines = list(document.lines)
    chance.shuffle(lines)
    found, other = totals(document), totals(replace(document, lines=lines))
    assert (found.net, found.gross, found.taxes) == (other.net, other.gross, other.taxes)


@given(DOCUMENTS)
def test_a_credit_note_mirrors_its_invoice(document):
    """The same lines with the opposite quantities: every sum is the opposite to the cent."""
    lines = [replace(each, quantity=-each.quantity) for each in document.lines]
    plain = replace(document, allowances=(), charges=())
    found, mirrored = totals(plain), totals(replace(plain, lines=lines))
    assert (mirrored.net, mirrored.tax, mirrored.gross) == (-found.net, -found.tax, -found.gross)
    assert mirrored.line_nets == tuple(-each for each in found.line_nets)
