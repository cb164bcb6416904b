"""The fonts of papers, and which characters they have.

PDF/A refuses a character that no font has, and a name from anywhere must not stop an invoice: such
a character becomes "□". `coverage.txt`, beside the fonts, says what they have: a range a line, in
hexadecimal, in order (tools: layers/documents/coverage.py).
"""

import os
import re
import unicodedata
from bisect import bisect_right
from functools import cache
from pathlib import Path
from typing import Literal

SUBSTITUTE = "□"
TEXT_FACE = "Source Sans 3"
_SCRIPTS = (
    *("Arabic", "Hebrew", "Thai", "Devanagari", "Armenian", "Georgian", "Bengali", "Tamil"),
    *("Telugu", "Gujarati", "Gurmukhi", "Kannada", "Malayalam", "Sinhala", "Khmer", "Lao"),
    *("Myanmar", "Ethiopic", "Oriya"),
)
_LONG_RUN = re.compile(r"\S{30,}")
_BREAK = "\N{ZERO WIDTH SPACE}"
_SPACES = {"\N{NO-BREAK SPACE}", "\N{NARROW NO-BREAK SPACE}"}
_HARMLESS = {"\n", _BREAK, "\N{ZERO WIDTH NON-JOINER}", "\N{ZERO WIDTH JOINER}"}

type Region = Literal["JP", "KR", "SC", "TC", "HK"]
_REGIONS: dict[str, Region] = {"JP": "JP", "KR": "KR", "TW": "TC", "HK": "HK", "MO": "HK"}


def directory() -> Path:
    return Path(os.environ["FONTS_DIR"])


def families(region: Region) -> list[str]:
    """In the order in which they are asked for a character."""
    return [TEXT_FACE, *(f"Noto Sans {script}" for script in _SCRIPTS), f"Noto Sans CJK {region}"]


def region_of(country: str | None, text: str) -> Region:
    """Whose shapes Han characters have: kana and hangul tell, then the country."""
    if re.search(r"[\u3040-\u30ff]", text):
        return "JP"
    if re.search(r"[\uac00-\ud7a3]", text):
        return "KR"
    return _REGIONS.get(country or "", "SC")


def settable(text: str) -> str:
    """`text` as the fonts can set it, and with places where the longest of words can break."""
    if not text.isascii() or not text.isprintable():
        text = unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\t", " "))
        text = "".join(map(_settable, text))
    return _LONG_RUN.sub(_breaking, text)


def plain(text: str) -> str:
    """`text` in the text face alone, for when even covered characters could not be set."""
    return "".join(
        each if each == "\n" or (ord(each) < 0x250 and each.isprintable()) else SUBSTITUTE
        for each in text
    )


def _settable(character: str) -> str:
    if character in _HARMLESS or " " <= character <= "~":
        return character
    category = unicodedata.category(character)
    if category in ("Cc", "Cf", "Cs") or "\ufe00" <= character <= "\ufe0f":
        return ""  # neither seen nor missed
    if category in ("Zs", "Zl", "Zp") and character not in _SPACES:
        return " "
    return character if _covered(ord(character)) else SUBSTITUTE


def _breaking(run: re.Match[str]) -> str:
    """Not between a letter and its marks, which would be drawn apart."""
    return "".join(
        _BREAK + each if place % 8 == 0 and place and unicodedata.category(each)[0] != "M" else each
        for place, each in enumerate(run[0])
    )


def _covered(point: int) -> bool:
    ends = _ranges()
    place = bisect_right(ends, (point, 0x110000)) - 1
    return place >= 0 and ends[place][0] <= point <= ends[place][1]


@cache
def _ranges() -> list[tuple[int, int]]:
    found = []
    for line in (directory() / "coverage.txt").read_text("ascii").splitlines():
        first, _, last = line.partition("-")
        found.append((int(first, 16), int(last or first, 16)))
    return found
