"""Texts of a certain form: a pattern for machines, and in words for who sends something else."""

from typing import Annotated

from pydantic import StringConstraints

_WORDS: dict[str, str] = {}


def form(pattern: str, words: str) -> StringConstraints:
    """The constraint; `words` is the whole message about a text that breaks it."""
    _WORDS[pattern] = words
    return StringConstraints(pattern=pattern)


def in_words(pattern: str) -> str:
    return _WORDS.get(pattern, "This does not have the right form.")


# As texts: a JSON number is a float to most who read it. How many digits count: invoices.rules.
Number = Annotated[
    str, form(r"^-?[0-9]{1,15}(\.[0-9]{1,14})?$", "This must be a number such as 1250.00.")
]
Positive = Annotated[
    str,
    form(r"^[0-9]{1,15}(\.[0-9]{1,14})?$", "This must be a number such as 1250.00, not below 0."),
]
Percent = Annotated[
    str,
    form(
        r"^([0-9]{1,2}(\.[0-9]{1,6})?|100(\.0{1,6})?)$",
        "This must be a percentage from 0 to 100, such as 19 or 7.5.",
    ),
]
