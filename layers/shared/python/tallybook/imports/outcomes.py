"""What became of each row of a chunk: kept in the bucket, for the files that name rows, and for
undoing.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from tallybook.imports import bucket
from tallybook.imports.mapping import results
from tallybook.imports.rules import Reject

_BOM = "\N{ZERO WIDTH NO-BREAK SPACE}"  # lets Excel see that the file is UTF-8


@dataclass
class Entered:
    """What an import, or a dry run of it, did with a chunk."""

    created: list[tuple[int, str]] = field(default_factory=list)  # line, client id
    updated: list[tuple[int, str]] = field(default_factory=list)
    rejects: list[Reject] = field(default_factory=list)
    claimed: list[tuple[int, int]] = field(default_factory=list)  # of a dry run: claim, line

    def counts(self) -> dict[str, int]:
        skipped = sum(reject.kind == "skipped" for reject in self.rejects)
        return {
            "created": len(self.created),
            "updated": len(self.updated),
            "skipped": skipped,
            "failed": len(self.rejects) - skipped,
        }

    def sorted(self) -> "Entered":
        """The same, in the order of the file."""
        return Entered(
            sorted(self.created),
            sorted(self.updated),
            sorted(self.rejects, key=lambda reject: reject.line),
            self.claimed,
        )

    def kinds(self) -> Iterator[tuple[int, str]]:
        """For each line, how it was counted."""
        yield from ((line, "created") for line, _ in self.created)
        yield from ((line, "updated") for line, _ in self.updated)
        yield from ((reject.line, reject.kind) for reject in self.rejects)

    @property
    def listed(self) -> int:
        return len(self.rejects)


@dataclass(frozen=True)
class Left:
    """A client that undoing leaves as it is, and why.

    `taken`: another client had what this one would get back, when the chunk was undone.
    """

    line: int
    client_id: str
    number: str
    business_name: str
    reason: str
    taken: bool = False


@dataclass
class Undone:
    """What undoing did with a chunk."""

    removed: int = 0
    restored: int = 0
    left: list[Left] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        return {"removed": self.removed, "restored": self.restored, "left": len(self.left)}

    @property
    def listed(self) -> int:
        return len(self.left)


def keep(import_id: str, job: int, chunk: int, outcome: Entered | Undone) -> None:
    content = json.dumps(asdict(outcome), separators=(",", ":")).encode()
    bucket.put(_place(import_id, job, chunk), content, "application/json")


def entered(import_id: str, job: int, chunk: int) -> Entered:
    content = _load(import_id, job, chunk)
    return Entered(
        created=[(line, client_id) for line, client_id in content["created"]],
        updated=[(line, client_id) for line, client_id in content["updated"]],
        rejects=[Reject(**reject) for reject in content["rejects"]],
        claimed=[(claim, line) for claim, line in content["claimed"]],
    )


def undone(import_id: str, job: int, chunk: int) -> Undone:
    content = _load(import_id, job, chunk)
    left = [Left(**each) for each in content["left"]]
    return Undone(content["removed"], content["restored"], left)


def _load(import_id: str, job: int, chunk: int) -> Any:
    return json.loads(bucket.get(_place(import_id, job, chunk)))


def _place(import_id: str, job: int, chunk: int) -> str:
    return results(import_id, f"{job}/{chunk:06}.json")


# ---- Files for people -----------------------------------------------------------------------


def rejects_file(
    headings: Sequence[str | None], delimiter: str, rejects: Iterable[Reject]
) -> Iterator[bytes]:
    """A CSV file of rows that did not go in: line, the cells as they were, and the reason.

    Whoever mends the cells can import the file again: the columns are those of the first one.
    """
    named = [heading or f"Column {index + 1}" for index, heading in enumerate(headings)]
    yield _BOM.encode() + _line(["Line", *named, "Reason"], delimiter)
    for reject in rejects:
        # Rows may be ragged: the reason stays in its own column.
        padded = [*reject.cells, *[""] * (len(named) - len(reject.cells))]
        yield _line([str(reject.line), *padded, reject.reason], delimiter)


def left_file(left: Iterable[Left]) -> Iterator[bytes]:
    """A CSV file of clients that undoing left as they are."""
    yield _BOM.encode() + _line(["Line", "Number", "Business name", "Client id", "Reason"], ",")
    for each in left:
        cells = [each.number, each.business_name, each.client_id, each.reason]
        yield _line([str(each.line), *map(_harmless, cells)], ",")


def _line(cells: Sequence[str], delimiter: str) -> bytes:
    line = io.StringIO(newline="")
    csv.writer(line, delimiter=delimiter).writerow([_visible(cell) for cell in cells])
    return line.getvalue().encode()


def _visible(cell: str) -> str:
    r"""Bytes that were not of the file's encoding, as "\xfc"; everything else as it is."""
    if cell.isascii():
        return cell
    return "".join(
        f"\\x{ord(character) - 0xDC00:02x}" if "\udc80" <= character <= "\udcff"
        else character.encode("utf-8", "replace").decode()
        for character in cell
    )  # fmt: skip


def _harmless(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV injection)."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) else cell
