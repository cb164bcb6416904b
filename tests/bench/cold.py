"""Cold starts: the CPU time that a fresh interpreter spends to import and initialise a function."""

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from tests.support.template import functions, template

# What Lambda's bootstrap does to a function, and what it costs beyond the bare interpreter.
_CHILD = """
import sys, time
sys.path[:0] = sys.argv[1:]
before = time.process_time()
import app
print(time.process_time() - before)
"""


def told() -> set[str]:
    """Every variable that the template gives to a function; tests/conftest.py has values."""
    settings = [template()["Globals"]["Function"], *(f["Properties"] for f in functions().values())]
    return {name for each in settings for name in each["Environment"]["Variables"]}


ENVIRONMENT = {name: os.environ[name] for name in told()} | {
    "AWS_ACCESS_KEY_ID": "bench",
    "AWS_SECRET_ACCESS_KEY": "bench",
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_LAMBDA_FUNCTION_NAME": "bench",
    "POWERTOOLS_SERVICE_NAME": "bench",
}


@dataclass
class Start:
    """A function as one build ships it, and the CPU milliseconds of its starts."""

    name: str
    function: Path
    layers: Sequence[Path]
    runs: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return median(self.runs)

    @property
    def spread(self) -> str:
        """Half the distance between the quartiles, in milliseconds."""
        ordered = sorted(self.runs)
        quarter = len(ordered) // 4
        return f"± {(ordered[-1 - quarter] - ordered[quarter]) / 2:.0f}"

    def run(self) -> None:
        # Read-only as on Lambda: no bytecode is written, so none is found that was not shipped.
        path = map(str, [self.function, *self.layers])
        child = subprocess.run(
            [sys.executable, "-I", "-S", "-B", "-c", _CHILD, *path],
            env=ENVIRONMENT | {"PATH": os.environ["PATH"]},
            capture_output=True,
            text=True,
            check=True,
        )
        self.runs.append(1000 * float(child.stdout.splitlines()[-1]))


def measure(starts: Sequence[Start], *, rounds: int) -> None:
    """Start all of them in turn, so that noise of the machine meets all of them alike."""
    for start in starts:
        start.run()  # fills the page cache
        start.runs.clear()
    for _ in range(rounds):
        for start in starts:
            start.run()
