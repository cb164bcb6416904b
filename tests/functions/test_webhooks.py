"""Sending webhooks: in order, again and again, signed, and to the public internet alone."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest

from tallybook import agenda, queues
from tallybook.dates import now
from tallybook.services import sending, switching
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged
from tests.support import billing, hooks, stored
from tests.support.api import Staff, invoke
from tests.support.clock import Clock, turned
from tests.support.faults import hooked
from tests.support.hooks import URL, Got, Hooks
from tests.support.imports import sqs_event

type Json = dict[str, Any]

SECOND, MINUTE, HOUR = timedelta(seconds=1), timedelta(minutes=1), timedelta(hours=1)


@pytest.fixture
def outside() -> Iterator[Hooks]:
    with hooks.played() as played:
        yield played


@pytest.fixture
def clock() -> Iterator[Clock]:
    with turned(now()) as clock:
        yield clock


@pytest.fixture
def sent() -> Iterator[list[tuple[int, Json]]]:
    """What goes back into the queue: after how many seconds, and what."""
    messages: list[tuple[int, Json]] = []

    def note(params: Json, **_: Any) -> None:
        messages.extend(
            (each.get("DelaySeconds", 0), json.loads(each["MessageBody"]))
            for each in params["Entries"]
        )

    with hooked("provide-client-params.sqs.SendMessageBatch", note, queues.client):
        yield messages


@pytest.fixture
def service(owner: Staff) -> str:
    """The path of a service with a webhook."""
    client_id = billing.new_client_id(owner)
    return registered(owner, client_id)


def registered(owner: Staff, client_id: str, **fields: Any) -> str:
    new = {"name": "Hosting", "webhook_url": URL} | fields
    made = owner.post(f"/v1/clients/{client_id}/services", new)
    assert made.status == 201, made.body
    return str(made.headers["location"])


def work(service: str) -> None:
    """The worker gets the message of the service, and does it."""
    _, _, _, client_id, _, service_id = service.split("/")
    message = {"client_id": client_id, "service_id": service_id}
    assert invoke("webhooks", sqs_event([message])) == {"batchItemFailures": []}


def due(clock: Clock) -> list[str]:
    """The services that the agenda names at the time, as paths."""
    keys = agenda.fallen_due("webhook", clock.at)
    return [f"/v1/clients/{pk[7:]}/services/{sk[8:]}" for pk, sk in keys]


def deliveries(owner: Staff, service: str) -> list[Json]:
    """The deliveries, the oldest first, whole."""
    rows = owner.get(f"{service}/deliveries", limit="100").body["items"]
    return [owner.get(f"{service}/deliveries/{row['delivery_id']}").body for row in rows[::-1]]


def states(owner: Staff, service: str) -> list[str]:
    return [each["status"] for each in deliveries(owner, service)]


def secret(owner: Staff, service: str) -> str:
    return str(owner.get(f"{service}/secret").body["secret"])


def switch(owner: Staff, service: str, times: int = 1) -> None:
    for _ in range(times):
        assert owner.post(f"{service}/suspend").status == 200
        assert owner.post(f"{service}/reinstate").status == 200


def item(service: str) -> Json:
    _, _, _, client_id, _, service_id = service.split("/")
    return stored.item(f"CLIENT#{client_id}", f"SERVICE#{service_id}")


def events(service: str) -> list[str]:
    items = stored.items(f"CLIENT#{service.split('/')[3]}")
    return [str(each["event"]) for each in items if str(each.get("event")).startswith("webhook.")]


def tasks(service: str) -> list[Json]:
    items = stored.items(f"CLIENT#{service.split('/')[3]}")
    return [each for each in items if each["sk"].startswith("TASK#")]


# ---- One after another ---------------------------------------------------------------------------


def test_what_happened_is_told_in_order_and_signed(owner: Staff, service: str, outside: Hooks):
    switch(owner, service, 2)
    work(service)
    key = secret(owner, service)
    told = [each.verified(key) for each in outside.got]
    assert [each["type"] for each in told] == ["service.suspended", "service.reinstated"] * 2
    assert [each["data"]["status"] for each in told] == ["suspended", "active"] * 2
    assert outside.ids() == [each["delivery_id"] for each in deliveries(owner, service)]
    assert states(owner, service) == ["delivered"] * 4
    first = outside.got[0]
    assert (first.method, first.path, first.address) == ("POST", "/tallybook", hooks.PUBLIC)
    assert first.headers["Content-Type"] == "application/json"


def test_what_was_delivered_is_not_sent_again(owner: Staff, service: str, outside: Hooks):
    switch(owner, service)
    work(service)
    with stored.unchanged():
        work(service)
    assert len(outside.got) == 2
    assert item(service).keys() & {"agenda_pk", "agenda_sk", "lease"} == set()


def test_the_attempt_is_noted(owner: Staff, service: str, outside: Hooks, clock: Clock):
    owner.post(f"{service}/ping")
    work(service)
    (delivery,) = deliveries(owner, service)
    (attempt,) = delivery["attempts"]
    assert (attempt["status"], attempt["error"], attempt["answer"]) == (204, None, None)
    assert delivery["ended_at"] >= attempt["at"] > delivery["created_at"]
    assert owner.get(f"{service}/deliveries").body["items"][0]["attempts"] == 1


def test_a_refusal_is_noted_with_how_it_begins(owner: Staff, service: str, outside: Hooks):
    outside.reply = (
        b"HTTP/1.1 400 Bad\r\nContent-Length: 3000\r\n\r\nNo\x00\n\xff such" + b"x" * 2990
    )
    owner.post(f"{service}/ping")
    work(service)
    ((attempt,),) = [each["attempts"] for each in deliveries(owner, service)]
    assert (attempt["status"], attempt["error"]) == (400, "The answer was 400.")
    assert attempt["answer"].startswith("No \N{REPLACEMENT CHARACTER} suchxxx")
    assert len(attempt["answer"]) <= 1024


def test_events_of_the_same_millisecond_keep_their_order(
    owner: Staff, service: str, outside: Hooks, clock: Clock
):
    """Also where the clock of one function is behind that of another."""
    owner.post(f"{service}/suspend")
    clock.at -= 10 * SECOND
    owner.post(f"{service}/reinstate")
    clock.at -= 10 * SECOND
    owner.post(f"{service}/suspend")
    clock.at += MINUTE
    work(service)
    told = [json.loads(each.body)["type"] for each in outside.got]
    assert told == ["service.suspended", "service.reinstated", "service.suspended"]
    assert outside.ids() == sorted(outside.ids())


def test_services_do_not_wait_for_each_other(owner: Staff, service: str, outside: Hooks):
    other = registered(owner, service.split("/")[3], webhook_url="https://other.example/")
    outside.hosts["other.example"] = [hooks.PUBLIC]
    outside.reply = lambda got: 500 if got.host == hooks.HOST else 200
    for each in (service, other):
        switch(owner, each)
        work(each)
    assert states(owner, service) == ["pending"] * 2
    assert states(owner, other) == ["delivered"] * 2


# ---- Again ---------------------------------------------------------------------------------------


def test_what_fails_comes_back_later_and_nothing_overtakes_it(
    owner: Staff, service: str, outside: Hooks, clock: Clock, sent: list[tuple[int, Json]]
):
    outside.reply = 500
    switch(owner, service)
    work(service)
    assert len(outside.got) == 1
    assert [delay for delay, _ in sent] == [5]
    for _ in range(3):  # too early
        work(service)
    assert len(outside.got) == 1
    clock.at += 6 * SECOND
    work(service)
    assert len(outside.got) == 2
    assert sent[-1][0] == 300
    outside.reply = 200
    clock.at += 301 * SECOND
    work(service)
    ids = outside.ids()
    assert ids[0] == ids[1] == ids[2] < ids[3]
    assert len(ids) == 4
    assert states(owner, service) == ["delivered"] * 2


def test_each_attempt_is_signed_anew_with_its_own_time(
    owner: Staff, service: str, outside: Hooks, clock: Clock
):
    outside.reply = 500
    owner.post(f"{service}/ping")
    work(service)
    clock.at += 6 * SECOND
    work(service)
    key = secret(owner, service)
    first, second = outside.got
    assert first.verified(key, clock.at - 5 * SECOND) == second.verified(key, clock.at)
    assert first.headers["webhook-timestamp"] < second.headers["webhook-timestamp"]


def test_a_long_pause_is_made_of_short_ones_or_left_to_the_agenda(
    owner: Staff, service: str, outside: Hooks, clock: Clock, sent: list[tuple[int, Json]]
):
    outside.reply = 500
    owner.post(f"{service}/ping")
    work(service)
    for pause in (5, 300):
        clock.at += pause * SECOND
        work(service)
    assert len(outside.got) == 3
    assert [delay for delay, _ in sent] == [5, 300, 900]  # the next comes after half an hour
    clock.at += 901 * SECOND
    work(service)
    assert len(outside.got) == 3
    assert 890 <= sent[-1][0] <= 900
    clock.at += 901 * SECOND
    before = len(sent)
    work(service)
    assert len(outside.got) == 4
    assert len(sent) == before  # two hours: the agenda's
    assert due(clock) == []
    clock.at += 2 * HOUR + SECOND
    assert due(clock) == [service]


def until_given_up(service: str, clock: Clock) -> int:
    """Work as often as the agenda asks, until nothing waits; how often it asked."""
    asked = 0
    while "agenda_sk" in item(service):
        if due(clock):
            asked += 1
            work(service)
        clock.at += HOUR
    return asked


def test_after_three_days_it_is_given_up_and_somebody_told(
    owner: Staff, service: str, outside: Hooks, clock: Clock
):
    outside.reply = OSError("Connection refused")
    begun = clock.at
    switch(owner, service, 3)
    until_given_up(service, clock)
    assert timedelta(days=3) < clock.at - begun < timedelta(days=5)
    assert states(owner, service) == ["failed"] * 6
    attempts = [len(each["attempts"]) for each in deliveries(owner, service)]
    assert attempts == [10, 3, 3, 3, 3, 3]
    assert events(service) == ["webhook.failed"] * 6
    (task,) = tasks(service)
    assert "Hosting" in task["row"]["title"]
    assert "Connection refused" in task["body"]
    assert owner.get(service).body["webhook"]["failing_since"] is not None


def test_once_it_went_well_the_next_failure_is_a_new_task(
    owner: Staff, service: str, outside: Hooks, clock: Clock
):
    for reply in (500, 200, 500):
        outside.reply = reply
        owner.post(f"{service}/ping")
        until_given_up(service, clock)
    assert states(owner, service) == ["failed", "delivered", "failed"]
    assert len(tasks(service)) == 2


def test_while_a_service_fails_it_says_so(owner: Staff, service: str, outside: Hooks, clock: Clock):
    outside.reply = 503
    owner.post(f"{service}/ping")
    work(service)
    state = owner.get(service).body["webhook"]
    assert state["failing_since"] is not None
    assert state["next_attempt_at"] > state["failing_since"]
    assert owner.get(service).etag == '"1"'
    outside.reply = 200
    clock.at += 6 * SECOND
    work(service)
    assert set(owner.get(service).body["webhook"].values()) == {None}


def test_a_redirect_is_a_failure_and_never_followed(owner: Staff, service: str, outside: Hooks):
    outside.reply = b"HTTP/1.1 302 Found\r\nLocation: https://hooks.example/b\r\n\r\n"
    owner.post(f"{service}/ping")
    work(service)
    assert [each.path for each in outside.got] == ["/tallybook"]
    (delivery,) = deliveries(owner, service)
    assert "not followed" in delivery["attempts"][0]["error"]


# ---- Where it may go -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    "addresses",
    [["127.0.0.1"], ["169.254.169.254"], [hooks.PUBLIC, "10.0.0.1"], ["::ffff:10.0.0.1"], []],
)
def test_a_host_inside_of_a_network_is_not_asked(
    owner: Staff, service: str, outside: Hooks, addresses: list[str]
):
    outside.hosts[hooks.HOST] = addresses
    owner.post(f"{service}/ping")
    work(service)
    assert outside.got == []
    (delivery,) = deliveries(owner, service)
    assert "not a public address" in delivery["attempts"][0]["error"]


def test_a_host_that_is_not_found_is_a_failure(owner: Staff, service: str, outside: Hooks):
    outside.hosts.clear()
    owner.post(f"{service}/ping")
    work(service)
    (delivery,) = deliveries(owner, service)
    assert "not known" in delivery["attempts"][0]["error"]


def test_an_address_that_is_gone_is_switched_off(
    owner: Staff, service: str, outside: Hooks, clock: Clock
):
    outside.reply = 410
    switch(owner, service)
    work(service)
    assert len(outside.got) == 1
    assert states(owner, service) == ["failed", "dropped"]
    assert owner.get(service).body["webhook"]["switched_off_at"] is not None
    assert events(service) == ["webhook.switched_off"]
    assert len(tasks(service)) == 1
    switch(owner, service)
    assert len(states(owner, service)) == 2  # nobody is told of these
    assert owner.post(f"{service}/ping").code == "no_webhook"
    replayed = deliveries(owner, service)[1]["delivery_id"]
    assert owner.post(f"{service}/deliveries/{replayed}/replay").code == "no_webhook"


def test_to_set_the_address_switches_it_on(owner: Staff, service: str, outside: Hooks):
    outside.reply = 410
    owner.post(f"{service}/ping")
    work(service)
    outside.reply = 200
    changed = owner.patch(service, {"webhook_url": URL})
    assert changed.body["webhook"]["switched_off_at"] is None
    assert changed.etag == '"2"'
    owner.post(f"{service}/ping")
    work(service)
    assert states(owner, service) == ["failed", "delivered"]


def test_what_waits_goes_to_a_new_address_at_once(
    owner: Staff, service: str, outside: Hooks, clock: Clock
):
    outside.reply = 500
    switch(owner, service)
    work(service)
    outside.reply, outside.hosts["new.example"] = 200, [hooks.PUBLIC]
    owner.patch(service, {"webhook_url": "https://new.example/x"})
    assert due(clock) == [service]
    work(service)
    assert [each.host for each in outside.got] == [hooks.HOST, "new.example", "new.example"]
    assert states(owner, service) == ["delivered"] * 2


def test_without_an_address_what_waits_is_dropped(
    owner: Staff, service: str, outside: Hooks, clock: Clock
):
    outside.reply = 500
    switch(owner, service)
    work(service)
    owner.patch(service, {"webhook_url": None})
    work(service)
    assert states(owner, service) == ["dropped"] * 2
    assert len(outside.got) == 1
    assert due(clock) == []


# ---- Secrets and replays -------------------------------------------------------------------------


def test_while_secrets_overlap_a_webhook_is_signed_with_both(
    owner: Staff, service: str, outside: Hooks, clock: Clock
):
    old = secret(owner, service)
    owner.post(f"{service}/secret/rotate", {"overlap_hours": 2})
    new = secret(owner, service)
    for _ in range(2):
        owner.post(f"{service}/ping")
        work(service)
        clock.at += 2 * HOUR
    during, after = outside.got
    assert during.verified(old, clock.at - 4 * HOUR) == during.verified(new, clock.at - 4 * HOUR)
    assert after.verified(new, clock.at - 2 * HOUR)
    assert after.headers["webhook-signature"].count("v1,") == 1


def test_a_delivery_is_repeated_behind_the_others_with_the_same_id_and_body(
    owner: Staff, service: str, outside: Hooks
):
    switch(owner, service)
    work(service)
    first = deliveries(owner, service)[0]
    again = owner.post(f"{service}/deliveries/{first['delivery_id']}/replay", idempotency_key="a")
    assert again.status == 202
    assert again.body["is_replay"]
    assert again.body["delivery_id"] != first["delivery_id"]
    work(service)
    sent = outside.got
    assert len(sent) == 3
    assert (sent[2].message_id, sent[2].body) == (sent[0].message_id, sent[0].body)
    third = owner.post(f"{service}/deliveries/{again.body['delivery_id']}/replay").body
    assert third["message_id"] == first["message_id"]


def test_what_was_given_up_can_be_repeated(
    owner: Staff, service: str, outside: Hooks, clock: Clock
):
    outside.reply = 500
    owner.post(f"{service}/ping")
    until_given_up(service, clock)
    (failed,) = deliveries(owner, service)
    outside.reply = 200
    owner.post(f"{service}/deliveries/{failed['delivery_id']}/replay")
    work(service)
    assert states(owner, service) == ["failed", "delivered"]


# ---- Several workers, and what is in their way ---------------------------------------------------


def test_while_a_worker_has_it_another_leaves_it_and_comes_back(
    owner: Staff, service: str, outside: Hooks, sent: list[tuple[int, Json]]
):
    def meanwhile(_: Got) -> int:
        if len(outside.got) == 1:
            work(service)
        return 200

    outside.reply = meanwhile
    switch(owner, service)
    work(service)
    assert len(outside.got) == 2
    assert [0 < delay <= 31 for delay, _ in sent] == [True]
    assert states(owner, service) == ["delivered"] * 2


def test_what_is_added_while_the_last_one_is_sent_goes_out_as_well(
    owner: Staff, service: str, outside: Hooks
):
    def meanwhile(_: Got) -> int:
        if len(outside.got) == 1:
            owner.post(f"{service}/reinstate")
        return 200

    outside.reply = meanwhile
    owner.post(f"{service}/suspend")
    work(service)
    assert states(owner, service) == ["delivered"] * 2
    assert "agenda_sk" not in item(service)


def test_a_change_of_the_address_while_it_is_sent_sends_it_there(
    owner: Staff, service: str, outside: Hooks
):
    def meanwhile(_: Got) -> int:
        if len(outside.got) == 1:
            owner.patch(service, {"webhook_url": "https://new.example/"})
        return 200

    outside.reply, outside.hosts["new.example"] = meanwhile, [hooks.PUBLIC]
    owner.post(f"{service}/suspend")
    work(service)
    assert [each.host for each in outside.got] == [hooks.HOST, "new.example"]
    assert len(set(outside.ids())) == 1
    assert states(owner, service) == ["delivered"]


@pytest.mark.parametrize("what", ["service", "client"])
def test_what_is_deleted_while_it_is_sent_is_let_go(
    owner: Staff, service: str, outside: Hooks, what: str
):
    def meanwhile(_: Got) -> int:
        gone = owner.delete(service if what == "service" else service.partition("/services")[0])
        assert gone.status == 204
        return 410

    outside.reply = meanwhile
    owner.post(f"{service}/suspend")
    work(service)
    assert len(outside.got) == 1
    assert tasks(service) == []


def test_where_nothing_is_left_to_send_the_service_rests_unless_something_comes(
    owner: Staff, service: str, outside: Hooks
):
    """A service that is being deleted loses its deliveries first."""
    for rival in (lambda: None, lambda: owner.post(f"{service}/ping")):
        gone = owner.post(f"{service}/ping").body["delivery_id"]
        _, _, _, client_id, _, service_id = service.split("/")
        key = {"pk": f"CLIENT#{client_id}", "sk": f"DELIVERY#{service_id}#{gone}"}
        stored.client().delete_item(
            TableName=os.environ["TABLE_NAME"], Key={name: {"S": key[name]} for name in key}
        )
        with stored.in_between("UpdateItem", rival):
            work(service)
        assert "agenda_sk" not in item(service)
    assert states(owner, service) == ["delivered"]


def test_a_run_that_takes_too_long_is_continued_by_another(
    owner: Staff,
    service: str,
    outside: Hooks,
    sent: list[tuple[int, Json]],
    monkeypatch: pytest.MonkeyPatch,
):
    switch(owner, service, 2)
    with monkeypatch.context() as impatient:
        impatient.setattr(sending, "_ENOUGH", 10.0)
        ticks = iter(range(0, 1000, 4))
        impatient.setattr(sending, "monotonic", lambda: float(next(ticks)))
        work(service)
    assert states(owner, service) == ["delivered"] * 2 + ["pending"] * 2
    assert sent == [(0, sent[0][1])]
    work(service)  # at once: no lease is in its way
    assert states(owner, service) == ["delivered"] * 4


def test_a_table_that_throttles_brings_the_message_back(owner: Staff, service: str, outside: Hooks):
    owner.post(f"{service}/suspend")
    message = {"client_id": service.split("/")[3], "service_id": service.split("/")[5]}
    with stored.fault("GetItem", "ThrottlingException"):
        answer = invoke("webhooks", sqs_event([message]))
    assert len(answer["batchItemFailures"]) == 1
    work(service)
    assert states(owner, service) == ["delivered"]


def test_webhooks_of_a_suspended_client_go_out(owner: Staff, service: str, outside: Hooks):
    owner.post(f"{service.partition('/services')[0]}/suspend", {"reason": "Unpaid"})
    switch(owner, service)
    work(service)
    assert states(owner, service) == ["delivered"] * 2


# ---- What steps and payments do ------------------------------------------------------------------


@contextmanager
def committed() -> Iterator[Transaction]:
    transaction = Transaction()
    yield transaction
    transaction.commit()


def test_a_step_suspends_what_is_active_and_payment_gives_back_only_that(
    owner: Staff, service: str, outside: Hooks
):
    client_id = service.split("/")[3]
    blocked = registered(owner, client_id, name="Mail")
    owner.post(f"{blocked}/suspend", {"note": "Abuse"})
    invoice = "01JA2Y5B7Q8RZ4T9C1N6V3X0WE"
    with committed() as transaction:
        services = switching.of_client(client_id)
        left = switching.suspend_for_non_payment(transaction, services, [invoice], now())
        assert left == 0
    why = owner.get(service).body["suspended"]
    assert (why["reason"], why["by"], why["invoice_ids"]) == ("non_payment", None, [invoice])
    with committed() as transaction:
        assert switching.reinstate_paid(transaction, switching.of_client(client_id), now()) == 0
    assert owner.get(service).body["status"] == "active"
    assert owner.get(blocked).body["suspended"]["reason"] == "other"
    work(service)
    told = [json.loads(each.body)["data"] for each in outside.got]
    assert [each["reason"] for each in told] == ["non_payment", None]


def test_very_many_services_are_switched_in_several_transactions(owner: Staff, service: str):
    client_id = service.split("/")[3]
    for number in range(switching.MOST_AT_ONCE + 2):
        registered(owner, client_id, name=f"Number {number}")
    left = []
    for _ in range(2):
        with committed() as transaction:
            services = switching.of_client(client_id)
            left.append(switching.suspend_for_non_payment(transaction, services, [], now()))
            assert len(transaction) <= 3 * switching.MOST_AT_ONCE
    assert left == [3, 0]
    assert all(each.suspended for each in switching.of_client(client_id))


def test_a_service_that_changed_since_it_was_read_is_not_switched(owner: Staff, service: str):
    client_id = service.split("/")[3]
    services = switching.of_client(client_id)
    owner.patch(service, {"paid_through": "2199-12-31"})
    transaction = Transaction()
    switching.suspend_for_non_payment(transaction, services, [], now())
    with stored.unchanged(), pytest.raises(VersionChanged):
        transaction.commit()
