"""Ten thousand recurring invoices that fall due in one hour, beside boto3 that writes the same.

The agenda sends them to their queue, and the worker makes them; five times it is killed at its
work and starts anew with the same message.
"""

import io
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, redirect_stdout, suppress
from dataclasses import dataclass, field, replace
from itertools import batched
from typing import Any

from botocore.exceptions import HTTPClientError

from tallybook.dates import now
from tallybook.table import TABLE_NAME, decode
from tests.bench import billing_workers, time_workers
from tests.bench.import_workers import Place, Process
from tests.bench.imports import Bench
from tests.bench.packed import (
    FLOOR_TABLE,
    Images,
    Packed,
    Request,
    images,
    images_of_numbers,
    read_units,
    write,
)
from tests.bench.time_books import Ref, due
from tests.support import capacity, firm
from tests.support.api import Context, function
from tests.support.imports import sqs_event
from tests.support.template import create_table

KILLS = 5
_MESSAGES = 5  # of a part, which ours and the floor do by turns: 500 invoices


@dataclass
class Runs(Packed):
    agenda: capacity.Spent = field(default_factory=capacity.Spent)
    agenda_cpu: float = 0
    messages: int = 0
    kills: int = 0
    redone: float = 0  # seconds that the messages of those that were killed took
    found: dict[str, int] = field(default_factory=dict)  # of the table in the end


def run_all(bench: Bench, *, count: int, say: Callable[[str], None]) -> Runs:
    """Needs a table to itself."""
    at = now()
    found, refs = Runs(count), list[Ref]()
    bench = replace(bench, place=_placed(bench.place))
    create_table(bench.admin, FLOOR_TABLE)
    try:
        for some in batched(due(count, at), 2000, strict=False):
            refs += [ref for ref, _ in some]
            items = [item for _, each in some for item in each]
            firm.write(bench.admin, items)
            write(bench.admin, items)
        say(f"{count:,} recurring invoices are due")
        messages = _sent(found, bench)
        last = max(2 * KILLS, len(messages) // 5)
        quiet = list(batched(messages[:-last], _MESSAGES, strict=False))
        found.part = sum(len(message["refs"]) for message in quiet[0])
        sample = [client_id for message in quiet[0] for client_id, _ in message["refs"]]
        before = images(bench.admin, sample)
        with billing_workers.floor(bench.place) as floor:
            _measure(found, bench, floor, quiet)
        found.reckon(before, _after(bench, sample))
        say("The worker is killed")
        _kill(found, bench, messages[-last:])
        found.found = _checked(bench, count)
    finally:
        with suppress(bench.admin.exceptions.ClientError, HTTPClientError):  # it is large
            bench.admin.delete_table(TableName=FLOOR_TABLE)
    return found


def _placed(place: Place) -> Place:
    names = ("RECURRING", "CHASE", "WEBHOOK")
    urls = {f"{name}_QUEUE_URL": f"{place.edge}/{name.lower()}" for name in names}
    return replace(place, more={**place.more, **urls})


def _sent(found: Runs, bench: Bench) -> list[dict[str, Any]]:
    """What the agenda sends to the queue."""
    with capacity.spent(bench.admin) as spent, redirect_stdout(io.StringIO()):
        began = time.process_time()
        function("agenda").handler({}, Context())
        found.agenda_cpu = time.process_time() - began
    found.agenda = spent
    messages = [each for each in bench.place.edge_says("messages") if "refs" in each]
    found.messages = len(messages)
    return messages


def _measure(
    found: Runs, bench: Bench, floor: Process, parts: Sequence[Sequence[dict[str, Any]]]
) -> None:
    """Ours and the floor by turns; the floor with its reads, and without."""
    kept, path = bench.scratch / "kept", bench.scratch / "floor"
    with time_workers.ours(bench.shipped, bench.place) as ours:
        for part in parts:
            run = ours.do({"events": [sqs_event([each]) for each in part], "keep": [str(kept)]})
            if any(run.answer):
                raise RuntimeError(f"messages came back: {run.answer}")
            found.note(run, kept, path, floor, _reads)


def _reads(request: Request) -> float:
    """A query for a household that is read consistently is one unit: it is below 4 KB."""
    return 1.0 if request[0] == "Query" else read_units(request)


def _kill(found: Runs, bench: Bench, messages: Sequence[dict[str, Any]]) -> None:
    """Five of the messages are worked on by a container that is killed, and come again."""
    every = max(1, len(messages) // KILLS)
    for place, message in enumerate(messages):
        event, die = sqs_event([message]), 0
        if place % every == every // 2 and found.kills < KILLS:
            die, found.kills = 5 + 9 * found.kills, found.kills + 1
            with _mortal(bench) as mortal, suppress(RuntimeError):
                mortal.do({"events": [event], "keep": [], "die": die, "late": bool(die % 2)})
                raise AssertionError("it was done before it was killed")
        with time_workers.ours(bench.shipped, bench.place) as ours:
            run = ours.do({"events": [event], "keep": []})
        if any(run.answer):
            raise RuntimeError(f"messages came back: {run.answer}")
        found.redone += run.elapsed if die else 0


@contextmanager
def _mortal(bench: Bench) -> Iterator[Process]:
    with time_workers.ours(bench.shipped, bench.place) as process:
        yield process


def _after(bench: Bench, sample: Sequence[str]) -> Images:
    found = images(bench.admin, sample)
    numbers = [
        decode(item["row"])["number"]
        for (_, sk), item in found.items()
        if sk.startswith("INVOICE#")
    ]
    return found | images_of_numbers(bench.admin, numbers)


def _checked(bench: Bench, count: int) -> dict[str, int]:
    """What the table holds in the end. Raises when anything is missing, or there twice."""
    numbers: list[str] = []
    told: Counter[str] = Counter()
    more: dict[str, Any] = {}
    while True:
        answer = bench.admin.scan(TableName=TABLE_NAME, Limit=500, **more)  # else it is slow
        for item in answer["Items"]:
            kind = item["sk"]["S"].partition("#")[0]
            told[kind] += 1
            if kind == "INVOICE":
                numbers.append(decode(item["row"])["number"])
            if kind == "EMAIL":
                told["queued"] += decode(item["row"])["status"] == "queued"
            if kind == "RECURRING":
                told["made"] += int(decode(item["made"]))
        if "LastEvaluatedKey" not in answer:
            break
        more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}
    given = sorted(int(number.rpartition("-")[2]) for number in numbers)
    wanted = ("INVOICE", "NUMBER", "OPEN", "LEDGER", "queued", "made")
    if given != list(range(1, count + 1)) or any(told[name] != count for name in wanted):
        raise RuntimeError(f"not each is there once: {told}, numbers to {given[-1:]}")
    return dict(told)
