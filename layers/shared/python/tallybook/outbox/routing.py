"""From a change in the table to its effects: which queue its work goes to, and which event it is.

The effects of a batch are collected and sent together. Sending some of them twice is harmless.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from tallybook.chasing import queue as chase_queue
from tallybook.dates import timestamp
from tallybook.documents import queue as document_queue
from tallybook.ids import time_of
from tallybook.imports import dispatch
from tallybook.mail import queue as mail_queue
from tallybook.outbox import bus
from tallybook.portal import queue as access_queue
from tallybook.services import queue as webhook_queue
from tallybook.sms import queue as sms_queue
from tallybook.table import query_all

type Effect = tuple[str, dict[str, Any]]
"""Where something goes ("mail", "documents", "access", "sms", "chase", …), and what."""
type Outcome = dict[str, object] | Exception


def _once(send: Callable[[list[dict[str, Any]]], object], messages: list[dict[str, Any]]) -> None:
    """Several changes at a time may ask for the same look at the same client."""
    send([dict(each) for each in dict.fromkeys(tuple(message.items()) for message in messages)])


_SENDERS: dict[str, Callable[[list[dict[str, Any]]], object]] = {
    "mail": mail_queue.send,
    "documents": document_queue.send,
    "access": access_queue.send,
    "sms": sms_queue.send,
    "chase": partial(_once, chase_queue.send),
    "webhooks": partial(_once, webhook_queue.send),
    "bus": bus.publish,
}
# What may have ended a reason to chase a client: its services are given back within seconds, where
# the hour's agenda would do it, too.
_SETTLED = {
    "credit_note.applied",
    "credit_note.issued",
    "invoice.voided",
    "invoice.written_off",
    "payment.applied",
    "payment.recorded",
}
# Of what is held and sent later: how a message names it.
_NAMES = {"EMAIL": "email_id", "SMS": "sms_id"}


def work(records: Sequence[DynamoDBRecord]) -> list[Outcome]:
    """Send the effects of the changes; for each change how many it had, or why it failed.

    Queues and bus are on their own: one that takes nothing does not stop the others.
    """
    collected: dict[str, list[tuple[int, dict[str, Any]]]] = defaultdict(list)
    outcomes: list[Outcome] = []
    for place, record in enumerate(records):
        try:
            effects = list(effects_of(record))
        except Exception as error:  # noqa: BLE001 - the others go on
            outcomes.append(error)
            continue
        outcomes.append({"effects": len(effects)})
        for where, what in effects:
            collected[where].append((place, what))
    for where, placed in collected.items():
        try:
            _SENDERS[where]([what for _, what in placed])
        except Exception as error:  # noqa: BLE001 - the stream brings these again
            for place, _ in placed:
                outcomes[place] = error
    return outcomes


def effects_of(record: DynamoDBRecord) -> Iterator[Effect]:
    """What one change causes. An import's chunks are sent at once: there may be thousands."""
    changed = record.dynamodb
    keys = (changed and changed.keys) or {}
    new: dict[str, Any] = (changed and changed.new_image) or {}
    pk, sk = str(keys["pk"]), str(keys["sk"])
    owner, _, item_id = pk.partition("#")
    kind, _, rest = sk.partition("#")
    match owner, kind:
        case "PORTALUSER", _:
            yield "access", {"sub": item_id}
        case "IMPORT", "JOB":
            dispatch.send(item_id, int(new["job"]))
        case _, "EMAIL":
            yield str(new["via"]), {"client_id": item_id or None, "email_id": rest}
        case "CLIENT", "SMS":
            yield "sms", {"client_id": item_id, "sms_id": rest}
        case "CLIENT", "DELIVERY":
            yield "webhooks", {"client_id": item_id, "service_id": rest.partition("#")[0]}
        case "CLIENT", "HISTORY":
            yield from _happened(item_id, rest, new)
        case "CLIENT", "CLIENT":
            at = time_of(item_id)
            told = {"id": item_id, "client_id": item_id, "at": timestamp(at), "by": None}
            yield "bus", bus.event("client.created", told | {"data": {}}, at)


def _happened(client_id: str, entry_id: str, entry: dict[str, Any]) -> Iterator[Effect]:
    """The event of an entry of the history, and what follows from it.

    An event holds ids and no personal data: who may know more can ask the API.
    """
    name, at = str(entry["event"]), time_of(entry_id)
    told: dict[str, Any] = {"id": entry_id, "client_id": client_id, "at": timestamp(at)}
    told["by"] = (entry.get("by") or {}).get("staff_id")
    data = {key: value for key, value in entry["details"].items() if key.endswith("_id")}
    yield "bus", bus.event(name, told | {"data": data}, at)
    if name in ("client.suspended", "client.activated"):
        yield "access", {"client_id": client_id}
    if name == "client.activated":
        yield from _held(client_id)
    if name in _SETTLED:
        yield "chase", {"client_id": client_id}


def _held(client_id: str) -> Iterator[Effect]:
    """What was to be sent while the client was suspended."""
    prefix = "HELD#"
    for item in query_all(f"CLIENT#{client_id}", prefix, ConsistentRead=True):
        kind, _, held_id = item["sk"]["S"].removeprefix(prefix).partition("#")
        yield item["via"]["S"], {"client_id": client_id, _NAMES[kind]: held_id}
