"""The built-in templates, in the files of `texts`: what is sent unless the firm wrote its own."""

from functools import cache

from tallybook.mail import variables as variables_
from tallybook.mail.frame import TEXTS
from tallybook.mail.rendering import Source
from tallybook.mail.variables import NAMES, Variable

__all__ = ["NAMES", "Variable", "sample", "source", "variables"]

variables, sample = variables_.variables, variables_.sample


@cache
def source(name: str) -> Source:
    """The built-in template of this name, which is one of `NAMES`."""
    folder = TEXTS / name
    subject, text, html = (
        (folder / file).read_text(encoding="utf-8")
        for file in ("subject.txt", "body.txt", "body.html")
    )
    return Source(name, subject.strip(), text, html, based_on=name)
