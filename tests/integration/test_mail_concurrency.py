"""Workers beside each other, and people who suspend and activate beside them.

Whatever meets whatever: one mail each, none to a suspended client, none lost, and nothing left
over. AWS beside the table is played by fakes that keep state.
"""

import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

from tallybook.mail import pace, sending
from tests.support import faults
from tests.support.local_table import NAME, forget
from tests.support.mailroom import WORKER, Json, Kind, Mailroom, act
from tests.support.portal import password_in

KINDS = pytest.mark.parametrize("kind", ["mail", "sms", "invitation"])


@pytest.fixture(autouse=True)
def _in_a_hurry(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(sending, "pace", pace.Pace(10**6))
    monkeypatch.setattr(sending, "_PATIENCE", timedelta(0))
    with faults.no_pauses():
        yield


@pytest.fixture
def watched(room: Mailroom, admin: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mailroom]:
    """Whoever gives something to a service must not have seen that its client is suspended.

    Between looking at the client and handing over, it may become so: nothing can be done about
    that. But whoever looks after it was suspended must not go on.
    """
    monkeypatch.setattr(sending, "_FRESH", timedelta(0))
    looked = threading.local()
    suspended_at: dict[str, float] = {}
    suspend = room.suspend

    def note(**_: Any) -> None:
        looked.at = time.monotonic()

    def suspend_and_note(client_id: str) -> None:
        suspended_at.pop(client_id, None)  # until it is known again when it was
        suspend(client_id)
        suspended_at[client_id] = time.monotonic()

    def judge(asked: Json) -> None:
        to = asked["PhoneNumber"] if "PhoneNumber" in asked else address_of(asked)
        client_id = room.clients[to]
        key = {"pk": {"S": f"CLIENT#{client_id}"}, "sk": {"S": "CLIENT"}}
        client = admin.get_item(TableName=NAME, Key=key, ConsistentRead=True)["Item"]
        if "suspended" in client:
            since = suspended_at.get(client_id, math.inf)
            assert looked.at < since, "given while it was known to be suspended"

    monkeypatch.setattr(room, "suspend", suspend_and_note)
    room.services.watch = judge
    with faults.hooked("before-call.dynamodb.BatchGetItem", note):
        yield room


def address_of(mail: Json) -> str:
    (address,) = mail["Destination"]["ToAddresses"]
    return str(address)


def check(room: Mailroom, message: Json) -> None:
    assert (room.given(message), room.state(message)) == (1, "sent")
    room.check_is_settled(message)


def finish(room: Mailroom, kind: Kind, message: Json) -> None:
    """The client is active in the end, and every message is brought until nothing is left."""
    room.activate(message["client_id"])
    assert room.work(kind, message) == []
    room.run()
    check(room, message)
    if kind == "invitation":
        check_password(room)


def check_password(room: Mailroom) -> None:
    mail = room.services.mails[-1]
    assert room.pool.lets_in(address_of(mail), password_in(mail))


# ---- Somebody else acts at any moment -------------------------------------------------------


@KINDS
@pytest.mark.parametrize(
    "what",
    ["works", "suspends", "suspends, works", "suspends, works, activates", "suspends, activates"],
)
def test_whatever_is_done_while_a_worker_is_at_it_it_leaves_once(
    watched: Mailroom, kind: Kind, what: str
):
    """The rival acts before each call of the worker in turn."""
    room, client = watched, watched.client()
    message = room.queued(kind, client)
    acts: dict[str, Callable[[], object]] = {
        "works": lambda: act(WORKER[kind], message),
        "suspends": lambda: room.suspend(client),
        "activates": lambda: room.activate(client),
    }

    def rival() -> None:
        for each in what.split(", "):
            acts[each]()

    turns, step = 0, 2 if kind == "invitation" and "suspends" in what else 1  # there are many
    for _ in room.rivals(lambda: act(WORKER[kind], message), rival, step=step):
        turns += 1
        assert room.given(message) <= 1
        finish(room, kind, message)
    assert turns >= 4


@KINDS
@pytest.mark.parametrize("what", ["activates", "activates, suspends", "works"])
def test_whatever_is_done_while_a_worker_puts_it_aside_it_leaves_once(
    watched: Mailroom, kind: Kind, what: str
):
    room, client = watched, watched.client()
    message = room.queued(kind, client)
    room.suspend(client)
    acts: dict[str, Callable[[], object]] = {
        "works": lambda: act(WORKER[kind], message),
        "suspends": lambda: room.suspend(client),
        "activates": lambda: room.activate(client),
    }

    def rival() -> None:
        for each in what.split(", "):
            acts[each]()

    turns = 0
    for _ in room.rivals(lambda: act(WORKER[kind], message), rival):
        turns += 1
        finish(room, kind, message)
    assert turns >= 2


# ---- Real threads ---------------------------------------------------------------------------


@KINDS
@pytest.mark.parametrize("workers", [2, 3])
def test_of_workers_that_start_together_one_sends(room: Mailroom, kind: Kind, workers: int):
    """None goes on before every other has read that it is to be sent."""
    for _ in range(5):
        message = room.queued(kind, room.client())
        gate, mine = threading.Barrier(workers), threading.local()

        def hold(gate: threading.Barrier = gate, mine: Any = mine, **_: Any) -> None:
            if not hasattr(mine, "held"):
                mine.held = True
                gate.wait(timeout=30)

        forget()
        with (
            faults.hooked("after-call.dynamodb.BatchGetItem", hold),
            ThreadPoolExecutor(workers) as threads,
        ):
            list(threads.map(lambda _, m=message: act(WORKER[kind], m), range(workers)))
        assert room.work(kind, message) == []
        check(room, message)
        if kind == "invitation":
            check_password(room)


class Crowd:
    """Workers that take messages of one queue, and somebody who gets in their way."""

    def __init__(self, room: Mailroom, waiting: list[tuple[str, Json]]) -> None:
        self._room, self._waiting = room, waiting
        self._lock, self._is_over = threading.Lock(), threading.Event()

    def act(self, workers: int, disturb: Callable[[Callable[[], None]], None]) -> None:
        """`disturb` is given what brings the changes of the table to the queue."""

        def disturbing() -> None:
            try:
                disturb(self._bring)
            finally:
                self._is_over.set()

        with ThreadPoolExecutor(workers + 1) as threads:
            acts = [disturbing] + [self._work] * workers
            for each in [threads.submit(act) for act in acts]:
                each.result()

    def _work(self) -> None:
        while True:
            was_over, found = self._is_over.is_set(), self._next()
            if found is None and was_over:
                return
            if found is None:
                time.sleep(0.001)
            elif not act(*found):
                self._add([found])

    def _next(self) -> tuple[str, Json] | None:
        with self._lock:
            return self._waiting.pop(0) if self._waiting else None

    def _add(self, messages: list[tuple[str, Json]]) -> None:
        with self._lock:
            self._waiting += messages

    def _bring(self) -> None:
        if records := self._room.changes():
            self._room.outbox(records)
        self._add(self._room.waiting())


@pytest.mark.parametrize("seed", range(4))
def test_workers_in_a_crowd_send_everything_once_and_nothing_to_the_suspended(
    watched: Mailroom, seed: int
):
    """Three workers, messages twice each, and somebody who suspends and activates."""
    room, chance = watched, random.Random(seed)  # noqa: S311 - the same crowd each time
    clients = [room.client() for _ in range(2)]
    kinds: list[Kind] = ["mail", "sms", "invitation"]
    messages = [(WORKER[kind], room.queued(kind, client)) for client in clients for kind in kinds]
    room.outbox(room.changes())
    waiting = messages + room.waiting()
    chance.shuffle(waiting)
    forget()

    def disturb(bring: Callable[[], None]) -> None:
        for turn in range(8):
            (room.suspend if turn % 4 < 2 else room.activate)(chance.choice(clients))
            bring()
            time.sleep(chance.uniform(0, 0.02))
        for client in clients:
            room.activate(client)
        bring()

    Crowd(room, waiting).act(3, disturb)
    room.run()
    assert room.held() == []
    for _, message in messages:
        check(room, message)


# ---- Invitations ----------------------------------------------------------------------------


def test_an_invitation_that_is_sent_again_while_the_first_is_under_way(room: Mailroom):
    """Both are one mail at most, and the later one has the password that the pool has."""
    client = room.client()
    first = room.queued("invitation", client)
    second: Json = {}
    deliveries: list[Json] = []

    def resend() -> None:
        second.clear()
        second.update(room.queued("invitation", client))
        if not act("portal_access", dict(second)):
            deliveries.append(dict(second))

    turns = 0
    for _ in room.rivals(lambda: act("portal_access", first), resend):
        turns += 1
        for message in [*deliveries, first, second]:
            assert room.work("invitation", message) == []
        deliveries.clear()
        assert (room.given(second), room.state(second)) == (1, "sent")
        assert room.given(first) <= 1
        assert room.state(first) == ("sent" if room.given(first) else "failed")
        room.check_is_settled(first)
        room.check_is_settled(second)
        (mail,) = [m for m in room.services.mails if second["email_id"] in str(m["EmailTags"])]
        assert room.pool.lets_in(address_of(mail), password_in(mail))
    assert turns >= 10
