"""What stands around the content of every mail: the firm's name, logo, colour and address.

It is rendered, and its styles are inlined, once for a firm and a language; only the content's own
styles are inlined mail by mail, which takes half the time.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from css_inline import CSSInliner
from jinja2 import Template

from tallybook.mail import filters
from tallybook.mail.colours import CARD, DARK_CARD, INK, PAPER, palette
from tallybook.mail.sandbox import Sandbox
from tallybook.mail.single import flat, without_empty_lines
from tallybook.settings.models import DEFAULT_COLOUR

TEXTS = Path(__file__).parent / "texts"

_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_GAPS = ("subject", "preheader", "content", "pixel")
_GAP = re.compile("\x01([a-z]+)\x01")  # no value has a control character
_OPEN, _CLOSE = '<div class="card-cell">', "</div>"

# They load nothing: a template's <link> could otherwise name a file of the machine.
_whole = CSSInliner(
    keep_style_tags=True,
    keep_at_rules=True,
    remove_inlined_selectors=True,
    load_remote_stylesheets=False,
    minify_css=True,
)
_part = CSSInliner(
    keep_style_tags=True, keep_at_rules=True, load_remote_stylesheets=False, minify_css=True
)
_plain = Sandbox(filters.PLAIN, autoescape=False)
_markup = Sandbox(filters.PLAIN, autoescape=True)


@dataclass(frozen=True)
class Frame:
    """The frame of one firm's mails, in one language."""

    name: str
    signature: str  # below the text
    pieces: tuple[str, ...]  # HTML and, in turn, the name of what goes in
    styles: str  # of the content

    def around(self, **parts: str) -> str:
        pieces = self.pieces
        return "".join(parts[piece] if i % 2 else piece for i, piece in enumerate(pieces))

    def inlined(self, content: str) -> str:
        html: str = _part.inline_fragment(f"{_OPEN}{content}{_CLOSE}", self.styles)
        return html.removeprefix(_OPEN).removesuffix(_CLOSE)


def frame_of(firm: Mapping[str, Any], language: str) -> Frame:
    lines = {name: tuple(each) if isinstance(each, list) else each for name, each in firm.items()}
    return _made(tuple(sorted(lines.items())), language)


@lru_cache(maxsize=32)
def _made(items: tuple[tuple[str, Any], ...], language: str) -> Frame:
    firm: dict[str, Any] = {name: _tidy(value) for name, value in items}
    given = {"firm": firm, "colours": _colours(firm.get("colour")), "language": language}
    gaps = {name: f"\x01{name}\x01" for name in _GAPS}
    html = _whole.inline(_layout("layout.html").render(given | gaps))
    return Frame(
        name=str(firm["name"]),
        signature=_layout("layout.txt").render(given).strip() + "\n",
        pieces=tuple(_GAP.split(html)),
        styles=_layout("content.css").render(given),
    )


def _tidy(value: object) -> object:
    """A value of the firm's, of one line each."""
    if isinstance(value, tuple):
        return [_tidy(each) for each in value]
    return flat(value) if isinstance(value, str) else value


def _colours(colour: object) -> dict[str, str]:
    chosen = str(colour)
    is_colour = _COLOUR.fullmatch(chosen)
    made = palette(chosen.lower() if is_colour else DEFAULT_COLOUR)
    return made._asdict() | {"card": CARD, "dark_card": DARK_CARD, "ink": INK, "paper": PAPER}


@cache
def _layout(name: str) -> Template:
    environment = _markup if name.endswith(".html") else _plain
    return environment.from_string(without_empty_lines((TEXTS / name).read_text(encoding="utf-8")))
