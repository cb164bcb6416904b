"""Which field of a client a column is, judged by its heading.

A heading is read folded: as one of the known names, or as a name with qualifiers before or after
it ("Billing City", "Ville de facturation", "Phone - Work"). Of the columns that name one field
the likeliest gets it, and an address is taken from one set of columns, never mixed from two.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from tallybook.imports._headings import (
    ADDRESS,
    ADDRESSES,
    FIRST_NAMES,
    HOUSE_NUMBERS,
    LAST_NAMES,
    NAMES,
    NEVER,
    QUALIFIED,
    QUALIFIERS,
    Kind,
)
from tallybook.imports.fields import FIELDS, FieldName
from tallybook.text import fold, parts

_LONGEST = 120  # a longer cell is not a heading, and reading it would take long
_MOST_QUALIFIERS = 3
_TIER = 100  # a worse name is never made up for by better qualifiers
_REMARK = 50  # what stands in brackets was not understood
_WHERE: tuple[FieldName, ...] = ("street1", "city", "postal_code")

_IN_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}|<[^<>]*>")


@dataclass(frozen=True, slots=True)
class _Reading:
    """`rank`: the lower, the likelier. `address`: whose address a part of one belongs to."""

    field: FieldName
    rank: int
    address: Kind | None = None


def field_of(heading: str) -> FieldName | None:
    """The field that a heading names by itself, or None."""
    reading = _read(heading)
    return reading.field if reading else None


def suggest(headings: Sequence[str]) -> list[FieldName | None]:
    """For each column its field, or None; each field at most once."""
    readings = _in_context(headings, [_read(heading) for heading in headings])
    columns = _best_columns(readings) | _address_columns(readings)
    suggested: list[FieldName | None] = [None] * len(headings)
    for field, column in columns.items():
        suggested[column] = field
    return suggested


def _in_context(
    headings: Sequence[str], readings: Sequence[_Reading | None]
) -> list[_Reading | None]:
    """The readings, where the columns beside one change what it means."""
    names = _names_beside({reading.field for reading in readings if reading})
    has_second_address = any(map(_is_of_second_address, headings))
    found: list[_Reading | None] = []
    for heading, alone in zip(headings, readings, strict=True):
        reading = alone
        folded = fold(heading) if alone else ""
        before = found[-1] if found else None
        is_house_number = folded in _folded(HOUSE_NUMBERS) and before and before.field == "street1"
        is_second_street = (
            has_second_address and alone and alone.field == "street2" and folded.endswith("2")
        )
        if is_house_number or is_second_street:
            reading = None
        elif alone and folded in names:
            reading = _Reading(names[folded], alone.rank)
        found.append(reading)
    return found


def _is_of_second_address(heading: str) -> bool:
    """Whether it is one like "PLZ 2": "Straße 2" is another street then, no second line."""
    folded = fold(heading) if len(heading) <= _LONGEST else ""
    name = _names().get(folded.removesuffix("2")) if folded.endswith("2") else None
    return name is not None and name.field in _WHERE and name.field != "street1"


def _names_beside(fields: set[FieldName]) -> Mapping[str, FieldName]:
    """What a bare "Name" means beside a column of first names only, or of last names only."""
    if "first_name" in fields and "last_name" not in fields:
        return dict.fromkeys(_folded(LAST_NAMES), "last_name")
    if "last_name" in fields and "first_name" not in fields:
        return dict.fromkeys(_folded(FIRST_NAMES), "first_name")
    return {}


def _best_columns(readings: Sequence[_Reading | None]) -> dict[FieldName, int]:
    best: dict[FieldName, tuple[int, int]] = {}
    for column, reading in enumerate(readings):
        if reading and reading.field not in ADDRESS:
            place = (reading.rank, column)
            best[reading.field] = min(best.get(reading.field, place), place)
    return {field: column for field, (_, column) in best.items()}


def _address_columns(readings: Sequence[_Reading | None]) -> dict[FieldName, int]:
    """The parts of the address that says best where the client is.

    Its gaps are filled, "Billing City; Country", but never from another address.
    """
    addresses: dict[Kind | None, dict[FieldName, tuple[int, int]]] = {}
    for column, reading in enumerate(readings):
        if reading and reading.field in ADDRESS:
            address = addresses.setdefault(reading.address, {})
            place = (reading.rank, column)
            address[reading.field] = min(address.get(reading.field, place), place)
    if not addresses:
        return {}

    def completeness(kind: Kind | None) -> tuple[int, int]:
        known = sum(field in addresses[kind] for field in _WHERE)
        return known, -ADDRESSES.index(kind)

    best = max(addresses, key=completeness)
    chosen = addresses[best]
    rest = addresses.get("billing" if best is None else None, {})
    if not any(field in rest and field in chosen for field in _WHERE):
        chosen = rest | chosen
    return {field: column for field, (_, column) in chosen.items()}


def _read(heading: str) -> _Reading | None:
    if len(heading) > _LONGEST or _is_never_ours(heading):
        return None
    heading = heading.replace("#", " no ")
    return (
        _reading(fold(heading), _MOST_QUALIFIERS)
        or _read_alternatives(heading)
        or _read_without_brackets(heading)
    )


def _is_never_ours(heading: str) -> bool:
    folded = fold(heading)
    return any(word in folded for word in _folded(NEVER)) or any(
        word.startswith("ship") for word in parts(heading)
    )


def _read_alternatives(heading: str) -> _Reading | None:
    """Of "Zip / Postcode", where every part means the same field."""
    if not 1 <= heading.count("/") <= _MOST_QUALIFIERS:
        return None
    readings = [_reading(fold(part), _MOST_QUALIFIERS) for part in heading.split("/")]
    first = readings[0]
    if first and all(reading and reading.field == first.field for reading in readings):
        return first
    return None


def _read_without_brackets(heading: str) -> _Reading | None:
    outside = _IN_BRACKETS.sub(" ", heading)
    if outside == heading:
        return None
    reading = _reading(fold(outside), _MOST_QUALIFIERS) or _read_alternatives(outside)
    return reading and replace(reading, rank=reading.rank + _REMARK)


def _reading(folded: str, qualifiers: int) -> _Reading | None:
    """The likeliest reading with at most so many qualifiers."""
    name = _names().get(folded)
    if name or not qualifiers:
        return name
    readings = [
        qualified
        for kind, rest in _splits(folded)
        if (reading := _reading(rest, qualifiers - 1)) and (qualified := _qualify(reading, kind))
    ]
    return min(readings, key=lambda reading: reading.rank, default=None)


def _splits(folded: str) -> Iterator[tuple[Kind, str]]:
    """Every qualifier at the start or at the end, with what is left without it."""
    kinds = _kinds()
    for cut in range(1, len(folded)):
        before, after = folded[:cut], folded[cut:]
        if before in kinds:
            yield kinds[before], after
        if after in kinds:
            yield kinds[after], before


def _qualify(reading: _Reading, kind: Kind) -> _Reading | None:
    if kind == "remark":
        return reading
    if reading.field in ADDRESS:
        if kind in ("client", "firm", "main"):
            return replace(reading, rank=reading.rank + 1)
        if kind in ADDRESSES:
            return replace(reading, rank=reading.rank + 1, address=reading.address or kind)
        return None
    kinds = QUALIFIED.get(reading.field, ())
    if kind not in kinds:
        return None
    return replace(reading, rank=reading.rank + 1 + kinds.index(kind))


@cache
def _names() -> dict[str, _Reading]:
    own = {
        fold(name): _Reading(field.name, 0)
        for field in FIELDS
        for name in (field.name, field.label)
    }
    known = {
        name: _Reading(field, tier * _TIER)
        for field, tiers in NAMES.items()
        for tier, names in reversed(list(enumerate(tiers)))
        for name in _folded(names)
    }
    return known | own


@cache
def _kinds() -> dict[str, Kind]:
    return {name: kind for kind, names in QUALIFIERS.items() for name in _folded(names)}


@cache
def _folded(names: str) -> frozenset[str]:
    return frozenset(fold(name) for name in names.split(","))
