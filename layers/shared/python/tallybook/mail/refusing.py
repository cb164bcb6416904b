"""Refusing a template: where, and for what reason, in words that an editor can act on."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NoReturn

from jinja2 import nodes

_UNAVAILABLE = {
    nodes.Call: "nothing can be called here",
    nodes.Macro: "macros are not available",
    nodes.CallBlock: "macros are not available",
    nodes.Include: "other templates cannot be included",
    nodes.Import: "other templates cannot be imported",
    nodes.FromImport: "other templates cannot be imported",
    nodes.Extends: "templates stand alone: the frame is put around them",
    nodes.Block: "templates stand alone: the frame is put around them",
    nodes.Assign: "nothing can be set",
    nodes.AssignBlock: "nothing can be set",
    nodes.With: "nothing can be set",
    nodes.BinExpr: "there is no arithmetic here",
    nodes.UnaryExpr: "there is no arithmetic here",
    nodes.Concat: "write the parts behind each other instead of joining them with ~",
}


class Refused(Exception):
    """A template that says what it may not, or what nobody understands."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line, self.reason = line, reason


def refuse(node: nodes.Node, reason: str | None = None) -> NoReturn:
    if reason is None:
        kinds = (kind for kind in _UNAVAILABLE if isinstance(node, kind))
        reason = next((_UNAVAILABLE[kind] for kind in kinds), "this is not available in templates")
    raise Refused(node.lineno, sentence(reason))


def sentence(reason: str) -> str:
    return reason[:1].upper() + reason[1:].rstrip(".") + "."


def listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names))


def meant(name: str, known: Iterable[str], prefix: str = "") -> str:
    close = get_close_matches(name, list(known), 1)
    return f"; did you mean {prefix}{close[0]}?" if close else f"; there are: {listed(known)}"
