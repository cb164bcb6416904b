"""Webhooks while outside systems are down, workers die and messages are lost or come twice.

At least once with one webhook-id, never out of order within a service, never lost.
"""

import json
import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tallybook.authors import By
from tallybook.dates import now
from tallybook.errors import Busy, ServiceUnchanged
from tallybook.idempotency import Once
from tallybook.services import deciding, sending
from tallybook.services.models import ServiceToSuspend
from tests.support import hooks, outbound, snapshots
from tests.support.api import Staff
from tests.support.clock import Clock, turned
from tests.support.faults import before_call, no_pauses
from tests.support.hooks import Got, Hooks
from tests.support.outbound import Outbound
from tests.support.post import Stream
from tests.support.receiver import hang_up, listening, status

HOUR = timedelta(hours=1)
WHEN = pytest.mark.parametrize("when", ["before", "after"])

type Json = dict[str, Any]


@pytest.fixture
def clock() -> Iterator[Clock]:
    with turned(now()) as clock:
        yield clock


@pytest.fixture
def out(admin: Any, table: Any, owner: Staff, clock: Clock) -> Iterator[Outbound]:
    with outbound.played(admin, owner, clock) as out, no_pauses():
        yield out


@pytest.fixture
def outside() -> Iterator[Hooks]:
    with hooks.played() as played:
        yield played


def message(service: str) -> Json:
    _, _, _, client_id, _, service_id = service.split("/")
    return {"client_id": client_id, "service_id": service_id}


def work_on(service: str) -> None:
    """What the worker does, as a thread can."""
    sending.work(**message(service), clock=now)


def service_of(got: Got) -> str:
    return str(json.loads(got.body)["data"]["service_id"])


def check(out: Outbound, services: Sequence[str], taken: Sequence[Got]) -> None:
    """Each service's system took all there was, in order, whatever came to it more than once."""
    came = defaultdict[str, list[str]](list)
    for each in taken:
        came[service_of(each)].append(each.message_id)
    for service in services:
        ids, made = came[message(service)["service_id"]], out.deliveries(service)
        assert ids == sorted(ids), "out of order"
        assert list(dict.fromkeys(ids)) == [each["delivery_id"] for each in made], "lost"
        assert {each["status"] for each in made} == {"delivered"}
    assert out.waiting() == []


# ---- An outside system that is down for a day ----------------------------------------------------


@pytest.mark.parametrize("weather", ["fair", "messages come twice", "messages are lost"])
def test_a_system_that_is_down_for_a_day_gets_everything_in_order(
    out: Outbound, clock: Clock, weather: str
):
    """A real server, that refuses, hangs up and answers nonsense for a day."""
    chance = random.Random(weather)  # noqa: S311
    if weather == "messages come twice":
        out.copies = 2
    if weather == "messages are lost":
        out.loses = lambda: chance.random() < 0.7
    services = [out.registered() for _ in range(3)]
    first = services[0].split("/")[3]
    services.append(out.registered(first, name="Mail"))
    secrets = {each: out.owner.get(f"{each}/secret").body["secret"] for each in services}
    at: dict[int, Any] = {}

    def down(got: Got, handler: BaseHTTPRequestHandler) -> None:
        chance.choice([hang_up, status(503), status(500), status(404), status(302)])(got, handler)

    def up(got: Got, handler: BaseHTTPRequestHandler) -> None:
        at[id(got)] = clock.at
        status(200)(got, handler)

    with listening() as receiver:
        receiver.respond = down
        begun = clock.at
        for _ in range(12):
            for service in services:
                if chance.random() < 0.6:
                    out.switch(service)
            out.until(clock.at + 2 * HOUR)
        assert clock.at >= begun + timedelta(days=1)
        assert receiver.taken == []
        assert len(receiver.got) >= 4 * 3
        receiver.respond = up
        out.come_to_rest()
        assert clock.at < begun + timedelta(days=2)
    check(out, services, receiver.taken)
    attempted = defaultdict[str, list[str]](list)
    for each in receiver.got:
        attempted[service_of(each)].append(each.message_id)
    assert all(ids == sorted(ids) for ids in attempted.values())
    for each in receiver.taken:
        (secret,) = [key for path, key in secrets.items() if path.endswith(service_of(each))]
        assert each.verified(secret, at[id(each)]) == json.loads(each.body)
    assert not [sk for _, sk in out._table() if sk.startswith("TASK#")]


def test_what_happens_meanwhile_to_the_service_is_what_it_is_told_last(
    out: Outbound, outside: Hooks, clock: Clock
):
    service = out.registered()
    chance = random.Random(6)  # noqa: S311
    outside.reply = lambda _: 200 if chance.random() < 0.7 else 503
    for _ in range(15):
        out.switch(service)
        out.until(clock.at + chance.random() * HOUR)
    out.come_to_rest()
    delivered = [each for each in out.deliveries(service) if each["status"] == "delivered"]
    assert len(delivered) == 15
    last = json.loads(outside.got[-1].body)
    assert last["data"]["status"] == out.owner.get(service).body["status"]
    assert outside.ids() == sorted(outside.ids())


# ---- Containers that die -------------------------------------------------------------------------


@WHEN
@pytest.mark.parametrize("first", [200, 500], ids=["taken", "refused once"])
def test_nothing_is_lost_or_out_of_order_wherever_the_worker_dies(
    out: Outbound, outside: Hooks, first: int, when: str
):
    service = out.registered()
    for _ in range(3):
        out.switch(service)
    out.stream.changes()
    taken: list[Got] = []

    def reply(got: Got) -> int:
        code = first if len(outside.got) == 1 else 200
        if code == 200:
            taken.append(got)
        return code

    def anew() -> None:
        outside.got.clear()
        taken.clear()

    outside.reply = reply
    died = 0
    for _ in out.deaths(message(service), when=when, anew=anew):
        died += 1
        out.come_to_rest()
        check(out, [service], taken)
        assert len(taken) <= 4, "one death, one repetition"
    assert died >= (3 if when == "after" else 6)


@WHEN
def test_what_is_left_by_a_worker_that_died_the_agenda_finds(
    out: Outbound, outside: Hooks, when: str
):
    """Also the message that it had is lost: in the queue of dead letters, say."""
    service = out.registered()
    for _ in range(2):
        out.switch(service)
    out.stream.changes()
    died = 0
    for _ in out.deaths(message(service), when=when, anew=outside.got.clear):
        died += 1
        out.queue.clear()
        out.come_to_rest()
        check(out, [service], outside.got)
    assert died >= (3 if when == "after" else 6)


@WHEN
def test_a_webhook_that_is_given_up_is_one_task_wherever_the_worker_dies(
    out: Outbound, outside: Hooks, when: str
):
    service = out.registered()
    out.switch(service)
    out.stream.changes()
    outside.reply = 410
    died = 0
    for _ in out.deaths(message(service), when=when, anew=outside.got.clear):
        died += 1
        out.come_to_rest()
        assert [each["status"] for each in out.deliveries(service)] == ["failed"]
        keys = [sk for _, sk in out._table()]
        assert len([sk for sk in keys if sk.startswith("TASK#")]) == 1
        assert len(outside.got) <= 2
    assert died >= (2 if when == "after" else 5)


# ---- Others at the same time ---------------------------------------------------------------------


@pytest.mark.parametrize("rival", ["another worker", "staff", "the address", "the agenda"])
def test_others_who_act_at_any_call_change_nothing_of_it(
    out: Outbound, outside: Hooks, clock: Clock, rival: str
):
    service = out.registered()
    for _ in range(2):
        out.switch(service)
    out.stream.changes()
    before = snapshots.take(out.admin, objects=False)
    known, at = before.plain(), clock.at
    acts: dict[str, Any] = {
        "another worker": lambda: work_on(service),
        "staff": lambda: out.switch(service),
        "the address": lambda: out.owner.patch(service, {"webhook_url": "https://b.example/"}),
        "the agenda": out.agenda,
    }
    outside.hosts["b.example"] = [hooks.PUBLIC]
    turn = 0
    while True:
        turn += 1
        snapshots.restore(out.admin, before, objects=False)
        out.stream, out.queue, clock.at = Stream(out._table, known), [], at
        outside.got.clear()
        with before_call(turn, acts[rival]) as acted:
            out.work(message(service))
        out.come_to_rest()
        check(out, [service], outside.got)
        if rival != "the address":
            assert len(outside.got) == len(set(outside.ids())), "nobody died: each once"
        if not acted:
            break
    assert turn > 6


@pytest.mark.parametrize("click", ["switch", "ping", "replay", "address"])
def test_a_worker_that_acts_at_any_call_of_a_click_loses_nothing_of_it(
    out: Outbound, outside: Hooks, clock: Clock, click: str
):
    service = out.registered()
    for _ in range(2):
        out.switch(service)
        if click == "replay" and not outside.got:
            work_on(service)
    first = out.deliveries(service)[0]["delivery_id"]
    out.stream.changes()
    before = snapshots.take(out.admin, objects=False)
    known, at, sent = before.plain(), clock.at, list(outside.got)
    acts: dict[str, Any] = {
        "switch": lambda: out.switch(service),
        "ping": lambda: out.owner.post(f"{service}/ping"),
        "replay": lambda: out.owner.post(f"{service}/deliveries/{first}/replay"),
        "address": lambda: out.owner.patch(service, {"webhook_url": f"{hooks.URL}/b"}),
    }
    turn = 0
    while True:
        turn += 1
        snapshots.restore(out.admin, before, objects=False)
        out.stream, out.queue, clock.at = Stream(out._table, known), [], at
        outside.got[:] = sent
        with before_call(turn, lambda: work_on(service)) as acted:
            acts[click]()
        out.come_to_rest()
        made = out.deliveries(service)
        assert [each["status"] for each in made] == ["delivered"] * len(made)
        assert outside.ids() == [each["message_id"] for each in made]
        if not acted:
            break
    assert turn > 2


def test_workers_at_the_same_time_send_each_once_and_in_order(
    out: Outbound, outside: Hooks, clock: Clock
):
    services = [out.registered() for _ in range(2)]
    for service in services:
        for _ in range(8):
            out.switch(service)
    out.stream.changes()

    def work(number: int) -> None:
        with suppress(Busy):
            work_on(services[number % 2])

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(16)))
    out.come_to_rest()
    check(out, services, outside.got)
    assert len(outside.got) == 16


def test_staff_who_switch_while_workers_send_are_told_of_in_the_order_of_their_clicks(
    out: Outbound, outside: Hooks, clock: Clock
):
    service = out.registered()
    client_id, service_id = message(service).values()
    by = By(staff_id="a2b10d6f-4d0b-9a57-3c55-6f1c1f8e6a0a", name="Ada")
    no_key = Once(None, "", now(), None)
    told: dict[str, Any] = {"by": by, "if_match": None, "once": no_key}

    def click(number: int) -> None:
        for _ in range(6):
            with suppress(ServiceUnchanged, Busy):
                if number % 2:
                    deciding.reinstate(client_id, service_id, at=now(), **told)
                else:
                    how = ServiceToSuspend(note=f"{number}")
                    deciding.suspend(client_id, service_id, how, at=now(), **told)
            with suppress(Busy):
                work_on(service)

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(click, range(6)))
    out.come_to_rest()
    check(out, [service], outside.got)
    told_of = [json.loads(each.body)["data"]["status"] for each in outside.got]
    assert told_of == [("suspended", "active")[place % 2] for place in range(len(told_of))]
    assert told_of[-1] == out.owner.get(service).body["status"]
