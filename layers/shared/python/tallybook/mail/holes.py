"""The HTML of a template with its Jinja as holes: what stands there whatever the variables hold."""

from itertools import pairwise

from jinja2 import Environment

from tallybook.mail import filters
from tallybook.mail.single import clean, without_empty_lines
from tallybook.mail.tags import COLOUR, ELEMENTS, PAGE, STATEMENT, VALUE, Unfit

_PAGES = {"portal_url", "link", "firm.logo_url"}
_HOLES = {"block_begin": STATEMENT, "comment_begin": STATEMENT}
_lexer = Environment(autoescape=True)  # the delimiters are those of the sandbox


def with_holes(source: str, known: set[str]) -> str:
    """A source that the grammar knows; `known` are its variables. Its lines keep their numbers.

    Raises `Unfit` for {% raw %}, which would make HTML of what looks like Jinja.
    """
    made: list[str] = []
    said: list[str] = []
    line = 1
    for at, kind, value in _lexer.lex(without_empty_lines(source)):
        if kind == "raw_begin":
            raise Unfit(at, "{% raw %} cannot be used in HTML.")
        part = _HOLES.get(kind, "")
        if kind == "data":
            part = clean(value)
        elif kind == "variable_begin":
            said = []
        elif kind == "variable_end":
            part = _hole(said, known)
        elif kind != "whitespace":
            said.append(value)
        part = "\n" * (at - line) + part
        made.append(part)
        line += part.count("\n")
    return "".join(made)


def _hole(said: list[str], known: set[str]) -> str:
    """What stands for {{ … }} that says these words and signs."""
    if any(one == "|" and other in filters.MARKUP for one, other in pairwise(said)):
        return ELEMENTS
    name = "".join(said)
    if name == "firm.colour":
        return COLOUR
    return PAGE if name in _PAGES & known else VALUE
