"""The firm's colour in mails: what is written on it, and how it is written in, readably.

Contrasts are those of WCAG 2.2 (1.4.3), which wants 4.5 for text.
"""

from functools import lru_cache
from typing import NamedTuple

CARD, DARK_CARD = "#fdfdfc", "#26282b"  # never pure: some mail clients turn those around
INK, PAPER = "#1f2328", "#fdfdfc"
_ENOUGH = 4.5

type _Parts = tuple[int, int, int]


class Palette(NamedTuple):
    """`base` as the firm chose it, what is written on it, and its kin that can be read."""

    base: str
    on_base: str
    light: str  # on the light card
    dark: str  # on the dark one


@lru_cache(maxsize=64)
def palette(colour: str) -> Palette:
    """The colours that go with `colour`, as "#rrggbb"."""
    return Palette(
        base=colour,
        on_base=max((PAPER, INK), key=lambda ink: contrast(ink, colour)),
        light=readable(colour, on=CARD, towards=INK),
        dark=readable(colour, on=DARK_CARD, towards=PAPER),
    )


def contrast(one: str, other: str) -> float:
    """From 1, not to be told apart, to 21, black on white."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def readable(colour: str, *, on: str, towards: str) -> str:
    """`colour`, or the first shade from it `towards` another that can be read on `on`."""
    shades = (_mixed(colour, towards, step / 20) for step in range(20))
    return next((shade for shade in shades if contrast(shade, on) >= _ENOUGH), towards)


def _mixed(colour: str, other: str, part: float) -> str:
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(one + (two - one) * part):02x}" for one, two in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return float(part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4)


def _parts(colour: str) -> _Parts:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
