"""The filters of mail templates.

Each takes whatever a variable may hold, None too, and always gives something short of all there
is: a template that was accepted must never fail, or grow without end, when it is sent.
"""

import operator
import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal, InvalidOperation
from types import MappingProxyType
from typing import Any, NamedTuple

from jinja2.filters import do_title
from markupsafe import Markup, escape

from tallybook.money import DECIMALS

MOST_ITEMS = 1000  # that a loop goes through
_MOST_DIGITS = 30  # before or behind the point
_LONGEST_URL = 2000
_LONGEST_LABEL = 100

_BLANK_LINES = re.compile(r"\n[ \t]*\n\s*")
_URL = re.compile(r"https?://[^\s<>\"]{1,2000}")
_TRAILING = ".,;:!?)]}'"
_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def text_of(value: object) -> str:
    """What is printed of a value: nothing for what has no text."""
    if value is None or isinstance(value, dict | list | tuple):
        return ""
    return str(value)


def each(value: object) -> list[Any]:
    """What a loop goes through."""
    return value[:MOST_ITEMS] if isinstance(value, list) else []


def default(value: object, other: object = "") -> object:
    return other if value is None or value == "" else value


def join(value: object, separator: str = ", ") -> str:
    return separator.join(text_of(part) for part in each(value) if part is not None)


def first(value: object) -> object:
    return next(iter(each(value)), None)


def last(value: object) -> object:
    return next(reversed(each(value)), None)


def truncate(value: object, length: int = 80) -> str:
    text = text_of(value)
    return text if len(text) <= length else f"{text[: max(length - 1, 0)].rstrip()}…"


def money(value: object, currency: object = None) -> str:
    """An amount of a currency: "EUR 1,250.00", with a space that does not break.

    What has more digits than money ever has stays as it is: "1e999999999" is no small text.
    """
    code = text_of(currency)
    try:
        amount = Decimal(text_of(value))
    except InvalidOperation:
        return text_of(value)
    if not amount.is_finite() or abs(amount.adjusted()) > _MOST_DIGITS:
        return text_of(value)
    exponent = amount.as_tuple().exponent
    given = -exponent if isinstance(exponent, int) else 0
    text = f"{amount:,.{max(given, DECIMALS.get(code, 0), 0)}f}"
    return f"{code}\N{NO-BREAK SPACE}{text}" if code else text


def day(value: object) -> str:
    """A date, or the text "2026-11-22", as "22 November 2026"."""
    text = text_of(value)
    try:
        found = date.fromisoformat(text[:10])
    except ValueError:
        return text
    return f"{found.day} {_MONTHS[found.month - 1]} {found.year}"


def paragraphs(value: object) -> Markup:
    """Plain text as HTML: blank lines part paragraphs, addresses of pages become links."""
    blocks = _BLANK_LINES.split(text_of(value).strip())
    return Markup("\n").join(
        Markup('<p dir="auto">{}</p>').format(_linked(block)) for block in blocks if block
    )


def lines(value: object) -> Markup:
    """Plain text, or a list, as lines of HTML."""
    parts = value if isinstance(value, list) else text_of(value).split("\n")
    return Markup("<br>\n").join(escape(text_of(part)) for part in each(parts))


def _linked(block: str) -> Markup:
    parts, end = [], 0
    for found in _URL.finditer(block):
        url = found[0].rstrip(_TRAILING)
        parts += [lines(block[end : found.start()]), link(url, url)]
        end = found.start() + len(url)
    return Markup("").join([*parts, lines(block[end:])])


def link(url: object, label: object = None) -> Markup:
    """A link; only its label when it does not lead to a page."""
    address, shown = _address(url), truncate(label or url, _LONGEST_URL)
    return Markup('<a href="{}">{}</a>').format(address, shown) if address else escape(shown)


def button(url: object, label: object = None) -> Markup:
    """A link that looks like a button, in Outlook as well: nothing when it leads nowhere."""
    address = _address(url)
    if not address:
        return Markup("")
    return _BUTTON.format(address, truncate(label, _LONGEST_LABEL))


_BUTTON = Markup(
    '<table role="presentation" class="button" cellpadding="0" cellspacing="0" border="0">'
    '<tr><td class="button-cell" align="center"><a class="button-link" href="{}">{}</a></td></tr>'
    "</table>"
)


def _address(url: object) -> str | None:
    text = text_of(url).strip()
    is_page = text.startswith(("https://", "http://", "mailto:"))
    if not is_page or len(text) > _LONGEST_URL:
        return None
    return text.replace("<", "%3C").replace(">", "%3E").replace('"', "%22")


class Filter(NamedTuple):
    """A filter, the type of its argument if that must be a constant, and how many it takes."""

    function: Callable[..., object]
    most: int = 0
    least: int = 0
    constant: type | None = None


PLAIN: Mapping[str, Filter] = MappingProxyType(
    {
        "default": Filter(default, 1, 1),
        "upper": Filter(lambda value: text_of(value).upper()),
        "lower": Filter(lambda value: text_of(value).lower()),
        "title": Filter(lambda value: do_title(text_of(value))),
        "capitalize": Filter(lambda value: text_of(value).capitalize()),
        "trim": Filter(lambda value: text_of(value).strip()),
        "length": Filter(lambda value: len(value) if isinstance(value, str | list) else 0),
        "join": Filter(join, 1, 0, str),
        "first": Filter(first),
        "last": Filter(last),
        "truncate": Filter(truncate, 1, 0, int),
        "money": Filter(money, 1),
        "date": Filter(day),
    }
)
MARKUP: Mapping[str, Filter] = MappingProxyType(
    {
        "paragraphs": Filter(paragraphs),
        "lines": Filter(lines),
        "link": Filter(link, 1),
        "button": Filter(button, 1, 1),
    }
)


def _compared(compare: Callable[[Any, Any], bool]) -> Callable[[object, object], bool]:
    """A comparison that is false where there is nothing to compare."""

    def test(one: object, other: object) -> bool:
        try:
            return bool(compare(one, other))
        except TypeError:
            return False

    return test


# Named as Jinja2 names operators, for the grammar to put them there.
TESTS: dict[str, Callable[..., object]] = {
    "none": lambda value: value is None,
    "defined": lambda value: value is not None,
    "eq": operator.eq,
    "ne": operator.ne,
    "gt": _compared(operator.gt),
    "gteq": _compared(operator.ge),
    "lt": _compared(operator.lt),
    "lteq": _compared(operator.le),
    "in": _compared(lambda one, other: one in other),
    "notin": _compared(lambda one, other: one not in other),
}
