"""A number in a sheet as its format shows it."""

import re
from decimal import Decimal
from functools import lru_cache

_LONGEST_FORMAT = 255  # Excel's own
_UNSEEN = re.compile(r"\[[^\]]*\]|[_*].")  # of a format: its language, its colour, its padding
_ZEROS = re.compile(r"0+(?:[-/ ]0+)*")
_PERCENT = re.compile(r"[#,0]*0(?:\.[0#]+)? ?%")


def as_seen(value: float, number_format: str) -> str:
    """Postal codes and percentages as they are seen; other numbers with all their digits."""
    seen = _plain(number_format)
    if seen and seen.endswith("%"):
        return _decimal(Decimal(format(value, ".15g")) * 100) + "%"
    if not isinstance(value, int):
        return _decimal(Decimal(format(value, ".15g")))  # what Excel has of the 17 it stores
    if not seen or value < 0:
        return str(value)
    digits = list(str(value).zfill(seen.count("0")))
    padded = [digits.pop() if each == "0" else each for each in reversed(seen)]
    return "".join(digits) + "".join(reversed(padded))


@lru_cache
def _plain(number_format: str) -> str | None:
    """The format if it is one of zeros (1067 is seen as 01067) or of a percentage."""
    if len(number_format) > _LONGEST_FORMAT:
        return None
    plain = _UNSEEN.sub("", number_format.partition(";")[0]).replace("\\", "").replace('"', "")
    is_padded = plain.count("0") > 1 and _ZEROS.fullmatch(plain)
    return plain if is_padded or _PERCENT.fullmatch(plain) else None


def _decimal(value: Decimal) -> str:
    plain = format(value, "f")
    return plain.rstrip("0").rstrip(".") if "." in plain else plain
