"""Processes that do what is measured: containers of functions, and the floor beside them."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from tests.bench import cold
from tests.bench.builds import Build
from tests.support.template import ROOT, functions, template

# Both answer a line with a line: what it took. A peak is that of this process alone (VmHWM);
# getrusage's would be that of the process that started it, if that was larger.
MEASURED = """
import json, sys, time
answers, sys.stdout = sys.stdout, open("/dev/null", "w")
def peak():
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) for line in status if line.startswith("VmHWM")) / 1024
requests, kept = {}, []
def note(model, params, **_):
    requests[model.name] = requests.get(model.name, 0) + 1
    if kept and model.name == "TransactWriteItems":
        kept.append(params["body"])
def serve(work):
    for line in sys.stdin:
        ready = work(json.loads(line))
        requests.clear()
        elapsed, cpu = time.perf_counter(), time.process_time()
        answer = ready()
        cpu, elapsed = time.process_time() - cpu, time.perf_counter() - elapsed
        told = {"elapsed": elapsed, "cpu": cpu, "peak": peak(), "requests": requests}
        if kept:
            with open(kept[0], "wb") as file:
                file.writelines(body + b"\\n" for body in kept[1:])
        print(json.dumps(told | {"answer": answer}), file=answers, flush=True)
"""
# As Lambda runs a function: its package and the layer are all that it can import.
CONTAINER = (
    MEASURED
    + """
sys.path[:0] = sys.argv[1:]
import app
from types import SimpleNamespace
from tallybook import dynamodb
dynamodb.client.meta.events.register("before-call.dynamodb", note)
arn = "arn:aws:lambda:eu-central-1:123456789012:function:bench"
context = SimpleNamespace(function_name="bench", memory_limit_in_mb=1024, aws_request_id="bench",
    invoked_function_arn=arn, get_remaining_time_in_millis=lambda: 300000)
def work(asked):
    kept[:] = asked["keep"]
    return lambda: app.handler(asked["event"], context)
serve(work)
"""
)
_FLOOR = (
    MEASURED
    + """
import boto3
from concurrent.futures import ThreadPoolExecutor
client, at_once = boto3.client("dynamodb"), int(sys.argv[1])
client.meta.events.register("before-call.dynamodb", note)
def work(path):
    with open(path) as file:
        transactions = json.load(file)
    def write():
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(lambda each: client.transact_write_items(TransactItems=each) and None,
                          transactions))
    return write
serve(work)
"""
)
# What any reader of CSV does at least.
_READER = (
    MEASURED
    + """
import csv
def read(path):
    with open(path, encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file))
serve(lambda path: lambda: read(path))
"""
)


@dataclass(frozen=True)
class Run:
    """What one piece of work took: seconds, MB at the peak so far, requests by operation."""

    elapsed: float
    cpu: float
    peak: float
    requests: dict[str, int]
    answer: Any


class Process:
    def __init__(self, arguments: list[str], environment: dict[str, str]) -> None:
        self._child = subprocess.Popen(
            [sys.executable, *arguments],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def do(self, work: Any) -> Run:
        assert self._child.stdin
        assert self._child.stdout
        self._child.stdin.write(f"{json.dumps(work)}\n")
        self._child.stdin.flush()
        answer = self._child.stdout.readline()
        if not answer:
            raise RuntimeError("the process died; it said why")
        return Run(**json.loads(answer))

    def invoke(self, event: dict[str, Any], *, keep: Path | None = None) -> Run:
        """Have the function work on the event; its transactions go into the file `keep`."""
        return self.do({"event": event, "keep": [str(keep)] if keep else []})

    def end(self) -> None:
        assert self._child.stdin
        self._child.stdin.close()
        self._child.wait()


@dataclass(frozen=True)
class Place:
    """Where what stands for AWS is found."""

    dynamodb: str
    edge: str
    more: Mapping[str, str] = field(default_factory=dict)  # variables beside those of imports

    def environment(self, function: str = "") -> dict[str, str]:
        return cold.ENVIRONMENT | {
            "PATH": os.environ["PATH"],
            "TABLE_NAME": os.environ["TABLE_NAME"],
            "IMPORT_BUCKET": os.environ["IMPORT_BUCKET"],
            "IMPORT_QUEUE_URL": f"{self.edge}/imports",
            "POWERTOOLS_SERVICE_NAME": function,
            "AWS_ENDPOINT_URL_DYNAMODB": self.dynamodb,
            "AWS_ENDPOINT_URL_S3": self.edge,
            "AWS_ENDPOINT_URL_SQS": self.edge,
            **self.more,
        }

    def edge_says(self, what: str) -> Any:
        with urlopen(f"{self.edge}/{what}") as answer:  # noqa: S310 - our own address
            return json.load(answer)


@contextmanager
def edge(bucket: Path) -> Iterator[str]:
    """S3 and SQS, for as long as the block; yields their address."""
    bucket.mkdir(parents=True, exist_ok=True)
    with served("import_edge.py", str(bucket)) as address:
        yield address


@contextmanager
def served(script: str, *arguments: str) -> Iterator[str]:
    """A server of this folder, for as long as the block; yields its address."""
    process = subprocess.Popen(
        [sys.executable, Path(__file__).with_name(script), *arguments],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    )
    try:
        assert process.stdout
        yield f"http://127.0.0.1:{int(process.stdout.readline())}"
    finally:
        process.kill()
        process.wait()


@contextmanager
def container(
    name: str, shipped: Build, place: Place, *, script: str = CONTAINER
) -> Iterator[Process]:
    """A container of the function that has just been started."""
    packages = map(str, [shipped.function(name), *shipped.layers(name)])
    with started(["-I", "-S", "-B", "-c", script, *packages], place, name) as process:
        yield process


@contextmanager
def floor(at_once: int, place: Place) -> Iterator[Process]:
    """A process that writes the transactions in the files that it is told."""
    with started(["-I", "-c", _FLOOR, str(at_once)], place) as process:
        yield process


@contextmanager
def reader(place: Place) -> Iterator[Process]:
    """A process that reads the CSV files that it is told."""
    with started(["-I", "-c", _READER], place) as process:
        yield process


@contextmanager
def started(arguments: list[str], place: Place, name: str = "") -> Iterator[Process]:
    process = Process(arguments, place.environment(name))
    try:
        yield process
    finally:
        process.end()


def memory_size(name: str) -> int:
    """MB of the function, as template.yaml has it."""
    common = template()["Globals"]["Function"]["MemorySize"]
    return int(functions()[name]["Properties"].get("MemorySize", common))
