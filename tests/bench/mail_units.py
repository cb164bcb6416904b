"""What a mail asks of the table and of the queue, from the API to its delivery."""

import io
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from statistics import median
from typing import Any

from tallybook.dates import now
from tallybook.ids import new_id
from tests.bench import import_workers, operations
from tests.bench.mails import BATCH, ROUNDS, Bench, Message, sqs_event
from tests.support import capacity, firm
from tests.support.api import Context, function
from tests.unit import ses_events


@dataclass
class Step:
    """What a step of a mail's life takes, for one mail."""

    requests: dict[str, float]
    reads: float
    writes: float
    seconds: float  # of CPU

    @property
    def in_all(self) -> float:
        return sum(self.requests.values())


class _Life:
    """Ten mails, from the API to their delivery."""

    def __init__(self, ids: Sequence[str], first: int) -> None:
        self._ids, self._first = ids, first
        self._names: list[Message] = []

    def steps(self) -> dict[str, Callable[[], None]]:
        return {
            "queued (POST)": self._ask,
            "taken to its queue": lambda: _here("outbox", stream_event(self._names)),
            "sent": lambda: _here("mailer", sqs_event([(name, 1) for name in self._names])),
            "its event Send": lambda: self._tell(_send),
            "its event Delivery": lambda: self._tell(ses_events.delivery),
        }

    def _ask(self) -> None:
        body = {"subject": "Your documents", "body": "Thank you for the papers.\n\n" * 8}
        for client_id in self._ids[self._first :][:BATCH]:
            path = f"/v1/clients/{client_id}/emails"
            answer = operations.send(("emails", "POST", path, {"body": body}))
            self._names.append({key: answer.body[key] for key in ("client_id", "email_id")})

    def _tell(self, kind: Callable[..., dict[str, Any]]) -> None:
        addresses = map(_address, range(self._first, self._first + BATCH))
        events = [kind(to, **name) for to, name in zip(addresses, self._names, strict=True)]
        _here("mail_events", sqs_event([(event | {"email_id": "event"}, 1) for event in events]))


def steps(bench: Bench) -> dict[str, Step]:
    """What a mail takes, as one of ten. Needs a fresh table."""
    bench.behave()
    clients = (firm.client(number, emails=[_address(number)]) for number in range(3 * BATCH))
    ids = firm.fill(bench.admin, clients)
    with redirect_stdout(io.StringIO()):
        for do in _Life(ids, 0).steps().values():  # what containers do once
            do()
        seconds = {name: _cpu(do) for name, do in _Life(ids, BATCH).steps().items()}
        watched = _Life(ids, 2 * BATCH).steps()
        found = {name: _watched(bench, do, seconds[name]) for name, do in watched.items()}
    if bench.seen["mails"] != 3 * BATCH:
        raise RuntimeError(bench.seen)
    return found


def _cpu(do: Callable[[], None]) -> float:
    before = time.process_time()
    do()
    return (time.process_time() - before) / BATCH


def _address(number: int) -> str:
    return f"office@firm{number:06}.example"


def _send(address: str, **name: str) -> dict[str, Any]:
    return {"eventType": "Send", "mail": ses_events.mail(address, **name), "send": {}}


def _watched(bench: Bench, do: Callable[[], None], seconds: float) -> Step:
    with capacity.spent(bench.admin) as spent:
        do()
    requests = {name: number / BATCH for name, number in spent.requests.items()}
    return Step(requests, spent.reads / BATCH, spent.writes / BATCH, seconds)


def _here(name: str, event: dict[str, Any]) -> None:
    """Call the function in this process."""
    answer = function(name).handler(event, Context())
    if answer != {"batchItemFailures": []}:
        raise RuntimeError(f"{name}: {answer}")


def stream_event(names: Sequence[Message]) -> dict[str, Any]:
    """What the table's stream tells `outbox` when these mails were queued."""
    return {
        "Records": [
            {
                "eventID": f"{number:032x}",
                "eventName": "INSERT",
                "eventSource": "aws:dynamodb",
                "awsRegion": "eu-central-1",
                "dynamodb": {
                    "Keys": {
                        "pk": {"S": f"CLIENT#{name['client_id']}"},
                        "sk": {"S": f"EMAIL#{name['email_id']}"},
                    },
                    "NewImage": {"via": {"S": "mail"}, "template": {"S": "message"}},
                    "SequenceNumber": f"{number:021d}",
                    "StreamViewType": "NEW_AND_OLD_IMAGES",
                },
            }
            for number, name in enumerate(names, start=1)
        ]
    }


@dataclass(frozen=True)
class Dispatched:
    """What `outbox` takes for a thousand mails."""

    batch: int
    cpu: float  # seconds
    invocations: int
    sent: int  # requests to SQS


def dispatch(bench: Bench, *, batch: int, rounds: int = ROUNDS) -> Dispatched:
    names = [{"client_id": new_id(now()), "email_id": new_id(now())} for _ in range(batch)]
    event = stream_event(names)
    with import_workers.container("outbox", bench.shipped, bench.place) as outbox:
        outbox.invoke(event)
        bench.behave()
        runs = [outbox.invoke(event) for _ in range(rounds)]
    requests = bench.seen["calls"]["SendMessageBatch"] / rounds
    share = 1000 / batch
    cpu = median(run.cpu for run in runs) * share
    return Dispatched(batch, cpu, round(share), round(requests * share))
