"""Rendering mail: the firm's or our text in a frame of ours, in a Jinja2 that runs nothing.

A template's parts are read by `grammar`, compiled once, and kept. What was accepted renders with
whatever the variables hold.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Literal

from jinja2 import Template
from jinja2.exceptions import TemplateError
from markupsafe import Markup, escape

from tallybook.mail import filters
from tallybook.mail.frame import frame_of
from tallybook.mail.grammar import parsed
from tallybook.mail.refusing import Refused
from tallybook.mail.sandbox import Sandbox
from tallybook.mail.single import clean, one_line, without_empty_lines
from tallybook.mail.variables import completed, shape

LONGEST_SOURCE: Mapping[str, int] = {"subject": 500, "text": 20_000, "html": 40_000}
LONGEST_RESULT = 2_000_000  # characters of one part


_PREHEADER = 120
_PIXEL = Markup(
    '<img src="{}" width="1" height="1" alt="" style="display:block;width:1px;height:1px;border:0">'
)

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
    compiled, content = _compiled(source), fragment(source, context)
    known = completed(source.kind, context)
    subject = one_line(compiled.subject(known))
    body = clean(compiled.text(known)).strip()
    frame = frame_of(known["firm"], source.language)
    return Rendered(
        subject=subject or one_line(frame.name),
        text=f"{body}\n\n{frame.signature}",
        html=frame.around(
            subject=escape(subject),
            preheader=escape(preheader(body)),
            content=frame.inlined(filters.paragraphs(body) if content is None else content),
            pixel=_PIXEL.format(pixel) if pixel else "",
        ),
    )


def said(source: Source, context: Mapping[str, Any]) -> str:
    """What a template's text says without the frame of a mail: an SMS. Raises `Unrenderable`."""
    return clean(_compiled(source).text(completed(source.kind, context))).strip()


def fragment(source: Source, context: Mapping[str, Any]) -> str | None:
    """What a template's own HTML makes of `context`, before it stands in the frame."""
    html = _compiled(source).html
    return clean(html(completed(source.kind, context))) if html else None


def check_grammar(source: Source) -> None:
    """Raises `Unrenderable` for what no template may say."""
    _compiled(source)


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
        tree = parsed(environment, without_empty_lines(text), shape(kind), names)
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
