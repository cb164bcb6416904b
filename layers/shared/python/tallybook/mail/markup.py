"""What HTML a template may hold: what mail clients show, and nothing that they would run or load.

A firm's HTML stands inside our frame, so what it opens it has to close. A source is checked with
its Jinja made into `holes`, for the branches that no sample takes; what it makes, as it is.
"""

import re
from collections import Counter
from html import unescape

from tallybook.mail.tags import COLOUR, HOLES, PAGE, VALUES, Tag, Unfit, tags

_RUNS = {
    *("applet", "audio", "base", "bgsound", "button", "canvas", "dialog", "embed", "form"),
    *("frame", "frameset", "iframe", "input", "link", "math", "meta", "object", "portal"),
    *("script", "select", "svg", "template", "textarea", "title", "video"),
    *("html", "head", "body"),
    *("noembed", "noframes", "noscript", "plaintext", "xmp"),  # read in ways of their own
}
_VOID = {"area", "br", "col", "hr", "img", "source", "track", "wbr"}
_MAY_STAY_OPEN = {"p", "li", "dt", "dd", "tr", "td", "th", "tbody", "thead", "tfoot"}
_PLACES = {"href", "src", "background", "action", "formaction", "srcset", "xlink:href"}
_NO_PAGES = ("javascript:", "vbscript:", "data:", "file:")
_PAGE_BEGINS = re.compile(r"\s*(https?://|mailto:|tel:|sms:|[/?#])", re.IGNORECASE)
_LOADS = ("url(", "src(", "image(", "image-set(", "expression(", "@import", "\\")

# What css-inline has to match with each other, and writes out.
_MOST_TAGS = 4_000
_DEEPEST = 100
_LONGEST_STYLES = 8_000


def check(html: str) -> None:
    """Raises `Unfit` for what runs or loads something, or is not closed, or is far too much."""
    opened, styles = _Opened(), 0
    for count, tag in enumerate(tags(html)):
        if count >= _MOST_TAGS:
            raise Unfit(tag.line, f"It has more than {_MOST_TAGS:,} tags.")
        styles += len(tag.style)
        if styles > _LONGEST_STYLES:
            raise Unfit(tag.line, f"Its styles have more than {_LONGEST_STYLES:,} characters.")
        _check_element(tag)
        if not tag.conditional:
            opened.see(tag)
    opened.check_closed()


def _check_element(tag: Tag) -> None:
    if tag.name in _RUNS:
        raise Unfit(tag.line, f"<{tag.name}> cannot be used in mail.")
    if tag.style:
        _check_style(tag.line, tag.style)
    for name, value in tag.attributes:
        if name.startswith("on"):
            raise Unfit(tag.line, f"{name} cannot be used in mail.")
        if name in _PLACES:
            _check_place(tag.line, name, value)
        if name == "style":
            _check_style(tag.line, value)


def _check_place(line: int, name: str, value: str) -> None:
    if _plain(value).startswith(_NO_PAGES):
        raise Unfit(line, f"{name} must lead to a page or an image.")
    hole = re.search(f"[{VALUES}]", value)
    if hole is None:
        return
    before, after = unescape(value[: hole.start()]), value[hole.end() :].strip()
    is_page = hole[0] == PAGE and (not after or after[0] in "/?#&")
    if not (_PAGE_BEGINS.match(before) or (is_page and not before.strip())):
        raise Unfit(
            line,
            f"{name} must begin with https:// and such, or with {{{{ link }}}}, "
            "{{ portal_url }} or {{ firm.logo_url }} as they are.",
        )


def _check_style(line: int, style: str) -> None:
    if any(hole in style for hole in HOLES if hole != COLOUR):
        raise Unfit(line, "In a style nothing but {{ firm.colour }} can be put in.")
    if any(word in read for word in _LOADS for read in (style.lower(), _plain(style))):
        raise Unfit(line, "A style cannot load anything.")


def _plain(value: str) -> str:
    """A value as mail clients read it; without what Jinja puts there, which may be nothing."""
    return re.sub(r"[\x00-\x20]", "", unescape(value)).lower()


class _Opened:
    """The elements that are open."""

    def __init__(self) -> None:
        self._open: list[Tag] = []
        self._count: Counter[str] = Counter()
        self._depth = 0  # without those that may stay open

    def see(self, tag: Tag) -> None:
        if tag.name in _VOID:
            return
        if tag.closes:
            self._close(tag)
            return
        self._open.append(tag)  # <div/> too: HTML knows no such thing
        self._count[tag.name] += 1
        self._depth += tag.name not in _MAY_STAY_OPEN
        if self._depth > _DEEPEST:
            raise Unfit(tag.line, f"More than {_DEEPEST} elements are open at a time.")

    def check_closed(self) -> None:
        left = [tag for tag in self._open if tag.name not in _MAY_STAY_OPEN]
        if left:
            raise Unfit(left[-1].line, f"<{left[-1].name}> is opened here and never closed.")

    def _close(self, tag: Tag) -> None:
        while self._count[tag.name] and self._open[-1].name != tag.name:
            if self._open[-1].name not in _MAY_STAY_OPEN:
                break
            self._pop()
        if not self._open or self._open[-1].name != tag.name:
            raise Unfit(tag.line, f"</{tag.name}> closes nothing that is open.")
        self._pop()

    def _pop(self) -> None:
        name = self._open.pop().name
        self._count[name] -= 1
        self._depth -= name not in _MAY_STAY_OPEN
