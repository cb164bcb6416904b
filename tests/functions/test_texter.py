"""Giving SMS to the telephone network: each once at most, none to a suspended client."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

import pytest
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from botocore.exceptions import ConnectTimeoutError, ReadTimeoutError
from moto.sns.models import sns_backends

from tallybook import claims, queues
from tallybook.dates import now, timestamp
from tallybook.sms import network, sending
from tests.support import stored
from tests.support.api import Staff, invoke
from tests.support.faults import Death, death_at_write, hooked
from tests.support.imports import sqs_event

NUMBER = "+49221123456"
ACCOUNT = "123456789012"


@pytest.fixture
def acme(owner: Staff) -> str:
    new = {"business_name": "Acme", "telephone": NUMBER}
    return f"/v1/clients/{owner.post('/v1/clients', new).body['client_id']}"


@pytest.fixture
def hastened() -> Iterator[list[int]]:
    """After how many seconds messages were told to come back."""
    seconds: list[int] = []

    def note(params: dict[str, Any], **_: Any) -> None:
        seconds.append(int(params["VisibilityTimeout"]))

    with hooked("provide-client-params.sqs.ChangeMessageVisibility", note, queues.client):
        yield seconds


def queued(staff: Staff, acme: str, body: str = "Ready") -> dict[str, str]:
    """An SMS to send; returns the message that the outbox sends to the queue."""
    answer = staff.post(f"{acme}/sms", {"body": body})
    assert answer.status == 202, answer.body
    return {"client_id": acme.rpartition("/")[2], "sms_id": answer.body["sms_id"]}


def work(*messages: dict[str, str]) -> int:
    """How many of the messages come back."""
    return len(invoke("texter", sqs_event(messages))["batchItemFailures"])


def left() -> list[tuple[str, str]]:
    """What the network was given: number and text."""
    sms = sns_backends[ACCOUNT]["eu-central-1"].sms_messages
    return [(number, text) for number, text in sms.values()]


def shown(staff: Staff, message: dict[str, str]) -> dict[str, Any]:
    where = f"/v1/clients/{message['client_id']}/sms/{message['sms_id']}"
    body: dict[str, Any] = staff.get(where).body
    return body


def item(message: dict[str, str]) -> stored.Item:
    return stored.item(f"CLIENT#{message['client_id']}", f"SMS#{message['sms_id']}")


def held(acme: str) -> list[str]:
    keys = stored.keys(f"CLIENT#{acme.rpartition('/')[2]}")
    return [sk for _, sk in keys if sk.startswith("HELD#")]


@contextmanager
def later(by: timedelta) -> Iterator[None]:
    """Workers find that so much time has gone by."""
    with pytest.MonkeyPatch.context() as clock:
        clock.setattr(sending, "now", lambda: now() + by)
        yield


@contextmanager
def refused(code: str, status: int = 400) -> Iterator[None]:
    """SNS refuses what it is asked."""
    answer = {
        "Error": {"Code": code, "Message": "Made up by a test"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    refusal = AWSResponse("https://sns.test", status, HTTPHeaders(), None), answer
    with hooked("before-call.sns.Publish", lambda **_: refusal, network.client):
        yield


@contextmanager
def broken(error: BaseException, *, when: str = "before") -> Iterator[None]:
    """The call of SNS breaks "before" it gets there, or "after"."""

    def crash(**_: Any) -> None:
        raise error

    with hooked(f"{when}-call.sns.Publish", crash, network.client):
        yield


# ---- Sent ----------------------------------------------------------------------------------


def test_an_sms_is_given_to_the_network_and_says_so(acme: str, owner: Staff):
    message = queued(owner, acme, "Ihr <Auftrag> ist\nfertig 🧑‍🚀")
    assert work(message) == 0
    assert left() == [(NUMBER, "Ihr <Auftrag> ist\nfertig 🧑‍🚀")]
    sms = shown(owner, message)
    assert (sms["status"], sms["failure"], sms["held_at"]) == ("sent", None, None)
    assert sms["created_at"] <= sms["sent_at"]
    assert item(message)["row"]["message_id"]
    assert "claim" not in item(message)


def test_the_message_is_asked_for_as_transactional(acme: str, owner: Staff):
    asked: list[dict[str, Any]] = []
    message = queued(owner, acme)

    def note(params: dict[str, Any], **_: Any) -> None:
        asked.append(params)

    with hooked("provide-client-params.sns.Publish", note, network.client):
        work(message)
    (given,) = asked
    assert given["MessageAttributes"]["AWS.SNS.SMS.SMSType"]["StringValue"] == "Transactional"
    assert "TopicArn" not in given


def test_a_message_that_comes_again_sends_nothing_again(acme: str, owner: Staff):
    message = queued(owner, acme)
    assert work(message, message) == 0
    with stored.unchanged():
        assert work(message) == 0
    assert len(left()) == 1


def test_of_two_workers_at_once_one_sends(acme: str, owner: Staff):
    message = queued(owner, acme)
    with stored.in_between("UpdateItem", lambda: work(message)):
        assert work(message) == 0
    assert len(left()) == 1
    assert shown(owner, message)["status"] == "sent"


def test_while_one_worker_sends_another_waits(
    acme: str, owner: Staff, monkeypatch: pytest.MonkeyPatch
):
    message, send = queued(owner, acme), network.send

    def slow(to: str, text: str) -> str:
        with pytest.raises(claims.InHand):
            sending.work(**message)
        return send(to, text)

    monkeypatch.setattr(network, "send", slow)
    assert work(message) == 0
    assert len(left()) == 1


def test_an_sms_or_client_that_is_gone_is_dropped(acme: str, owner: Staff):
    message = queued(owner, acme)
    assert owner.delete(acme).status == 204
    with stored.unchanged():
        assert work(message, message | {"sms_id": "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"}) == 0
    assert left() == []


# ---- Crashes -------------------------------------------------------------------------------


@pytest.mark.parametrize(("when", "count"), [("before", 0), ("after", 1)])
def test_a_worker_that_dies_around_the_call_leaves_it_unknown(
    when: str, count: int, acme: str, owner: Staff
):
    message = queued(owner, acme)
    with broken(Death(), when=when), pytest.raises(Death):
        work(message)
    assert len(left()) == count
    assert shown(owner, message)["status"] == "sending"
    assert work(message) == 1  # its lease is not over: somebody may be at it
    with later(claims.LEASE + timedelta(seconds=1)):
        assert work(message) == 0
        assert work(message) == 0
    assert len(left()) == count
    assert shown(owner, message)["status"] == "unknown"


def test_a_lease_that_is_over_is_shown_as_unknown_before_anybody_looks(acme: str, owner: Staff):
    message = queued(owner, acme)
    with broken(Death()), pytest.raises(Death):
        work(message)
    past = timestamp(datetime.fromisoformat(shown(owner, message)["created_at"]))
    stored.alter(*_key(message), row__sending_until=past)
    with stored.unchanged():
        assert shown(owner, message)["status"] == "unknown"


def _key(message: dict[str, str]) -> tuple[str, str]:
    return f"CLIENT#{message['client_id']}", f"SMS#{message['sms_id']}"


def test_a_worker_that_dies_before_its_claim_has_done_nothing(acme: str, owner: Staff):
    message = queued(owner, acme)
    with death_at_write(1, when="before"), pytest.raises(Death):
        work(message)
    assert shown(owner, message)["status"] == "queued"
    assert work(message) == 0
    assert len(left()) == 1


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_worker_that_dies_around_the_last_write_sends_nothing_again(
    when: str, acme: str, owner: Staff
):
    message = queued(owner, acme)
    with death_at_write(2, when=when), pytest.raises(Death):
        work(message)
    with later(claims.LEASE + timedelta(seconds=1)):
        assert work(message) == 0
    assert len(left()) == 1
    assert shown(owner, message)["status"] == {"before": "unknown", "after": "sent"}[when]


def test_a_call_that_is_not_answered_is_unknown_and_not_repeated(acme: str, owner: Staff):
    message = queued(owner, acme)
    with broken(ReadTimeoutError(endpoint_url="https://sns.test"), when="after"):
        assert work(message) == 0
    assert shown(owner, message)["status"] == "unknown"
    with later(claims.LEASE + timedelta(seconds=1)), stored.unchanged():
        assert work(message) == 0
    assert len(left()) == 1


def test_botocore_never_asks_twice():
    assert network.client.meta.config.retries["total_max_attempts"] == 1


# ---- Refusals ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("Throttling", 400),
        ("ThrottlingException", 400),
        ("Throttled", 429),
        ("ServiceUnavailable", 503),
        # What is for us to mend.
        ("AuthorizationError", 403),
        ("ExpiredToken", 403),
        ("UserError", 400),
    ],
)
def test_what_the_network_does_not_take_now_comes_back(
    code: str, status: int, acme: str, owner: Staff, hastened: list[int]
):
    message = queued(owner, acme)
    for _ in range(3):
        with refused(code, status):
            assert work(message) == 1
        assert shown(owner, message)["status"] == "queued"
    assert hastened == [20] * 3
    assert work(message) == 0
    assert len(left()) == 1
    assert shown(owner, message)["status"] == "sent"


def test_a_network_that_could_not_be_asked_is_asked_again(acme: str, owner: Staff):
    message = queued(owner, acme)
    with broken(ConnectTimeoutError(endpoint_url="https://sns.test")):
        assert work(message) == 1
    assert work(message) == 0
    assert len(left()) == 1


@pytest.mark.parametrize(("code", "status"), [("InternalError", 500), ("BadGateway", 502)])
def test_what_broke_in_the_network_may_have_been_taken(
    code: str, status: int, acme: str, owner: Staff
):
    message = queued(owner, acme)
    with refused(code, status):
        assert work(message) == 0
    assert shown(owner, message)["status"] == "unknown"
    with stored.unchanged():
        assert work(message) == 0


@pytest.mark.parametrize("code", ["InvalidParameter", "ParameterValueInvalid", "OptedOut"])
def test_what_the_network_never_takes_has_failed_and_says_why(code: str, acme: str, owner: Staff):
    message = queued(owner, acme)
    with refused(code):
        assert work(message) == 0
    sms = shown(owner, message)
    assert (sms["status"], sms["sent_at"]) == ("failed", None)
    assert sms["failure"] == f"{code}: Made up by a test"
    with stored.unchanged():
        assert work(message) == 0
    assert left() == []


def test_others_of_a_batch_are_sent_though_one_is_not(acme: str, owner: Staff):
    first, second = queued(owner, acme, "1"), queued(owner, acme, "2")
    with stored.fault("UpdateItem", "ThrottlingException"):
        assert work(first, second) == 2
    with broken(ConnectTimeoutError(endpoint_url="https://sns.test")):
        assert work(first) == 1
    assert work(first, second) == 0
    assert sorted(text for _, text in left()) == ["1", "2"]


# ---- Suspended -----------------------------------------------------------------------------


def test_an_sms_to_a_client_suspended_by_now_is_held_and_sent_when_it_is_active(
    acme: str, owner: Staff
):
    message = queued(owner, acme)
    owner.post(f"{acme}/suspend")
    assert work(message) == 0
    sms = shown(owner, message)
    assert (sms["status"], left()) == ("queued", [])
    assert sms["held_at"]
    assert held(acme) == [f"HELD#SMS#{message['sms_id']}"]
    pk = f"CLIENT#{message['client_id']}"
    assert stored.item(pk, f"HELD#SMS#{message['sms_id']}")["via"] == "sms"
    with stored.unchanged():
        assert work(message) == 0
    owner.post(f"{acme}/activate")
    assert work(message) == 0
    assert (len(left()), held(acme)) == (1, [])
    assert (shown(owner, message)["status"], shown(owner, message)["held_at"]) == ("sent", None)


def test_a_client_activated_while_its_sms_is_put_aside_gets_it(acme: str, owner: Staff):
    message = queued(owner, acme)
    owner.post(f"{acme}/suspend")
    with stored.in_between("TransactWriteItems", lambda: owner.post(f"{acme}/activate")):
        assert work(message) == 0
    assert (len(left()), held(acme)) == (1, [])
    assert shown(owner, message)["status"] == "sent"


def test_two_workers_that_hold_the_same_sms_hold_it_once(acme: str, owner: Staff):
    message = queued(owner, acme)
    owner.post(f"{acme}/suspend")
    with stored.in_between("TransactWriteItems", lambda: work(message)):
        assert work(message) == 0
    assert held(acme) == [f"HELD#SMS#{message['sms_id']}"]
    assert shown(owner, message)["held_at"]
    owner.post(f"{acme}/activate")
    assert work(message) == 0
    assert (len(left()), held(acme)) == (1, [])


def test_a_worker_that_dies_around_the_holding_holds_it_or_does_not(acme: str, owner: Staff):
    message = queued(owner, acme)
    owner.post(f"{acme}/suspend")
    for when in ("before", "after"):
        with death_at_write(1, when=when), pytest.raises(Death):
            work(message)
    assert work(message) == 0
    assert held(acme) == [f"HELD#SMS#{message['sms_id']}"]
    assert left() == []


def test_a_held_sms_suspended_again_before_it_left_stays_held(acme: str, owner: Staff):
    message = queued(owner, acme)
    owner.post(f"{acme}/suspend")
    work(message)
    owner.post(f"{acme}/activate")
    owner.post(f"{acme}/suspend")
    with stored.unchanged():
        assert work(message) == 0
    assert held(acme)


def test_the_number_is_not_in_the_log(acme: str, owner: Staff, caplog: pytest.LogCaptureFixture):
    message = queued(owner, acme, "a secret text")
    caplog.clear()
    with refused("InvalidParameter"):
        work(message)
    said = str([vars(record) for record in caplog.records])
    assert "'state': 'failed'" in said
    assert NUMBER not in said
    assert "a secret text" not in said
