"""Whether a template can be used: found out when it is saved, never when it is sent."""

from collections.abc import Iterator
from html import escape
from typing import Any

from tallybook.mail.markup import Unfit, check_balance, check_elements, without_jinja
from tallybook.mail.rendering import Rendered, Source, Unrenderable, render
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
    if source.html is not None:
        _check_markup(source.html)
    full = render(source, sample(source.kind), pixel=_PIXEL)
    _check_needed(source, full)
    for context in _contexts(source.kind):
        rendered = render(source, context, pixel=_PIXEL)
        if len(rendered.html) > MOST_OF_HTML:
            reason = f"The mail has more than {MOST_OF_HTML:,} characters, which Gmail cuts off."
            raise Unrenderable("html" if source.html is not None else "text", None, reason)


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


def _check_markup(html: str) -> None:
    plain = without_jinja(html)
    try:
        check_elements(plain)
        check_balance(plain)
    except Unfit as unfit:
        raise Unrenderable("html", unfit.line, unfit.reason) from unfit
