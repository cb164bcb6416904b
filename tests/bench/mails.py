"""Mail through the real functions, beside the least that a mail takes.

The functions run as they are deployed, each in a process with nothing but its package and the
layer. The table is DynamoDB Local; SES, SQS and the event bus are a small server (`mail_edge`),
so botocore signs, sends and parses as it does with AWS.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import batched
from statistics import median
from typing import Any
from unittest import mock
from urllib.request import Request, urlopen

import botocore.session

from tallybook import queues
from tallybook.dates import now
from tallybook.ids import new_id
from tallybook.mail import builtin, ses
from tallybook.mail.pace import pace
from tallybook.mail.queueing import Mail, queue
from tallybook.outbox import bus
from tallybook.table import Item
from tallybook.transactions import Transaction
from tests.bench import import_workers, mail_workers
from tests.bench.builds import Build
from tests.bench.import_workers import Place, Process, Run
from tests.support import firm, local_table

BATCH = 10  # of the queue, as template.yaml has it
ROUNDS = 30
_TEMPLATE = "invoice"

type Message = dict[str, str]


@dataclass(frozen=True)
class Bench:
    """The parts that are put up once."""

    admin: Any
    place: Place
    shipped: Build

    def behave(self, *, rate: float = 0, seconds: float = 0) -> None:
        """Have the mail service forget what it saw, and be so from now on."""
        told = json.dumps({"rate": rate, "seconds": seconds}).encode()
        with urlopen(Request(self.place.edge, told, method="PUT")):  # noqa: S310 - our own address
            pass

    @property
    def seen(self) -> Any:
        return self.place.edge_says("")


@contextmanager
def put_up(shipped: Build, url: str) -> Iterator[Bench]:
    """Mail's surroundings beside the DynamoDB at `url`; this process talks to them as well."""
    make = botocore.session.get_session().create_client
    with ExitStack() as stack:
        address = stack.enter_context(import_workers.served("mail_edge.py"))
        for module, service in ((ses, "sesv2"), (queues, "sqs"), (bus, "events")):
            client = make(service, endpoint_url=address)
            stack.enter_context(mock.patch.object(module, "client", client))
        stack.enter_context(mock.patch.object(pace, "wait"))
        yield Bench(local_table.client_for(url), placed(url, address), shipped)


def placed(dynamodb: str, edge: str, *, rate: float = 1e9) -> Place:
    names = ("MAIL", "ACCESS", "SMS", "MAIL_EVENTS")
    urls = {f"{name}_QUEUE_URL": f"{edge}/{name.lower()}" for name in names}
    services = {f"AWS_ENDPOINT_URL_{name}": edge for name in ("SESV2", "EVENTBRIDGE")}
    return Place(dynamodb, edge, {**urls, **services, "MAIL_RATE": f"{rate}"})


def queued(bench: Bench, count: int) -> list[Message]:
    """So many mails, each to a client of its own: written at once, not through the API."""
    sample = builtin.sample(_TEMPLATE)
    context = {name: each for name, each in sample.items() if name not in ("firm", "client")}
    messages: list[Message] = []

    def items() -> Iterator[Item]:
        for number in range(count):
            new = firm.client(number, first_name="Anna", last_name=f"Schmidt{number:05}")
            client = firm.items_of(new, number)[0]
            client_id, email_id = client["pk"]["S"].removeprefix("CLIENT#"), new_id(now())
            messages.append({"client_id": client_id, "email_id": email_id})
            transaction = Transaction()
            mail = Mail(template=_TEMPLATE, to=list(new.emails or []), context=context)
            queue(transaction, mail, client_id=client_id, at=now(), email_id=email_id)
            yield client
            yield from (request["Item"] for _, request, _ in transaction._actions)

    firm.write(bench.admin, items())
    return messages


def sqs_event(deliveries: Sequence[tuple[Message, int]]) -> dict[str, Any]:
    """The messages as Lambda delivers them, each with how often it was received."""
    return {
        "Records": [
            {
                "messageId": message["email_id"],
                "receiptHandle": f"{message['email_id']} {received}",
                "body": json.dumps(message),
                "attributes": {"ApproximateReceiveCount": f"{received}"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:mail",
                "awsRegion": "eu-central-1",
            }
            for message, received in deliveries
        ]
    }


# ---- CPU of a mail -----------------------------------------------------------------------------


@dataclass
class Cpu:
    """Batches of ten mails: by the worker, by the floor, and by a worker that keeps nothing."""

    rounds: list[tuple[Run, Run, Run]] = field(default_factory=list)

    def of(self, side: int, part: str = "") -> float:
        """CPU milliseconds of a mail: in all, or of a part."""
        runs = [each[side] for each in self.rounds]
        seconds = (run.answer["parts"].get(part, 0) if part else run.cpu for run in runs)
        return 1000 * median(seconds) / BATCH

    @property
    def requests(self) -> Counter[str]:
        """Of the worker for a batch."""
        return Counter(self.rounds[-1][0].requests)


def measure_cpu(bench: Bench, *, rounds: int = ROUNDS) -> Cpu:
    """Needs a table to itself."""
    found = Cpu()
    bench.behave()
    batches = batched(queued(bench, (2 * rounds + 3) * BATCH), BATCH, strict=True)
    with mail_workers.mailer(bench.shipped, bench.place) as worker:
        _sent(worker, next(batches))
        floor_mails, texts = _as_floor(bench.seen["last"])
        with mail_workers.floor(texts, bench.place) as floor:
            for _ in range(rounds + 1):
                ours = _sent(worker, next(batches))
                least = floor.do(floor_mails)
                found.rounds.append((ours, least, _sent(worker, next(batches), uncached=True)))
    del found.rounds[0]  # what a container does once
    return found


def _sent(worker: Process, messages: Sequence[Message], *, uncached: bool = False) -> Run:
    event = sqs_event([(message, 1) for message in messages])
    run = worker.do(mail_workers.event(event, uncached=uncached))
    if run.answer["failed"]:
        raise RuntimeError(run.answer)
    return run


def _as_floor(last: dict[str, Any]) -> tuple[list[dict[str, str]], str]:
    """A mail that was sent as templates for the floor: what differs between mails is a variable."""
    simple = last["Content"]["Simple"]
    parts = {"subject": simple["Subject"], "text": simple["Body"]["Text"]}
    parts["html"] = simple["Body"]["Html"]
    invoice = builtin.sample(_TEMPLATE)["invoice"]
    name = next(line for line in parts["text"]["Data"].splitlines() if "Schmidt" in line)
    values = {"name": name.removeprefix("Dear ").rstrip(","), "number": invoice["number"]}
    texts: dict[str, Any] = {}
    for part, content in parts.items():
        texts[part] = content["Data"]
        for variable, value in values.items():
            texts[part] = texts[part].replace(value, f"{{{{ {variable} }}}}")
    if texts["html"].count("{{ name }}") != 1:
        raise RuntimeError("the floor's mails would not differ")
    call = {name: last[name] for name in ("FromEmailAddress", "ConfigurationSetName")}
    texts["request"] = {"call": call, "headers": simple["Headers"]}
    tag = next(tag["Value"] for tag in last["EmailTags"] if tag["Name"] == "email_id")
    mail = {"to": last["Destination"]["ToAddresses"][0], "email_id": tag}
    return [{**values, **mail, "name": f"Anna {n}"} for n in range(BATCH)], json.dumps(texts)
