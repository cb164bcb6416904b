"""Whether a template can be used: found out when it is saved, never when it is sent."""

from collections.abc import Iterator
from html import escape
from typing import Any

from tallybook.mail import markup
from tallybook.mail.holes import with_holes
from tallybook.mail.rendering import Rendered, Source, Unrenderable, check_grammar, fragment, render
from tallybook.mail.tags import Unfit
from tallybook.mail.variables import bare, sample, variables, without

MOST_OF_HTML = 100_000  # Gmail shows no more than 102 kB of a mail
# What a mail would be useless without.
_NEEDED = {
    "portal_invitation": ("portal_url", "password"),
    "login_details": ("portal_url",),
    "message": ("message",),
}
_PIXEL = "https://pixel.example/t/x.gif"


def check(source: Source) -> None:
    """Render the template with whatever it may meet. Raises `Unrenderable`.

    That is the full sample, the least that may be known, and the sample without each one of what
    may be missing. (What a template may name at all, its grammar has said before.)
    """
    check_grammar(source)
    if source.html is not None:
        _check_source(source.html, source.kind)
    full, *_ = [_rendered(source, context) for context in _contexts(source.kind)]
    _check_needed(source, full)


def _rendered(source: Source, context: dict[str, Any]) -> Rendered:
    """The mail, if mail clients can show what the template makes of this context."""
    content = fragment(source, context)
    if content is not None:
        try:
            markup.check(content)
        except Unfit as unfit:  # in a line that the editor does not see
            raise Unrenderable("html", None, unfit.reason) from unfit
    rendered = render(source, context, pixel=_PIXEL)
    if len(rendered.html) > MOST_OF_HTML:
        reason = f"The mail has more than {MOST_OF_HTML:,} characters, which Gmail cuts off."
        raise Unrenderable("html" if source.html is not None else "text", None, reason)
    return rendered


def _contexts(kind: str) -> Iterator[dict[str, Any]]:
    yield sample(kind)
    yield bare(kind)
    yield from (without(kind, each.name) for each in variables(kind) if each.optional)


def _check_needed(source: Source, full: Rendered) -> None:
    for name in _NEEDED.get(source.kind, ()):
        value = str(sample(source.kind)[name])
        lines = [line for line in value.splitlines() if line]
        if name == "password":
            if value not in full.text.splitlines():
                reason = "{{ password }} must stand alone on a line when there is one."
                raise Unrenderable("text", None, reason)
        elif value not in full.text:
            raise Unrenderable("text", None, f"{{{{ {name} }}}} is missing.")
        if source.html is not None and not all(escape(line) in full.html for line in lines):
            raise Unrenderable("html", None, f"{{{{ {name} }}}} is missing.")


def _check_source(html: str, kind: str) -> None:
    known = {variable.name for variable in variables(kind)}
    try:
        markup.check(with_holes(html, known))
    except Unfit as unfit:
        raise Unrenderable("html", unfit.line, unfit.reason) from unfit
