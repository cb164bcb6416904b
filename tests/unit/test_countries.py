import json

import iso4217
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from tallybook._countries import ALIASES
from tallybook.countries import NAMES, CountryCode, code_of, name_of
from tallybook.text import fold
from tools.reference_data import ISO_NAMES_OF_NO_COUNTRY

COUNTRY = TypeAdapter[str](CountryCode)

OWN_NAMES = {
    "AT": "Österreich",
    "BE": "België Belgique Belgien",
    "CH": "Schweiz Suisse Svizzera Svizra",
    "CN": "中国",
    "CY": "Κύπρος Kıbrıs",
    "CZ": "Česko",
    "DE": "Deutschland",
    "DK": "Danmark",
    "EE": "Eesti",
    "EG": "مصر",
    "ES": "España Espanya",
    "FI": "Suomi",
    "GB": "England Scotland Wales Britain",
    "GE": "საქართველო",
    "GR": "Ελλάδα ΕΛΛΆΔΑ",
    "HR": "Hrvatska",
    "HU": "Magyarország",
    "IE": "Éire",
    "IL": "ישראל",
    "IN": "भारत",
    "IS": "Ísland",
    "JP": "日本",
    "KR": "대한민국 한국",
    "LT": "Lietuva",
    "LU": "Lëtzebuerg Luxemburg",
    "LV": "Latvija",
    "MX": "México",
    "NL": "Nederland Holland",
    "NO": "Norge Noreg",
    "PL": "Polska",
    "RO": "România",
    "RS": "Србија Srbija",
    "RU": "Россия",
    "SE": "Sverige",
    "SI": "Slovenija",
    "SK": "Slovensko",
    "TH": "ไทย",
    "TR": "Türkiye TÜRKİYE",
    "TW": "台灣",
    "UA": "Україна",
    "UZ": "Oʻzbekiston O'zbekiston",
}


def test_there_are_the_249_countries_of_iso_3166_1():
    assert len(NAMES) == 249
    assert "XK" not in NAMES


@pytest.mark.parametrize(
    ("code", "name"),
    [("DE", "Germany"), ("US", "United States"), ("KR", "South Korea"), ("TR", "Türkiye")],
)
def test_a_code_has_its_common_english_name(code, name):
    assert name_of(code) == name


@pytest.mark.parametrize("text", ["DE", "de", "De", " de ", "DEU", "deu"])
def test_codes_of_two_and_three_letters_count_in_any_case(text):
    assert code_of(text) == "DE"


@pytest.mark.parametrize("code", NAMES)
def test_every_country_is_found_by_its_code_and_its_name(code):
    assert code_of(code) == code
    assert code_of(NAMES[code]) == code
    assert code_of(NAMES[code].upper()) == code


def test_every_country_has_one_code_of_three_letters_and_no_two_share_it():
    codes = [aliases.split()[0] for aliases in ALIASES.values()]
    assert all(len(code) == 3 and code.isascii() for code in codes)
    assert len(set(codes)) == len(codes) == len(NAMES)


def test_every_alias_is_folded_and_means_its_own_country_alone():
    for code, aliases in ALIASES.items():
        for alias in aliases.split():
            assert fold(alias) == alias
            assert code_of(alias) == code


@pytest.mark.parametrize(("code", "names"), OWN_NAMES.items())
def test_a_country_is_found_by_its_name_in_its_own_languages(code, names):
    assert {code_of(name) for name in names.split()} == {code}


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("USA", "US"),
        ("U.S.A.", "US"),
        ("U.S.", "US"),
        ("United States of America", "US"),
        ("the United States", "US"),
        ("UK", "GB"),
        ("u.k.", "GB"),
        ("Great Britain", "GB"),
        ("Czech Republic", "CZ"),
        ("Česká republika", "CZ"),
        ("Korea, Republic of", "KR"),
        ("Korea (the Republic of)", "KR"),
        ("Republic of Korea", "KR"),
        ("Korea, Democratic People's Republic of", "KP"),
        ("Congo, Democratic Republic of the", "CD"),
        ("Moldova, Republic of", "MD"),
        ("Iran, Islamic Republic of", "IR"),
        ("Russia", "RU"),
        ("Turkey", "TR"),
        ("The Netherlands", "NL"),
        ("Ivory Coast", "CI"),
        ("Cote d'Ivoire", "CI"),
        ("Trinidad and Tobago", "TT"),
        ("Trinidad & Tobago", "TT"),
        ("St Lucia", "LC"),
        ("Saint Lucia", "LC"),
        ("Hong Kong", "HK"),
        ("Macau", "MO"),
        ("Burma", "MM"),
        ("OESTERREICH", "AT"),
        ("Federal Republic of Germany", "DE"),
    ],
)
def test_usual_variants_of_a_name_are_understood(name, code):
    assert code_of(name) == code


def test_every_name_that_iso_uses_is_understood():
    names = {(node.findtext("CtryNm") or "").strip() for node in iso4217.raw_xml.iter("CcyNtry")}
    countries = {name for name in names if not name.startswith(ISO_NAMES_OF_NO_COUNTRY)}
    assert {name for name in countries if code_of(name) is None} == set()


@pytest.mark.parametrize("name", ["Korea", "Congo", "the Congo", "Virgin Islands"])
def test_a_name_that_could_mean_two_countries_means_none(name):
    assert code_of(name) is None


@pytest.mark.parametrize("text", ["", " ", "Atlantis", "XX", "ZZ", "EU", "ß", "ﬁ", "\ud800", "276"])
def test_what_is_no_country_has_no_code(text):
    assert code_of(text) is None


@given(st.text())
def test_any_text_is_a_known_country_or_none(text):
    assert code_of(text) in {None, *NAMES}


@pytest.mark.parametrize("given", ["DE", "de", "deu", " Germany ", "Deutschland"])
def test_the_field_takes_a_code_or_a_name_and_gives_the_code(given):
    assert COUNTRY.validate_python(given) == "DE"


def test_an_unknown_country_is_named_with_what_is_accepted():
    with pytest.raises(ValidationError) as error:
        COUNTRY.validate_python("Atlantis")
    assert error.value.errors()[0]["msg"] == (
        "Value error, 'Atlantis' is not a country; give an ISO 3166-1 code"
        " or the country's name in English or its own language"
    )


@pytest.mark.parametrize("given", ["", "DE\x00", "D\x07E", "DE\ud800", "\ud800", 49, None, ["DE"]])
def test_the_field_refuses_control_characters_and_other_types(given):
    with pytest.raises(ValidationError):
        COUNTRY.validate_python(given)


def test_the_schema_says_string_with_an_example_instead_of_listing_249_codes():
    schema = COUNTRY.json_schema()
    assert schema["type"] == "string"
    assert schema["examples"] == ["DE"]
    assert "enum" not in json.dumps(schema)
