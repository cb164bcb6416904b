"""Two years of a firm, day by day: the model and the real code live them side by side."""

import logging
import time as clocks
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from random import Random
from typing import Any

from tests.simulation.comparing import differences
from tests.simulation.founding import found_client
from tests.simulation.life import Life
from tests.simulation.stack import Chances, Stack
from tests.simulation.world import World, found_firm, request_of
from tests.support import faults, local_table, services
from tests.support.clock import turned
from tests.support.time_model import Firm
from tests.support.time_model_dates import ONE_DAY, Sending, moment
from tests.support.time_model_things import Step

FIRST, DAYS = date(2027, 1, 4), 731  # with the leap day of 2028
_MORNING, _NOON = time(10, 30), time(13, 5)


@dataclass(frozen=True)
class Place:
    """Where a firm is, and when it sends there."""

    zone: str
    sending: Sending


def _holidays(*days: str) -> frozenset[date]:
    return frozenset(date(year, *map(int, day.split("-"))) for year in (2027, 2028) for day in days)


PLACES = (
    Place(
        "Europe/Berlin",
        Sending(
            time(8), time(18), frozenset(range(5)), _holidays("01-01", "05-01", "12-24", "12-25")
        ),
    ),
    Place("Pacific/Kiritimati", Sending()),  # 14 hours ahead of UTC
    # Its clocks skip the first hour of a day in April.
    Place("Africa/Cairo", Sending(time(9), time(17), frozenset({6, 0, 1, 2, 3}))),
    Place("America/St_Johns", Sending(time(7, 30), time(20), frozenset(range(6)))),
    Place("Pacific/Pago_Pago", Sending(time(10), time(16))),  # 11 hours behind UTC
)


@dataclass(frozen=True)
class Plan:
    """`check_every` so many days the books of both are compared; in any case in the end."""

    seed: int
    clients: int
    place: Place = PLACES[0]
    days: int = DAYS
    check_every: int = 10_000
    chances: Chances = field(default_factory=Chances)


@dataclass
class Outcome:
    plan: Plan
    seconds: float
    counts: dict[str, int]
    differences: list[str]


@dataclass(frozen=True)
class Outage:
    """Days on which the schedule does not run; `is_total`: nor does anything else.

    `sent`: the schedule ran once more, and its messages came when all was over.
    """

    first: date
    last: date
    is_total: bool
    sent: bool


def simulate(
    plan: Plan, url: str, admin: Any, say: Callable[[str], None] = lambda _: None
) -> Outcome:
    """Needs the table to itself."""
    began = clocks.monotonic()
    with _world(plan, url) as world:
        life, outages = Life(world), list(_outages(plan))
        found_firm(world)
        for number in range(plan.clients):
            found_client(world, number)
        found: list[str] = []
        for passed in range(plan.days):
            day = FIRST + passed * ONE_DAY
            _live(world, life, day, outages)
            if passed % plan.check_every == plan.check_every - 1:
                found = differences(world, admin)
            if found:
                say(f"{plan.place.zone}: {day}")
                break
            if passed % 30 == 0:
                say(f"{plan.place.zone}: {day}, {clocks.monotonic() - began:.0f} s")
        found = found or differences(world, admin)
        counts = _counts(world) | world.stack.told
    return Outcome(plan, clocks.monotonic() - began, counts, found)


@contextmanager
def _world(plan: Plan, url: str) -> Iterator[World]:
    """A firm without clients, a quarter past midnight of the first day."""
    begin = moment(FIRST - ONE_DAY, time(12), plan.place.zone)
    with ExitStack() as stack:
        logging.disable()  # what functions tell of each call would be a part of the time
        stack.callback(logging.disable, logging.NOTSET)
        stack.enter_context(local_table.fresh_table(url))
        stack.enter_context(local_table.pointed_at(url))
        played = stack.enter_context(services.played())
        stack.enter_context(faults.no_pauses())
        clock = stack.enter_context(turned(begin))
        random = Random(plan.seed)  # noqa: S311
        world = World(
            Firm(plan.place.zone, plan.place.sending, at=begin),
            Stack(clock, played, Random(plan.seed + 1), plan.chances),  # noqa: S311
            random,
        )
        stack.enter_context(world.stack.watched(world.see))
        yield world


def _live(world: World, life: Life, day: date, outages: list[Outage]) -> None:
    outage = next((each for each in outages if each.first <= day <= each.last), None)
    if outage is None:
        _run(world, day, time(0, 5))
        if begin := world.firm.sending.begin:
            _run(world, day, time(begin.hour, begin.minute + 5))
    elif outage.sent and day == outage.first:
        _turn(world, day, time(0, 5))
        world.stack.send_only()
    if outage is None or not outage.is_total:
        _turn(world, day, _MORNING)
        _manage(world, day)
        life.day()
    if outage is None:
        if world.happens(0.1):
            _looked_at(world, world.stack.outbox())
        world.stack.put.clear()
        _run(world, day, _NOON)
        _looked_at(world, world.stack.late())


def _run(world: World, day: date, at: time) -> None:
    """The schedule runs."""
    _turn(world, day, at)
    world.firm.run()
    world.stack.run()


def _turn(world: World, day: date, at: time) -> None:
    world.firm.at = max(moment(day, at, world.firm.zone), world.stack.clock.at)
    world.stack.clock.set(world.firm.at)


def _looked_at(world: World, client_ids: list[str]) -> None:
    for client_id in client_ids:
        world.firm.look(world.firm.clients[world.names[client_id]])


def _manage(world: World, day: date) -> None:
    """What concerns the whole firm: books are closed each quarter, and workflows changed."""
    firm, stack = world.firm, world.stack
    if day.day == 15 and day.month in (1, 4, 7, 10):
        firm.closed_until = date(day.year, day.month, 1) - ONE_DAY
        body = {"billing": {"closed_until": firm.closed_until.isoformat()}}
        stack.ask("PATCH", "/v1/settings", body)
    if day in (FIRST + 200 * ONE_DAY, FIRST + 450 * ONE_DAY):
        workflow = firm.workflows["gentle"]
        workflow.is_active = not workflow.is_active
        path = f"/v1/workflows/{world.ids['gentle']}"
        stack.ask("PATCH", path, {"active": workflow.is_active})
    if day == FIRST + 300 * ONE_DAY:
        workflow = firm.workflows["strict"]
        steps = [request_of(step, world.ids[step.name]) for step in workflow.steps]
        new = Step("strict-9", 20, "task")
        path = f"/v1/workflows/{world.ids['strict']}"
        answer = stack.ask("PATCH", path, {"steps": [*steps, request_of(new)]}).body
        workflow.steps.append(new)
        world.known(new.name, answer["steps"][-1]["step_id"])


def _outages(plan: Plan) -> Iterator[Outage]:
    random, day = Random(plan.seed + 2), FIRST + timedelta(20)  # noqa: S311
    while True:
        day += timedelta(random.randint(30, 140))
        last = day + timedelta(random.choice([0, 1, 2, 6, 6, 13, 20]))
        if last >= FIRST + timedelta(plan.days - 5):
            return
        yield Outage(day, last, is_total=random.random() < 0.3, sent=random.random() < 0.3)
        day = last


def _counts(world: World) -> dict[str, int]:
    firm = world.firm
    clients = firm.clients.values()
    told: dict[str, int] = {}
    for each in firm.diary:
        told[each.what] = told.get(each.what, 0) + 1
    return {
        "clients": len(clients),
        "invoices": sum(len(each.invoices) for each in clients),
        "payments": sum(len(each.payments) for each in clients),
        "promises": sum(len(each.promises) for each in clients),
        "late fees": sum(len(i.fees) for each in clients for i in each.invoices.values()),
        "missed and not decided": sum(len(each.missed) for each in clients),
        **told,
    }
