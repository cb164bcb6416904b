"""Telephone numbers: E.164 when they can be checked, else exactly as entered."""

import re
import unicodedata

from tallybook._countries import TRUNK_PREFIXES

# Only a number, and perhaps an extension. phonenumbers would find the number in "Anna: 030 1234567"
# too, and Anna would be lost.
_ONLY_A_NUMBER = re.compile(
    r"(?:tel[.:]*)?[\s\d+＋()./·‐-―−-]+(?:[\s,;]*(?:ext(?:ensio)?n?|x|#)[\s:.=]*\d{1,9})?",
    re.IGNORECASE,
)
_E164 = re.compile(r"\+([1-9][0-9]{3,14})(?:;ext=([0-9]+))?")

_WHITE_SPACE = " \t\r\n\N{NO-BREAK SPACE}"  # str.strip would take control characters too


def normalise(text: str, region: str | None) -> str:
    """A possible and valid number as E.164, with its extension: "+49301234567;ext=12" (RFC 3966).

    `region` is the alpha-2 code of the country that a number without "+" is in. Whatever else
    is entered stays as it is, without the white space around it. Raises ValueError for control
    characters.
    """
    entered = text.strip(_WHITE_SPACE)
    plain = entered.isascii() and entered.isprintable()
    visible = entered if plain else _visible(entered)
    if not _ONLY_A_NUMBER.fullmatch(visible):
        return entered

    import phonenumbers

    try:
        number = phonenumbers.parse(visible, region)
    except phonenumbers.NumberParseException:
        return entered
    if not (phonenumbers.is_possible_number(number) and phonenumbers.is_valid_number(number)):
        return entered
    e164 = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    return f"{e164};ext={number.extension}" if number.extension else e164


def _visible(entered: str) -> str:
    """Without the marks of direction that address books wrap numbers in."""
    for position, character in enumerate(entered):
        if unicodedata.category(character) in ("Cc", "Cs"):
            raise ValueError(f"has a control character at position {position + 1}")
    return "".join(c for c in entered if unicodedata.category(c) != "Cf")


def search_forms(number: str) -> list[str]:
    """The digits that people type to find a number: "49301234567" and "0301234567".

    An extension follows the digits, as direct dialling has it, so that both forms also start
    with the number alone. Loads no phone-number tables: the trunk prefix is looked up by calling
    code. A number kept as entered is found by its digits.
    """
    e164 = _E164.fullmatch(number)
    if e164 is None:
        return _digits_as_entered(number)
    digits, extension = e164.group(1), e164.group(2) or ""
    calling_code = next((digits[:n] for n in (1, 2, 3) if digits[:n] in TRUNK_PREFIXES), None)
    if calling_code is None:  # belongs to no country: +800 and the like
        return [digits + extension]
    significant = digits.removeprefix(calling_code)
    prefixes = TRUNK_PREFIXES[calling_code].split()
    national = [prefix.strip("-") + significant for prefix in prefixes]
    return [form + extension for form in (digits, *national)]


def _digits_as_entered(number: str) -> list[str]:
    digits = "".join(str(unicodedata.decimal(c)) for c in number if c.isdecimal())
    # 00 is how most countries dial abroad, in place of "+".
    forms = [digits, digits[2:]] if digits.startswith("00") else [digits]
    return list(filter(None, forms))
