"""What has fallen due is sent to its worker, as often as it takes."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook import agenda, queues
from tallybook.dates import now
from tests.builders import new_client
from tests.support import imports, permissions, stored
from tests.support.api import Staff, invoke
from tests.support.post import received
from tests.support.template import ROOT

ID = "01JA2Y5B7Q8RZ4T9C1N6V3X0W"
LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)


def placed(kind: agenda.Kind, pk: str, sk: str, moment: datetime = LONG_AGO) -> None:
    """Put something into the agenda."""
    place, position = agenda.place(kind, moment, *(each.partition("#")[2] for each in (pk, sk)))
    stored.put(pk, sk, agenda_pk=place, agenda_sk=position)


def run() -> Any:
    """What the function answers to the hour's event: how many messages of each kind."""
    return invoke("agenda", json.loads((ROOT / "events" / "agenda.json").read_text("utf-8")))


def test_what_is_due_goes_to_its_worker_and_what_is_not_yet_stays():
    placed("recurring", f"CLIENT#{ID}A", f"RECURRING#{ID}B")
    placed("client", f"CLIENT#{ID}A", "CLIENT")
    placed("webhook", f"CLIENT#{ID}A", f"SERVICE#{ID}C")
    placed("client", f"CLIENT#{ID}D", "CLIENT", now() + timedelta(minutes=1))
    assert run() == {"recurring": 1, "webhook": 1, "workflow": 0, "client": 1}
    assert received("RECURRING_QUEUE_URL") == [{"refs": [[f"{ID}A", f"{ID}B"]]}]
    assert received("CHASE_QUEUE_URL") == [{"client_id": f"{ID}A"}]
    assert received("WEBHOOK_QUEUE_URL") == [{"client_id": f"{ID}A", "service_id": f"{ID}C"}]


def test_what_was_not_done_is_sent_again():
    placed("client", f"CLIENT#{ID}A", "CLIENT")
    for _ in range(2):
        assert run()["client"] == 1
        assert received("CHASE_QUEUE_URL") == [{"client_id": f"{ID}A"}]


def test_recurring_invoices_are_sent_a_hundred_together_oldest_first():
    for number in range(101):
        minute = LONG_AGO + timedelta(minutes=101 - number)
        placed("recurring", f"CLIENT#{ID}A", f"RECURRING#{number:026}", minute)
    run()
    first, second = sorted(received("RECURRING_QUEUE_URL"), key=lambda m: -len(m["refs"]))
    assert [len(each["refs"]) for each in (first, second)] == [100, 1]
    assert second["refs"] == [[f"{ID}A", f"{0:026}"]]


@pytest.fixture
def debtor(owner: Staff) -> str:
    """A client with two open invoices, which nothing calls for now."""
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    invoices = f"/v1/clients/{client_id}/invoices"
    for _ in range(2):
        draft = owner.post(invoices, {"lines": [{"unit_price": "10.00"}]}).body
        owner.post(f"{invoices}/{draft['invoice_id']}/finalize")
    item = dict(stored.item(f"CLIENT#{client_id}", "CLIENT"))
    called = {name: item.pop(name) for name in ("agenda_pk", "agenda_sk")}
    assert called["agenda_pk"] == "DUE#client"
    stored.put(item.pop("pk"), item.pop("sk"), **item)
    return str(client_id)


def test_a_change_for_all_has_every_client_with_an_open_invoice_looked_at_once(
    owner: Staff, debtor: str
):
    owner.post("/v1/clients", new_client(business_name="Owes nothing", emails=[]))
    owner.patch("/v1/settings", {"time_zone": "Asia/Tokyo"})
    placed("workflow", f"WORKFLOW#{ID}A", "WORKFLOW")
    assert run()["workflow"] == 1
    assert received("CHASE_QUEUE_URL") == [{"client_id": debtor}]
    assert run()["workflow"] == 0
    assert not [item for item in stored.items() if item.get("agenda_pk") == "DUE#workflow"]


def test_what_is_changed_again_while_clients_are_called_is_looked_at_again(debtor: str):
    placed("workflow", f"WORKFLOW#{ID}A", "WORKFLOW")

    def change(**_: Any) -> None:
        with permissions.running(None):  # somebody else does it
            placed("workflow", f"WORKFLOW#{ID}A", "WORKFLOW", LONG_AGO + timedelta(hours=1))

    events = queues.client.meta.events
    events.register("before-call.sqs.SendMessageBatch", change)
    try:
        assert run()["workflow"] == 1
    finally:
        events.unregister("before-call.sqs.SendMessageBatch", change)
    assert run()["workflow"] == 1


def test_a_change_stays_until_all_clients_were_called(debtor: str):
    placed("workflow", f"WORKFLOW#{ID}A", "WORKFLOW")
    with (
        imports.crashing(queues.client, "SendMessageBatch"),
        pytest.raises(ExceptionGroup, match="Not all that is due"),
    ):
        run()
    assert run()["workflow"] == 1


def test_a_kind_that_cannot_be_sent_does_not_stop_the_others_and_is_an_error():
    placed("recurring", f"CLIENT#{ID}A", f"RECURRING#{ID}B")
    placed("client", f"CLIENT#{ID}A", "CLIENT")
    with (
        imports.crashing(queues.client, "SendMessageBatch", times=1),
        pytest.raises(ExceptionGroup, match="'client': 1"),
    ):
        run()
    assert received("CHASE_QUEUE_URL") == [{"client_id": f"{ID}A"}]
    assert received("RECURRING_QUEUE_URL") == []
