"""Invoices made in packed transactions, and boto3 that sends the same: what is counted of both."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import batched
from pathlib import Path
from statistics import median
from typing import Any

from tallybook.table import TABLE_NAME, Item
from tests.bench import billing_workers
from tests.bench.import_workers import Process, Run
from tests.support import capacity

FLOOR_TABLE = "tallybook-floor"
FEWEST = 90  # actions of a transaction
MOST_CPU, MOST_UNITS = 1.5, 1.1  # to the floor (PERFORMANCE.md)
# What is written of an invoice, by the beginning of its key.
NAMES = {
    "INVOICE": "invoice",
    "OPEN": "that it is open",
    "NUMBER": "whose number it is",
    "LEDGER": "ledger entry",
    "MONTH": "month",
    "CLIENT": "client",
}

type Images = dict[tuple[str, str], Item]
type Request = tuple[str, Any]
"""An operation and its parameters."""


@dataclass
class Packed:
    """Of so many invoices those that were measured, `part` by turns by ours and the floor."""

    count: int
    part: int = 0
    ours: list[Run] = field(default_factory=list)  # a part each
    floor: list[Run] = field(default_factory=list)  # the same requests
    writing: list[Run] = field(default_factory=list)  # of those the writes
    actions: list[int] = field(default_factory=list)  # of each transaction
    requests: Counter[str] = field(default_factory=Counter)
    reads: float = 0  # units, in all
    kinds: dict[str, tuple[float, float]] = field(default_factory=dict)  # items, and their units

    @property
    def measured(self) -> int:
        """How many invoices that were."""
        return min(self.count, self.part * len(self.ours))

    @property
    def named(self) -> float:
        """The write units of the items that an invoice needs, each written once."""
        return sum(units for _, units in self.kinds.values())

    @property
    def series(self) -> float:
        """The write units of an invoice for where the series stands."""
        return 2 * len(self.actions) / self.measured

    def milliseconds(self, runs: Sequence[Run]) -> float:
        """The CPU of an invoice."""
        return 1000 * median(run.cpu for run in runs) / self.part

    def note(
        self, run: Run, kept: Path, path: Path, floor: Process, reads: Callable[[Request], float]
    ) -> None:
        """Note what ours did of a part, as it `kept` it, and have the floor do the same.

        With its reads and without by turns: each writes on a table of its own, so it can be done
        only once. `reads` are the units of a request that reads.
        """
        requests = billing_workers.for_floor(kept, path, (TABLE_NAME, FLOOR_TABLE))
        self.ours.append(run)
        asked = {"path": str(path), "reads": bool(len(self.ours) % 2)}
        (self.floor if asked["reads"] else self.writing).append(floor.do(asked))
        self.requests.update(name for name, _ in requests)
        self.actions += [
            len(each["TransactItems"]) for name, each in requests if name == "TransactWriteItems"
        ]
        self.reads += sum(map(reads, requests))

    def reckon(self, before: Images, after: Images) -> None:
        """The write units of an invoice by kind, of a part: all but the series is written once."""
        kinds: dict[str, list[int]] = {}
        for key, item in after.items():
            if before.get(key) != item:
                kind = "NUMBER" if key[1] == "NUMBER" else key[1].partition("#")[0]
                units = capacity._transaction_units(before.get(key), item)
                kinds.setdefault(kind, []).append(units)
        self.kinds = {
            kind: (len(each) / self.part, sum(each) / self.part) for kind, each in kinds.items()
        }


def read_units(request: Request) -> float:
    """Of a BatchGetItem that reads consistently: one for each started 4 KB."""
    name, asked = request
    if name != "BatchGetItem":
        return 0
    ((_, wanted),) = asked["RequestItems"].items()
    return float(len(wanted["Keys"]))  # clients and invoices of three lines are below 4 KB


def images(admin: Any, client_ids: Sequence[str]) -> Images:
    """All items of the clients."""
    found: Images = {}
    for client_id in client_ids:
        answer = admin.query(
            TableName=TABLE_NAME,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": {"S": f"CLIENT#{client_id}"}},
        )
        found |= {(item["pk"]["S"], item["sk"]["S"]): item for item in answer["Items"]}
    return found


def images_of_numbers(admin: Any, numbers: Sequence[str]) -> Images:
    """The items that say whose these numbers of invoices are."""
    found: Images = {}
    for number in numbers:
        key = f"NUMBER#invoice#{number}", "NUMBER"
        asked = {"pk": {"S": key[0]}, "sk": {"S": key[1]}}
        found[key] = admin.get_item(TableName=TABLE_NAME, Key=asked)["Item"]
    return found


def write(admin: Any, items: Sequence[Item]) -> None:
    """Put the items into the floor's table."""
    for some in batched(items, 25, strict=False):
        waiting = [{"PutRequest": {"Item": item}} for item in some]
        while waiting:
            answer = admin.batch_write_item(RequestItems={FLOOR_TABLE: waiting})
            waiting = answer.get("UnprocessedItems", {}).get(FLOOR_TABLE, [])
