"""Imports beside each other and beside people: nothing twice, nothing lost, every count right."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier, local
from typing import Any
from unittest import mock

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError

from tallybook.clients import numbers
from tallybook.imports import chunks, splitting
from tests.support import imports, snapshots
from tests.support.api import Staff, invoke
from tests.support.faults import (
    before_transaction,
    hooked,
    no_pauses,
    refused,
)
from tests.support.imports import Pipeline, sqs_event

AT = datetime(2026, 11, 22, 12, tzinfo=UTC)
HEADINGS = "Number,Company,Email,City\n"

type Messages = list[dict[str, Any]]


@pytest.fixture
def impatient() -> Iterator[None]:
    with no_pauses():
        yield


def begun(
    owner: Staff, pipeline: Pipeline, rows: str, *, chunk_rows: int = 500, **options: Any
) -> Messages:
    """The messages of an import that begins."""
    answer = owner.post("/v1/imports", {"filename": "clients.csv", "options": options})
    key = answer.body["upload"]["fields"]["key"]
    with mock.patch.dict(splitting.split.__kwdefaults__, chunk_rows=chunk_rows):
        pipeline.arrive(imports.put(key, HEADINGS + rows))
    return pipeline.messages(pipeline.jobs())


def work(message: dict[str, Any]) -> Any:
    return invoke("import_rows", sqs_event([message]))


def at_once(messages: Messages) -> None:
    """Each message to a worker of its own: threads, as what the function calls may run in them.

    None goes on before every other has looked up whose the numbers and addresses are.
    """
    gate, mine = Barrier(len(messages)), local()

    def hold(**_: Any) -> None:
        mine.lookups = getattr(mine, "lookups", 0) + 1
        if mine.lookups == 2:  # the first was for the chunk itself
            gate.wait(timeout=30)

    def act(message: dict[str, Any]) -> None:
        chunks.work(message["import_id"], message["job"], message["chunk"], now=AT)

    with (
        hooked("after-call.dynamodb.BatchGetItem", hold),
        ThreadPoolExecutor(len(messages)) as threads,
    ):
        list(threads.map(act, messages))


def result(owner: Staff, messages: Messages) -> dict[str, int]:
    found = imports.get(owner, messages[0]["import_id"])
    assert (found["status"], found["progress"]) == ("completed", 1)
    counts: dict[str, int] = found["counts"]
    assert counts["rows"] == sum(counts.values()) - counts["rows"]
    return counts


def rejects(owner: Staff, messages: Messages) -> list[str]:
    link = owner.get(f"/v1/imports/{messages[0]['import_id']}/rejects")
    return imports.download(link).decode().splitlines()[1:]


def listed(owner: Staff) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = owner.get("/v1/clients", limit="100").body["items"]
    return found


def check_guards(admin: Any) -> None:
    """Every number and first address has its guard, every guard its client: none is had twice."""
    seen = snapshots.take(admin)
    had = Counter(
        f"UNIQUE#{field}#{value.casefold()}"
        for (_, sk), item in seen.plain("CLIENT#").items()
        if sk == "CLIENT"
        for field, value in (
            ("number", item["row"]["number"]),
            *(("email", email) for email in item["row"].get("emails", [])[:1]),
        )
        if "removed_at" not in item
    )
    assert had == Counter(pk for pk, _ in seen.plain("UNIQUE#"))


# ---- Workers ------------------------------------------------------------------------------


@pytest.mark.parametrize("update_existing", [True, False], ids=["update", "skip"])
def test_two_workers_on_one_chunk_do_what_one_does(
    owner: Staff, pipeline: Pipeline, admin: Any, update_existing: bool
):
    body = {"business_name": "Acme", "number": "K-1", "emails": ["a@acme.example"]}
    owner.post("/v1/clients", body)
    (message,) = begun(
        owner,
        pipeline,
        """\
K-1,Acme,b@acme.example,Bonn
,Acme Two,a@acme.example,Köln
,,b@acme.example,Graz
N-1,Has a Number,,
,Has None,,
,Has None Either,none@new.example,
n-1,Again,again@new.example,
"""
        + "".join(f",Plain {number},,\n" for number in range(12)),
        update_existing=update_existing,
    )
    before = snapshots.take(admin)
    for workers in (1, 2, 3, 2):
        snapshots.restore(admin, before)
        numbers._seen = None
        at_once([message] * workers)
        after = snapshots.take(admin)
        if workers == 1:
            alone = after
        assert after == alone, f"{workers} workers"
    check_guards(admin)
    counts = result(owner, [message])
    assert (counts["created"], counts["updated"], counts["skipped"], counts["failed"]) == (
        (16, 3, 0, 0) if update_existing else (15, 0, 3, 1)
    )


def test_chunks_at_once_that_have_each_others_duplicates_make_one_client_of_each(
    owner: Staff, pipeline: Pipeline, admin: Any
):
    rows = "".join(
        f"{number},Firm {address},office@firm{address}.example,\n"
        for number, address in [
            *(("", address) for address in range(6)),
            *(("", address) for address in range(5, -1, -1)),
            *((f"N-{address}", 6 + address) for address in range(6)),
            *((f"N-{address}", 12 + address) for address in range(6)),
        ]
    )
    messages = begun(owner, pipeline, rows, chunk_rows=6)
    at_once(messages)
    assert result(owner, messages) == {
        "rows": 24,
        "created": 12,
        "updated": 0,
        "skipped": 12,
        "failed": 0,
    }
    check_guards(admin)
    found = listed(owner)
    assert len({client["business_name"] for client in found}) == 12
    assert len({client["number"] for client in found}) == 12
    assert len(rejects(owner, messages)) == 12


def test_a_worker_that_remembers_an_old_sequence_gives_new_numbers(
    owner: Staff, pipeline: Pipeline, admin: Any
):
    for name in ("Acme", "Bolt", "Cork"):
        owner.post("/v1/clients", {"business_name": name})
    (message,) = begun(owner, pipeline, ",Dent,,\n,Egan,,\n")
    numbers.remember(2)
    work(message)
    assert result(owner, [message])["created"] == 2
    assert sorted(client["number"] for client in listed(owner)) == [
        f"C-{number:04}" for number in range(1, 6)
    ]
    check_guards(admin)


# ---- People ---------------------------------------------------------------------------------


def test_a_row_whose_number_or_address_is_taken_meanwhile_is_skipped_with_the_reason(
    owner: Staff, pipeline: Pipeline, admin: Any
):
    rows = "N-1,Late,,\nN-2,Late Too,late@new.example,\nN-3,In Time,,\n"
    messages = begun(owner, pipeline, rows)

    def rival() -> None:
        first = {"business_name": "First", "number": "n-1"}
        second = {"business_name": "Second", "emails": ["Late@new.example"]}
        assert {owner.post("/v1/clients", body).status for body in (first, second)} == {201}

    with before_transaction("Late Too", rival):
        work(messages[0])
    counts = result(owner, messages)
    assert (counts["created"], counts["skipped"]) == (1, 2)
    assert rejects(owner, messages) == [
        "2,N-1,Late,,,Number: 'N-1' belongs to another client.",
        "3,N-2,Late Too,late@new.example,,Email: 'late@new.example' belongs to another client.",
    ]
    check_guards(admin)


def test_a_row_whose_automatic_number_is_taken_meanwhile_gets_another(
    owner: Staff, pipeline: Pipeline, admin: Any
):
    messages = begun(owner, pipeline, ",Acme,,\n,Bolt,,\n,Cork,,\n")

    def rival() -> None:
        body = {"business_name": "Rival", "number": "C-0002"}
        assert owner.post("/v1/clients", body).status == 201

    with before_transaction("Bolt", rival):
        work(messages[0])
    assert result(owner, messages)["created"] == 3
    by_number = {client["number"]: client["business_name"] for client in listed(owner)}
    assert by_number == {"C-0001": "Acme", "C-0002": "Rival", "C-0003": "Cork", "C-0004": "Bolt"}
    check_guards(admin)


def test_an_edit_that_a_row_meets_is_kept_beside_what_the_row_says(
    owner: Staff, pipeline: Pipeline, admin: Any
):
    body = {"business_name": "Acme", "number": "K-1", "emails": ["a@acme.example"]}
    path = owner.post("/v1/clients", body).headers["location"]
    messages = begun(owner, pipeline, "K-1,Acme & Co,,Bonn\n", update_existing=True)

    def rival() -> None:
        assert owner.patch(path, {"emails": ["b@acme.example"], "tags": ["vip"]}).status == 200

    with before_transaction("Bonn", rival):
        work(messages[0])
    assert result(owner, messages)["updated"] == 1
    found = owner.get(path).body
    assert (found["business_name"], found["billing_address"]["city"]) == ("Acme & Co", "Bonn")
    assert (found["emails"], found["tags"], found["version"]) == (["b@acme.example"], ["vip"], 3)
    check_guards(admin)


def test_a_row_whose_client_is_deleted_meanwhile_makes_a_new_one(
    owner: Staff, pipeline: Pipeline, admin: Any
):
    body = {"business_name": "Acme", "number": "K-1"}
    path = owner.post("/v1/clients", body).headers["location"]
    messages = begun(owner, pipeline, "K-1,Acme & Co,,Bonn\n", update_existing=True)

    def rival() -> None:
        assert owner.delete(path).status == 204

    with before_transaction("Bonn", rival):
        work(messages[0])
    assert result(owner, messages)["created"] == 1
    (client,) = listed(owner)
    assert (client["number"], client["business_name"]) == ("K-1", "Acme & Co")
    assert owner.get(path).status == 404
    check_guards(admin)


def test_a_client_that_is_edited_while_its_import_is_undone_stays(
    owner: Staff, pipeline: Pipeline, admin: Any
):
    body = {"business_name": "Acme", "number": "K-1"}
    acme = owner.post("/v1/clients", body).headers["location"]
    rows = "K-1,Acme & Co,,Bonn\nN-1,Bolt,,\nN-2,Cork,,\n"
    (message,) = begun(owner, pipeline, rows, update_existing=True)
    work(message)
    path = f"/v1/imports/{message['import_id']}"
    assert owner.post(f"{path}/undo").status == 200
    (undoing,) = pipeline.messages(pipeline.jobs())
    bolt = next(each["client_id"] for each in listed(owner) if each["number"] == "N-1")

    def rival() -> None:
        assert owner.patch(f"/v1/clients/{bolt}", {"tags": ["ours"]}).status == 200

    def other_rival() -> None:
        assert owner.patch(acme, {"tags": ["ours"]}).status == 200

    with before_transaction(bolt, rival), before_transaction("restored", other_rival):
        work(undoing)
    assert owner.get(path).body["undo"] == {"removed": 1, "restored": 0, "left": 2}
    assert sorted(client["number"] for client in listed(owner)) == ["K-1", "N-1"]
    left = imports.download(owner.get(f"{path}/left")).decode().splitlines()[1:]
    assert [line.rpartition(",")[2] for line in left] == ["It was changed since."] * 2
    check_guards(admin)


# ---- A table that is busy -------------------------------------------------------------------

CONFLICT = ("TransactionCanceledException", ["TransactionConflict"])
THROTTLED = ("TransactionCanceledException", ["None", "ThrottlingError"])
NO_CAPACITY = ("ProvisionedThroughputExceededException", None)


@pytest.mark.parametrize(("code", "reasons"), [CONFLICT, THROTTLED, NO_CAPACITY])
def test_rows_that_a_busy_table_refuses_go_in_a_little_later(
    owner: Staff,
    pipeline: Pipeline,
    admin: Any,
    impatient: None,
    code: str,
    reasons: list[str] | None,
):
    (message,) = begun(owner, pipeline, "N-1,Acme,,\nN-2,Bolt,,\n")
    with refused("TransactWriteItems", code, reasons=reasons, times=5) as refusals:
        assert work(message) == {"batchItemFailures": []}
    assert len(refusals) == 5
    assert result(owner, [message])["created"] == 2
    check_guards(admin)


@pytest.mark.parametrize(
    ("operation", "code", "reasons"),
    [
        ("TransactWriteItems", *CONFLICT),
        ("TransactWriteItems", *NO_CAPACITY),
        ("BatchGetItem", *NO_CAPACITY),
    ],
)
def test_a_chunk_that_is_always_refused_is_delivered_again_and_then_completed(
    owner: Staff,
    pipeline: Pipeline,
    admin: Any,
    impatient: None,
    operation: str,
    code: str,
    reasons: list[str] | None,
):
    (message,) = begun(owner, pipeline, "N-1,Acme,,\n,Bolt,,\n,Cork,,\nN-1,Dent,,\n")
    with refused(operation, code, reasons=reasons):
        assert not is_done(message)
    assert listed(owner) == []
    assert work(message) == {"batchItemFailures": []}
    assert result(owner, [message]) == {
        "rows": 4,
        "created": 3,
        "updated": 0,
        "skipped": 1,
        "failed": 0,
    }
    check_guards(admin)


def is_done(message: dict[str, Any]) -> bool:
    """Whether the queue may forget the message: neither an error nor named as failed."""
    try:
        return not work(message)["batchItemFailures"]
    except BatchProcessingError:
        return False
