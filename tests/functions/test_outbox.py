"""What the table's stream says is to be done reaches its queue."""

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tallybook import queues
from tallybook.outbox import bus
from tests.builders import new_client
from tests.support import imports, stored
from tests.support.api import Staff, invoke
from tests.support.imports import Pipeline, calls, stream_event
from tests.support.post import Post, received
from tests.support.template import ROOT

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


def begun(pipeline: Pipeline, rows: int = 3) -> list[stored.Item]:
    """The job of an import with so many rows, two in a chunk."""
    content = "Business name\n" + "".join(f"Acme {number}\n" for number in range(rows))
    pipeline.arrive(imports.put("imports/clients.csv", content))
    return pipeline.jobs()


def failed(jobs: list[stored.Item]) -> list[str]:
    """The records that the stream has to send again."""
    answer = invoke("outbox", stream_event(jobs))
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_every_chunk_of_a_job_is_sent(pipeline: Pipeline, small_chunks: None):
    jobs = begun(pipeline)
    assert failed(jobs) == []
    import_id = jobs[0]["pk"].removeprefix("IMPORT#")
    assert imports.received() == [
        {"import_id": import_id, "job": 1, "chunk": 1},
        {"import_id": import_id, "job": 1, "chunk": 2},
    ]


def test_more_chunks_are_sent_than_a_request_takes(pipeline: Pipeline, small_chunks: None):
    jobs = begun(pipeline, rows=42)
    with imports.calls(queues.client, "SendMessageBatch") as calls:
        assert failed(jobs) == []
    assert [len(call["Entries"]) for call in calls] == [10, 10, 1]
    assert sorted(message["chunk"] for message in imports.received()) == list(range(1, 22))


def test_chunks_that_the_job_is_done_with_are_not_sent(pipeline: Pipeline, small_chunks: None):
    jobs = begun(pipeline, rows=5)
    first, second, third = pipeline.messages(jobs)
    imports.work(second)
    assert failed(jobs) == []
    assert imports.received() == [first, third]


def test_of_a_job_that_is_done_the_last_chunk_is_sent_for_its_worker_to_finish_the_import(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    jobs = begun(pipeline)
    imports.work(*pipeline.messages(jobs))
    assert failed(jobs) == []
    (message,) = imports.received()
    assert message["chunk"] == 2
    with stored.unchanged():
        imports.work(message)


def test_chunks_that_an_earlier_job_is_done_with_are_sent(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    import_id = pipeline.drop("Business name\nA\nB\nC\n")
    owner.post(f"/v1/imports/{import_id}/undo")
    assert failed(pipeline.jobs()) == []
    assert [(each["job"], each["chunk"]) for each in imports.received()] == [(2, 1), (2, 2)]


def test_a_record_that_comes_twice_is_sent_twice_and_done_once(owner: Staff, pipeline: Pipeline):
    jobs = begun(pipeline)
    assert failed(jobs) == []
    assert failed(jobs) == []
    for message in imports.received():
        imports.work(message)
    assert len(imports.clients(owner)) == 3


def test_a_record_of_an_import_that_is_gone_sends_nothing():
    job = {"pk": f"IMPORT#{NOBODY}", "sk": "JOB#1", "job": 1, "kind": "import"}
    assert failed([job]) == []
    assert imports.received() == []


REFUSAL = {"Id": "0", "SenderFault": False, "Code": "InternalError", "Message": "Later"}


def twice(pipeline: Pipeline) -> list[stored.Item]:
    return [*begun(pipeline), *begun(pipeline)]


@pytest.mark.parametrize(
    "refused",
    [
        imports.refusing(queues.client, "SendMessageBatch", {"Failed": [REFUSAL]}),
        imports.crashing(queues.client, "SendMessageBatch", times=9),
        stored.fault("Query", "InternalServerError"),
    ],
)
def test_a_record_that_could_not_be_sent_comes_again(refused: Any, pipeline: Pipeline):
    jobs = twice(pipeline)
    with refused:
        assert failed(jobs) == [f"{1:021d}", f"{2:021d}"]
    assert failed(jobs) == []
    assert len(imports.received()) == 2


def test_of_several_records_only_those_come_again_that_could_not_be_sent(pipeline: Pipeline):
    jobs = twice(pipeline)
    with imports.crashing(queues.client, "SendMessageBatch"):
        assert failed(jobs) == [f"{1:021d}"]
    (message,) = imports.received()
    assert message["import_id"] == jobs[1]["pk"].removeprefix("IMPORT#")


def test_some_messages_that_the_queue_refuses_are_enough_to_send_all_again(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    jobs = [*begun(pipeline), *begun(pipeline)]
    with imports.refusing(queues.client, "SendMessageBatch", {"Failed": [REFUSAL]}, times=1):
        assert failed(jobs) == [f"{1:021d}"]
    assert failed(jobs[:1]) == []
    for message in imports.received():
        imports.work(message)
    statuses = {item["status"] for item in owner.get("/v1/imports").body["items"]}
    assert statuses == {"completed"}


# ---- Mail, and the bus ---------------------------------------------------------------------

SCHEMA = Draft202012Validator(json.loads((ROOT / "docs" / "events.schema.json").read_text("utf-8")))


@pytest.fixture
def post() -> Post:
    return Post()


def published(post: Post) -> list[dict[str, Any]]:
    """What the outbox puts on the bus for what has changed, each valid by the schema."""
    with calls(bus.client, "PutEvents") as puts:
        post.dispatch()
    events = [
        {
            "source": entry["Source"],
            "detail-type": entry["DetailType"],
            "detail": json.loads(entry["Detail"]),
        }
        for put in puts
        for entry in put["Entries"]
    ]
    for event in events:
        SCHEMA.validate(event)
    return events


def test_what_happens_to_a_client_is_published(owner: Staff, post: Post):
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    (created,) = published(post)
    assert created["detail-type"] == "client.created"
    assert created["detail"]["client_id"] == client_id
    for action in ("suspend", "activate"):
        owner.post(f"/v1/clients/{client_id}/{action}")
        (event,) = published(post)
        assert event["detail-type"] == f"client.{action.rstrip('e')}ed"
        assert event["detail"]["by"] == owner.staff_id
    owner.delete(f"/v1/clients/{client_id}")
    (event,) = published(post)
    assert event["detail-type"] == "client.deleted"
    assert "Müller" not in json.dumps(event)


def test_what_happens_to_payments_and_credit_notes_is_published(owner: Staff, post: Post):
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    payments, notes = (f"/v1/clients/{client_id}/{name}" for name in ("payments", "credit-notes"))
    published(post)
    payment = owner.post(payments, {"amount": "10.00"}).body
    note = owner.post(notes, {"lines": [{"unit_price": "10.00"}]}).body
    for where in (f"{payments}/{payment['payment_id']}", f"{notes}/{note['credit_note_id']}"):
        owner.post(f"{where}/refund", {"amount": "1.00"})
    owner.post(f"{payments}/{payment['payment_id']}/reverse", {})
    owner.post(f"{notes}/{note['credit_note_id']}/send", {})
    told = [(event["detail-type"], event["detail"]["data"]) for event in published(post)]
    of_payment = {"payment_id": payment["payment_id"]}
    of_note = {"credit_note_id": note["credit_note_id"]}
    *first, (last, data) = told
    assert first == [
        ("payment.recorded", of_payment),
        ("credit_note.issued", of_note),
        ("payment.refunded", of_payment),
        ("credit_note.refunded", of_note),
        ("payment.reversed", of_payment),
    ]
    assert last == "credit_note.sent"
    assert data.items() > of_note.items()


def test_an_event_that_is_published_again_has_the_same_id(owner: Staff, post: Post):
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    owner.post(f"/v1/clients/{client_id}/suspend")
    post.stream._known.clear()
    first = published(post)
    post.stream._known.clear()
    assert published(post) == first
    assert len({event["detail"]["id"] for event in first}) == 2


def test_what_others_do_not_care_for_is_not_published(owner: Staff, post: Post):
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    published(post)
    owner.patch(f"/v1/clients/{client_id}", {"tags": ["vip"]})
    owner.post(f"/v1/clients/{client_id}/notes", {"body": "Called."})
    assert published(post) == []


def test_mails_and_text_messages_go_to_their_workers(owner: Staff, post: Post):
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    body = {"subject": "Hello", "body": "There"}
    email_id = owner.post(f"/v1/clients/{client_id}/emails", body).body["email_id"]
    invited = owner.post(f"/v1/clients/{client_id}/invitation", {}).body["email_id"]
    sms_id = owner.post(f"/v1/clients/{client_id}/sms", {"body": "Hello"}).body["sms_id"]
    post.dispatch()
    assert received("SMS_QUEUE_URL") == [{"client_id": client_id, "sms_id": sms_id}]
    assert received("MAIL_QUEUE_URL") == [{"client_id": client_id, "email_id": email_id}]
    assert received("ACCESS_QUEUE_URL") == [{"client_id": client_id, "email_id": invited}]


def test_a_client_that_is_suspended_or_activated_has_its_users_looked_at(owner: Staff, post: Post):
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    for action in ("suspend", "activate"):
        owner.post(f"/v1/clients/{client_id}/{action}")
        post.dispatch()
        assert received("ACCESS_QUEUE_URL") == [{"client_id": client_id}]


def test_what_may_end_a_reason_to_chase_has_the_client_looked_at_once(owner: Staff, post: Post):
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    invoices = f"/v1/clients/{client_id}/invoices"
    post.dispatch()
    invoice_id = owner.post(invoices, {"lines": [{"unit_price": "10.00"}]}).body["invoice_id"]
    owner.post(f"{invoices}/{invoice_id}/finalize")
    post.dispatch()
    assert received("CHASE_QUEUE_URL") == []
    for amount in ("1.00", "2.00"):
        owner.post(f"/v1/clients/{client_id}/payments", {"amount": amount})
    post.dispatch()
    assert received("CHASE_QUEUE_URL") == [{"client_id": client_id}]
    owner.post(f"{invoices}/{invoice_id}/write-off", {"reason": "Gone"})
    post.dispatch()
    assert received("CHASE_QUEUE_URL") == [{"client_id": client_id}]


def test_a_service_that_has_something_to_be_told_goes_to_its_worker_once():
    deliveries = [
        {"pk": f"CLIENT#{NOBODY}", "sk": f"DELIVERY#{NOBODY}#{number}", "job": 0, "kind": "none"}
        for number in (1, 2)
    ]
    assert failed(deliveries) == []
    assert received("WEBHOOK_QUEUE_URL") == [{"client_id": NOBODY, "service_id": NOBODY}]


def test_many_changes_are_sent_together(owner: Staff, post: Post):
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    body = {"subject": "Hello", "body": "There"}
    for _ in range(12):
        owner.post(f"/v1/clients/{client_id}/emails", body)
    with calls(queues.client, "SendMessageBatch") as sends:
        post.dispatch()
    assert [len(send["Entries"]) for send in sends] == [10, 2]
    assert len(received("MAIL_QUEUE_URL")) == 12


@pytest.mark.parametrize(
    "refused",
    [
        imports.refusing(bus.client, "PutEvents", {"FailedEntryCount": 1, "Entries": [{}]}),
        imports.crashing(bus.client, "PutEvents", times=9),
    ],
)
def test_what_the_bus_does_not_take_comes_again(owner: Staff, post: Post, refused: Any):
    owner.post("/v1/clients", new_client())
    records = post.stream.changes()
    inserted = [each for each in records if each["dynamodb"]["Keys"]["sk"]["S"] == "CLIENT"]
    with refused:
        answer = invoke("outbox", {"Records": inserted})
    assert len(answer["batchItemFailures"]) == 1
    assert invoke("outbox", {"Records": inserted}) == {"batchItemFailures": []}


def test_a_bus_that_takes_nothing_does_not_stop_the_mail(owner: Staff, post: Post):
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    owner.post(f"/v1/clients/{client_id}/emails", {"subject": "Hello", "body": "There"})
    records = [
        each
        for each in post.stream.changes()
        if each["dynamodb"]["Keys"]["sk"]["S"].startswith(("CLIENT", "EMAIL#"))
    ]
    with imports.crashing(bus.client, "PutEvents", times=9):
        answer = invoke("outbox", {"Records": records})
    assert len(answer["batchItemFailures"]) == 1
    assert len(received("MAIL_QUEUE_URL")) == 1
