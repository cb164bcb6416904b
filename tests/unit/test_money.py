from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tallybook.money import DECIMALS, CurrencyCode, amount_text, quantum, zero

CURRENCY = TypeAdapter[str](CurrencyCode)
currencies = st.sampled_from(sorted(DECIMALS))


@st.composite
def amounts(draw: st.DrawFn) -> tuple[Decimal, str]:
    """A currency and an amount that it can express, up to more digits than any context keeps."""
    currency = draw(currencies)
    units = draw(st.integers(min_value=-(10**40), max_value=10**40))
    sign, digits = int(units < 0), tuple(map(int, str(abs(units))))
    return Decimal((sign, digits, -DECIMALS[currency])), currency


@pytest.mark.parametrize(("currency", "decimals"), [("EUR", 2), ("JPY", 0), ("KWD", 3), ("XOF", 0)])
def test_a_currency_has_its_own_number_of_decimals(currency, decimals):
    assert DECIMALS[currency] == decimals


@pytest.mark.parametrize(
    "code", ["XTS", "XXX", "XAU", "XAG", "XPT", "XPD", "XDR", "CLF", "UYW", "USN", "CHE", "DEM"]
)
def test_nobody_is_billed_in_funds_metals_testing_codes_and_former_currencies(code):
    assert code not in DECIMALS


@pytest.mark.parametrize(
    ("currency", "smallest"), [("EUR", "0.01"), ("JPY", "1"), ("BHD", "0.001")]
)
def test_the_quantum_is_the_smallest_amount_of_a_currency(currency, smallest):
    assert str(quantum(currency)) == smallest


@pytest.mark.parametrize(("currency", "text"), [("EUR", "0.00"), ("JPY", "0"), ("BHD", "0.000")])
def test_zero_has_the_decimals_of_its_currency(currency, text):
    assert str(zero(currency)) == text
    assert amount_text(zero(currency), currency) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("1250", "EUR", "1250.00"),
        ("1250", "JPY", "1250"),
        ("1250", "KWD", "1250.000"),
        ("0.5", "EUR", "0.50"),
        ("-3.1", "EUR", "-3.10"),
        ("1.2E+3", "EUR", "1200.00"),
        ("1E+30", "JPY", "1" + "0" * 30),
        ("1250.000", "EUR", "1250.00"),
        ("-0.00", "EUR", "0.00"),
        ("-0.000", "JPY", "0"),
    ],
)
def test_an_amount_is_written_with_exactly_the_decimals_of_its_currency(amount, currency, text):
    assert amount_text(Decimal(amount), currency) == text


@pytest.mark.parametrize(
    ("amount", "currency"), [("0.005", "EUR"), ("12.5", "JPY"), ("1E-30", "KWD")]
)
def test_an_amount_that_the_currency_cannot_express_is_an_error_and_never_rounded(amount, currency):
    with pytest.raises(ValueError, match=f"{currency} has more than {DECIMALS[currency]} decimals"):
        amount_text(Decimal(amount), currency)


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_only_a_finite_number_is_an_amount(amount):
    with pytest.raises(ValueError, match="is not an amount of money"):
        amount_text(Decimal(amount), "EUR")


@given(amounts())
def test_an_amount_is_read_back_as_it_was_written(amount_and_currency):
    amount, currency = amount_and_currency
    text = amount_text(amount, currency)
    assert Decimal(text) == amount
    assert len(text.partition(".")[2]) == DECIMALS[currency]
    assert amount_text(Decimal(text), currency) == text


@pytest.mark.parametrize("currency", DECIMALS)
def test_the_smallest_amount_of_every_currency_round_trips(currency):
    assert amount_text(quantum(currency), currency) == str(quantum(currency))
    with pytest.raises(ValueError, match="decimals"):
        amount_text(quantum(currency) / 10, currency)


@pytest.mark.parametrize("given", ["EUR", "eur", " Eur "])
def test_a_currency_code_counts_in_any_case(given):
    assert CURRENCY.validate_python(given) == "EUR"


def test_an_unknown_currency_is_named_with_what_is_accepted():
    with pytest.raises(ValidationError) as error:
        CURRENCY.validate_python("XXX")
    assert error.value.errors()[0]["msg"] == (
        "Value error, 'XXX' is not an active ISO 4217 currency; give a code such as EUR or USD"
    )


@pytest.mark.parametrize("given", ["", "EU", "EURO", "EUR\x00", "EUR\x1f", "\ud800", 978, None])
def test_what_is_no_currency_code_is_refused(given):
    with pytest.raises(ValidationError):
        CURRENCY.validate_python(given)


@given(st.text())
def test_any_text_is_an_active_currency_or_an_error(text):
    with suppress(ValidationError):
        assert CURRENCY.validate_python(text) in DECIMALS
