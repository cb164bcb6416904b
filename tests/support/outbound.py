"""Webhooks between a real table and outside systems, while the clock is turned.

An `Outbound` plays what AWS does between the functions: the stream brings deliveries to `outbox`,
its queue brings services to `webhooks` (some messages after a delay), and every hour `agenda` sends
what has fallen due. Messages are delivered twice where that is asked for, or lost on the way.
"""

import heapq
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from tests.support import billing, services, snapshots
from tests.support.api import Staff, invoke
from tests.support.clock import Clock
from tests.support.faults import Death, death_at_call
from tests.support.hooks import URL
from tests.support.imports import sqs_event
from tests.support.local_table import forget
from tests.support.post import Stream, is_let_through
from tests.support.services import Services
from tests.support.snapshots import Snapshot
from tests.support.template import ROOT

HOUR = timedelta(hours=1)
# As long as a message stays away that a worker has taken and not done.
AWAY = timedelta(seconds=720)
_URL = "/webhooks"

type Json = dict[str, Any]


@dataclass
class Outbound:
    admin: Any
    services: Services
    owner: Staff
    clock: Clock
    copies: int = 1  # how often each message is delivered
    loses: Callable[[], bool] = lambda: False
    """Says of each message whether it is lost before it reaches the worker."""
    queue: list[tuple[datetime, int, Json]] = field(default_factory=list)
    _numbers: Iterator[int] = field(default_factory=count)

    def __post_init__(self) -> None:
        self.stream = Stream(self._table)

    # ---- What staff do ---------------------------------------------------------------------------

    def registered(self, client_id: str | None = None, **fields: Any) -> str:
        """The path of a new service."""
        client_id = client_id or billing.new_client_id(self.owner)
        new = {"name": "Hosting", "webhook_url": URL} | fields
        made = self.owner.post(f"/v1/clients/{client_id}/services", new)
        assert made.status == 201, made.body
        return str(made.headers["location"])

    def switch(self, service: str) -> None:
        """The service is suspended, or given back."""
        is_active = self.owner.get(service).body["status"] == "active"
        done = self.owner.post(f"{service}/{'suspend' if is_active else 'reinstate'}")
        assert done.status == 200, done.body

    def deliveries(self, service: str) -> list[Json]:
        """The deliveries, the oldest first."""
        items, more = list[Json](), dict[str, str]()
        while True:
            page = self.owner.get(f"{service}/deliveries", limit="100", **more).body
            items += page["items"]
            if page["next_cursor"] is None:
                return items[::-1]
            more = {"cursor": page["next_cursor"]}

    # ---- What AWS does ---------------------------------------------------------------------------

    def work(self, message: Json) -> None:
        """A new container does what a message asks for; it comes back if it could not."""
        forget()
        failed = invoke("webhooks", sqs_event([message]))["batchItemFailures"]
        if failed:
            self._put(message, timedelta(seconds=20))
        self._collect()

    def settle(self) -> None:
        """Bring everything where it belongs by now."""
        records = [each for each in self.stream.changes() if is_let_through("outbox", each)]
        if records:
            assert invoke("outbox", {"Records": records}) == {"batchItemFailures": []}
        self._collect()
        while self.queue and self.queue[0][0] <= self.clock.at:
            _, _, message = heapq.heappop(self.queue)
            for _ in range(self.copies):
                self.work(message)

    def agenda(self) -> None:
        """What the schedule does every hour."""
        sample = json.loads((ROOT / "events" / "agenda.json").read_text(encoding="utf-8"))
        forget()
        invoke("agenda", sample)
        self._collect()

    def until(self, moment: datetime) -> None:
        """Time goes by: each message comes when it is due, and the schedule every full hour."""
        self.settle()
        while self.clock.at < moment:
            hour = self.clock.at.replace(minute=0, second=0, microsecond=0) + HOUR
            at = min(hour, moment, *(due for due, _, _ in self.queue[:1]))
            self.clock.set(max(at, self.clock.at))
            if self.clock.at >= hour:
                self.agenda()
            self.settle()

    def come_to_rest(self) -> None:
        """Until nothing waits to be sent; at most ten days."""
        for _ in range(240):
            self.until(self.clock.at + HOUR)
            if not self.waiting():
                return
        raise AssertionError("something still waits")

    def waiting(self) -> list[str]:
        """The services that are in the agenda."""
        return [
            sk
            for (_, sk), item in self._table().items()
            if sk.startswith("SERVICE#") and "agenda_sk" in item
        ]

    def _collect(self) -> None:
        """Put what was sent to the queue where it waits for its time."""
        delayed, self.services.delayed = self.services.delayed, []
        for url in [each for each in self.services.queues if each.endswith(_URL)]:
            for message in self.services.received(url):
                known = [each for each in delayed if each[1] == message]
                if known:
                    delayed.remove(known[0])
                self._put(message, timedelta(seconds=known[0][0] if known else 0))

    def _put(self, message: Json, wait: timedelta) -> None:
        if not self.loses():
            heapq.heappush(self.queue, (self.clock.at + wait, next(self._numbers), message))

    def _table(self) -> dict[tuple[str, str], Json]:
        return snapshots.take(self.admin, objects=False).plain()

    # ---- Again and again -------------------------------------------------------------------------

    def deaths(self, message: Json, *, when: str, anew: Callable[[], object]) -> Iterator[int]:
        """The worker dies at each of its calls in turn, each from the same state of the world.

        `anew` is called before each. The message that it had comes back when its time is over.
        """
        before: Snapshot = snapshots.take(self.admin, objects=False)
        known, at = before.plain(), self.clock.at
        for number in range(1, 200):
            snapshots.restore(self.admin, before, objects=False)
            self.stream, self.queue, self.clock.at = Stream(self._table, known), [], at
            self.services.delayed.clear()
            self.services.queues.clear()
            anew()
            try:
                with death_at_call(number, when=when):
                    self.work(message)
            except Death:
                self._collect()
                self._put(message, AWAY)
                yield number
            else:
                return


@contextmanager
def played(admin: Any, owner: Staff, clock: Clock) -> Iterator[Outbound]:
    with services.played() as given:
        yield Outbound(admin, given, owner, clock)
