"""What a telephone network takes: which numbers, and how long a text is there."""

import re

from tallybook.telephones import normalise

_E164 = re.compile(r"\+[1-9][0-9]{3,14}")

# The default alphabet and its extension (3GPP TS 23.038, 6.2.1), whose characters count twice.
_ALPHABET = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")


def number(text: str, country: str | None) -> str | None:
    """The number as E.164; None when it is none, or has an extension, where no SMS arrives.

    `country` is the alpha-2 code of the country that a number without "+" is in.
    """
    normal = normalise(text, country)
    return normal if _E164.fullmatch(normal) else None


def segments(text: str) -> int:
    """In how many parts the text travels, each of which is paid for (3GPP TS 23.040, 9.2.3.24.1).

    A part has 160 characters of the default alphabet, or 70 of UTF-16 when there is any other; a
    few less when there are several parts. No character is cut in two.
    """
    if all(character in _ALPHABET or character in _EXTENSION for character in text):
        alone, among_others = 160, 153
        lengths = [1 + (character in _EXTENSION) for character in text]
    else:
        alone, among_others = 70, 67
        lengths = [1 + (ord(character) > 0xFFFF) for character in text]
    if sum(lengths) <= alone:
        return 1
    parts, room = 0, 0
    for length in lengths:
        if room < length:
            parts, room = parts + 1, among_others
        room -= length
    return parts
