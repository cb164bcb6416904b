"""The document: runs every measurement and says how to read it."""

import os
import platform
import subprocess
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

from local.dynamodb_local import PACKAGE, running
from tests.bench import (
    billing_report,
    builds,
    cold_report,
    import_report,
    imports,
    mail_report,
    mails,
    operations,
    page,
    scale,
    time_report,
)
from tests.bench.builds import Build
from tests.bench.operations import Measured
from tests.bench.prices import GB_SECOND, HTTP_REQUEST, INVOCATION, READ_UNIT, WRITE_UNIT
from tests.bench.tables import table, verdict
from tests.support import local_table
from tests.support.template import ROOT, template

type Say = Callable[[str], None]


def made(
    shipped: Build,
    plain: Build,
    *,
    rounds: int,
    clients: int,
    letters: int,
    drafts: int,
    due: int,
    say: Say,
) -> str:
    parts = [_introduction(rounds)]
    say("Cold starts")
    parts.append(cold_report.section(shipped, plain, rounds=rounds))
    with running() as url, local_table.pointed_at(url), imports.put_up(shipped, url) as bench:
        say("Operations")
        with local_table.fresh_table(url):
            found = list(operations.all_of(bench.admin, rounds=rounds))
            parts.append(_operations(found))
            parts.append(_costs(found))
            say("List page")
            parts.append(_page(page.measure(url, rounds=4 * rounds)))
        split = _files(bench, clients, say)
        say(f"{scale.FEW} and {clients:,} clients (importing them takes ten minutes)")
        with local_table.fresh_table(url):
            firm = scale.Firm(bench.admin)
            few = firm.measure(rounds=rounds)
            imported = imports.import_rows(bench, rows=clients, first=scale.FEW, say=say)
            many = firm.measure(rounds=rounds)
            broad = scale.broad_search(bench.admin, rounds=3)
            parts.append(_scale(few, many, broad, clients))
            parts.append(import_report.section(split, imported))
    parts.append(of_mail(shipped, count=letters, say=say))
    parts.append(of_billing(shipped, rounds=rounds, count=drafts, say=say))
    parts.append(of_time(shipped, rounds=rounds, count=due, say=say))
    say("Papers")
    parts.append(of_papers())
    say("Packages")
    parts.append(_sizes(shipped, plain))
    return "\n".join(parts)


def of_imports(shipped: Build, *, rows: int, say: Say) -> str:
    """The section on imports alone."""
    with running() as url, local_table.pointed_at(url), imports.put_up(shipped, url) as bench:
        split = _files(bench, rows, say)
        say(f"Importing {rows:,} rows")
        with local_table.fresh_table(url):
            imported = imports.import_rows(bench, rows=rows, say=say)
        return import_report.section(split, imported)


def of_mail(shipped: Build, *, count: int, say: Say) -> str:
    """The section on mail alone."""
    say(f"{count:,} mails ({count / mail_report.RATE / 60:.0f} minutes)")
    with running() as url, local_table.pointed_at(url), mails.put_up(shipped, url) as bench:
        return mail_report.section(mail_report.measured(bench, count=count))


def of_billing(shipped: Build, *, rounds: int, count: int, say: Say) -> str:
    """The section on billing alone."""
    with running() as url, local_table.pointed_at(url), imports.put_up(shipped, url) as bench:
        found = billing_report.measured(bench, rounds=rounds, count=count, say=say)
        return billing_report.section(found)


def of_time(shipped: Build, *, rounds: int, count: int, say: Say) -> str:
    """The section on time alone."""
    with running() as url, local_table.pointed_at(url), imports.put_up(shipped, url) as bench:
        found = time_report.measured(bench, rounds=rounds, count=count, say=say)
        return time_report.section(found)


def of_papers() -> str:
    """The section on PDFs alone, by a process of its own: its memory is one of the findings."""
    made = [sys.executable, "-m", "tests.bench.papers"]
    return subprocess.run(made, capture_output=True, text=True, check=True, cwd=ROOT).stdout


def _files(bench: imports.Bench, rows: int, say: Say) -> imports.Splitting:
    say(f"Files of {imports.FEW:,} to {imports.MANY:,} rows")
    with local_table.fresh_table(bench.place.dynamodb):
        return imports.read_files(bench, rows=rows)


def _introduction(rounds: int) -> str:
    packages = ("aws-lambda-powertools", "boto3", "pydantic", "pynamodb")
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    commit = subprocess.run(
        ["git", "-C", ROOT, "rev-parse", "--short", "HEAD"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.strip()
    return f"""# Benchmarks

Written by `make bench` (`python -m tests.bench --write`); not edited by hand.

Machine: {_processor()}, {os.cpu_count()} cores, {platform.system()} {platform.machine()},
Python {platform.python_version()}. {versions}; {PACKAGE} (DynamoDB Local).
Commit {commit}, {datetime.now(UTC):%Y-%m-%d}. Medians of {rounds} rounds.

How to read it: milliseconds are CPU time of this machine, which others may be using as well, and
say little about Lambda; trust the ratios, whose two sides are measured in turn. Requests and units
do not depend on the machine. Measured: CPU, requests, units of single calls and reads (DynamoDB
Local's ConsumedCapacity), sizes. Computed: write units of transactions (2 for each started KB of
an item, 1 for each index entry; DynamoDB Local gets them wrong) and dollars.
"""


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text("utf-8")
        names = [line.partition(":")[2] for line in text.splitlines() if "model name" in line]
        return names[0].strip()
    except (OSError, IndexError):
        return platform.processor() or "unknown processor"


def _operations(found: Iterable[Measured]) -> str:
    rows = [
        (each.name, each.kinds, _units(each.reads), _units(each.writes), _ms(each.milliseconds))
        for each in found
    ]
    head = ("operation", "requests", "read units", "write units", "CPU ms")
    return f"""## Operations

In a warm container, from the event to the answer. A firm of 200 clients.

{table(head, rows)}
"""


def _costs(found: Iterable[Measured]) -> str:
    memory = template()["Globals"]["Function"]["MemorySize"]
    rows = []
    for each in found:
        database = each.reads * READ_UNIT + each.writes * WRITE_UNIT
        compute = INVOCATION + each.milliseconds / 1000 * memory / 1024 * GB_SECOND
        total = HTTP_REQUEST + database + compute
        amounts = (1e6 * part for part in (database, compute, total))
        rows.append((each.name.strip(), *(f"{amount:.2f}" for amount in amounts)))
    head = ("operation", "table", "Lambda", "with the API")
    return f"""## Cost

Dollars for a million, at list prices: HTTP API $1.00, write unit $0.625, read unit $0.125,
Lambda on arm64 $0.20 and $0.0000133334 a GB-second, with the CPU time above at {memory} MB. Waiting
for DynamoDB is billed too: about $0.07 a million for each 5 ms.

{table(head, rows)}
"""


def _page(found: dict[str, float]) -> str:
    bare = next(iter(found.values()))
    rows = [(name, _ms(each), f"{each / bare:.2f}") for name, each in found.items()]
    ratio = found["list page, from the handler in"] / bare
    return f"""## A page of 50 clients

CPU of one page. The first line is the bare call: botocore's query, its answer not parsed beyond
JSON. The last two read the same page and stop at records or items: no router, no validation, no
answer in JSON.

{table(("way", "CPU ms", "to the bare call"), rows)}

List page from the handler in: {verdict(ratio, 2.5)}.
"""


def _scale(before: list[Measured], after: list[Measured], broad: Measured, clients: int) -> str:
    rows: list[tuple[Any, ...]] = []
    for few, many in zip(before, after, strict=True):
        same = (few.requests, few.reads, few.writes) == (many.requests, many.reads, many.writes)
        rows.append(
            (
                few.name,
                few.kinds,
                f"{_units(few.reads)} / {_units(few.writes)}",
                many.kinds,
                f"{_units(many.reads)} / {_units(many.writes)}",
                "yes" if same else "NO",
                f"{few.milliseconds:.1f}, {many.milliseconds:.1f}",
            )
        )
    head = (
        "operation",
        f"{scale.FEW} clients",
        "read / write units",
        f"{clients:,} clients",
        "read / write units",
        "same",
        "CPU ms",
    )
    return f"""## {scale.FEW} and {clients:,} clients

The {clients:,} are imported, as the next section tells.

{table(head, rows)}

A search for a word that every eighth of the {clients:,} clients has takes {broad.kinds} and
{_units(broad.reads)} read units. Beyond 1 MB of search tokens a search walks the list instead.
"""


def _sizes(shipped: Build, plain: Build) -> str:
    packages = {"layer": "SharedLayer", **builds.names()}
    rows = []
    for name, folder in packages.items():
        zipped, unpacked = builds.sizes(shipped.directory / folder)
        zipped_plain, unpacked_plain = builds.sizes(plain.directory / folder)
        sizes = (zipped, unpacked, zipped_plain, unpacked_plain)
        rows.append((name, *(f"{size / 1024:,.0f}" for size in sizes)))
    head = ("package", "zip, KB", "unpacked, KB", "plain zip, KB", "plain unpacked, KB")
    return f"""## Packages

For the processor of this machine.

{table(head, rows)}
"""


def _units(units: float) -> str:
    return f"{units:g}"


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:.1f}"
