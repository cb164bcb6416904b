"""Ten thousand drafts of ten thousand clients finalized, beside boto3 that writes the same."""

from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import batched
from statistics import median
from typing import Any

from tallybook.table import TABLE_NAME, Item
from tests.bench import billing_workers
from tests.bench.billing_books import Ref, drafts
from tests.bench.import_workers import Process, Run
from tests.bench.imports import Bench
from tests.support import capacity, firm, snapshots
from tests.support.template import create_table

PART = 500  # drafts that ours and the floor finalize by turns
_FLOOR_TABLE = "tallybook-floor"

type Images = dict[tuple[str, str], Item]


@dataclass
class Bulk:
    drafts: int
    ours: list[Run] = field(default_factory=list)  # a part each
    floor: list[Run] = field(default_factory=list)  # the same requests
    writing: list[Run] = field(default_factory=list)  # of those the writes
    actions: list[int] = field(default_factory=list)  # of each transaction
    requests: Counter[str] = field(default_factory=Counter)
    writes: float = 0  # units, in all
    reads: float = 0
    kinds: dict[str, tuple[int, float]] = field(default_factory=dict)  # items and their units

    @property
    def named(self) -> float:
        """The units of the items that an invoice needs, each written once."""
        return sum(units for kind, (_, units) in self.kinds.items() if kind != "SEQUENCE")

    def milliseconds(self, runs: Sequence[Run]) -> float:
        """The CPU of an invoice."""
        return 1000 * median(run.cpu for run in runs) / PART


def finalize_all(bench: Bench, *, count: int, say: Callable[[str], None]) -> Bulk:
    """Needs a table to itself."""
    found, refs = Bulk(count), list[Ref]()
    create_table(bench.admin, _FLOOR_TABLE)
    try:
        for some in batched(drafts(count), 2000, strict=False):
            refs += [ref for ref, _ in some]
            items = [item for _, each in some for item in each]
            firm.write(bench.admin, items)
            _write(bench.admin, items)
        say(f"{count:,} drafts are there")
        before = dict(snapshots.take(bench.admin, objects=False).items)
        with (
            billing_workers.ours(bench.shipped, bench.place) as ours,
            billing_workers.floor(bench.place) as floor,
        ):
            for part in batched(refs, PART, strict=False):
                _part(found, bench, ours, floor, part)
        after = dict(snapshots.take(bench.admin, objects=False).items)
        _reckon(found, before, after)
    finally:
        with suppress(bench.admin.exceptions.ResourceNotFoundException):
            bench.admin.delete_table(TableName=_FLOOR_TABLE)
    return found


def _part(found: Bulk, bench: Bench, ours: Process, floor: Process, refs: Sequence[Ref]) -> None:
    kept, path = bench.scratch / "kept", bench.scratch / "floor"
    run = ours.do({"refs": refs, "keep": [str(kept)]})
    if None in run.answer:
        raise RuntimeError("not all drafts were finalized")
    requests = billing_workers.for_floor(kept, path, (TABLE_NAME, _FLOOR_TABLE))
    found.ours.append(run)
    asked = {"path": str(path), "reads": True}
    if len(found.ours) % 2:  # each writes on a table of its own, so it can be done only once
        found.floor.append(floor.do(asked))
    else:
        found.writing.append(floor.do({**asked, "reads": False}))
    found.requests.update(name for name, _ in requests)
    found.actions += [
        len(each["TransactItems"]) for name, each in requests if name == "TransactWriteItems"
    ]
    found.reads += sum(map(_read_units, requests))


def _read_units(request: tuple[str, Any]) -> float:
    """Of a BatchGetItem that reads consistently: one for each started 4 KB. See `_reckon`."""
    name, asked = request
    if name != "BatchGetItem":
        return 0
    ((_, wanted),) = asked["RequestItems"].items()
    return float(len(wanted["Keys"]))  # clients and invoices of three lines are below 4 KB


def _reckon(found: Bulk, before: Images, after: Images) -> None:
    """The write units, by kind: all but the sequence is written once."""
    kinds: dict[str, list[float]] = {}
    for key, item in after.items():
        if before.get(key) != item:
            kind = key[0].partition("#")[0] if key[1] in _ALONE else key[1].partition("#")[0]
            kinds.setdefault(kind, []).append(_units(before.get(key), item))
    found.kinds = {kind: (len(each), sum(each)) for kind, each in kinds.items()}
    found.writes = found.named + 2 * len(found.actions)


_ALONE = ("SEQUENCE", "NUMBER")


def _units(before: Item | None, after: Item) -> float:
    return capacity._transaction_units(before, after)


def _write(admin: Any, items: Sequence[Item]) -> None:
    for some in batched(items, 25, strict=False):
        waiting = [{"PutRequest": {"Item": item}} for item in some]
        while waiting:
            answer = admin.batch_write_item(RequestItems={_FLOOR_TABLE: waiting})
            waiting = answer.get("UnprocessedItems", {}).get(_FLOOR_TABLE, [])
