"""From what has fallen due to the queue of its work. Sending it twice, or to no end, is harmless.

What has fallen due stays in the agenda until its worker has done it, so what gets lost on the way
is sent again an hour later. Only what calls for all clients is taken out here: a workflow, or the
settings, when they were changed.
"""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from itertools import batched

from pynamodb.expressions.operand import Path

from tallybook import agenda
from tallybook.chasing import queue as chase_queue
from tallybook.ledger import firm
from tallybook.recurring import queue as recurring_queue
from tallybook.services import queue as webhook_queue
from tallybook.table import Item, Record
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, version_changed

_REFS = 100  # recurring invoices that one worker packs into transactions


def send(at: datetime) -> dict[str, object]:
    """Send what is due by then; returns how many messages of each kind.

    A kind that fails does not stop the others. Raises an `ExceptionGroup` in the end.
    """
    sent: dict[str, object] = {}
    failed: list[Exception] = []
    for kind, work in _KINDS.items():
        try:
            sent[kind] = work(at)
        except Exception as error:  # noqa: BLE001 - the others go on
            failed.append(error)
    if failed:
        raise ExceptionGroup(f"Not all that is due could be sent; {sent} was", failed)
    return sent


def _changed(at: datetime) -> int:
    """What decides about all clients was changed: those with an open invoice are looked at."""
    entries = list(agenda.entries("workflow", at))
    if not entries:
        return 0
    sent = chase_queue.send({"client_id": each} for each in _debtors())
    for entry in entries:
        _take_out(entry)
    return sent


def _debtors() -> set[str]:
    """The clients with an open invoice, which may be one too many or one too few by a second.

    Whatever opens an invoice calls for a look by itself.
    """
    return {_client_of(item["pk"]["S"]) for item in firm.items("by_date", "OPEN")}


def _take_out(entry: Item) -> None:
    """Unless it was changed once more meanwhile: then it is for the next hour."""
    kind, position = Path("agenda_pk"), Path("agenda_sk")
    unchanged = position == entry["agenda_sk"]["S"]
    transaction = Transaction()
    record = Record(entry["pk"]["S"], entry["sk"]["S"])
    transaction.update(record, [kind.remove(), position.remove()], unchanged, version_changed)
    with suppress(VersionChanged):
        transaction.commit()


def _clients(at: datetime) -> int:
    due = agenda.fallen_due("client", at)
    return chase_queue.send({"client_id": _client_of(pk)} for pk, _ in due)


def _recurring(at: datetime) -> int:
    refs = ([_client_of(pk), _id_of(sk)] for pk, sk in agenda.fallen_due("recurring", at))
    return recurring_queue.send({"refs": list(each)} for each in batched(refs, _REFS, strict=False))


def _webhooks(at: datetime) -> int:
    return webhook_queue.send(
        {"client_id": _client_of(pk), "service_id": _id_of(sk)}
        for pk, sk in agenda.fallen_due("webhook", at)
    )


def _client_of(pk: str) -> str:
    return pk.removeprefix("CLIENT#")


def _id_of(sk: str) -> str:
    return sk.partition("#")[2]


_KINDS: dict[agenda.Kind, Callable[[datetime], int]] = {
    "recurring": _recurring,
    "webhook": _webhooks,
    "workflow": _changed,
    "client": _clients,
}
