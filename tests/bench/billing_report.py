"""The section on billing."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean

from tests.bench import billing, billing_operations, import_workers
from tests.bench.imports import Bench
from tests.bench.operations import Measured
from tests.bench.packed import FEWEST, MOST_CPU, MOST_UNITS, NAMES, Packed
from tests.bench.prices import GB_SECOND, INVOCATION, READ_UNIT, WRITE_UNIT
from tests.bench.tables import table, verdict
from tests.support import local_table

_NAMES = NAMES | {"HISTORY": "history"}


@dataclass(frozen=True)
class Found:
    writing: list[Measured]
    reading: list[tuple[Measured, ...]]
    bulk: Packed


def measured(bench: Bench, *, rounds: int, count: int, say: Callable[[str], None]) -> Found:
    """Everything of the section; each measurement has a table to itself."""
    say("Operations of billing")
    with local_table.fresh_table(bench.place.dynamodb):
        writing = list(billing_operations.writing(bench.admin, rounds=rounds))
    with local_table.fresh_table(bench.place.dynamodb):
        reading = billing_operations.reading(bench.admin, rounds=rounds)
    say(f"{count:,} drafts")
    with local_table.fresh_table(bench.place.dynamodb):
        bulk = billing.finalize_all(bench, count=count, say=say)
    return Found(writing, reading, bulk)


def section(found: Found) -> str:
    return f"""## Billing

{_writing(found.writing)}
{_reading(found.reading)}
{_bulk(found.bulk)}
{_cost(found.bulk)}"""


def _writing(found: list[Measured]) -> str:
    rows = [
        (each.name, each.kinds, f"{each.reads:g}", f"{each.writes:g}", f"{each.milliseconds:.1f}")
        for each in found
    ]
    head = ("operation", "requests", "read units", "write units", "CPU ms")
    return f"""### What is written

In a warm container, from the event to the answer, each about a client of its own; invoices of three
lines, dated today. A payment says what it pays on each invoice, so every invoice is an item more,
and one more when it is paid in full.

{table(head, rows)}
"""


def _reading(found: list[tuple[Measured, ...]]) -> str:
    rows = []
    for each in found:
        first = each[0]
        is_same = all((m.requests, m.reads) == (first.requests, first.reads) for m in each)
        reads = " / ".join(f"{m.reads:g}" for m in each)
        milliseconds = ", ".join(f"{m.milliseconds:.1f}" for m in each)
        kinds = first.kinds if is_same else " / ".join(m.kinds for m in each)
        rows.append((first.name, kinds, reads, "yes" if is_same else "NO", milliseconds))
    few, many = (f"{number:,}" for number in billing_operations.HISTORY)
    return f"""### What is read, with {few} and {many} older entries

A client with ten invoices of this month, and in its ledger, and of invoices, {few} or {many} of
years ago.

{table(("operation", "requests", f"read units, {few} / {many}", "same", "CPU ms"), rows)}
"""


def _bulk(found: Packed) -> str:
    count, actions, each = found.count, mean(found.actions), found.count / len(found.actions)
    ours, floor, writing = (
        found.milliseconds(runs[1:]) for runs in (found.ours, found.floor, found.writing)
    )
    # Reading costs it by the item; ours reads some again that did not fit into a transaction.
    least = writing + (floor - writing) * 2 * count / found.reads
    kinds = [
        (name, f"{found.kinds[kind][0]:g}", f"{found.kinds[kind][1]:.2f}")
        for kind, name in _NAMES.items()
    ]
    written = found.named + found.series
    kinds.append(("where the series stands", f"{found.series / 2:.2f}", f"{found.series:.2f}"))
    kinds.append(("in all", "", f"{written:.2f}"))
    cpu = [
        ("finalize_many", f"{ours:.2f}", ""),
        ("floor: the same reads and writes", f"{floor:.2f}", f"{ours / floor:.2f}"),
        ("floor: the writes alone", f"{writing:.2f}", f"{ours / writing:.2f}"),
    ]
    told = ", ".join(f"{number:,} {name}" for name, number in sorted(found.requests.items()))
    met = "met" if actions >= FEWEST else "MISSED"
    return f"""### {count:,} drafts finalized at once

A draft of three lines of each of {count:,} clients, by `finalize_many`: the way of bulk requests
and recurring invoices. It made {told}: {actions:.1f} actions
a transaction on average (goal ≥ {FEWEST}: {met}), {min(found.actions)} to {max(found.actions)},
for {each:.1f} invoices.

{table(("of an invoice", "items", "write units"), kinds)}

To what the invoice's own items need, each written once ({found.named:.2f} units):
{verdict(written / found.named, MOST_UNITS)}. Read units of an invoice:
{found.reads / count:.2f}, of which its draft and its client are 2.

The floor is a process with boto3 as it comes that makes the very same requests about a table of its
own, which holds the same drafts; they are finished beforehand. Parts of {billing.PART} drafts by
turns; medians.

{table(("CPU of an invoice", "ms", "to the floor"), cpu)}

To the floor: {verdict(ours / floor, MOST_CPU)}. To one that
reads no draft and no client twice, reckoned: {ours / least:.2f}.
"""


def _cost(found: Packed) -> str:
    seconds = sum(run.elapsed for run in found.ours)
    gigabytes = seconds * import_workers.memory_size("invoices") / 1024
    writes = (found.named + found.series) * found.count
    parts = [
        ("DynamoDB, write units", writes, WRITE_UNIT),
        ("DynamoDB, read units", found.reads, READ_UNIT),
        ("Lambda, invocations", found.count / billing.PART, INVOCATION),
        ("Lambda, GB-seconds", gigabytes, GB_SECOND),
    ]
    rows = [(name, f"{number:,.0f}", f"{number * price:.4f}") for name, number, price in parts]
    total = sum(number * price for _, number, price in parts)
    return f"""### Cost of finalizing {found.count:,} drafts

Dollars at list prices. GB-seconds are the elapsed time here, DynamoDB Local's included.

{table(("part", "number", "dollars"), [*rows, ("in all", "", f"{total:.4f}")])}
"""
