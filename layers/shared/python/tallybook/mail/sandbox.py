"""The Jinja2 that templates run in: stricter than its own sandbox, it knows no Python at all."""

from collections.abc import Mapping
from typing import Any

from jinja2 import StrictUndefined
from jinja2.exceptions import TemplateError
from jinja2.runtime import LoopContext
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tallybook.mail import filters
from tallybook.mail.grammar import LOOP


class Sandbox(ImmutableSandboxedEnvironment):
    """Variables are groups, lists and values: nothing of Python can be reached from them."""

    def __init__(self, names: Mapping[str, filters.Filter], *, autoescape: bool) -> None:
        super().__init__(
            autoescape=autoescape,
            undefined=StrictUndefined,
            finalize=lambda value: value if isinstance(value, str) else filters.text_of(value),
            cache_size=0,
        )
        self.globals.clear()
        self.filters = {"each": filters.each}
        self.filters |= {name: each.function for name, each in names.items()}
        self.tests = dict(filters.TESTS)

    def getattr(self, obj: Any, attribute: str) -> Any:
        if isinstance(obj, dict):
            return obj.get(attribute)
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        return None

    def getitem(self, obj: Any, argument: Any) -> Any:
        if isinstance(obj, list) and isinstance(argument, int):
            return obj[argument] if -len(obj) <= argument < len(obj) else None
        return self.getattr(obj, argument)

    def call(__self, *_: Any, **__: Any) -> Any:  # noqa: N805 - as in Jinja2
        raise TemplateError("nothing can be called")
