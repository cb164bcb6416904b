"""Rendering mail: the firm's or our text in a frame of ours, in a Jinja2 that runs nothing.

A template's parts are read by `grammar`, compiled once, and kept. What was accepted renders with
whatever the variables hold.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Literal

from css_inline import CSSInliner
from jinja2 import Template
from jinja2.exceptions import TemplateError
from markupsafe import Markup

from tallybook.mail import filters
from tallybook.mail.colours import CARD, DARK_CARD, INK, PAPER, palette
from tallybook.mail.grammar import parsed
from tallybook.mail.refusing import Refused
from tallybook.mail.sandbox import Sandbox
from tallybook.mail.variables import completed, shape
from tallybook.settings.models import DEFAULT_COLOUR

LONGEST_SUBJECT = 250
LONGEST_SOURCE: Mapping[str, int] = {"subject": 500, "text": 20_000, "html": 40_000}
LONGEST_RESULT = 2_000_000  # characters of one part
TEXTS = Path(__file__).parent / "texts"


_PREHEADER = 120
# Control characters but line break and tab, and halves of characters that no mail can carry.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Marks that turn the direction of what follows them, beyond the name that has them.
_TURNING = re.compile(r"[\u202a-\u202e\u2066-\u2069]")
_LINE_ENDS = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_TAGS_ONLY = re.compile(r"^[ \t]*+((?:\{%(?:(?!%\}).)*+%\}[ \t]*+)++)\n", re.MULTILINE)
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

type Field = Literal["subject", "text", "html"]


@dataclass(frozen=True)
class Source:
    """A template: Jinja texts. Without `html`, that follows from the text.

    `based_on` is the built-in template whose variables it takes; None: it is one itself.
    """

    name: str
    subject: str
    text: str
    html: str | None = None
    based_on: str | None = None
    language: str = "en"

    @property
    def kind(self) -> str:
        return self.based_on or self.name


@dataclass(frozen=True)
class Rendered:
    """A mail as it is read. The subject is one line."""

    subject: str
    text: str
    html: str


class Unrenderable(Exception):
    """A template that cannot be: which part of it, where, and why."""

    def __init__(self, field: Field, line: int | None, reason: str) -> None:
        self.field, self.line, self.reason = field, line, reason
        super().__init__(f"{field}: {self.message}")

    @property
    def message(self) -> str:
        return f"Line {self.line}: {self.reason}" if self.line else self.reason


_HTML_FILTERS = {**filters.PLAIN, **filters.MARKUP}
_plain = Sandbox(filters.PLAIN, autoescape=False)
_markup = Sandbox(_HTML_FILTERS, autoescape=True)


@dataclass(frozen=True)
class _Compiled:
    subject: Callable[[Mapping[str, Any]], str]
    text: Callable[[Mapping[str, Any]], str]
    html: Callable[[Mapping[str, Any]], str] | None


def render(source: Source, context: Mapping[str, Any], *, pixel: str | None) -> Rendered:
    """The mail that a template makes of `context`; `pixel` is the address of an image, or None.

    Raises `Unrenderable` for what is refused when a template is saved.
    """
    compiled = _compiled(source)
    known = completed(source.kind, context)
    subject = one_line(compiled.subject(known))
    body = _clean(compiled.text(known)).strip()
    html = _clean(compiled.html(known)) if compiled.html else None
    content = filters.paragraphs(body) if html is None else Markup(html)  # noqa: S704
    firm: dict[str, Any] = {name: _clean_value(each) for name, each in known["firm"].items()}
    around = {"firm": firm, "subject": subject, "language": source.language}
    frame = _frame("layout.html").render(
        **around,
        content=content,
        preheader=preheader(body),
        colours=_colours(firm["colour"]),
        pixel=pixel,
    )
    return Rendered(
        subject=subject or one_line(firm["name"]),
        text=_frame("layout.txt").render(**around, content=body).strip() + "\n",
        html=_inliner().inline(frame),
    )


def one_line(text: str) -> str:
    """`text` for a header: one line that nothing in it can end, and not too long."""
    return filters.truncate(_flat(text), LONGEST_SUBJECT)


def _flat(text: str) -> str:
    return " ".join(_TURNING.sub("", _UNPRINTABLE.sub(" ", text)).split())


def preheader(text: str) -> str:
    """What a list of mails shows behind the subject: the first paragraph, after the greeting.

    A password, alone on its line, is never shown there.
    """
    said = next(filter(_says_something, text.split("\n\n")), "")
    return filters.truncate(" ".join(said.split()), _PREHEADER)


def _says_something(block: str) -> bool:
    lines = block.strip().splitlines()
    return bool(lines) and all(" " in line for line in lines) and not lines[-1].endswith(",")


@lru_cache(maxsize=256)
def _compiled(source: Source) -> _Compiled:
    kind = source.kind
    return _Compiled(
        subject=_part(_plain, "subject", source.subject, kind, filters.PLAIN),
        text=_part(_plain, "text", source.text, kind, filters.PLAIN),
        html=_part(_markup, "html", source.html, kind, _HTML_FILTERS) if source.html else None,
    )


def _part(
    environment: Sandbox,
    field: Field,
    text: str,
    kind: str,
    names: Mapping[str, filters.Filter],
) -> Callable[[Mapping[str, Any]], str]:
    if len(text) > LONGEST_SOURCE[field]:
        raise Unrenderable(field, None, f"It can have {LONGEST_SOURCE[field]:,} characters.")
    try:
        tree = parsed(environment, _without_empty_lines(text), shape(kind), names)
        code = environment.compile(tree)
    except Refused as refused:
        raise Unrenderable(field, refused.line, refused.reason) from refused
    except (SyntaxError, RecursionError, MemoryError) as error:  # what Python has no room for
        raise Unrenderable(field, None, "It is nested too deeply.") from error
    template = Template.from_code(environment, code, {})

    def run(context: Mapping[str, Any]) -> str:
        return _run(field, template, context)

    return run


def _run(field: Field, template: Template, context: Mapping[str, Any]) -> str:
    parts, length = [], 0
    try:
        for part in template.generate(context):
            parts.append(part)
            length += len(part)
            if length > LONGEST_RESULT:
                raise Unrenderable(field, None, "It makes too long a mail.")
    except (TemplateError, TypeError, ValueError, LookupError, ArithmeticError) as error:
        raise Unrenderable(field, None, f"It cannot be rendered: {error}.") from error
    return "".join(parts)


def _without_empty_lines(text: str) -> str:
    """A line of nothing but {% … %} leaves no empty line, and the others keep their numbers."""
    return _TAGS_ONLY.sub(lambda found: found[1].rstrip() + "{#\n#}", text)


def _clean(text: str) -> str:
    return _UNPRINTABLE.sub("", _LINE_ENDS.sub("\n", text))


def _clean_value(value: object) -> object:
    """A value of the firm's, of one line each."""
    if isinstance(value, list):
        return [_clean_value(each) for each in value]
    return _flat(value) if isinstance(value, str) else value


def _colours(colour: object) -> dict[str, str]:
    chosen = str(colour)
    is_colour = _COLOUR.fullmatch(chosen)
    made = palette(chosen.lower() if is_colour else DEFAULT_COLOUR)
    return made._asdict() | {"card": CARD, "dark_card": DARK_CARD, "ink": INK, "paper": PAPER}


@cache
def _frame(name: str) -> Template:
    environment = _markup if name.endswith(".html") else _plain
    text = (TEXTS / name).read_text(encoding="utf-8")
    return environment.from_string(_without_empty_lines(text))


@cache
def _inliner() -> CSSInliner:
    """Moves the frame's styles to the elements, but for those that depend on the screen.

    It loads nothing: a template's <link> could otherwise name a file of the machine.
    """
    return CSSInliner(
        keep_style_tags=True,
        keep_at_rules=True,
        remove_inlined_selectors=True,
        load_remote_stylesheets=False,
        minify_css=True,
    )
