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
from tests.support import capacity, firm
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
    reads: float = 0  # units, in all
    kinds: dict[str, tuple[float, float]] = field(default_factory=dict)  # items, and their units

    @property
    def named(self) -> float:
        """The write units of the items that an invoice needs, each written once."""
        return sum(units for _, units in self.kinds.values())

    @property
    def series(self) -> float:
        """The write units of an invoice for where the series stands."""
        return 2 * len(self.actions) / self.drafts

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
        sample = refs[:PART]
        before = _images(bench.admin, sample)
        with (
            billing_workers.ours(bench.shipped, bench.place) as ours,
            billing_workers.floor(bench.place) as floor,
        ):
            for part in batched(refs, PART, strict=False):
                _part(found, bench, ours, floor, part)
        after = _images(bench.admin, sample)
        _reckon(found, before, after | _numbers(bench.admin, found.ours[0].answer))
    finally:
        with suppress(bench.admin.exceptions.ClientError):  # it is large, and gone soon anyway
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
    """Of a BatchGetItem that reads consistently: one for each started 4 KB."""
    name, asked = request
    if name != "BatchGetItem":
        return 0
    ((_, wanted),) = asked["RequestItems"].items()
    return float(len(wanted["Keys"]))  # clients and invoices of three lines are below 4 KB


def _reckon(found: Bulk, before: Images, after: Images) -> None:
    """The write units of an invoice by kind, from a sample: all but the series is written once."""
    kinds: dict[str, list[int]] = {}
    for key, item in after.items():
        if before.get(key) != item:
            kind = "NUMBER" if key[1] == "NUMBER" else key[1].partition("#")[0]
            kinds.setdefault(kind, []).append(capacity._transaction_units(before.get(key), item))
    found.kinds = {kind: (len(each) / PART, sum(each) / PART) for kind, each in kinds.items()}


def _images(admin: Any, refs: Sequence[Ref]) -> Images:
    """All items of the clients."""
    found: Images = {}
    for client_id, _ in refs:
        answer = admin.query(
            TableName=TABLE_NAME,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"CLIENT#{client_id}"}},
        )
        found |= {(item["pk"]["S"], item["sk"]["S"]): item for item in answer["Items"]}
    return found


def _numbers(admin: Any, numbers: Sequence[str]) -> Images:
    found: Images = {}
    for number in numbers:
        key = f"NUMBER#invoice#{number}", "NUMBER"
        asked = {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
        found[key] = admin.get_item(TableName=TABLE_NAME, Key=asked)["Item"]
    return found


def _write(admin: Any, items: Sequence[Item]) -> None:
    for some in batched(items, 25, strict=False):
        waiting = [{"PutRequest": {"Item": item}} for item in some]
        while waiting:
            answer = admin.batch_write_item(RequestItems={_FLOOR_TABLE: waiting})
            waiting = answer.get("UnprocessedItems", {}).get(_FLOOR_TABLE, [])
