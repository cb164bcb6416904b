"""What remains of a deleted client is removed, and of an erased one only the books stay."""

import io
import json
import logging
import os
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from tallybook import batches
from tallybook.agenda import fallen_due
from tallybook.documents import bucket as papers
from tests.builders import new_client, removal_event
from tests.support import documents, inbound, stored
from tests.support.account import client as aws_client
from tests.support.api import Staff, invoke
from tests.support.billing import drafted, finalized, new_client_id
from tests.support.billing import path as path_of
from tests.support.clock import Clock, turned
from tests.support.recurring import moment, recurring

type Json = dict[str, Any]

BOOKS = ["LEDGER#EUR#2026-11-22#1", "MONTH#EUR#2026-11", "INVOICE#1", "CREDITNOTE#1", "PAYMENT#1"]
OTHERS = ["HISTORY#1", "EMAIL#1", "TASK#1", "ESTIMATE#1", "FILE#1", "PROMISE#1", "RECURRING#1"]
OTHERS += ["MISSED#2026-11-01#recurring#1", "SERVICE#1", "DELIVERY#1#1"]


def client_with_everything(owner: Staff, member: Staff, **fields: Any) -> str:
    client_id = owner.post("/v1/clients", new_client(**fields)).body["client_id"]
    path = f"/v1/clients/{client_id}"
    for number in range(3):
        owner.post(f"{path}/contacts", {"first_name": f"Zoë {number}"})
    for staff in (owner, member):
        staff.put(f"{path}/favourite")
    owner.put(f"{path}/flag", {"reason": "Müller disputes"})
    owner.post(f"{path}/suspend", {"reason": "Müller does not pay"})
    for sk in BOOKS + OTHERS:
        stored.put(f"CLIENT#{client_id}", sk, row={"amount": 1})
    return client_id


def sort_keys(client_id: str) -> list[str]:
    return [sk for _, sk in stored.keys(f"CLIENT#{client_id}")]


def delete(owner: Staff, client_id: str, *, erase: bool = False) -> None:
    query = {"erase": "true"} if erase else None
    assert owner.delete(f"/v1/clients/{client_id}", query).status == 204


def mails() -> list[str]:
    """What lies in the bucket of mail."""
    found = aws_client("s3").list_objects_v2(Bucket=os.environ["MAIL_BUCKET"])
    return [each["Key"] for each in found.get("Contents", [])]


def remove(*client_ids: str) -> list[str]:
    """The removals that failed and will be delivered again."""
    answer = invoke("removals", removal_event(*client_ids))
    return [each["itemIdentifier"] for each in answer["batchItemFailures"]]


def test_every_item_of_a_deleted_client_is_removed(owner: Staff, member: Staff):
    other = client_with_everything(owner, member, emails=["other@x.example"])
    kept = stored.items()
    client_id = client_with_everything(owner, member)
    delete(owner, client_id)
    assert remove(client_id) == []
    left = [each for each in stored.items() if not each["pk"].startswith("SEQUENCE")]
    assert left == [each for each in kept if not each["pk"].startswith("SEQUENCE")]
    assert owner.get(f"/v1/clients/{other}").status == 200


def test_many_items_are_removed(owner: Staff, member: Staff):
    client_id = client_with_everything(owner, member)
    for number in range(120):
        stored.put(f"CLIENT#{client_id}", f"HISTORY#{number:03}", body="x" * 20_000)
    delete(owner, client_id)
    remove(client_id)
    assert sort_keys(client_id) == []


def test_a_client_that_is_not_deleted_is_left_alone(owner: Staff, member: Staff):
    client_id = client_with_everything(owner, member)
    with stored.unchanged():
        assert remove(client_id, "01JA2Y5B7Q8RZ4T9C1N6V3X0WD") == []


@pytest.mark.parametrize("erase", [False, True])
def test_mail_that_came_in_goes_with_its_client(erase: bool, owner: Staff, member: Staff):
    client_id = client_with_everything(owner, member, emails=["anna@acme.example"])
    client_with_everything(owner, member, emails=["bob@bolt.example"])
    if erase:
        stored.alter(f"CLIENT#{client_id}", "CLIENT", finalized_invoices=2)
    inbound.arrive(inbound.mail())
    theirs = mails()
    inbound.arrive(inbound.mail("bob@bolt.example"))
    inbound.arrive(inbound.mail("nobody@x.example"))
    others = [key for key in mails() if key not in theirs]
    delete(owner, client_id, erase=erase)
    assert len(mails()) == 3
    with (
        stored.fault("BatchWriteItem", "InternalServerError"),
        pytest.raises(BatchProcessingError),
    ):
        remove(client_id)
    assert remove(client_id) == []
    assert mails() == others


@pytest.mark.parametrize("erase", [False, True])
def test_papers_go_with_their_client_every_version_of_them(
    erase: bool, owner: Staff, monkeypatch: pytest.MonkeyPatch
):
    listed = partial(papers.client.list_object_versions, MaxKeys=1)
    monkeypatch.setattr(papers.client, "list_object_versions", listed)
    bucket = os.environ["DOCUMENTS_BUCKET"]
    client_id = new_client_id(owner)
    other = drafted(owner, new_client_id(owner))
    draft = drafted(owner, client_id)
    for invoice in (draft, other):
        assert owner.get(f"{path_of(invoice)}/pdf").status == 200
    assert owner.get(f"/v1/clients/{client_id}/statement/pdf").status == 200
    kept = aws_client("s3").list_objects_v2(Bucket=bucket, Prefix=f"passing/{client_id}/")
    gone = kept["Contents"][0]["Key"]
    aws_client("s3").delete_object(Bucket=bucket, Key=gone)  # as the lifecycle does: a marker
    aws_client("s3").put_object(Bucket=bucket, Key=f"documents/{client_id}/invoice/1/2.pdf")
    assert len({key for key in documents.keys(bucket) if client_id in key}) == 3
    delete(owner, client_id, erase=erase)
    assert remove(client_id) == []
    assert [key for key in documents.keys(bucket) if client_id in key] == []
    assert len(documents.keys(bucket)) == 1
    assert remove(client_id) == []


def test_a_removal_may_be_repeated(owner: Staff, member: Staff):
    deleted = client_with_everything(owner, member)
    erased = client_with_everything(owner, member, emails=["other@x.example"])
    delete(owner, deleted)
    delete(owner, erased, erase=True)
    remove(deleted, erased)
    with stored.unchanged():
        assert remove(deleted, erased, deleted) == []


@pytest.mark.parametrize("erase", [False, True])
@pytest.mark.parametrize(
    ("operation", "after"),
    [
        ("Query", 0),
        ("BatchWriteItem", 0),
        ("BatchWriteItem", 1),
        ("DeleteItem", 0),
        ("DeleteItem", 1),
        ("DeleteItem", 2),
        ("UpdateItem", 0),
    ],
)
def test_a_removal_that_crashed_is_finished_by_the_next(
    operation: str, after: int, erase: bool, owner: Staff, member: Staff
):
    client_id = client_with_everything(owner, member)
    path = f"/v1/clients/{client_id}"
    for number in range(40):
        stored.put(f"CLIENT#{client_id}", f"HISTORY#{number:03}")
    if erase:
        stored.alter(f"CLIENT#{client_id}", "CLIENT", finalized_invoices=2)
    delete(owner, client_id, erase=erase)
    with stored.fault(operation, stored.Crash("out of time"), after=after):
        try:
            remove(client_id)
        except Exception as error:  # noqa: BLE001 - Powertools says so when a whole batch failed
            assert "All records failed" in str(error)  # noqa: PT017
        assert owner.get(path).status in (404, 500)
    for query in ({}, {"q": "müller"}, {"sort": "-created_at"}):
        assert owner.get("/v1/clients", **query).body["items"] == []
    assert remove(client_id) == []
    assert sort_keys(client_id) == (sorted([*BOOKS, "CLIENT"]) if erase else [])
    assert stored.keys("STAFF#") == []


def test_one_removal_that_fails_does_not_stop_the_others(owner: Staff, member: Staff):
    ids = []
    for number in range(2):
        ids.append(client_with_everything(owner, member, emails=[f"a{number}@x.example"]))
        delete(owner, ids[-1])
    with stored.fault("BatchWriteItem", "InternalServerError", after=1):
        failed = remove(*ids)
    assert failed == [f"{2:021d}"]
    assert sort_keys(ids[0]) == []
    assert remove(ids[1]) == []
    assert sort_keys(ids[1]) == []


def test_the_log_says_which_removal_failed_and_why(
    owner: Staff, member: Staff, monkeypatch: pytest.MonkeyPatch
):
    ids = []
    for number in range(2):
        ids.append(client_with_everything(owner, member, emails=[f"a{number}@x.example"]))
        delete(owner, ids[-1])
    log = io.StringIO()
    for handler in batches.logger.handlers:
        assert isinstance(handler, logging.StreamHandler)
        monkeypatch.setattr(handler, "stream", log)
    with stored.fault("BatchWriteItem", "InternalServerError", after=1):
        assert len(remove(*ids)) == 1
    removed, failed = map(json.loads, log.getvalue().splitlines())
    assert (removed["level"], removed["message"]) == ("INFO", "done")
    assert (failed["level"], failed["message"]) == ("ERROR", "not done")
    assert [removed["pk"], failed["pk"]] == [f"CLIENT#{client_id}" for client_id in ids]
    assert "InternalServerError" in failed["exception"]
    assert "müller" not in log.getvalue().casefold()


def test_writes_that_a_busy_table_left_over_are_written_again(owner: Staff, member: Staff):
    client_id = client_with_everything(owner, member)
    delete(owner, client_id)
    with stored.left_over("BatchWriteItem"):
        assert remove(client_id) == []
    assert sort_keys(client_id) == []


def test_of_an_erased_client_the_books_stay_and_nothing_personal(owner: Staff, member: Staff):
    client_id = client_with_everything(owner, member)
    address = "office@mueller.example"
    given_up = {address: {"address": address, "reason": "bounce", "at": "2026-11-22"}}
    stored.alter(f"CLIENT#{client_id}", "CLIENT", finalized_invoices=2, suppressed=given_up)
    invited = {"row__portal_status": "waiting", "row__portal_invited_at": "2026-11-22"}
    stored.alter(f"CLIENT#{client_id}", "CLIENT", **invited)
    delete(owner, client_id, erase=True)
    assert remove(client_id) == []
    assert sort_keys(client_id) == sorted([*BOOKS, "CLIENT"])
    stub = stored.item(f"CLIENT#{client_id}", "CLIENT")
    assert stub["row"]["number"] == "C-0001"
    assert stub["row"]["currency"] == "EUR"
    assert not {"suppressed", "portal"} & stub.keys()
    assert not {"portal_status", "portal_invited_at"} & stub["row"].keys()
    everything = str(stored.items()).casefold()
    for personal in ("müller", "jürgen", "mueller", "221123456", "lindenstr", "köln", "zoë"):
        assert personal not in everything, personal
    assert "favourite#" not in everything
    assert owner.get(f"/v1/clients/{client_id}").status == 404
    assert owner.get("/v1/clients").body["items"] == []
    number = owner.post("/v1/clients", new_client(number="C-0001"))
    assert number.status == 201


def test_whom_the_books_of_an_erased_client_were_about_is_gone_from_them(owner: Staff):
    """The word stands wherever people may write; lines are the books' own."""
    word = "Rumpelstilz"
    client_id = new_client_id(
        owner,
        business_name=word,
        first_name=word,
        emails=[f"{word}@x.example"],
        buyer_reference=word,
        vat_id=word,
        billing_address={"city": word},
    )
    here = f"/v1/clients/{client_id}"
    first, second, third = (
        finalized(owner, client_id, notes=word, purchase_order=word) for _ in range(3)
    )
    drafted(owner, client_id)
    paid = {"amount": "500.00", "method": "cash", "reference": word}
    payment = owner.post(f"{here}/payments", paid).body
    refund = {"amount": "10.00", "method": "cash", "reference": word}
    credit = {"invoice_id": third["invoice_id"], "full": True, "reason": word}
    answers = [
        owner.put(f"{path_of(first)}/collection-status", {"status": "legal", "note": word}),
        owner.post(f"{path_of(second)}/void", {"reason": word}),
        owner.post(f"{here}/payments/{payment['payment_id']}/refund", refund),
        owner.post(f"{here}/payments/{payment['payment_id']}/reverse", {"reason": word}),
        owner.post(f"{here}/credit-notes", credit),
        owner.post(f"{path_of(first)}/write-off", {"reason": word}),
    ]
    assert {each.status for each in answers} <= {200, 201}, answers
    before = stored.items(f"CLIENT#{client_id}")
    delete(owner, client_id, erase=True)
    assert remove(client_id) == []
    kept = ("LEDGER#", "MONTH#", "OPEN#", "INVOICE#", "CREDITNOTE#", "PAYMENT#")
    books = [each["sk"] for each in before if each["sk"].startswith(kept)]
    drafts = [each["sk"] for each in before if each.get("row", {}).get("status") == "draft"]
    assert set(sort_keys(client_id)) == {*books, "CLIENT"} - {*drafts}
    assert len(drafts) == 1
    assert word.casefold() not in str(stored.items(f"CLIENT#{client_id}")).casefold()
    invoice = stored.item(f"CLIENT#{client_id}", f"INVOICE#{first['invoice_id']}")
    assert invoice["row"]["number"] == first["number"]
    assert invoice["entered"]["lines"][0]["description"] == "Consulting"
    assert invoice["parties"]["seller"] is not None
    with stored.unchanged():
        assert remove(client_id) == []
    (row, *_) = owner.get("/v1/invoices").body["items"]
    assert row["client"] == {
        "client_id": client_id,
        "number": row["client"]["number"],
        "business_name": None,
    }


# ---- What falls due ----------------------------------------------------------------------


@pytest.fixture
def clock() -> Iterator[Clock]:
    """It is 22 November 2026."""
    with turned(moment("2026-11-22")) as clock:
        yield clock


def with_much_to_do(owner: Staff, clock: Clock) -> tuple[str, Json]:
    """A client that is to be invoiced, and asked what it promised; with its recurring invoice."""
    client_id = new_client_id(owner, emails=["anna@acme.example"])
    here = f"/v1/clients/{client_id}"
    finalized(owner, client_id, due_date="2026-11-30")
    made = recurring(owner, client_id, start_date="2026-12-01", auto_send=False)
    promise = {"amount": "100.00", "date": "2026-12-02", "note": "Rumpelstilz"}
    service = {"name": "Rumpelstilz"}
    task = {"title": "Rumpelstilz", "due_date": "2026-12-01"}
    wanted = {"promises": promise, "services": service, "tasks": task}
    for what, body in wanted.items():
        answer = owner.post(f"{here}/{what}", body)
        assert answer.status == 201, answer.body
    clock.set(moment("2026-12-05"))
    return client_id, made


def work_for(client_id: str, made: Json) -> None:
    """The workers get messages about the client, whatever the agenda says."""
    invoke("recurring_runs", queued({"refs": [[client_id, made["recurring_id"]]]}))
    invoke("chaser", queued({"client_id": client_id}))


def queued(message: Json) -> Json:
    record = {
        "messageId": "1",
        "receiptHandle": "receipt",
        "body": json.dumps(message),
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:eu-central-1:123456789012:work",
    }
    return {"Records": [record]}


def test_work_is_done_for_a_client_that_is_there(owner: Staff, clock: Clock):
    """Else nothing below could fail."""
    client_id, made = with_much_to_do(owner, clock)
    assert (f"CLIENT#{client_id}", "CLIENT") in fallen_due("client", clock.at)
    work_for(client_id, made)
    assert len(owner.get(f"/v1/clients/{client_id}/invoices").body["items"]) == 2
    assert len(owner.get(f"/v1/clients/{client_id}/tasks").body["items"]) == 2


def test_a_deleted_client_is_not_looked_at_and_nothing_is_done_for_it_any_more(
    owner: Staff, clock: Clock
):
    client_id, made = with_much_to_do(owner, clock)
    delete(owner, client_id, erase=True)
    assert list(fallen_due("client", clock.at)) == []
    with stored.unchanged():
        work_for(client_id, made)
    assert remove(client_id) == []
    for kind in ("client", "recurring", "webhook"):
        assert list(fallen_due(kind, clock.at)) == []
    with stored.unchanged():
        work_for(client_id, made)
        assert owner.get("/v1/tasks", assignee="none").body["items"] == []
    assert "rumpelstilz" not in str(stored.items()).casefold()
