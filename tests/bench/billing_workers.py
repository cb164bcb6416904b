"""Processes that finalize many drafts: ours as it is deployed, and boto3 as it comes."""

import json
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from tests.bench import import_workers
from tests.bench.builds import Build
from tests.bench.import_workers import MEASURED, Place, Process

# What the bulk run is to whoever starts it: the ids of drafts in, an outcome for each out. The
# requests go into the file that it is told, a line each.
_OURS = (
    MEASURED
    + """
sys.path[:0] = sys.argv[1:]
from tallybook import dynamodb, startup
from tallybook.authors import By
from tallybook.dates import now
from tallybook.invoices.finalizing_many import Run, finalize_many
from tallybook.invoices.models import InvoiceRef
events = dynamodb.client.meta.events
events.register("before-call.dynamodb", note)
def keep(model, params, **_):
    if kept:
        kept.append(json.dumps([model.name, json.loads(params["body"])]).encode())
events.register("before-call.dynamodb", keep)
me = By(staff_id="6f1c1f8e-3c55-4d0b-9a57-0d6f6a0a2b11", name="The owner")
def work(asked):
    refs = [InvoiceRef(client_id=client, invoice_id=invoice) for client, invoice in asked["refs"]]
    def finalize():
        found = finalize_many(refs, Run(by=me, at=now()))
        return [each.number for each in found]
    kept[:] = asked["keep"]
    return finalize
serve(work)
"""
).replace('if kept and model.name == "TransactWriteItems":', "if False:")
_FLOOR = (
    MEASURED
    + """
import boto3
client = boto3.client("dynamodb")
client.meta.events.register("before-call.dynamodb", note)
def work(asked):
    with open(asked["path"]) as file:
        calls = [json.loads(line) for line in file]
    methods = {"BatchGetItem": client.batch_get_item, "Query": client.query}
    if not asked["reads"]:
        calls = [each for each in calls if each[0] not in methods]
    methods["TransactWriteItems"] = client.transact_write_items
    def write():
        for name, request in calls:
            methods[name](**request)
    return write
serve(work)
"""
)


def ours(shipped: Build, place: Place) -> AbstractContextManager[Process]:
    """A container of the function `invoices` that has just been started."""
    return import_workers.container("invoices", shipped, place, script=_OURS)


@contextmanager
def floor(place: Place) -> Iterator[Process]:
    """A process that makes the requests in the files that it is told."""
    with import_workers.started(["-I", "-c", _FLOOR], place) as process:
        yield process


def for_floor(kept: Path, path: Path, tables: tuple[str, str]) -> list[tuple[str, dict[str, Any]]]:
    """Write what was kept of our requests for the floor, about the second table instead.

    Returns the requests.
    """
    ours, theirs = tables
    found: list[tuple[str, dict[str, Any]]] = []
    lines = []
    for line in kept.read_text("utf-8").splitlines():
        name, request = json.loads(line)
        found.append((name, request))
        asked = {key: part for key, part in request.items() if key != "ClientRequestToken"}
        lines.append(json.dumps([name, asked]).replace(json.dumps(ours), json.dumps(theirs)))
    path.write_text("\n".join(lines), "utf-8")
    return found
