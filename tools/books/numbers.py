"""Whether the numbers of a series have gaps, as far as their look tells. Pure."""

import re
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import NamedTuple

_YEAR, _RUNNING = "(?P<year>[0-9]{4})", "(?P<running>[0-9]+)"
_LONGEST_GAP = 20  # each number of a longer one is not told


class Numbered(NamedTuple):
    """A number taken apart. Numbers of one `run` follow each other."""

    run: str  # a year, where numbers begin again each year
    running: int
    year: str


class Look(NamedTuple):
    """A pattern of numbers, as a regular expression knows it."""

    pattern: str
    expression: re.Pattern[str]
    yearly: bool

    def apart(self, numbers: Iterable[str]) -> list[Numbered]:
        """The numbers in their order, without those of other patterns, which the firm had once."""
        matches = filter(None, map(self.expression.fullmatch, numbers))
        found = [(each.groupdict().get("year", ""), int(each["running"])) for each in matches]
        return sorted(
            Numbered(year if self.yearly else "", running, year) for year, running in found
        )

    def number(self, year: str, running: int) -> str:
        return self.pattern.format(year=year, seq=running)


def look_of(pattern: str, *, yearly: bool) -> Look:
    """That of a pattern such as "INV-{year}-{seq:05}"."""
    escaped = re.escape(pattern).replace(re.escape("{year}"), _YEAR)
    expression = re.compile(re.sub(r"\\\{seq(:0[0-9]+)?\\\}", _RUNNING, escaped))
    return Look(pattern, expression, yearly)


def gaps(numbers: Iterable[str], look: Look) -> Iterator[str]:
    """What is missing between the first and the last number of each run, and what is twice."""
    for one, following in pairwise(look.apart(numbers)):
        if one.run != following.run:
            continue
        if one.running == following.running:
            yield f"{look.number(following.year, following.running)} was given twice"
        missing = range(one.running + 1, following.running)
        if len(missing) > _LONGEST_GAP:
            first, last = (look.number(following.year, missing[each]) for each in (0, -1))
            yield f"{first} to {last} are missing"
        else:
            yield from (f"{look.number(following.year, each)} is missing" for each in missing)


def before_first(numbers: Iterable[str], look: Look) -> list[str]:
    """The number just before the first of each run: nobody may have had it."""
    first: dict[str, Numbered] = {}
    for each in look.apart(numbers):
        first.setdefault(each.run, each)
    return [look.number(each.year, each.running - 1) for each in first.values() if each.running > 1]


def following(numbers: Iterable[str], look: Look) -> dict[str, int]:
    """How each run goes on."""
    return {each.run: each.running + 1 for each in look.apart(numbers)}
