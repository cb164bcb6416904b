import subprocess
import sys

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tallybook.telephones import normalise, search_forms

REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
EXAMPLES = [
    (region, number)
    for region in REGIONS
    for kind in KINDS
    if (number := phonenumbers.example_number_for_type(region, kind))
]


ARGENTINE_MOBILE = ("AR", phonenumbers.example_number_for_type("AR", KINDS[1]).national_number)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("entered", "region", "stored"),
    [
        ("030 1234567", "DE", "+49301234567"),
        ("(030) 123-45.67", "DE", "+49301234567"),
        ("+49 (0)30 1234567", None, "+49301234567"),
        ("0049 30 1234567", "AT", "+49301234567"),
        ("+39 06 1234 5678", None, "+390612345678"),
        ("(202) 456-1111", "US", "+12024561111"),
        ("8 495 123-45-67", "RU", "+74951234567"),
        ("tel:+49-30-1234567", None, "+49301234567"),
        ("Tel. 030 1234567", "DE", "+49301234567"),
        ("٠٣٠١٢٣٤٥٦٧", "DE", "+49301234567"),
        ("＋49 30 1234567", None, "+49301234567"),
        ("\u202a+49 30 1234567\u202c", None, "+49301234567"),
        ("030\xa01234567\n", "DE", "+49301234567"),
    ],
)
def test_a_valid_number_becomes_e164(entered, region, stored):
    assert normalise(entered, region) == stored


@pytest.mark.parametrize(
    "entered",
    [
        "030 1234567 ext. 12",
        "030 1234567 x12",
        "030 1234567 extension 12",
        "030 1234567, Ext: 12",
        "030 1234567#12",
        "+49301234567;ext=12",
    ],
)
def test_an_extension_is_kept_as_in_rfc_3966(entered):
    assert normalise(entered, "DE") == "+49301234567;ext=12"


@pytest.mark.parametrize(
    ("entered", "region"),
    [
        ("030 1234567", None),
        ("030 1234567", "AQ"),
        ("030 1234567", "not a region"),
        ("112", "DE"),
        ("+49 1", None),
        ("+999 123456789", None),
        ("ask Anna", "DE"),
        ("Anna: 030 1234567", "DE"),
        ("030 1234567 (after six)", "DE"),
        ("030 1234567 or 030 7654321", "DE"),
        ("030 1234567; 030 7654321", "DE"),
        ("1-800-FLOWERS", "US"),
        ("9" * 300, "DE"),
        ("", "DE"),
    ],
)
def test_whatever_cannot_be_checked_is_kept_as_entered(entered, region):
    assert normalise(f"  {entered} ", region) == entered


@pytest.mark.parametrize("entered", ["030\x071234", "030\t1234", "\x1f030 1234567", "+49\ud800 30"])
def test_control_characters_are_an_error_with_their_place(entered):
    with pytest.raises(ValueError, match=r"has a control character at position \d"):
        normalise(entered, "DE")


@pytest.mark.parametrize(("region", "number"), EXAMPLES)
def test_a_number_of_every_country_is_the_same_however_it_is_written(region, number):
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    for form in ("INTERNATIONAL", "RFC3966", "E164"):
        written = phonenumbers.format_number(number, getattr(phonenumbers.PhoneNumberFormat, form))
        assert normalise(written, None) == e164
        assert normalise(written, "DE") == e164


@given(
    st.text()
    | st.text("+0123456789 ()-/.#x;ext=")
    | st.from_regex(r"\+?[0-9 ]{3,16}( x[0-9]{1,12})?"),
    st.sampled_from([None, *REGIONS]),
)
def test_normalising_again_changes_nothing(entered, region):
    try:
        once = normalise(entered, region)
    except ValueError:
        return
    assert normalise(once, region) == once
    assert normalise(once, "US") == once or not once.startswith("+")


@given(st.sampled_from(EXAMPLES), st.from_regex("[0-9]{1,7}", fullmatch=True))
def test_an_extension_survives_for_every_country(example, extension):
    e164 = phonenumbers.format_number(example[1], phonenumbers.PhoneNumberFormat.E164)
    assert normalise(f"{e164} ext. {extension}", None) == f"{e164};ext={extension}"
    assert normalise(f"{e164};ext={extension}", None) == f"{e164};ext={extension}"


@pytest.mark.parametrize(
    ("number", "forms"),
    [
        ("+49301234567", ["49301234567", "0301234567"]),
        ("+49301234567;ext=12", ["4930123456712", "030123456712"]),
        ("+12024561111", ["12024561111", "2024561111"]),
        ("+390612345678", ["390612345678", "0612345678"]),
        ("+74951234567", ["74951234567", "84951234567"]),
        ("+3612345678", ["3612345678", "0612345678"]),
        ("+8613812345678", ["8613812345678", "13812345678", "013812345678"]),
        ("+80012345678", ["80012345678"]),
        ("030 / 1234-5", ["03012345"]),
        ("0049 30 1234567", ["0049301234567", "49301234567"]),
        ("Anna: ٠٣٠ 123", ["030123"]),
        ("1-800-FLOWERS", ["1800"]),
        ("ask Anna", []),
        ("", []),
    ],
)
def test_a_number_is_found_by_the_digits_that_people_type(number, forms):
    assert search_forms(number) == forms


# An Argentine mobile is written with a 15 in its middle: its own digits don't hold that.
@pytest.mark.parametrize(
    ("region", "number"),
    [(region, n) for region, n in EXAMPLES if (region, n.national_number) != ARGENTINE_MOBILE],
)
def test_a_number_of_every_country_is_found_by_its_international_and_national_digits(
    region, number
):
    forms = search_forms(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
    for form in ("INTERNATIONAL", "NATIONAL"):
        written = phonenumbers.format_number(number, getattr(phonenumbers.PhoneNumberFormat, form))
        assert "".join(filter(str.isdigit, written)) in forms


@given(st.text())
def test_search_forms_are_ascii_digits(text):
    assert all(form.isascii() and form.isdigit() for form in search_forms(text))


def test_searching_loads_no_phone_number_tables():
    code = (
        "import sys; from tallybook.telephones import *;"
        "search_forms('+49301234567'); normalise('ask Anna', 'DE');"
        "sys.exit('phonenumbers' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": ":".join(sys.path)})
