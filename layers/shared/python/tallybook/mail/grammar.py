"""What a template may say: the part of Jinja2 that can neither run code nor run for long.

Everything is on a list: kinds of expression, filters, tests, and the variables there are, so that
what is accepted has no way to fail when it is sent. Nothing is called, nothing is assigned, and a
loop within a loop goes through a part of the outer one's item: the work is bounded by the data.
"""

from collections.abc import Mapping
from typing import Any

from jinja2 import Environment, nodes
from jinja2.exceptions import TemplateSyntaxError
from jinja2.visitor import NodeTransformer

from tallybook.mail.filters import Filter
from tallybook.mail.refusing import Refused, listed, meant, refuse, sentence

type Shape = dict[str, "Shape"] | list["Shape"] | None
"""What a variable holds: the parts of a group, what each item of a list is, or None: a value."""

LOOP = ("index", "index0", "first", "last", "length", "revindex")
_MOST_LOOPS = 2  # within each other
_MOST_FILTERS = 4  # behind each other
_DEEPEST = 40
_LARGEST = 1_000_000_000
_TESTS = {"none", "defined"}


def parsed(
    environment: Environment,
    text: str,
    shape: dict[str, Shape],
    filters: Mapping[str, Filter],
) -> nodes.Template:
    """The template, if all it says may be said. Raises `Refused`."""
    try:
        tree = environment.parse(text)
    except TemplateSyntaxError as error:
        raise Refused(error.lineno, sentence(error.message or "cannot be read")) from error
    except RecursionError as error:
        raise Refused(1, "It is nested too deeply.") from error
    except ValueError as error:  # a number of thousands of digits
        raise Refused(1, "It has a number that is too long.") from error
    _Reader(filters).statements(tree.body, dict(shape), ())
    made: nodes.Template = _Safe().visit(tree)
    return made


class _Reader:
    """Reads a template that is parsed, and refuses what is on no list."""

    def __init__(self, filters: Mapping[str, Filter]) -> None:
        self._filters = filters

    def statements(
        self, body: list[Any], scope: dict[str, Shape], loops: tuple[str, ...], depth: int = 0
    ) -> None:
        for node in body:
            match node:
                case nodes.Output():
                    for printed in node.nodes:
                        self._printed(printed, scope)
                case nodes.If():
                    _not_too_deep(node, depth)
                    self.expression(node.test, scope)
                    for branch in (node.body, node.elif_, node.else_):
                        self.statements(branch, scope, loops, depth + 1)
                case nodes.For():
                    _not_too_deep(node, depth)
                    self._loop(node, scope, loops, depth + 1)
                case _:
                    refuse(node)

    def _printed(self, node: nodes.Expr, scope: dict[str, Shape]) -> None:
        if isinstance(node, nodes.TemplateData):
            return
        shape = self.expression(node, scope)
        if isinstance(shape, dict):
            refuse(
                node,
                f"the variable {_name(node)} is a group; name one of its parts: {listed(shape)}",
            )
        if isinstance(shape, list):
            refuse(node, f"the variable {_name(node)} is a list; loop over it, or join it")

    def _loop(
        self, node: nodes.For, scope: dict[str, Shape], loops: tuple[str, ...], depth: int
    ) -> None:
        if node.recursive or not isinstance(node.target, nodes.Name):
            refuse(node, "a loop has the form {% for line in list %}")
        target = node.target.name
        if target in scope or target == "loop":
            refuse(node, f"the name {target} is taken; call the item otherwise")
        over = self.expression(node.iter, scope)
        if not isinstance(over, list) or isinstance(node.iter, nodes.Filter):
            refuse(node, f"the variable {_name(node.iter)} is not a list")
        if len(loops) >= _MOST_LOOPS:
            refuse(node, f"loops can be nested {_MOST_LOOPS} deep")
        if loops and _root(node.iter) != loops[-1]:
            refuse(node, f"a loop within a loop goes through a part of {loops[-1]}")
        inner = {**scope, target: over[0]}
        if node.test:
            self.expression(node.test, inner)
        inner["loop"] = dict.fromkeys(LOOP)
        self.statements(node.body, inner, (*loops, target), depth)
        self.statements(node.else_, scope, loops, depth)

    def expression(self, node: Any, scope: dict[str, Shape], depth: int = 0) -> Shape:
        """What the expression holds."""
        _not_too_deep(node, depth)
        match node:
            case nodes.Const():
                _check_constant(node)
            case nodes.Neg(node=nodes.Const(value=int() | float())):
                pass
            case nodes.Name():
                return _part(node, scope, node.name, "")
            case nodes.Getattr() | nodes.Getitem():
                return self._member(node, scope, depth + 1)
            case nodes.Filter():
                return self._filter(node, scope, depth + 1)
            case nodes.And() | nodes.Or():
                one = self.expression(node.left, scope, depth + 1)
                return one if one == self.expression(node.right, scope, depth + 1) else None
            case _:
                for part in _conditions(node):
                    self.expression(part, scope, depth + 1)
        return None

    def _member(self, node: Any, scope: dict[str, Shape], depth: int) -> Shape:
        whole = self.expression(node.node, scope, depth)
        if isinstance(node, nodes.Getattr):
            return _part(node, whole, node.attr, f"{_name(node.node)}.")
        value = node.arg.value if isinstance(node.arg, nodes.Const) else None
        if isinstance(value, str):
            return _part(node, whole, value, f"{_name(node.node)}.")
        if not isinstance(whole, list) or type(value) is not int:
            refuse(node, "what stands in [ ] is a number, of a list, or the name of a part")
        return whole[0]

    def _filter(self, node: nodes.Filter, scope: dict[str, Shape], depth: int) -> Shape:
        filter_ = self._filters.get(node.name)
        if filter_ is None:
            refuse(node, f"there is no filter {node.name!r} here{meant(node.name, self._filters)}")
        if node.node is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            refuse(node, f"the filter {node.name} is not used like this")
        if not filter_.least <= len(node.args) <= filter_.most:
            refuse(node, f"the filter {node.name} takes {_arguments(filter_)}")
        for argument in node.args:
            self.expression(argument, scope, depth)
            if filter_.constant and not (
                isinstance(argument, nodes.Const) and type(argument.value) is filter_.constant
            ):
                wanted = "a number" if filter_.constant is int else "a text in quotes"
                refuse(node, f"the filter {node.name} takes {wanted}")
        if _filters_of(node) > _MOST_FILTERS:
            refuse(node, f"at most {_MOST_FILTERS} filters can stand behind each other")
        whole = self.expression(node.node, scope, depth)
        return whole[0] if node.name in ("first", "last") and isinstance(whole, list) else None


class _Safe(NodeTransformer):
    """Puts what cannot fail in place of what may: comparisons, loops, and `x if y`."""

    def visit_Compare(self, node: nodes.Compare) -> nodes.Node:  # noqa: N802 - Jinja's name
        self.generic_visit(node)
        (compared,) = node.ops
        return nodes.Test(
            node.expr, compared.op, [compared.expr], [], None, None, lineno=node.lineno
        )

    def visit_For(self, node: nodes.For) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.iter = nodes.Filter(node.iter, "each", [], [], None, None, lineno=node.lineno)
        return node

    def visit_CondExpr(self, node: nodes.CondExpr) -> nodes.Node:  # noqa: N802
        self.generic_visit(node)
        node.expr2 = node.expr2 or nodes.Const("", lineno=node.lineno)
        return node


def _conditions(node: Any) -> list[nodes.Expr]:
    """The parts of an expression that asks something."""
    if isinstance(node, nodes.Test) and node.name not in _TESTS:
        refuse(node, f"there is no test {node.name!r}; there are: {listed(_TESTS)}")
    if isinstance(node, nodes.Compare):
        if len(node.ops) > 1:
            refuse(node, "compare two things at a time, and join them with and")
        return [node.expr, node.ops[0].expr]
    if isinstance(node, nodes.CondExpr):
        return [node.test, node.expr1, *([node.expr2] if node.expr2 else [])]
    if not isinstance(node, nodes.Test | nodes.Not):
        refuse(node)
    return [node.node]


def _part(node: nodes.Expr, whole: Shape, name: str, prefix: str) -> Shape:
    if name.startswith("_"):
        refuse(node, f"names that begin with _ are not available: {prefix}{name}")
    if not isinstance(whole, dict):
        refuse(node, f"the variable {prefix}{name} does not exist: what it is part of has no parts")
    if name not in whole:
        refuse(node, f"there is no variable {prefix}{name}{meant(name, whole, prefix)}")
    return whole[name]


def _check_constant(node: nodes.Const) -> None:
    if isinstance(node.value, int | float) and not abs(node.value) <= _LARGEST:
        refuse(node, "that number is too large")


def _not_too_deep(node: nodes.Node, depth: int) -> None:
    if depth > _DEEPEST:
        refuse(node, "it is nested too deeply")


def _name(node: Any) -> str:
    match node:
        case nodes.Name():
            return str(node.name)
        case nodes.Getattr():
            return f"{_name(node.node)}.{node.attr}"
        case nodes.Getitem(arg=nodes.Const(value=value)):
            return f"{_name(node.node)}[{value!r}]"
    return "this"


def _root(node: Any) -> str:
    while isinstance(node, nodes.Getattr | nodes.Getitem):
        node = node.node
    return node.name if isinstance(node, nodes.Name) else ""


def _filters_of(node: Any) -> int:
    count = 0
    while isinstance(node, nodes.Filter):
        node, count = node.node, count + 1
    return count


def _arguments(filter_: Filter) -> str:
    if not filter_.most:
        return "nothing in brackets"
    return "one thing in brackets" if filter_.least else "at most one thing in brackets"
