"""The section on imports."""

from tests.bench import import_workers, imports
from tests.bench.imports import Importing, Splitting, ratio
from tests.bench.prices import (
    BUS_EVENT,
    GB_SECOND,
    INVOCATION,
    READ_UNIT,
    S3_READ,
    S3_WRITE,
    SQS_REQUEST,
    WRITE_UNIT,
)
from tests.bench.tables import table, verdict
from tests.support.template import functions

_MOST_DOLLARS = 2
_MOST_TIMES = 1.5
_MOST_GROWTH = 1.2
_MOST_WORKER = 200  # MB
_EVENTS = 10  # of the stream that `outbox` gets at once
_MESSAGE_REQUESTS = 2  # of SQS beyond sending: at most one to receive it, and one to delete it


def section(split: Splitting, found: Importing) -> str:
    queue = functions()["import_rows"]["Properties"]["Events"]["Chunk"]["Properties"]
    at_once = queue["ScalingConfig"]["MaximumConcurrency"]
    return f"""## Imports

A CSV file of {found.rows:,} rows through the functions as they are deployed:
`import_split` cuts it into chunks of {found.chunk_rows} rows, `outbox` sends them to the queue,
`import_rows` makes clients of their rows. A row has a number, a name, a person, an e-mail address,
a telephone, an address and two tags. It makes {found.items:g} items: the client, its number
and e-mail address as taken, and its search tokens.
Each function is a process that can import its package and the layer, nothing else; S3 and SQS are
a small server. One worker is at work here; the stack lets {at_once} work at once.

{_beside_the_floor(found)}
{_requests(found)}
{_cost(split, found)}
{_memory(split, found)}"""


def _beside_the_floor(found: Importing) -> str:
    per_row = 1000 / found.chunk_rows
    rows: list[tuple[str, ...]] = []
    for name, what in (("elapsed", "elapsed"), ("CPU of the worker", "cpu")):
        ours, floor = (imports.middle(found.pairs, side, what) * per_row for side in (0, 1))
        rows.append((f"{name}, ms a row", f"{ours:.2f}", f"{floor:.2f}", f"{ours / floor:.2f}"))
    requests = [sum(runs.requests.values()) for runs in found.pairs[0]]
    rows.append(("requests a chunk", *map(str, requests), f"{requests[0] / requests[1]:.2f}"))
    elapsed, cpu = (sum(getattr(run, what) for run in found.worker) for what in ("elapsed", "cpu"))
    done = len(found.worker) * found.chunk_rows
    again = f" {found.redelivered} chunks were delivered again." if found.redelivered else ""
    return f"""### Beside the floor

The floor is a process with boto3 as it comes that writes the very same items (taken from the
import's requests) into another table, in transactions of 100 that put an item where none is, with
as many threads as a worker has. {len(found.pairs)} chunks, spread over the file, are written by
both, one right after the other; medians of those. DynamoDB Local takes most of the elapsed time
of both.

{table(("", "import", "floor", "import to floor"), rows)}

Elapsed: {verdict(ratio(found.pairs, "elapsed"), _MOST_TIMES)}. CPU:
{verdict(ratio(found.pairs, "cpu"), _MOST_TIMES)}.

The whole file: {done / elapsed:,.0f} rows a second by one worker, {done / cpu:,.0f} for each
second of its CPU.{again}
"""


def _requests(found: Importing) -> str:
    done = len(found.worker) * found.chunk_rows
    counts = {name: number / done for name, number in found.requests.most_common()}
    rows = [
        (name, f"{each:.4f}", f"{each * found.chunk_rows:.1f}") for name, each in counts.items()
    ]
    in_all = sum(counts.values())
    rows.append(("in all", f"{in_all:.4f}", f"{in_all * found.chunk_rows:.1f}"))
    written = found.chunk.writes / found.chunk_rows
    read = imports.read_units(found.chunk) / found.chunk_rows
    return f"""### Requests and units

Requests to DynamoDB by the worker that made clients of the rows.

{table(("request", "a row", f"a chunk of {found.chunk_rows}"), rows)}

Write units a row: {written:.2f}; its items need {found.needed:.2f} in transactions, so
{verdict(written / found.needed, 1.01)}. The rest counts what became of the chunk. Read units a
row: {read:.2f}: whether its number and its address are taken.
"""


def _cost(split: Splitting, found: Importing) -> str:
    share = found.rows / found.chunk_rows
    others = found.others.values()
    writes = share * found.chunk.writes + sum(each.writes for each in others)
    reads = share * imports.read_units(found.chunk) + sum(map(imports.read_units, others))
    chunks = len(found.worker) + 1
    elapsed = {
        "import_rows": sum(run.elapsed for run in found.worker) * chunks / len(found.worker),
        "import_split": split.fresh[f"CSV, {split.rows:,} rows"].elapsed * found.rows / split.rows,
        "outbox": found.outbox_seconds,
    }
    gigabytes = sum(
        seconds * import_workers.memory_size(name) / 1024 for name, seconds in elapsed.items()
    )
    invocations = chunks + 2 + found.rows / _EVENTS
    queue = found.edge["SendMessageBatch"] + _MESSAGE_REQUESTS * chunks
    parts = [
        ("DynamoDB, write units", f"{writes:,.0f}", writes * WRITE_UNIT),
        ("DynamoDB, read units", f"{reads:,.0f}", reads * READ_UNIT),
        ("Lambda, GB-seconds", f"{gigabytes:,.0f}", gigabytes * GB_SECOND),
        ("Lambda, invocations", f"{invocations:,.0f}", invocations * INVOCATION),
        ("SQS, requests", f"{queue:,}", queue * SQS_REQUEST),
        ("EventBridge, events", f"{found.rows:,}", found.rows * BUS_EVENT),
        ("S3, writes", f"{found.edge['PutObject']:,}", found.edge["PutObject"] * S3_WRITE),
        ("S3, reads", f"{found.edge['GetObject']:,}", found.edge["GetObject"] * S3_READ),
    ]
    total = sum(dollars for _, _, dollars in parts)
    rows = [(name, count, f"{dollars:.4f}") for name, count, dollars in parts]
    return f"""### Cost of {found.rows:,} rows

Dollars at list prices: as above, SQS $0.40 a million requests, S3 $5.00 a million writes and
$0.40 a million reads. Search tokens are among the items. GB-seconds are the elapsed time here, at
the memory sizes of the template: dear, for DynamoDB Local is slow. Each message is received and
deleted by itself at the most. Each client that was made is an event on the bus, $1.00 a million,
which `outbox` publishes, {_EVENTS} at once; the GB-seconds of that, less than a cent, are not
counted.

{table(("part", "number", "dollars"), [*rows, ("in all", "", f"{total:.4f}")])}

For {found.rows:,} rows: {verdict(total, _MOST_DOLLARS * found.rows / 100_000)} dollars.
"""


def _memory(split: Splitting, found: Importing) -> str:
    rows = []
    for name, run in split.fresh.items():
        rows.append((f"import_split, {name}", f"{run.peak:.1f}", f"{run.elapsed:.1f}"))
    peak = max(run.peak for run in found.worker)
    rows.append((f"import_rows, {len(found.worker)} chunks", f"{peak:.1f}", ""))
    few, many = (split.fresh[f"CSV, {count:,} rows"].peak for count in (imports.FEW, imports.MANY))
    speeds = [split.rows / imports.middle(split.rounds, side, "cpu") for side in (0, 1)]
    return f"""### Memory, and reading files

Peaks of resident memory, each of a process that was just started.

{table(("function, file", "peak, MB", "seconds"), rows)}

{imports.MANY:,} rows to {imports.FEW:,}: {verdict(many / few, _MOST_GROWTH)}. A worker that
makes clients: {verdict(peak, _MOST_WORKER)} MB.

Splitting {split.rows:,} rows of CSV, its requests included: {speeds[0]:,.0f} rows for each second
of CPU; `csv.reader` alone over the same file: {speeds[1]:,.0f}. That is
{ratio(split.rounds, "cpu"):.1f} times as much work: encoding, line ends, byte positions and the
chunks' records are found out as well.
"""
