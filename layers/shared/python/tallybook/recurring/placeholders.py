"""Placeholders in the texts of a recurring invoice: {period}, {month}, {year} and others. Pure.

Months are named in the language that the firm's papers are in.
"""

import re
from calendar import monthrange
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import Any

from tallybook.errors import InvalidField
from tallybook.papers.formats import formats_of
from tallybook.recurring.kinds import Run

type Template = Mapping[str, Any]
"""Invoice fields in JSON."""

NAMES = (
    *("period", "from", "to", "month", "year", "next_month", "previous_month"),
    *("date", "number_of_run"),
)

_TEXTS = ("notes", "purchase_order", "payment_terms")
_BRACES = re.compile(r"\{([^{}]*)\}|[{}]")
_MONTHS = {
    "en": (
        *("January", "February", "March", "April", "May", "June", "July"),
        *("August", "September", "October", "November", "December"),
    ),
    "de": (
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli"),
        *("August", "September", "Oktober", "November", "Dezember"),
    ),
}
_QUARTERS = {"en": "Q{quarter} {year}", "de": "{quarter}. Quartal {year}"}


def words(run: Run, locale: str) -> dict[str, str]:
    """What each placeholder says of a run. `month` and `year` are those of the time's first day."""
    language = locale.partition("-")[0]
    months, formats = _MONTHS.get(language, _MONTHS["en"]), formats_of(locale)
    month = run.first.month - 1
    return {
        "period": _period(run, language, months, formats.date),
        "month": months[month],
        "year": str(run.first.year),
        "next_month": months[(month + 1) % 12],
        "previous_month": months[month - 1],
        "from": formats.date(run.first),
        "to": formats.date(run.last),
        "date": formats.date(run.day),
        "number_of_run": str(run.number),
    }


def must_be_known(template: Template) -> None:
    """Raises `InvalidField` for a text with braces that are no placeholder."""
    for field, text in _texts(template):
        for found in _BRACES.finditer(text):
            if found[1] not in NAMES:
                known = ", ".join(f"{{{name}}}" for name in NAMES)
                raise InvalidField(field, f"{found[0]} is none of {known}.")


def filled(template: Template, said: Mapping[str, str]) -> dict[str, Any]:
    """The template with its placeholders filled in; its braces were judged when it was entered."""

    def fill(text: str) -> str:
        return _BRACES.sub(lambda found: said.get(found[1], found[0]), text)

    document = dict(template)
    document.update({name: fill(template[name]) for name in _TEXTS if name in template})
    document["lines"] = [
        each | ({"description": fill(each["description"])} if "description" in each else {})
        for each in template.get("lines", [])
    ]
    return document


def _texts(template: Template) -> Iterator[tuple[str, str]]:
    for place, line in enumerate(template.get("lines", [])):
        yield f"lines.{place}.description", line.get("description", "")
    yield from ((name, template.get(name, "")) for name in _TEXTS)


def _period(
    run: Run, language: str, months: tuple[str, ...], written: Callable[[date], str]
) -> str:
    """A month, a quarter or a year by its name; else its days."""
    first, last = run.first, run.last
    is_whole = first.day == 1 and last.day == monthrange(last.year, last.month)[1]
    length = 12 * (last.year - first.year) + last.month - first.month + 1
    if is_whole and length == 1:
        return f"{months[first.month - 1]} {first.year}"
    if is_whole and length == 3 and first.month % 3 == 1:
        pattern = _QUARTERS.get(language, _QUARTERS["en"])
        return pattern.format(quarter=first.month // 3 + 1, year=first.year)
    if is_whole and length == 12 and first.month == 1:
        return str(first.year)
    return written(first) if first == last else f"{written(first)} – {written(last)}"
