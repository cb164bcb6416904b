"""Importing a large file through the real functions, beside boto3 writing the very same items.

The functions run as they are deployed, each in a process with nothing but its package and the
layer. The table is DynamoDB Local; S3 and SQS are a small server (`import_edge`).
"""

import io
import json
import math
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field
from itertools import batched
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import botocore.session

from tallybook import queues
from tallybook.imports import bucket, packing, splitting
from tallybook.table import TABLE_NAME, Item, decode
from tests.bench import builds, import_files, import_workers
from tests.bench.builds import Build
from tests.bench.import_workers import Place, Process, Run
from tests.support import capacity, local_table
from tests.support import imports as events
from tests.support.api import Context, function
from tests.support.template import create_table

FEW, MANY = 1_000, 1_000_000
PAIRS = 20  # of the import and the floor
SPLIT_ROUNDS = 5
_FLOOR_TABLE = "tallybook-floor"
_DELIVERIES = 5

type Pair = tuple[Run, Run]
"""The same rows by the import and by the floor, one right after the other."""


@dataclass
class Splitting:
    """Reading files: a fresh container for each, by what the file is; and `csv.reader` beside."""

    rows: int
    fresh: dict[str, Run] = field(default_factory=dict)
    rounds: list[Pair] = field(default_factory=list)


@dataclass
class Importing:
    rows: int
    worker: list[Run] = field(default_factory=list)  # a chunk each
    chunk_rows: int = splitting.CHUNK_ROWS
    redelivered: int = 0
    pairs: list[Pair] = field(default_factory=list)
    chunk: capacity.Spent = field(default_factory=capacity.Spent)  # of 500 rows
    others: dict[str, capacity.Spent] = field(default_factory=dict)  # of the other functions
    outbox_seconds: float = 0
    needed: float = 0  # write units of a row's items in transactions
    items: float = 0  # of a row
    edge: Counter[str] = field(default_factory=Counter)

    @property
    def requests(self) -> Counter[str]:
        """Of the worker, for each row that it worked on."""
        return sum((Counter(run.requests) for run in self.worker), Counter[str]())


@dataclass(frozen=True)
class Bench:
    """The parts that are put up once."""

    admin: Any
    place: Place
    shipped: Build
    scratch: Path

    def file(self, key: str) -> Path:
        return self.scratch / bucket.BUCKET / key


@contextmanager
def put_up(shipped: Build, url: str) -> Iterator[Bench]:
    """S3 and SQS beside the DynamoDB at `url`; this process talks to them as well."""
    scratch = builds.HERE / "imports"
    shutil.rmtree(scratch, ignore_errors=True)
    make = botocore.session.get_session().create_client
    with import_workers.edge(scratch) as address:
        place = Place(dynamodb=url, edge=address)
        with (
            mock.patch.object(bucket, "client", make("s3", endpoint_url=address)),
            mock.patch.object(queues, "client", make("sqs", endpoint_url=address)),
        ):
            yield Bench(local_table.client_for(url), place, shipped, scratch)
    shutil.rmtree(scratch, ignore_errors=True)


# ---- Reading files -----------------------------------------------------------------------------


def read_files(bench: Bench, *, rows: int) -> Splitting:
    """Files of very different length, and the speed at `rows` rows. Needs a table to itself."""
    found = Splitting(rows)
    lists: dict[str, tuple[int, Callable[[Path, int], None]]] = {
        f"CSV, {FEW:,} rows": (FEW, import_files.write_csv),
        f"CSV, {rows:,} rows": (rows, import_files.write_csv),
        f"CSV, {MANY:,} rows": (MANY, import_files.write_csv),
        f"XLSX, {rows:,} rows": (rows, import_files.write_xlsx),
    }
    for number, (name, (count, write)) in enumerate(lists.items()):
        path = bench.file(f"imports/{number}.{name[:4].strip(',').lower()}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write(path, count)
        with import_workers.container("import_split", bench.shipped, bench.place) as container:
            found.fresh[name] = _split(bench, container, path, count)
        if count != rows or path.suffix != ".csv":
            path.unlink()
    path = bench.file("imports/1.csv")
    with (
        import_workers.container("import_split", bench.shipped, bench.place) as container,
        import_workers.reader(bench.place) as reader,
    ):
        for _ in range(SPLIT_ROUNDS + 1):
            found.rounds.append((_split(bench, container, path, rows), reader.do(str(path))))
    del found.rounds[0]  # what a container does once
    return found


def _split(bench: Bench, container: Process, path: Path, rows: int) -> Run:
    before = _import_ids(bench)
    run = container.invoke(events.s3_event(f"imports/{path.name}", path.stat().st_size, "1"))
    (import_id,) = _import_ids(bench) - before
    _expect(bench, import_id, status="running", rows=rows)
    return run


# ---- Rows --------------------------------------------------------------------------------------


def import_rows(
    bench: Bench, *, rows: int, first: int = 0, say: Callable[[str], None]
) -> Importing:
    """Import `rows` clients, from number `first`, into the table as it is."""
    found = Importing(rows)
    path = bench.file("imports/clients.csv")
    import_files.write_csv(path, rows, first=first)
    earlier = Counter(bench.place.edge_says("counts"))
    import_id, messages = _begin(bench, found, path)
    with _watched(bench, found.chunk):
        _here("import_rows", events.sqs_event([messages[0]]))
    rest = messages[1:]
    compared = set(range(0, len(rest), max(1, len(rest) // PAIRS)))
    create_table(bench.admin, _FLOOR_TABLE)
    with (
        import_workers.container("import_rows", bench.shipped, bench.place) as worker,
        import_workers.floor(packing.AT_ONCE, bench.place) as floor,
    ):
        for number, message in enumerate(rest):
            keep = bench.scratch / "kept" if number in compared else None
            run, was_first = _worked_on(found, worker, message, keep)
            found.worker.append(run)
            if keep and was_first:
                say(f"{number} of {len(rest)} chunks")
                items = _items(keep)
                found.pairs.append((run, floor.do(str(_packed(items, keep)))))
    del found.pairs[0]  # what a container does once
    found.items = len(items) / splitting.CHUNK_ROWS
    found.needed = sum(map(needed_units, items)) / splitting.CHUNK_ROWS
    found.edge = Counter(bench.place.edge_says("counts")) - earlier
    with suppress(bench.admin.exceptions.ResourceNotFoundException):
        bench.admin.delete_table(TableName=_FLOOR_TABLE)
    _expect(bench, import_id, status="completed", rows=rows, created=rows)
    return found


def _begin(bench: Bench, found: Importing, path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Split and send; the import, and the messages in the queue."""
    before = _import_ids(bench)
    split, outbox = capacity.Spent(), capacity.Spent()
    found.others = {"import_split": split, "outbox": outbox}
    with _watched(bench, split):
        size = path.stat().st_size
        _here("import_split", events.s3_event(f"imports/{path.name}", size, "1"))
    (import_id,) = _import_ids(bench) - before
    jobs = [
        {name: decode(item[name]) for name in ("pk", "sk", "job", "kind")}
        for item in _query(bench, f"IMPORT#{import_id}", "JOB#")
    ]
    began = time.perf_counter()
    with _watched(bench, outbox):
        _here("outbox", events.stream_event(jobs))
    found.outbox_seconds = time.perf_counter() - began
    messages: list[dict[str, Any]] = bench.place.edge_says("messages")
    return import_id, messages


def _worked_on(
    found: Importing, worker: Process, message: dict[str, Any], keep: Path | None
) -> tuple[Run, bool]:
    """Give the message to the worker until it is done; also whether once was enough."""
    for delivery in range(1, _DELIVERIES + 1):
        run = worker.invoke(events.sqs_event([message], delivery), keep=keep)
        if run.answer == {"batchItemFailures": []}:
            return run, delivery == 1
        found.redelivered += 1
    raise RuntimeError(f"{message} was given up")


def _items(kept: Path) -> list[Item]:
    """The items of rows in the worker's transactions."""
    actions = [
        action
        for line in kept.read_bytes().splitlines()
        for action in json.loads(line)["TransactItems"]
    ]
    items = [action["Put"]["Item"] for action in actions if "Put" in action]
    return list({(item["pk"]["S"], item["sk"]["S"]): item for item in items}.values())


def _packed(items: Iterable[Item], path: Path) -> Path:
    """The same items for the floor, in transactions that are as full as can be."""
    actions = (
        {
            "Put": {
                "TableName": _FLOOR_TABLE,
                "Item": item,
                "ConditionExpression": "attribute_not_exists(pk)",
            }
        }
        for item in items
    )
    path.write_text(json.dumps(list(batched(actions, 100, strict=False))), "utf-8")
    return path


def needed_units(item: Item) -> int:
    """What writing the item in a transaction costs at least."""
    return 2 * max(1, math.ceil(capacity.size(item) / 1024)) + capacity.index_units(None, item)


def read_units(spent: capacity.Spent) -> float:
    """Read units, those for keys that have no item included: DynamoDB Local forgets them."""
    total = 0.0
    for call in spent.calls:
        least = 0.0
        if call.operation == "BatchGetItem":
            (asked,) = call.request["RequestItems"].values()
            least = len(asked["Keys"]) * (1 if asked.get("ConsistentRead") else 0.5)
        total += max(call.reads, least)
    return total


# ---- The table ---------------------------------------------------------------------------------


@contextmanager
def _watched(bench: Bench, into: capacity.Spent) -> Iterator[None]:
    with capacity.spent(bench.admin) as spent, redirect_stdout(io.StringIO()):
        yield
    into.calls += spent.calls


def _here(name: str, event: dict[str, Any]) -> None:
    """Call the function in this process."""
    answer = function(name).handler(event, Context())
    if answer not in (None, {"batchItemFailures": []}):
        raise RuntimeError(f"{name}: {answer}")


def _import_ids(bench: Bench) -> set[str]:
    answer = bench.admin.query(
        TableName=TABLE_NAME,
        IndexName="listing",
        KeyConditionExpression="listing_pk = :imports",
        ExpressionAttributeValues={":imports": {"S": "IMPORTS"}},
    )
    return {item["listing_sk"]["S"] for item in answer["Items"]}


def _query(bench: Bench, pk: str, prefix: str) -> list[Item]:
    answer = bench.admin.query(
        TableName=TABLE_NAME,
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": pk}, ":prefix": {"S": prefix}},
    )
    items: list[Item] = answer["Items"]
    return items


def _expect(bench: Bench, import_id: str, **expected: Any) -> None:
    (item,) = _query(bench, f"IMPORT#{import_id}", "IMPORT")
    row = decode(item["row"])
    if any(row[name] != value for name, value in expected.items()):
        raise RuntimeError(f"the import is {row}, not {expected}")


def middle(pairs: Iterable[Pair], side: int, what: str) -> float:
    """The median of our side, 0, or of the floor's, 1."""
    return median(getattr(pair[side], what) for pair in pairs)


def ratio(pairs: Sequence[Pair], what: str) -> float:
    """Of the medians, ours to the floor's."""
    return middle(pairs, 0, what) / middle(pairs, 1, what)
