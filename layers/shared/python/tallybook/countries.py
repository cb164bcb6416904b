"""Countries of ISO 3166-1, found by code or by name.

A name counts in English and in the country's own languages, whatever its case, accents and
punctuation. A name that could mean two countries ("Korea", "Congo") means none.
"""

from functools import cache
from typing import Annotated

from pydantic import AfterValidator, Field

from tallybook._countries import ALIASES, NAMES
from tallybook.text import Line, fold

__all__ = ["NAMES", "CountryCode", "code_of", "name_of"]


def code_of(text: str) -> str | None:
    """The alpha-2 code of a country's code (alpha-2 or alpha-3) or name; None when unknown."""
    folded = fold(text)
    # Only ASCII can be a code: folding makes "ss" of "ß", and South Sudan did not mean it.
    if len(folded) == 2 and text.isascii() and folded.upper() in NAMES:
        return folded.upper()
    return _codes_by_alias().get(folded)


def name_of(code: str) -> str:
    """The English name of an alpha-2 code; KeyError when there is no such country."""
    return NAMES[code]


@cache
def _codes_by_alias() -> dict[str, str]:
    return {alias: code for code, aliases in ALIASES.items() for alias in aliases.split()}


def _country_code(text: str) -> str:
    code = code_of(text)
    if code is None:
        raise ValueError(
            f"{text!r} is not a country; give an ISO 3166-1 code"
            " or the country's name in English or its own language"
        )
    return code


# Takes a code or a name, gives the alpha-2 code.
CountryCode = Annotated[
    Line,
    Field(
        description="An ISO 3166-1 code, or the country's name in English or its own language.",
        examples=["DE"],
    ),
    AfterValidator(_country_code),
]
