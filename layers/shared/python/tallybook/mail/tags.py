"""Reads the HTML that a firm writes, each character once.

Where browsers would guess, this refuses: what it saw would otherwise not be what a mail client
sees. (The standard library's parser guesses too, in a time that grows with the square of the
length. `inbound.markup` reads what others write, which cannot be refused.)
"""

import re
from collections.abc import Iterator
from typing import NamedTuple, NoReturn

# What stands for Jinja, in HTML that has no other control characters.
VALUE, PAGE, COLOUR = "\x01", "\x02", "\x03"  # {{ any }}, {{ link }} and such, {{ firm.colour }}
ELEMENTS, STATEMENT = "\x04", "\x05"  # {{ link | button("x") }} and such; {% any %} and {# any #}
VALUES = VALUE + PAGE + COLOUR
HOLES = VALUES + ELEMENTS + STATEMENT

_SPACE = "[ \t\n\r\f]"
_NAME = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9:_-]*+)(?=[ \t\n\r\f/>])")
_ATTRIBUTE = re.compile(
    rf"{_SPACE}*+([A-Za-z_:][A-Za-z0-9_:.-]*+)"
    rf"(?:{_SPACE}*+={_SPACE}*+"
    rf"""(?:"([^"{ELEMENTS}{STATEMENT}]*+)"|'([^'{ELEMENTS}{STATEMENT}]*+)'"""
    r"""|([^\x00-\x20"'=<>`]++)))?+"""
)
_END = re.compile(rf"{_SPACE}*+/?>")
_STYLE_END = re.compile(r"</style(?=[ \t\n\r\f/>])", re.IGNORECASE)
_MOST_ATTRIBUTES = 50


class Unfit(Exception):
    """HTML that cannot stand in a mail: the line, from 1, and the reason."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(reason)
        self.line, self.reason = line, reason


class Tag(NamedTuple):
    """A tag; `style` is what stands in a <style>. Only Outlook reads one in `[if mso]`."""

    line: int
    name: str
    closes: bool
    attributes: tuple[tuple[str, str], ...] = ()
    style: str = ""
    conditional: bool = False


def tags(html: str, line: int = 1) -> Iterator[Tag]:
    """The tags in order. Raises `Unfit`."""
    place = counted = 0
    while (start := html.find("<", place)) >= 0:
        line, counted = line + html.count("\n", counted, start), start
        if html.startswith("<!--", start):
            place = _behind_comment(html, start, line)
            yield from _conditional(html[start + 4 : place - 3], line)
        elif html[start + 1 : start + 2] in tuple(" \t\n0123456789"):
            place = start + 1  # a sign in a text
        else:
            tag, place = _tag(html, start, line)
            if tag.name == "style" and not tag.closes:
                found = _STYLE_END.search(html, place)
                if found is None:
                    raise Unfit(line, "<style> is opened here and never closed.")
                tag, place = tag._replace(style=html[place : found.start()]), found.start()
            yield tag


def _tag(html: str, start: int, line: int) -> tuple[Tag, int]:
    opening = _NAME.match(html, start)
    if opening is None:
        _refuse(html, start, line, "Write &lt; where < begins no element")
    closes, name, place = bool(opening[1]), opening[2].lower(), opening.end()
    attributes = []
    while (found := _ATTRIBUTE.match(html, place)) and not closes:
        value = found[2] or found[3] or found[4] or ""
        attributes.append((found[1].lower(), value))
        place = found.end()
        if len(attributes) > _MOST_ATTRIBUTES:
            raise Unfit(line, f"<{name}> has more than {_MOST_ATTRIBUTES} attributes.")
    end = _END.match(html, place)
    if end is None:
        _refuse(html, place, line, f'<{name}> cannot be read; an attribute looks like name="…"')
    return Tag(line, name, closes, tuple(attributes)), end.end()


def _refuse(html: str, place: int, line: int, reason: str) -> NoReturn:
    """Raises `Unfit`, for what Jinja does there if there is any."""
    rest = html[place : html.find(">", place) + 1 or len(html)]
    if STATEMENT in rest:
        reason = "{% … %} and {# … #} stand between elements, not inside of one"
    elif ELEMENTS in rest:
        reason = "button, link, lines and paragraphs make elements: they cannot stand inside of one"
    elif any(value in rest for value in VALUES):
        reason = 'Inside an element {{ … }} stands in quotation marks: name="{{ … }}"'
    raise Unfit(line, f"{reason}.")


def _behind_comment(html: str, start: int, line: int) -> int:
    end = html.find("-->", start + 4)
    inside = html[start + 4 : end]
    if end < 0 or inside.startswith((">", "->")) or "<!--" in inside or "--!>" in inside:
        raise Unfit(line, "A comment begins with <!-- and ends with the next -->.")
    if STATEMENT in inside:
        raise Unfit(line, "A comment cannot have {% … %} or {# … #} inside.")
    return end + 3


def _conditional(comment: str, line: int) -> Iterator[Tag]:
    """The tags of <!--[if mso]>…<![endif]-->."""
    if comment.startswith("[if"):
        inside = comment.partition("]>")[2].removesuffix("<!").removesuffix("<![endif]")
        yield from (tag._replace(conditional=True) for tag in tags(inside, line))
