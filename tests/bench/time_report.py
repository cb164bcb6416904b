"""The section on time."""

from collections.abc import Callable
from dataclasses import dataclass
from statistics import mean

from tests.bench import import_workers, time_looks, time_runs
from tests.bench.imports import Bench
from tests.bench.operations import Measured
from tests.bench.packed import FEWEST, MOST_CPU, MOST_UNITS, NAMES
from tests.bench.prices import GB_SECOND, INVOCATION, READ_UNIT, SQS_REQUEST, WRITE_UNIT
from tests.bench.tables import table, verdict
from tests.bench.time_runs import Runs
from tests.support import local_table

_NAMES = NAMES | {
    "RECURRING": "recurring invoice",
    "HISTORY": "history: finalized, sent, mailed",
    "EMAIL": "mail that is queued",
    "PAYLINK": "link to pay it",
}


@dataclass(frozen=True)
class Found:
    looks: list[tuple[Measured, ...]]
    runs: Runs


def measured(bench: Bench, *, rounds: int, count: int, say: Callable[[str], None]) -> Found:
    """Everything of the section; each measurement has a table to itself."""
    say("Looks at clients")
    with local_table.fresh_table(bench.place.dynamodb):
        looks = time_looks.measure(bench.admin, rounds=rounds)
    say(f"{count:,} recurring invoices")
    with local_table.fresh_table(bench.place.dynamodb):
        runs = time_runs.run_all(bench, count=count, say=say)
    return Found(looks, runs)


def section(found: Found) -> str:
    return f"""## Time

{_looks(found.looks)}
{_runs(found.runs)}
{_killed(found.runs)}
{_cost(found.runs)}"""


def _looks(found: list[tuple[Measured, ...]]) -> str:
    rows = []
    for each in found:
        first = each[0]
        is_same = all(
            (m.requests, m.reads, m.writes) == (first.requests, first.reads, first.writes)
            for m in each
        )
        units = " / ".join(f"{m.reads:g} + {m.writes:g}" for m in each)
        milliseconds = ", ".join(f"{m.milliseconds:.1f}" for m in each)
        kinds = first.kinds if is_same else " / ".join(m.kinds for m in each)
        rows.append((first.name, kinds, units, "yes" if is_same else "NO", milliseconds))
    few, many = (f"{number:,}" for number in time_looks.HISTORY)
    head = ("operation", "requests", f"read + write units, {few} / {many}", "same", "CPU ms")
    return f"""### A look at a client, with {few} and {many} older invoices

What the worker `chaser` does of a message, in a warm container. The client has one open invoice
beside those of years ago, and as many older entries in its ledger. After each thing that is done
all is read anew, so a reminder is two readings, a transaction, and the plan for the next look.

{table(head, rows)}
"""


def _runs(found: Runs) -> str:
    count, actions = found.measured, mean(found.actions)
    ours, floor, writing = (
        found.milliseconds(runs[1:] or runs) for runs in (found.ours, found.floor, found.writing)
    )
    kinds = [
        (_NAMES.get(kind, kind), f"{items:g}", f"{units:.2f}")
        for kind, (items, units) in sorted(found.kinds.items(), key=lambda each: -each[1][1])
    ]
    written = found.named + found.series
    kinds.append(("where the series stands", f"{found.series / 2:.2f}", f"{found.series:.2f}"))
    kinds.append(("in all", "", f"{written:.2f}"))
    cpu = [
        ("recurring_runs", f"{ours:.2f}", ""),
        ("floor: the same reads and writes", f"{floor:.2f}", f"{ours / floor:.2f}"),
        ("floor: the writes alone", f"{writing:.2f}", f"{ours / writing:.2f}"),
    ]
    told = ", ".join(f"{number:,} {name}" for name, number in sorted(found.requests.items()))
    met = "met" if actions >= FEWEST else "MISSED"
    seconds = sum(run.elapsed for run in found.ours)
    return f"""### {found.count:,} recurring invoices that are due in one hour

One of each of {found.count:,} clients, three lines, finalized and sent to the client's own address.
The agenda found them with {_told(found.agenda.requests)} ({found.agenda.reads:g} read units,
{found.agenda_cpu:.1f} s of CPU) and sent {found.messages} messages. One worker made {count:,} of
them at {count / seconds:.0f} a second with {told}, {sum(found.requests.values()) / count:.2f}
requests an invoice: {actions:.1f} actions a transaction on average (goal ≥ {FEWEST}: {met}),
{min(found.actions)} to {max(found.actions)}, for {count / len(found.actions):.1f} invoices.

{table(("of an invoice", "items", "write units"), kinds)}

To what the invoice's own items need, each written once ({found.named:.2f} units):
{verdict(written / found.named, MOST_UNITS)}. Read units of an invoice: {found.reads / count:.2f}.

The floor is a process with boto3 as it comes that makes the very same requests about a table of its
own, which holds the same clients; they are finished beforehand. Parts of {found.part} invoices by
turns; medians.

{table(("CPU of an invoice", "ms", "to the floor"), cpu)}

To the floor: {verdict(ours / floor, MOST_CPU)}.
"""


def _told(requests: dict[str, int]) -> str:
    return ", ".join(f"{number:,} {name}" for name, number in sorted(requests.items()))


def _killed(found: Runs) -> str:
    there = found.found
    return f"""### Killed and resumed

At the last {found.count - found.measured:,} the worker was killed (SIGKILL) {found.kills} times in
the midst of a message, before a request or behind one, and the message came again to a new
container. In the end there were {there["INVOICE"]:,} invoices with the numbers 1 to
{there["NUMBER"]:,}, {there["LEDGER"]:,} ledger entries, {there["queued"]:,} mails queued, and
{there["made"]:,} runs counted: each once.
"""


def _cost(found: Runs) -> str:
    share = found.count / found.measured
    seconds = share * sum(run.elapsed for run in found.ours)
    gigabytes = seconds * import_workers.memory_size("recurring_runs") / 1024
    writes = (found.named + found.series) * found.count
    reads = found.reads * share + found.agenda.reads
    sends = -(-found.messages // 10)
    parts = [
        ("DynamoDB, write units", writes, WRITE_UNIT),
        ("DynamoDB, read units", reads, READ_UNIT),
        ("SQS, requests", sends + 3 * found.messages, SQS_REQUEST),
        ("Lambda, invocations", found.messages + 1, INVOCATION),
        ("Lambda, GB-seconds", gigabytes, GB_SECOND),
    ]
    rows = [(name, f"{number:,.0f}", f"{number * price:.4f}") for name, number, price in parts]
    total = sum(number * price for _, number, price in parts)
    return f"""### Cost of {found.count:,} recurring invoices

Dollars at list prices, without sending the mails (see Mail). GB-seconds are the elapsed time here,
DynamoDB Local's included.

{table(("part", "number", "dollars"), [*rows, ("in all", "", f"{total:.4f}")])}
"""
