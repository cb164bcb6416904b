"""The rules of an import: whether a row can go in, and whose client it means. Pure."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import ValidationError

from tallybook.clients.models import NewClient
from tallybook.ids import derived_id, rest_of
from tallybook.imports.cells import ADDRESS, NUMERIC, document_of, is_shortened
from tallybook.imports.fields import FIELDS
from tallybook.problems import problem_of_fields

_FIELD_OF = {"emails": "email"} | {f"billing_address.{name}": name for name in ADDRESS}
_LABELS: dict[str, str] = {field.name: field.label for field in FIELDS}
_LINE_BITS = 40
_LONGEST_NAME, _LONGEST_VALUE = 60, 100  # in reasons: those of a whole chunk fit into an item

type Kind = Literal["skipped", "failed"]


@dataclass(frozen=True)
class Reject:
    """A row that did not go in, and why. Skipped: its client exists; failed: it is invalid."""

    line: int
    cells: list[str]
    kind: Kind
    reason: str


@dataclass(frozen=True)
class Entry:
    """A row that can go in. `document` holds what its cells say, blank ones left out.

    `new` lacks its real name when the row has none: then it can only change a client.
    """

    line: int
    cells: list[str]
    document: dict[str, Any]
    new: NewClient

    @property
    def is_nameless(self) -> bool:
        return "business_name" not in self.document

    def completed(self, number: str | None, currency: str | None) -> NewClient:
        """The client to make, with this number and currency where the row has none."""
        given = {
            "number": self.new.number or number,
            "currency": self.new.currency or currency,
        }
        return self.new.model_copy(update=given)


@dataclass(frozen=True)
class Columns:
    """The columns of a file: their number, their headings, and the field of each that counts."""

    headings: Sequence[str | None]
    fields: Mapping[int, str]

    def name(self, field: str) -> str:
        """What the people who made the file call a field."""
        for index, mapped in self.fields.items():
            if mapped == field:
                return (self.headings[index] or f"Column {index + 1}")[:_LONGEST_NAME]
        return _LABELS[field]

    def cell(self, field: str, cells: Sequence[str]) -> str:
        """The cell of a field; empty when there is none."""
        for index, mapped in self.fields.items():
            if mapped == field and index < len(cells):
                return cells[index]
        return ""


def judged(line: int, cells: list[str], columns: Columns) -> Entry | Reject:
    """What a row says, or why it cannot go in. The rules are those of the API."""
    beyond = [cell for cell in cells[len(columns.headings) :] if cell.strip()]
    if beyond:
        most = len(columns.headings)
        return Reject(
            line, cells, "failed", f"The row has {len(cells)} cells, but there are {most} columns."
        )
    if found := _not_a_client(cells, columns):
        return Reject(line, cells, "failed", found)
    document = document_of(cells, columns.fields)
    try:
        new = NewClient.model_validate({"business_name": "-"} | document)
    except ValidationError as error:
        return Reject(
            line, cells, "failed", _reason(error.errors(include_input=False), cells, columns)
        )
    return Entry(line, cells, document, new)


def _not_a_client(cells: Sequence[str], columns: Columns) -> str | None:
    """Why a row cannot be taken at its word."""
    for field in NUMERIC:
        if is_shortened(columns.cell(field, cells)):
            return (
                f"{columns.name(field)}: A spreadsheet program has shortened the number;"
                " format the column as text and enter it again."
            )
    first = columns.headings[0]
    if first and cells[0].strip() == first:
        headings = [heading or "" for heading in columns.headings]
        if [cell.strip() for cell in cells] == headings[: len(cells)]:
            return "The row repeats the headings."
    return None


def _reason(errors: Sequence[Any], cells: Sequence[str], columns: Columns) -> str:
    """What is wrong with a row in plain words: "Land: 'Atlantis' is not a country; …"."""
    found: dict[str, None] = {}
    for problem in problem_of_fields(errors).errors or []:
        stem = problem.field.partition(".")[0]
        field = _FIELD_OF.get(problem.field) or _FIELD_OF.get(stem, stem)
        message = problem.message
        if not _is_readable(columns.cell(field, cells)):
            message = "The cell has characters that the file's encoding does not know."
        found[f"{columns.name(field)}: {message}"] = None
    return " ".join(found)


def _is_readable(cell: str) -> bool:
    """Whether every byte of the cell belonged to the file's encoding; others are surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in cell)


# ---- Whose client a row means ---------------------------------------------------------------


@dataclass(frozen=True)
class Create:
    pass


@dataclass(frozen=True)
class Change:
    client_id: str


@dataclass(frozen=True)
class Same:
    """The row says nothing that its client does not say already."""

    client_id: str


@dataclass(frozen=True)
class Made:
    """The row made its client before: the chunk is worked on again."""


type Plan = Create | Change | Same | Made | Reject


def plan(
    entry: Entry,
    own_id: str,
    owners: Mapping[str, str],
    columns: Columns,
    *,
    update_existing: bool,
) -> Plan:
    """What is to be done with a row, given which clients have its number and its e-mail address.

    `owners` names them by field; `own_id` is the id of the client that the row itself makes.
    """
    if own_id in owners.values():
        return Made()
    number, email = owners.get("number"), owners.get("email")
    if number and email and number != email:
        reason = (
            f"{columns.name('number')} belongs to one client and {columns.name('email')}"
            " to another."
        )
        return _skipped(entry, reason)
    owner = number or email
    if owner is None:
        return Create() if not entry.is_nameless else _nameless(entry, columns)
    if update_existing:
        return Change(owner)
    field = "number" if number else "email"
    text = entry.new.number if field == "number" else entry.new.emails[0]
    line = line_of(owner, own_id)
    holder = f"the client of line {line}" if line else "another client"
    return _skipped(
        entry, f"{columns.name(field)}: {(text or '')[:_LONGEST_VALUE]!r} belongs to {holder}."
    )


def refused(entry: Entry, errors: Sequence[Any], columns: Columns) -> Reject:
    """The row as refused for what it would make of a client that exists."""
    return Reject(entry.line, entry.cells, "failed", _reason(errors, entry.cells, columns))


def _skipped(entry: Entry, reason: str) -> Reject:
    return Reject(entry.line, entry.cells, "skipped", reason)


def _nameless(entry: Entry, columns: Columns) -> Reject:
    reason = f"{columns.name('business_name')}: This field is required."
    return Reject(entry.line, entry.cells, "failed", reason)


# ---- Ids ------------------------------------------------------------------------------------


def dropped_id(key: str, sequencer: str, at: datetime) -> str:
    """The id of the import of a dropped file: the same when its event is delivered again."""
    return derived_id(at, int.from_bytes(_digest(f"{key}\0{sequencer}", 10)))


def client_id(import_id: str, line: int, at: datetime) -> str:
    """The id of the client that a row makes: the same whenever the row is worked on.

    Clients of one import sort by their lines.
    """
    return derived_id(at, int.from_bytes(_digest(import_id, 5)) << _LINE_BITS | line)


def line_of(client_id: str, own_id: str) -> int | None:
    """The line that made a client, when it was one of the import that made `own_id`."""
    same_time = client_id[:10] == own_id[:10]
    same_import = rest_of(client_id) >> _LINE_BITS == rest_of(own_id) >> _LINE_BITS
    return rest_of(client_id) & (1 << _LINE_BITS) - 1 if same_time and same_import else None


def _digest(text: str, size: int) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest()[:size]
