"""Writes the countries, trunk prefixes and currencies that the layer carries as plain Python.

The layer ships neither Babel (36 ms to import) nor iso4217 (it parses XML); their facts change a
few times a year. After an update of either, or of phonenumbers:

    uv run --group dev python -m tools.reference_data            # writes the two modules
    uv run --group dev python -m tools.reference_data --check    # exits 1 when they are stale
"""

import argparse
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path

import iso4217
import phonenumbers
from babel import Locale
from babel.core import get_global
from babel.languages import get_territory_language_info
from babel.localedata import locale_identifiers

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT / "layers/shared/python"))

from tallybook.text import fold  # noqa: E402  the path is needed first

PACKAGE = ROOT / "layers/shared/python/tallybook"

# "Tanzania, United Republic of", "Korea (the Republic of)", "Chad".
_SPLIT = re.compile(r"(.+?)(?:(?:, | \()(.+?)\)?)?")

# Territories of CLDR that are not in ISO 3166-1: exceptional reservations, groups of countries,
# pseudo-locales, and Kosovo, whose XK is a user-assigned code.
NOT_IN_ISO_3166 = frozenset(
    ("AC", "CP", "CQ", "DG", "EA", "EU", "EZ", "IC", "QO", "TA", "UN", "XA", "XB", "XK", "ZZ")
)

# Alpha-3 codes that ISO has withdrawn and CLDR still maps to today's country.
WITHDRAWN_ALPHA_3 = frozenset({"BUR", "DDR", "FXX", "TMP", "YMD", "ZAR"})

# A language that this part of a territory's people use counts as widely used there.
WIDELY_USED_PERCENT = 20

# Names of ISO 3166-1 that iso4217 carries and that CLDR spells differently.
ISO_NAMES = {
    "BRUNEI DARUSSALAM": "BN",
    "CABO VERDE": "CV",
    "CONGO (THE DEMOCRATIC REPUBLIC OF THE)": "CD",
    "CONGO (THE)": "CG",
    "FALKLAND ISLANDS (THE) [MALVINAS]": "FK",
    "HEARD ISLAND AND McDONALD ISLANDS": "HM",
    "HOLY SEE (THE)": "VA",
    "HONG KONG": "HK",
    "KOREA (THE DEMOCRATIC PEOPLE’S REPUBLIC OF)": "KP",
    "KOREA (THE REPUBLIC OF)": "KR",
    "LAO PEOPLE’S DEMOCRATIC REPUBLIC (THE)": "LA",
    "MACAO": "MO",
    "MYANMAR": "MM",
    "PALESTINE, STATE OF": "PS",
    "PITCAIRN": "PN",
    "RUSSIAN FEDERATION (THE)": "RU",
    "SAINT HELENA, ASCENSION AND TRISTAN DA CUNHA": "SH",
    "BONAIRE, SINT EUSTATIUS AND SABA": "BQ",
    "SAINT VINCENT AND THE GRENADINES": "VC",
    "SOUTH GEORGIA AND THE SOUTH SANDWICH ISLANDS": "GS",
    "SYRIAN ARAB REPUBLIC": "SY",
    "UNITED KINGDOM OF GREAT BRITAIN AND NORTHERN IRELAND (THE)": "GB",
    "UNITED STATES MINOR OUTLYING ISLANDS (THE)": "UM",
    "UNITED STATES OF AMERICA (THE)": "US",
    "VIET NAM": "VN",
    "VIRGIN ISLANDS (BRITISH)": "VG",
    "VIRGIN ISLANDS (U.S.)": "VI",
}
ISO_NAMES_OF_NO_COUNTRY = (
    "ARAB MONETARY FUND",
    "EUROPEAN UNION",
    "INTERNATIONAL MONETARY FUND",
    "MEMBER COUNTRIES OF",
    "SISTEMA UNITARIO",
    "ZZ",
)

# Either of two countries could be meant.
AMBIGUOUS = frozenset({"congo", "thecongo", "korea", "virginislands", "thevirginislands"})

# What people write besides: former, official and colloquial names.
USUAL_NAMES = {
    "AE": "UAE; the UAE; Emirates; Emirate; الإمارات",
    "AL": "Shqipëria; Republic of Albania; Republika e Shqipërisë",
    "AR": "Argentine Republic; República Argentina",
    "AT": "Republic of Austria; Republik Österreich; Oesterreich",
    "AU": "Commonwealth of Australia",
    "BA": "Bosnia; BiH",
    "BE": "Kingdom of Belgium; Koninkrijk België; Royaume de Belgique",
    "BG": "Republic of Bulgaria; Република България",
    "BN": "Brunei",
    "BR": "Federative Republic of Brazil; República Federativa do Brasil",
    "BY": "Republic of Belarus; Belorussia; Byelorussia; Белоруссия",
    "CD": "DRC; DR Congo; Democratic Republic of Congo; Congo-Kinshasa; Zaire",
    "CG": "Republic of the Congo; Republic of Congo; Congo-Brazzaville",
    "CH": "Swiss Confederation; Schweizerische Eidgenossenschaft; Confédération suisse",
    "CI": "Ivory Coast",
    "CN": "People's Republic of China; PRC; Mainland China; 中华人民共和国; 中華人民共和國",
    "CO": "Republic of Colombia; República de Colombia",
    "CV": "Cape Verde",
    "CY": "Republic of Cyprus; Κυπριακή Δημοκρατία",
    "CZ": "Czech Republic; The Czech Republic; Česká republika",
    "DE": "Federal Republic of Germany; Bundesrepublik Deutschland; BRD",
    "DK": "Kingdom of Denmark; Kongeriget Danmark",
    "EE": "Republic of Estonia; Eesti Vabariik",
    "EG": "Arab Republic of Egypt; جمهورية مصر العربية",
    "ES": "Kingdom of Spain; Reino de España",
    "FI": "Republic of Finland; Suomen tasavalta",
    "FK": "Falklands; Malvinas; Islas Malvinas",
    "FR": "French Republic; République française",
    "GB": "UK; the UK; the United Kingdom; Great Britain; Britain; England; Scotland; Wales;"
    "Northern Ireland",
    "GR": "EL; Hellas; Hellenic Republic; Ελληνική Δημοκρατία; Ελλάς",
    "HK": "Hong Kong SAR; 香港",
    "HR": "Republic of Croatia; Republika Hrvatska",
    "HU": "Republic of Hungary; Magyar Köztársaság",
    "IE": "Republic of Ireland; Eire; Irish Republic",
    "IL": "State of Israel; מדינת ישראל",
    "IN": "Republic of India; Bharat; Hindustan",
    "IR": "Persia",
    "IS": "Republic of Iceland",
    "IT": "Italian Republic; Repubblica Italiana",
    "JP": "Nippon; Nihon; 日本国",
    "KP": "DPRK; North Korea; 조선민주주의인민공화국; 북한",
    "KR": "South Korea; ROK; 한국; 남한",
    "KZ": "Republic of Kazakhstan",
    "LT": "Republic of Lithuania; Lietuvos Respublika",
    "LU": "Grand Duchy of Luxembourg; Luxemburg; Grand-Duché de Luxembourg",
    "LV": "Republic of Latvia; Latvijas Republika",
    "LY": "Libyan Arab Jamahiriya",
    "MA": "Kingdom of Morocco",
    "MC": "Principality of Monaco",
    "MD": "Moldavia; Republica Moldova",
    "MK": "Macedonia; Republic of North Macedonia; FYROM;"
    "The former Yugoslav Republic of Macedonia; Македонија",
    "MM": "Burma",
    "MO": "Macau; Macao SAR; Macau SAR; 澳門; 澳门",
    "MT": "Republic of Malta; Repubblika ta' Malta",
    "MV": "the Maldives",
    "MX": "United Mexican States; Estados Unidos Mexicanos; Méjico",
    "MY": "Federation of Malaysia",
    "NG": "Federal Republic of Nigeria",
    "NL": "Holland; Kingdom of the Netherlands; Koninkrijk der Nederlanden",
    "NO": "Kingdom of Norway; Kongeriket Norge; Kongeriket Noreg",
    "NZ": "Aotearoa; Aotearoa New Zealand",
    "PH": "Republic of the Philippines; Republika ng Pilipinas",
    "PK": "Islamic Republic of Pakistan",
    "PL": "Republic of Poland; Rzeczpospolita Polska",
    "PS": "Palestine",
    "PT": "Portuguese Republic; República Portuguesa",
    "RO": "Rumania; Roumania",
    "RS": "Republic of Serbia; Република Србија; Republika Srbija",
    "RU": "Российская Федерация",
    "SA": "Kingdom of Saudi Arabia; KSA; السعودية",
    "SC": "the Seychelles",
    "SE": "Kingdom of Sweden; Konungariket Sverige",
    "SG": "Republic of Singapore",
    "SI": "Republic of Slovenia; Republika Slovenija",
    "SK": "Slovak Republic; Slovenská republika",
    "SY": "Syria",
    "SZ": "Swaziland",
    "TH": "Kingdom of Thailand; ประเทศไทย",
    "TL": "East Timor",
    "TR": "Turkey; Republic of Turkey; Republic of Türkiye; Tuerkei; Türkiye Cumhuriyeti",
    "TZ": "Tanzania",
    "UA": "the Ukraine",
    "US": "USA; the USA; the US; the United States; Estados Unidos de América; EEUU",
    "VA": "Vatican; Vatican City State; Città del Vaticano",
    "VE": "Venezuela",
    "VG": "British Virgin Islands; BVI",
    "VI": "US Virgin Islands; USVI; United States Virgin Islands",
    "ZA": "Republic of South Africa; RSA",
}

# Units of account that ISO 4217 lists with decimals but that nobody pays in, and that its own
# `IsFund` mark misses: Uruguay's pension index, and the Arab Monetary Fund's accounting dinar.
UNMARKED_FUNDS = frozenset({"UYW", "XAD"})


def country_names() -> dict[str, str]:
    """ISO 3166-1 alpha-2 code → CLDR's English name, in the order of the codes."""
    territories = Locale("en").territories
    return {
        code: territories[code]
        for code in sorted(territories)
        if len(code) == 2 and code.isalpha() and code not in NOT_IN_ISO_3166
    }


def country_aliases(names: dict[str, str]) -> dict[str, str]:
    """Code → the folded names and the alpha-3 code that mean it and no other, in one string."""
    codes_by_alias: dict[str, set[str]] = defaultdict(set)
    for source in (_english(names), _own_languages(names), _iso_names(names), _usual_names()):
        for code, name in source:
            for spelling in _spellings(name):
                codes_by_alias[fold(spelling)].add(code)
    alpha_3 = _alpha_3_codes(names)
    codes_by_alias |= {alias.lower(): {code} for code, alias in alpha_3.items()}

    aliases: dict[str, list[str]] = {code: [] for code in names}
    for alias, codes in sorted(codes_by_alias.items()):
        means_an_alpha_2_code = alias.upper() in names
        is_clear = len(codes) == 1 and alias not in AMBIGUOUS
        if alias and is_clear and not means_an_alpha_2_code:
            aliases[min(codes)].append(alias)
    return {
        code: " ".join(sorted(found, key=lambda alias: (alias != alpha_3[code].lower(), alias)))
        for code, found in aliases.items()
    }


def _alpha_3_codes(names: dict[str, str]) -> dict[str, str]:
    return {
        codes[0]: alias
        for alias, codes in get_global("territory_aliases").items()
        if len(alias) == 3 and alias.isalpha() and alias not in WITHDRAWN_ALPHA_3
        if len(codes) == 1 and codes[0] in names
    }


def _english(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    yield from names.items()
    for code, name in names.items():
        if name.endswith(" Islands"):
            yield code, f"The {name}"


def _own_languages(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """The name in each language that is official, or widely used, in the country itself."""
    locales: dict[str, list[Locale]] = defaultdict(list)
    for identifier in sorted(locale_identifiers()):
        locale = Locale.parse(identifier)
        locales[locale.language].append(locale)
    for code in names:
        for tag, use in get_territory_language_info(code).items():
            language = tag.split("_")[0]
            widely_used = float(use["population_percent"] or 0) >= WIDELY_USED_PERCENT
            if language == "en" or not (use["official_status"] or widely_used):
                continue
            for locale in locales[language]:
                if locale.territory in (None, code) and code in locale.territories:
                    yield code, locale.territories[code]


def _iso_names(names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """ISO's own names, "Korea (the Republic of)", and the same said in the usual order."""
    codes = {fold(spelling): code for code, name in names.items() for spelling in _spellings(name)}
    listed = {(node.findtext("CtryNm") or "").strip() for node in iso4217.raw_xml.iter("CcyNtry")}
    for name in sorted(listed):
        if name.startswith(ISO_NAMES_OF_NO_COUNTRY):
            continue
        plain = name.replace(" (THE)", "")
        main, rest = _SPLIT.fullmatch(plain).groups("")  # type: ignore[union-attr]  # matches all
        code = ISO_NAMES.get(name) or codes.get(fold(plain)) or codes[fold(main)]
        yield from ((code, name), (code, plain))
        if plain != name:
            yield code, f"the {plain}"
        if rest.endswith((" OF", " OF THE")):
            without_the = rest.removeprefix("THE ")
            yield from ((code, f"{rest} {main}"), (code, f"{without_the} {main}"))
            yield code, f"{main} {without_the}"


def _usual_names() -> Iterator[tuple[str, str]]:
    for code, names in USUAL_NAMES.items():
        for name in names.split(";"):
            yield code, name.strip()


def _spellings(name: str) -> Iterator[str]:
    """The name with "&" and "and", "St." and "Saint", with "'" for the letter ʻ of Oʻzbekiston."""
    yield name.replace("ʻ", "'")
    for joined in {name, name.replace("&", "and"), name.casefold().replace(" and ", " & ")}:
        yield joined
        if joined.casefold().startswith("st. "):
            yield f"Saint {joined[4:]}"
        elif joined.casefold().startswith("saint "):
            yield f"St {joined[6:]}"


def trunk_prefixes() -> dict[str, str]:
    """Calling code → what a national number starts with when dialled, "-" for nothing.

    Two, separated by a space, where lines on the ground and mobiles differ. Codes that belong
    to no country, such as +800, have no national form.
    """
    return {
        str(calling_code): " ".join(sorted(found)).strip()
        for calling_code, regions in sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE.items())
        if (found := set(_trunk_prefixes_of(regions[0])))
    }


def _trunk_prefixes_of(region: str) -> Iterator[str]:
    kinds = (phonenumbers.PhoneNumberType.FIXED_LINE, phonenumbers.PhoneNumberType.MOBILE)
    for kind in kinds:
        number = phonenumbers.example_number_for_type(region, kind)
        if number is None:
            continue
        written = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.NATIONAL)
        digits = "".join(filter(str.isdigit, written))
        significant = phonenumbers.national_significant_number(number)
        # An Argentine mobile is written with a 15 in its middle: no prefix says that.
        if digits.endswith(significant):
            yield digits.removesuffix(significant) or "-"


def currency_decimals() -> dict[str, int]:
    """Active ISO 4217 currency → its decimals.

    Without funds and indexed units (CLF, UYW …), and without the codes that have no decimals
    because nobody pays in them: precious metals, bond units, XDR, XTS (testing), XXX (none).
    """
    decimals = {}
    for entry in iso4217.raw_xml.iter("CcyNtry"):
        code = (entry.findtext("Ccy") or "").strip()
        units = (entry.findtext("CcyMnrUnts") or "").strip()
        name = entry.find("CcyNm")
        is_fund = name is not None and name.get("IsFund", "").casefold() == "true"
        if code and units.isdigit() and not is_fund and code not in UNMARKED_FUNDS:
            decimals[code] = int(units)
    return dict(sorted(decimals.items()))


def _module(purpose: str, *tables: str) -> str:
    header = f'"""{purpose}\n\nGenerated by tools/reference_data.py: do not edit.\n"""\n'
    text = header + "".join(tables)
    if any(len(line) > 100 for line in text.splitlines()):
        # One country a line reads and diffs best, however long the line.
        text = text.replace(header, f"{header}\n# ruff: noqa: E501\n", 1)
    return text


def _table(name: str, explained: str, values: Mapping[str, str] | Mapping[str, int]) -> str:
    kind = type(next(iter(values.values()))).__name__
    rows = (
        f'    "{key}": "{value}",' if isinstance(value, str) else f'    "{key}": {value},'
        for key, value in values.items()
    )
    return "\n".join(("", f"# {explained}", f"{name}: dict[str, {kind}] = {{", *rows, "}", ""))


def modules() -> dict[Path, str]:
    """The text of every generated module, by its path."""
    names = country_names()
    return {
        PACKAGE / "_countries.py": _module(
            "ISO 3166-1 countries and the names that mean them (CLDR), and trunk prefixes.",
            _table("NAMES", "Alpha-2 code: English name.", names),
            _table(
                "ALIASES",
                "Alpha-2 code: the alpha-3 code and the folded names that mean this country alone.",
                country_aliases(names),
            ),
            _table(
                "TRUNK_PREFIXES",
                "Calling code: what its national numbers start with, - for nothing.",
                trunk_prefixes(),
            ),
        ),
        PACKAGE / "_currencies.py": _module(
            "Active ISO 4217 currencies; without funds, metals and testing codes.",
            _table("DECIMALS", "Currency: decimals.", currency_decimals()),
        ),
    }


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--check", action="store_true", help="exit 1 when a module is stale")
    check = parser.parse_args(arguments).check
    stale = [
        (path, text)
        for path, text in modules().items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    ]
    for path, text in stale:
        print(f"{path.name} is stale" if check else f"{path.name} written")
        if not check:
            path.write_text(text, encoding="utf-8")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
