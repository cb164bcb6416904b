"""Processes that make recurring invoices: the function as it is deployed, which can be killed."""

from contextlib import AbstractContextManager

from tests.bench import import_workers
from tests.bench.builds import Build
from tests.bench.import_workers import CONTAINER, Place, Process

# The requests go into the file that it is told, a line each. "die": before its request with this
# number it is killed as by kill -9, or behind it, when "late".
_OURS = (
    (
        CONTAINER.replace("import json, sys, time", "import json, os, signal, sys, time").replace(
            'if kept and model.name == "TransactWriteItems":', "if False:"
        )
    ).rpartition("def work(asked)")[0]
    + """
left = {"calls": 0, "late": False}
def keep(model, params, **_):
    if kept:
        kept.append(json.dumps([model.name, json.loads(params["body"])]).encode())
def die():
    os.kill(os.getpid(), signal.SIGKILL)
def before(**_):
    left["calls"] -= 1
    if left["calls"] == 0 and not left["late"]:
        die()
def behind(**_):
    if left["calls"] == 0 and left["late"]:
        die()
events = dynamodb.client.meta.events
events.register("before-call.dynamodb", keep)
events.register("before-call.dynamodb", before)
events.register("after-call.dynamodb", behind)
def work(asked):
    kept[:] = asked["keep"]
    left.update(calls=asked.get("die", 0), late=asked.get("late", False))
    def invoke():
        return [app.handler(event, context)["batchItemFailures"] for event in asked["events"]]
    return invoke
serve(work)
"""
)


def ours(shipped: Build, place: Place) -> AbstractContextManager[Process]:
    """A container of the function `recurring_runs` that has just been started."""
    return import_workers.container("recurring_runs", shipped, place, script=_OURS)
