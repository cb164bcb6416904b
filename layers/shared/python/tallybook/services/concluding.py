"""What came of an attempt to deliver a webhook, and what follows from it: one transaction."""

from datetime import datetime

from tallybook import agenda
from tallybook.clients.presence import stays
from tallybook.dates import timestamp
from tallybook.history.entries import entry
from tallybook.ids import new_id
from tallybook.ledger.books import look_up
from tallybook.services.kinds import DeliveryStatus
from tallybook.services.leases import Lost, new_lease
from tallybook.services.network import Answer
from tallybook.services.records import DeliveryRecord, ServiceRecord, ids_of
from tallybook.services.rules import next_attempt, verdict
from tallybook.services.telling import as_read
from tallybook.table import differences, find, present, read
from tallybook.tasks.making import task
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged, version_changed


def conclude(
    service: ServiceRecord,
    delivery: DeliveryRecord,
    answer: Answer | None,
    *,
    begun: datetime,
    at: datetime,
) -> str | None:
    """Note what came of the attempt that began then, made under the service's lease.

    `answer` None: there is no address any more. Returns the lease, renewed, to go on with the next
    delivery; None when there is none, or this one is to be tried again. Raises `Lost` when the
    lease is another's by now, and `ClientNotFound`. A read and a transaction.
    """
    done = read(DeliveryRecord, delivery.serialize())
    moment = _noted(done, answer, begun, at)

    def attempt() -> str | None:
        before = find(ServiceRecord, service.pk, service.sk)
        if before is None or before.lease != service.lease:
            raise Lost
        after = read(ServiceRecord, before.serialize())
        transaction = Transaction()
        if moment is None:
            _moved_on(after, done, at)
        else:
            after.lease = None
            after.agenda_pk, after.agenda_sk = agenda.place("webhook", moment, *ids_of(after))
        _judged(transaction, after, done, answer, at)
        is_ours = (
            present(ServiceRecord)
            & (ServiceRecord.lease == before.lease)
            & as_read(ServiceRecord.last_delivery, before.last_delivery)
        )
        transaction.update(before, differences(before, after), is_ours, version_changed)
        changes = differences(delivery, done)
        transaction.update(delivery, changes, present(DeliveryRecord), version_changed)
        transaction.commit()
        return after.lease

    return until_unchanged(attempt)


def _noted(
    delivery: DeliveryRecord, answer: Answer | None, begun: datetime, at: datetime
) -> datetime | None:
    """Put the attempt into the delivery. Returns when to try again; None: that was the end."""
    row, moment = delivery.row, None
    status: DeliveryStatus = "dropped"
    if answer is not None:
        row["attempts"] += 1
        delivery.attempts.append(
            {
                "at": timestamp(begun),
                "status": answer.status,
                "error": answer.error,
                "answer": answer.text,
                "milliseconds": answer.milliseconds,
            }
        )
        meant = verdict(answer.status)
        status = "delivered" if meant == "delivered" else "failed"
        if meant == "again":
            made = datetime.fromisoformat(row["created_at"])
            moment = next_attempt(made, row["attempts"], at)
    if moment is None:
        row["status"], row["ended_at"] = status, timestamp(at)
    return moment


def _moved_on(service: ServiceRecord, delivery: DeliveryRecord, at: datetime) -> None:
    """The delivery was dealt with: the next one's turn, or nothing waits."""
    service.delivered_to = delivery.row["delivery_id"]
    if service.last_delivery == service.delivered_to:
        service.lease = service.agenda_pk = service.agenda_sk = None
    else:
        service.lease = new_lease(at)


def _judged(
    transaction: Transaction,
    service: ServiceRecord,
    delivery: DeliveryRecord,
    answer: Answer | None,
    at: datetime,
) -> None:
    """What the service is known for from now on, and who is told when it is given up."""
    status = delivery.row["status"]
    if status == "delivered":
        service.trouble = None
    elif answer is not None:
        service.trouble = service.trouble or {"since": timestamp(at)}
        if verdict(answer.status) == "gone":
            service.switched_off = {"at": timestamp(at)}
        if status == "failed":
            _given_up(transaction, service, delivery, at)


def _given_up(
    transaction: Transaction, service: ServiceRecord, delivery: DeliveryRecord, at: datetime
) -> None:
    """An entry of the history, and a task, unless there is one since it last went well."""
    client_id, service_id = ids_of(service)
    is_off = service.switched_off is not None
    event = "webhook.switched_off" if is_off else "webhook.failed"
    name, why = service.row["name"], delivery.attempts[-1]["error"]
    text = f"The webhook {delivery.row['event']} of {name} was not delivered: {why}"
    told = {"service_id": service_id, "delivery_id": delivery.row["delivery_id"]}
    transaction.put(entry(client_id, "client", at=at, text=text, event=event, **told))
    trouble = service.trouble or {}
    if "task_id" in trouble:
        return
    stays(transaction, client_id)
    books, task_id = look_up(client_id, at=at), new_id(at)
    task(
        transaction,
        books.client,
        title=f"Look after the webhook of {name}"[:200],
        body=f"{text}\nIts address: {service.webhook_url}",
        due_date=books.today,
        assignee=books.client.row.ar_specialist,
        at=at,
        task_id=task_id,
    )
    service.trouble = trouble | {"task_id": task_id}
