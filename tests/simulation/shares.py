"""A share of the clients: a firm of its own, in a process with a DynamoDB of its own."""

import os
import sys
import traceback
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

_LAYER = Path(__file__).parents[2] / "layers" / "shared" / "python"


def lived(job: Any) -> dict[str, Any]:
    """What came of it. `job`: the number of the share, its clients, what was asked for."""
    sys.path.insert(0, str(_LAYER))
    os.environ["POWERTOOLS_LOG_LEVEL"] = "CRITICAL"
    from tests import conftest  # noqa: F401 - sets the environment of a function

    with Path(os.devnull).open("w") as sink, redirect_stdout(sink):
        from local.dynamodb_local import running
        from tests.simulation.running import PLACES, Plan, simulate
        from tests.support.local_table import client_for

        number, clients, wanted = job
        plan = Plan(
            wanted.seed + 10 * number,
            clients,
            PLACES[number % len(PLACES)],
            wanted.days,
            wanted.check_every,
        )
        with running() as url:
            try:
                outcome = simulate(plan, url, client_for(url), _say)
            except Exception:  # noqa: BLE001 - the other firms live on
                found = f"{plan.place.zone}: {traceback.format_exc()}"
                return {"counts": {}, "differences": [found]}
    return {"counts": outcome.counts, "differences": outcome.differences}


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
