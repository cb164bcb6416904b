"""What was decided of a chunk's rows, when an import may change clients.

Such rows move numbers and addresses, which are what tells whose client another row means. A chunk
that is worked on again must not decide anew: its decisions are kept on it before they are done.
"""

from collections.abc import Mapping

from tallybook.imports.records import ChunkRecord
from tallybook.imports.rules import Change, Create, Entry, Kind, Made, Plan, Reject, Same
from tallybook.table import present
from tallybook.transactions import Transaction
from tallybook.versions import version_changed

_KINDS: dict[str, Kind] = {"-": "skipped", "!": "failed"}


class Decisions:
    """The decisions on one chunk, by line."""

    def __init__(self, chunk: ChunkRecord) -> None:
        self._chunk = chunk
        self._kept: dict[str, str] = dict(chunk.decided or {})
        self._made: set[int] = set()

    def creations(self) -> list[int]:
        """The lines that were to make a client."""
        return [int(line) for line, kept in self._kept.items() if kept == "*"]

    def have_made(self, lines: set[int]) -> None:
        """The clients of these lines are there."""
        self._made = lines

    def of(self, entry: Entry) -> Plan | None:
        kept = self._kept.get(str(entry.line))
        if kept is None:
            return None
        match kept[0], kept[1:]:
            case "*", _:
                return Made() if entry.line in self._made else Create()
            case "+", client_id:
                return Change(client_id)
            case "=", client_id:
                return Same(client_id)
            case sign, reason:
                return Reject(entry.line, entry.cells, _KINDS[sign], reason)

    def forget(self, line: int) -> None:
        """The line could not be done as decided: what it means is open again."""
        self._kept.pop(str(line), None)

    def keep(self, plans: Mapping[int, Plan]) -> None:
        """Add to what is kept. Raises `VersionChanged` when another worker was quicker."""
        kept = {str(line): _written(found) for line, found in plans.items()} | self._kept
        before = self._chunk.decided
        if kept == (before or {}):
            return
        decided = ChunkRecord.decided
        stands = decided.does_not_exist() if before is None else decided == before
        transaction = Transaction()
        transaction.update(
            self._chunk,
            [ChunkRecord.decided.set(kept)],
            present(ChunkRecord) & stands,
            version_changed,
        )
        transaction.commit()
        self._kept = self._chunk.decided = kept


def _written(found: Plan) -> str:
    match found:
        case Change(client_id):
            return f"+{client_id}"
        case Same(client_id):
            return f"={client_id}"
        case Reject(kind="skipped"):
            return f"-{found.reason}"
        case Reject():
            return f"!{found.reason}"
        case _:
            return "*"
