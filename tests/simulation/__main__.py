"""Two years of many clients, in the model and in the real code.

python -m tests.simulation --clients 500     a firm for each hundred, on all cores
"""

import argparse
import json
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.simulation import shares

_EACH = 100  # clients of a firm


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("--clients", type=int, default=500)
    parser.add_argument("--days", type=int, default=731)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--each", type=int, default=_EACH, help="clients of a firm")
    parser.add_argument("--only", type=int, help="of this firm alone, the first being 0")
    parser.add_argument("--check-every", type=int, default=10_000, help="days")
    wanted = parser.parse_args()
    jobs = [
        (number, min(wanted.each, wanted.clients - start), wanted)
        for number, start in enumerate(range(0, wanted.clients, wanted.each))
        if wanted.only in (None, number)
    ]
    began = time.monotonic()
    with ProcessPoolExecutor(wanted.processes, mp_context=get_context("spawn")) as pool:
        outcomes = list(pool.map(shares.lived, jobs))
    found = [line for each in outcomes for line in each["differences"]]
    counts: dict[str, int] = {}
    for each in outcomes:
        for name, number in each["counts"].items():
            counts[name] = counts.get(name, 0) + number
    told = {"seconds": round(time.monotonic() - began), "counts": counts, "differences": found}
    sys.stdout.write(json.dumps(told, indent=1) + "\n")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
