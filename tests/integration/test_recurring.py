"""Each run of a recurring invoice happens once, whoever dies, whoever else is at it.

Against DynamoDB Local. A container dies before each of its calls of AWS, or after each that writes;
processes are killed; several work through the same message at once. Afterwards everything that was
due is there once, with its own date, and numbers have no gap.
"""

import os
import re
import signal
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from multiprocessing import get_context
from random import Random
from time import sleep
from typing import Any

import pytest

from tallybook.recurring import running
from tests.support import billing, billing_audit, recurring, snapshots
from tests.support.api import Staff
from tests.support.billing_trial import seen
from tests.support.clock import Clock, turned
from tests.support.faults import Death, before_call, death_at_call, no_pauses
from tests.support.local_table import forget, pointed_at
from tests.support.recurring import Json, moment, ref, run
from tests.support.snapshots import Snapshot

WHEN = pytest.mark.parametrize("when", ["before", "after"])


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    """It is 28 December 2026."""
    with turned(moment("2026-12-28")) as clock:
        yield clock


def made(items: dict[Any, Json]) -> Counter[tuple[str, str]]:
    """How often which recurring invoice made, or missed, which of its days."""
    found: Counter[tuple[str, str]] = Counter()
    for (_, sk), item in items.items():
        if "from_recurring" in item:
            of = item["from_recurring"]
            found[of["recurring_id"], of["date"]] += 1
        elif sk.startswith("MISSED#"):
            found[item["subject"]["recurring_id"], item["row"]["date"]] += 1
    return found


def mails(items: dict[Any, Json]) -> int:
    return sum(sk.startswith("EMAIL#") for _, sk in items)


def check(snapshot: Snapshot, expected: Counter[tuple[str, str]]) -> None:
    items = snapshot.plain()
    assert billing_audit.faults(items) == []
    assert made(items) == expected
    sent = [each for each in items.values() if "from_recurring" in each and each.get("sent")]
    assert mails(items) == len(sent), "each invoice that is sent, is sent once"


def without_links(items: Counter[str]) -> Counter[str]:
    """Each link has a token of its own."""
    found: Counter[str] = Counter()
    for item, count in items.items():
        found[re.sub(r"/pay/[\w-]+", "/pay/<token>", item)] += count
    return found


def days(start: str, end: str) -> list[str]:
    first, last = date.fromisoformat(start), date.fromisoformat(end)
    return [str(first + timedelta(n)) for n in range((last - first).days + 1)]


def new_client(owner: Staff, name: str) -> str:
    return billing.new_client_id(owner, emails=[f"{name}@x.example"])


# ---- Crashes ------------------------------------------------------------------------------


@pytest.fixture
def late(owner: Staff, clock: Clock) -> tuple[list[Json], Counter[tuple[str, str]]]:
    """What was not run for a week: daily ones of two years, a draft, one suspended, one paused."""
    acme, bolt = new_client(owner, "acme"), billing.new_client_id(owner)  # nobody to mail to
    held, other = new_client(owner, "held"), new_client(owner, "other")
    found = [
        recurring.recurring(owner, acme, frequency="daily", start_date="2026-12-28"),
        recurring.recurring(owner, acme, start_date="2026-12-31", auto_send=False),
        recurring.recurring(owner, bolt, frequency="weekly", start_date="2026-12-29"),
        recurring.recurring(owner, held, frequency="daily", start_date="2027-01-01"),
        recurring.recurring(owner, other, start_date="2027-01-02", auto_finalize=False),
        recurring.recurring(owner, other, frequency="daily", start_date="2026-12-28"),
    ]
    owner.post(f"/v1/clients/{held}/suspend", {"reason": "x"})
    owner.post(f"{recurring.path(found[5])}/pause", {"until": "2027-01-03"})
    clock.set(moment("2027-01-04"))
    due = [
        days("2026-12-28", "2027-01-04"),
        ["2026-12-31"],
        ["2026-12-29"],
        days("2027-01-01", "2027-01-04"),
        ["2027-01-02"],
        ["2027-01-03", "2027-01-04"],
    ]
    expected = Counter(
        (each["recurring_id"], day) for each, some in zip(found, due, strict=True) for day in some
    )
    return found, expected


@WHEN
def test_a_run_that_died_anywhere_is_resumed_and_nothing_is_made_twice(
    admin: Any, late: tuple[list[Json], Counter[tuple[str, str]]], when: str
):
    found, expected = late
    before = snapshots.take(admin, objects=False)
    run(*found)
    undisturbed = snapshots.take(admin, objects=False)
    check(undisturbed, expected)
    died = 0
    for count in range(1, 200):
        snapshots.restore(admin, before, objects=False)
        forget()
        try:
            with no_pauses(), death_at_call(count, when=when):
                run(*found)
        except Death:
            died += 1
        else:
            break
        left = snapshots.take(admin, objects=False)
        assert billing_audit.faults(left.plain()) == [], "what it left behind is right, too"
        assert made(left.plain()) <= expected
        forget()
        run(*found)
        resumed = snapshots.take(admin, objects=False)
        check(resumed, expected)
        assert without_links(seen(resumed, before)) == without_links(seen(undisturbed, before))
    assert died >= (9 if when == "before" else 2)


def test_whoever_is_quicker_at_whichever_call_each_run_is_made_once(
    admin: Any, late: tuple[list[Json], Counter[tuple[str, str]]]
):
    """A second worker does everything just before a call of the first."""
    found, expected = late
    before, refs = snapshots.take(admin, objects=False), [ref(each) for each in found]
    met = 0
    for count in range(1, 200):
        snapshots.restore(admin, before, objects=False)
        forget()

        def rival() -> None:
            running.run(refs, at=moment("2027-01-04"))

        with no_pauses(), before_call(count, rival) as call:
            running.run(refs, at=moment("2027-01-04"))
        if not call:
            break
        met += 1
        check(snapshots.take(admin, objects=False), expected)
    assert met >= 9


# ---- Several at once ----------------------------------------------------------------------


@pytest.fixture
def many(owner: Staff) -> tuple[list[Json], Counter[tuple[str, str]]]:
    """Thirty, of ten clients, three days late."""
    clients = [new_client(owner, f"a{n}") for n in range(10)]
    found = [
        recurring.recurring(owner, clients[n % 10], frequency="daily", start_date="2026-12-25")
        for n in range(30)
    ]
    expected = Counter(
        (each["recurring_id"], day) for each in found for day in days("2026-12-25", "2026-12-28")
    )
    return found, expected


def test_workers_that_are_given_the_same_at_once_make_each_run_once(
    admin: Any, many: tuple[list[Json], Counter[tuple[str, str]]]
):
    found, expected = many
    refs = [ref(each) for each in found]

    def work(seed: int) -> int:
        mine = refs.copy()
        Random(seed).shuffle(mine)  # noqa: S311
        return running.run(mine, at=moment("2026-12-28"))

    with ThreadPoolExecutor(4) as workers:
        done = list(workers.map(work, range(4)))
    check(snapshots.take(admin, objects=False), expected)
    assert sum(done) == expected.total()
    assert running.run(refs, at=moment("2026-12-28")) == 0, (
        "a message that comes again does nothing"
    )


# ---- Killed -------------------------------------------------------------------------------


def work_through(url: str, refs: list[tuple[str, str]]) -> None:
    """What a worker's process does."""
    with pointed_at(url):
        running.run(refs, at=moment("2026-12-28"))


def test_a_worker_that_is_killed_five_times_leaves_whole_packs(
    admin: Any, address: str, many: tuple[list[Json], Counter[tuple[str, str]]]
):
    """By the system, wherever it is just then."""
    found, expected = many
    refs, processes = [ref(each) for each in found], get_context("spawn")
    done = 0
    for _ in range(5):
        worker = processes.Process(target=work_through, args=(address, refs))
        worker.start()
        assert worker.pid
        for _ in range(600):  # until it has done something since the last one
            sleep(0.05)
            now = made(snapshots.take(admin, objects=False).plain()).total()
            if now > done or not worker.is_alive():
                break
        if worker.is_alive():
            os.kill(worker.pid, signal.SIGKILL)
        worker.join()
        left = snapshots.take(admin, objects=False).plain()
        assert billing_audit.faults(left) == []
        assert made(left) <= expected
        done = made(left).total()
    assert done > 0
    running.run(refs, at=moment("2026-12-28"))
    check(snapshots.take(admin, objects=False), expected)
