"""Services of clients over HTTP: registered, suspended, given back; their secrets and webhooks."""

import json
from typing import Any

import pytest

from tallybook.services.store import MOST
from tests.support import billing, stored
from tests.support.api import Answer, Staff
from tests.support.hooks import URL
from tests.support.template import ROOT

EARLIER = {"issue_date": "2026-01-10", "due_date": "2026-02-10"}

type Json = dict[str, Any]


@pytest.fixture
def acme(owner: Staff) -> str:
    return billing.new_client_id(owner)


@pytest.fixture
def services(acme: str) -> str:
    return f"/v1/clients/{acme}/services"


def registered(staff: Staff, services: str, **fields: Any) -> str:
    """The path of a new service."""
    answer = staff.post(services, {"name": "Hosting", "webhook_url": URL} | fields)
    assert answer.status == 201, answer.body
    return f"{services}/{answer.body['service_id']}"


def events(acme: str) -> list[str]:
    """The events of the client's history that are about services."""
    items = stored.items(f"CLIENT#{acme}")
    named = [str(item["event"]) for item in items if "event" in item]
    return [each for each in named if each.startswith(("service.", "webhook."))]


def waiting(staff: Staff, service: str) -> list[Json]:
    """The deliveries, the oldest first."""
    return list(reversed(staff.get(f"{service}/deliveries").body["items"]))


def attention(acme: str) -> str | None:
    mark = stored.item(f"CLIENT#{acme}", "CLIENT").get("attention")
    return None if mark is None else str(mark)


def test_every_event_of_a_service_is_in_the_schema_of_events(
    owner: Staff, services: str, acme: str
):
    path = registered(owner, services)
    owner.post(f"{path}/suspend")
    owner.post(f"{path}/reinstate")
    owner.post(f"{path}/secret/rotate")
    owner.delete(path)
    schema = json.loads((ROOT / "docs" / "events.schema.json").read_text("utf-8"))
    known = schema["properties"]["detail-type"]["enum"]
    assert len(events(acme)) == 5
    assert set(events(acme)) < set(known)
    assert {"webhook.failed", "webhook.switched_off"} < set(known)


# ---- Registering ---------------------------------------------------------------------------------


def test_a_service_is_registered_read_and_listed(owner: Staff, services: str, acme: str):
    new = {
        "name": "Hosting of acme.example",
        "reference": "vm-4711",
        "webhook_url": URL,
        "paid_through": "2026-12-31",
    }
    made = owner.post(services, new)
    assert made.status == 201
    assert made.body.items() >= new.items()
    assert made.body.items() >= {"client_id": acme, "status": "active", "suspended": None}.items()
    assert made.body["webhook"] == {
        "next_attempt_at": None,
        "failing_since": None,
        "switched_off_at": None,
    }
    path = made.headers["location"]
    assert owner.get(path).body == made.body
    assert owner.get(path).etag == made.etag == '"1"'
    assert owner.get(services).body == {"items": [made.body], "next_cursor": None}
    assert events(acme) == ["service.created"]


def test_a_service_needs_a_name_alone(owner: Staff, services: str):
    made = owner.post(services, {"name": "Hosting"}).body
    assert [made[each] for each in ("reference", "webhook_url", "paid_through")] == [None] * 3


def test_the_newest_services_come_first_and_on_pages(owner: Staff, services: str):
    for number in range(3):
        registered(owner, services, name=f"Service {number}")
    first = owner.get(services, limit="2").body
    second = owner.get(services, limit="2", cursor=first["next_cursor"]).body
    names = [each["name"] for each in first["items"] + second["items"]]
    assert names == ["Service 2", "Service 1", "Service 0"]
    assert second["next_cursor"] is None


def test_a_request_that_is_repeated_registers_one_service(owner: Staff, services: str):
    first = owner.post(services, {"name": "Hosting"}, idempotency_key="a")
    again = owner.post(services, {"name": "Hosting"}, idempotency_key="a")
    assert again.body == first.body
    assert len(owner.get(services).body["items"]) == 1


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("name", None, "string"),
        ("name", "", "empty"),
        ("name", "x" * 201, "200"),
        ("reference", "x" * 201, "200"),
        ("paid_through", "31.12.2026", "day such as"),
        ("paid_through", "1926-01-01", "between"),
        ("webhook_url", "http://hooks.example/", "https://"),
        ("webhook_url", "hooks.example", "https://"),
        ("webhook_url", "https:///path", "name a host"),
        ("webhook_url", "https://hooks.example:0/", "name a host"),
        ("webhook_url", "https://hooks.example:99999/", "not an address"),
        ("webhook_url", "https://[::1/", "not an address"),
        ("webhook_url", "https://ada:pw@hooks.example/", "name or password"),
        ("webhook_url", "https://hooks.example/#top", "fragment"),
        ("webhook_url", "https://hooks.example/a b", "percent-encoded"),
        ("webhook_url", "https://hooks.example/ä", "percent-encoded"),
        ("webhook_url", "https://hooks.example/\r\nHost: x", "percent-encoded"),
        ("webhook_url", "https://hooks.example/" + "x" * 1000, "1000"),
        ("webhook_url", "https://127.0.0.1/", "public internet"),
        ("webhook_url", "https://169.254.169.254/latest/meta-data", "public internet"),
        ("webhook_url", "https://[::1]/", "public internet"),
        ("webhook_url", "https://[::ffff:10.0.0.1]/", "public internet"),
        ("webhook_url", "https://10.0.0.1:8443/", "public internet"),
        ("webhook_url", "https://127.1/", "public internet"),
        ("webhook_url", "https://2130706433/", "public internet"),
        ("webhook_url", "https://localhost/", "public internet"),
        ("webhook_url", "https://db.internal/", "public internet"),
        ("webhook_url", "https://printer.LOCAL/", "public internet"),
    ],
)
def test_a_field_that_is_wrong_is_named_with_its_reason(
    owner: Staff, services: str, field: str, value: Any, reason: str
):
    refused = owner.post(services, {"name": "Hosting", field: value})
    assert refused.status == 422
    assert reason in refused.fields[field]
    path = registered(owner, services)
    with stored.unchanged():
        changed = owner.patch(path, {field: value})
    assert changed.status == 422
    assert field in changed.fields


def test_an_address_may_have_a_port_a_query_and_be_a_public_one(owner: Staff, services: str):
    for url in ("https://hooks.example:8443/a?b=c%20d", "https://93.184.215.14/"):
        assert owner.post(services, {"name": "x", "webhook_url": url}).body["webhook_url"] == url


def test_a_client_has_a_hundred_services_at_most(owner: Staff, services: str, acme: str):
    registered(owner, services)
    (item,) = [each for each in stored.items(f"CLIENT#{acme}") if each["sk"].startswith("SERVICE#")]
    for number in range(1, MOST):
        stored.put(item["pk"], f"{item['sk'][:-3]}{number:03}", **_without_keys(item))
    refused = owner.post(services, {"name": "One more"})
    assert (refused.status, refused.code) == (409, "too_many_services")


def _without_keys(item: Json) -> Json:
    return {name: value for name, value in item.items() if name not in ("pk", "sk")}


@pytest.mark.parametrize("method", ["get", "patch", "delete", "suspend", "secret", "ping"])
def test_what_is_not_there_is_not_found(owner: Staff, services: str, method: str):
    def asked(service: str) -> Answer:
        match method:
            case "get":
                return owner.get(service)
            case "patch":
                return owner.patch(service, {"name": "x"})
            case "delete":
                return owner.delete(service)
            case "secret":
                return owner.get(f"{service}/secret")
        return owner.post(f"{service}/{method}")

    for unknown in ("01JA2Y5B7Q8RZ4T9C1N6V3X0WD", "x", "x" * 1500):
        assert asked(f"{services}/{unknown}").code == "service_not_found"
    elsewhere = services.replace(services.split("/")[3], "01JA2Y5B7Q8RZ4T9C1N6V3X0WD")
    assert asked(f"{elsewhere}/01JA2Y5B7Q8RZ4T9C1N6V3X0WD").code == "client_not_found"
    assert owner.post(elsewhere, {"name": "x"}).code == "client_not_found"
    assert owner.get(elsewhere).code == "client_not_found"


# ---- Changing ------------------------------------------------------------------------------------


def test_a_change_takes_what_it_names_and_null_clears(owner: Staff, services: str):
    path = registered(owner, services, reference="vm-1", paid_through="2026-12-31")
    changed = owner.patch(path, {"reference": None, "paid_through": "2027-01-31"}, if_match='"1"')
    assert changed.status == 200
    assert changed.body["reference"] is None
    assert (changed.body["paid_through"], changed.body["webhook_url"]) == ("2027-01-31", URL)
    assert (changed.body["version"], changed.etag) == (2, '"2"')
    assert owner.get(path).body == changed.body
    assert owner.patch(path, {"name": "x"}, if_match='"1"').status == 412
    assert owner.patch(path, {"name": None}).fields.keys() == {"name"}


def test_a_change_that_changes_nothing_makes_no_version(owner: Staff, services: str):
    path = registered(owner, services)
    with stored.unchanged():
        assert owner.patch(path, {"name": "Hosting", "webhook_url": URL}).etag == '"1"'


def test_the_history_says_what_was_changed(owner: Staff, services: str, acme: str):
    path = registered(owner, services)
    owner.patch(path, {"paid_through": "2027-01-31", "reference": "vm-2"})
    entries = owner.get(f"/v1/clients/{acme}/history").body["items"]
    assert "Service Hosting changed: reference, paid_through" in [each["text"] for each in entries]


def test_what_a_step_may_depend_on_has_the_client_looked_at(owner: Staff, services: str, acme: str):
    billing.invoiced(owner, acme, "100", **EARLIER)
    seen = [attention(acme)]
    path = registered(owner, services)
    seen.append(attention(acme))
    owner.patch(path, {"paid_through": "2027-01-31"})
    seen.append(attention(acme))
    owner.post(f"{path}/suspend", {"reason": "non_payment", "force": True})
    seen.append(attention(acme))
    owner.post(f"{path}/reinstate")
    seen.append(attention(acme))
    owner.delete(path)
    seen.append(attention(acme))
    assert len(set(seen)) == 6


# ---- Suspending ----------------------------------------------------------------------------------


def test_a_service_is_suspended_and_given_back(owner: Staff, services: str, acme: str):
    path = registered(owner, services)
    suspended = owner.post(f"{path}/suspend", {"reason": "other", "note": "Abuse"})
    assert suspended.status == 200
    assert suspended.body["status"] == "suspended"
    why = suspended.body["suspended"]
    assert (why["reason"], why["note"], why["invoice_ids"]) == ("other", "Abuse", [])
    assert why["by"]["name"] == "The owner"
    given_back = owner.post(f"{path}/reinstate")
    assert (given_back.body["status"], given_back.body["suspended"]) == ("active", None)
    assert given_back.etag == '"3"'
    assert events(acme) == ["service.created", "service.suspended", "service.reinstated"]
    assert [each["event"] for each in waiting(owner, path)] == [
        "service.suspended",
        "service.reinstated",
    ]


def test_what_is_told_says_all_that_the_other_side_needs(owner: Staff, services: str, acme: str):
    path = registered(owner, services, reference="vm-1", paid_through="2026-01-31")
    answer = owner.post(f"{path}/suspend", {"note": "Abuse — twice"})
    (row,) = waiting(owner, path)
    shown = owner.get(f"{path}/deliveries/{row['delivery_id']}").body
    assert shown["payload"] == {
        "type": "service.suspended",
        "timestamp": answer.body["suspended"]["at"],
        "data": {
            "client_id": acme,
            "service_id": answer.body["service_id"],
            "name": "Hosting",
            "reference": "vm-1",
            "status": "suspended",
            "reason": "other",
            "note": "Abuse — twice",
            "paid_through": "2026-01-31",
        },
    }
    assert (shown["status"], shown["attempts"], shown["ended_at"]) == ("pending", [], None)
    assert shown["message_id"] == shown["delivery_id"]


def test_without_a_webhook_nobody_is_told(owner: Staff, services: str, acme: str):
    path = registered(owner, services, webhook_url=None)
    owner.post(f"{path}/suspend")
    assert waiting(owner, path) == []
    assert events(acme) == ["service.created", "service.suspended"]


def test_what_is_so_already_is_a_conflict(owner: Staff, services: str):
    path = registered(owner, services)
    assert owner.post(f"{path}/reinstate").code == "service_unchanged"
    owner.post(f"{path}/suspend")
    with stored.unchanged():
        again = owner.post(f"{path}/suspend")
    assert (again.status, again.code) == (409, "service_unchanged")
    assert "suspended already" in again.body["detail"]


def test_a_click_that_is_repeated_is_answered_as_the_first(owner: Staff, services: str):
    path = registered(owner, services)
    first = owner.post(f"{path}/suspend", {"reason": "other"}, idempotency_key="a")
    with stored.unchanged():
        again = owner.post(f"{path}/suspend", {"reason": "other"}, idempotency_key="a")
    assert again.body == first.body
    assert again.headers["idempotency-replayed"] == "true"
    assert owner.post(f"{path}/suspend", idempotency_key="a").code == "idempotency_key_reused"


def test_a_stale_click_is_refused(owner: Staff, services: str):
    path = registered(owner, services)
    owner.patch(path, {"name": "Mail"})
    assert owner.post(f"{path}/suspend", if_match='"1"').status == 412
    assert owner.post(f"{path}/suspend", if_match='"2"').status == 200
    assert owner.post(f"{path}/reinstate", if_match='"2"').status == 412


def test_what_is_paid_is_suspended_only_by_force(owner: Staff, services: str):
    path = registered(owner, services, paid_through="2199-12-31")
    refused = owner.post(f"{path}/suspend")
    assert (refused.status, refused.code) == (409, "service_paid_through")
    assert "2199-12-31" in refused.body["detail"]
    assert owner.post(f"{path}/suspend", {"force": True}).status == 200


def test_non_payment_is_a_reason_while_an_invoice_is_overdue(
    owner: Staff, services: str, acme: str
):
    path = registered(owner, services)
    billing.invoiced(owner, acme, "50", due_date="2199-01-01")
    refused = owner.post(f"{path}/suspend", {"reason": "non_payment"})
    assert (refused.status, refused.code) == (409, "nothing_overdue")
    overdue = [billing.invoiced(owner, acme, "100", **EARLIER)["invoice_id"] for _ in range(2)]
    why = owner.post(f"{path}/suspend", {"reason": "non_payment"}).body["suspended"]
    assert (why["reason"], sorted(why["invoice_ids"])) == ("non_payment", sorted(overdue))


def test_what_non_payment_stopped_can_be_kept_for_another_reason(
    owner: Staff, services: str, acme: str
):
    path = registered(owner, services, paid_through="2199-12-31")
    billing.invoiced(owner, acme, "100", **EARLIER)
    owner.post(f"{path}/suspend", {"reason": "non_payment", "force": True})
    kept = owner.post(f"{path}/suspend", {"reason": "other", "note": "Abuse, too"})
    assert kept.body["suspended"]["reason"] == "other"
    assert [each["event"] for each in waiting(owner, path)] == ["service.suspended"] * 2


@pytest.mark.parametrize(
    ("field", "value"),
    [("reason", "abuse"), ("note", "x" * 501), ("force", "perhaps"), ("until", "2026-12-31")],
)
def test_a_wrong_reason_is_named(owner: Staff, services: str, field: str, value: Any):
    path = registered(owner, services)
    refused = owner.post(f"{path}/suspend", {field: value})
    assert refused.status == 422
    assert field in refused.fields


def test_services_of_a_suspended_client_can_still_be_switched(
    owner: Staff, services: str, acme: str
):
    """What is told goes to an outside system, which is no client."""
    path = registered(owner, services)
    owner.post(f"/v1/clients/{acme}/suspend", {"reason": "Unpaid"})
    assert owner.post(f"{path}/suspend").status == 200
    assert owner.post(f"{path}/reinstate").status == 200
    assert len(waiting(owner, path)) == 2


# ---- Deleting ------------------------------------------------------------------------------------


def test_a_deleted_service_is_gone_with_its_deliveries(owner: Staff, services: str, acme: str):
    path, other = registered(owner, services), registered(owner, services, name="Mail")
    for each in (path, other):
        owner.post(f"{each}/suspend")
    assert owner.delete(path, if_match='"1"').status == 412
    assert owner.delete(path, if_match='"2"').status == 204
    assert owner.get(path).code == "service_not_found"
    assert owner.get(f"{path}/deliveries").code == "service_not_found"
    assert len(waiting(owner, other)) == 1
    kept = [sk for _, sk in stored.keys(f"CLIENT#{acme}") if sk.startswith(("SERV", "DELI"))]
    assert len(kept) == 2
    assert events(acme)[-1] == "service.deleted"


def test_a_service_goes_however_many_deliveries_it_has(owner: Staff, services: str, acme: str):
    path = registered(owner, services)
    owner.post(f"{path}/ping")
    (item,) = [each for each in stored.items(f"CLIENT#{acme}") if each["sk"].startswith("DELI")]
    for number in range(200):
        stored.put(item["pk"], f"{item['sk'][:-3]}{number:03}", **_without_keys(item))
    assert owner.delete(path).status == 204
    assert [sk for _, sk in stored.keys(f"CLIENT#{acme}") if sk.startswith(("SERV", "DELI"))] == []


# ---- Secrets -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"), [("member", 403), ("specialist", 403), ("manager", 200)]
)
def test_only_managers_see_and_replace_secrets(
    request: pytest.FixtureRequest, services: str, owner: Staff, role: str, status: int
):
    path, who = registered(owner, services), request.getfixturevalue(role)
    assert who.get(f"{path}/secret").status == status
    assert who.post(f"{path}/secret/rotate").status == status


def test_a_secret_is_stored_nowhere(owner: Staff, services: str):
    path = registered(owner, services)
    first = owner.get(f"{path}/secret").body
    assert (first["number"], first["older"]) == (1, [])
    assert owner.get(f"{path}/secret").body == first
    rotated = owner.post(f"{path}/secret/rotate", {"overlap_hours": 1}, idempotency_key="a")
    again = owner.post(f"{path}/secret/rotate", {"overlap_hours": 1}, idempotency_key="a")
    assert (rotated.status, rotated.body["number"], again.body) == (200, 2, rotated.body)
    second = owner.get(f"{path}/secret").body
    assert second["secret"] != first["secret"]
    assert [each["secret"] for each in second["older"]] == [first["secret"]]
    assert second["older"][0]["until"] == rotated.body["older_until"]
    everything = str(stored.items())
    for secret in (first["secret"], second["secret"]):
        assert secret.removeprefix("whsec_") not in everything


def test_each_service_has_a_secret_of_its_own(owner: Staff, services: str):
    paths = [registered(owner, services) for _ in range(2)]
    assert len({owner.get(f"{path}/secret").body["secret"] for path in paths}) == 2


def test_a_secret_that_leaked_ends_at_once_with_all_before_it(owner: Staff, services: str):
    path = registered(owner, services)
    owner.post(f"{path}/secret/rotate")
    owner.post(f"{path}/secret/rotate", {"overlap_hours": 0})
    now = owner.get(f"{path}/secret").body
    assert (now["number"], now["older"]) == (3, [])


def test_replacing_does_not_lengthen_the_time_of_older_secrets(owner: Staff, services: str):
    path = registered(owner, services)
    first = owner.post(f"{path}/secret/rotate", {"overlap_hours": 1}).body["older_until"]
    second = owner.post(f"{path}/secret/rotate", {"overlap_hours": 168}).body["older_until"]
    older = owner.get(f"{path}/secret").body["older"]
    assert [each["until"] for each in older] == [second, first]
    for _ in range(9):
        owner.post(f"{path}/secret/rotate", {"overlap_hours": 168})
    assert len(owner.get(f"{path}/secret").body["older"]) == 4


@pytest.mark.parametrize("hours", [-1, 169, "24", 1.5])
def test_an_overlap_that_is_wrong_is_named(owner: Staff, services: str, hours: Any):
    path = registered(owner, services)
    refused = owner.post(f"{path}/secret/rotate", {"overlap_hours": hours})
    assert refused.status == 422
    assert "overlap_hours" in refused.fields


# ---- Pings and lists of deliveries ---------------------------------------------------------------


def test_a_ping_is_queued_and_changes_no_version(owner: Staff, services: str):
    path = registered(owner, services)
    pinged = owner.post(f"{path}/ping", idempotency_key="a")
    assert pinged.status == 202
    assert (pinged.body["event"], pinged.body["status"]) == ("webhook.ping", "pending")
    assert owner.get(pinged.headers["location"]).body == pinged.body
    assert owner.post(f"{path}/ping", idempotency_key="a").body == pinged.body
    assert len(waiting(owner, path)) == 1
    service = owner.get(path)
    assert service.etag == '"1"'
    assert service.body["webhook"]["next_attempt_at"] == pinged.body["created_at"]


def test_a_ping_takes_a_webhook(owner: Staff, services: str):
    path = registered(owner, services, webhook_url=None)
    refused = owner.post(f"{path}/ping")
    assert (refused.status, refused.code) == (409, "no_webhook")
    assert "webhook_url" in refused.body["detail"]


def test_what_waits_cannot_be_repeated(owner: Staff, services: str):
    path = registered(owner, services)
    waits = owner.post(f"{path}/ping").body
    refused = owner.post(f"{path}/deliveries/{waits['delivery_id']}/replay")
    assert (refused.status, refused.code) == (409, "delivery_pending")


def test_deliveries_are_listed_the_newest_first_on_pages(owner: Staff, services: str):
    path = registered(owner, services)
    made = [owner.post(f"{path}/ping").body["delivery_id"] for _ in range(3)]
    first = owner.get(f"{path}/deliveries", limit="2").body
    second = owner.get(f"{path}/deliveries", limit="2", cursor=first["next_cursor"]).body
    listed = [each["delivery_id"] for each in first["items"] + second["items"]]
    assert listed == made[::-1]
    other = registered(owner, services)
    foreign = owner.get(f"{other}/deliveries", cursor=first["next_cursor"])
    assert foreign.code == "invalid_cursor"


def test_a_delivery_that_is_not_there_is_not_found(owner: Staff, services: str):
    path = registered(owner, services)
    for unknown in ("01JA2Y5B7Q8RZ4T9C1N6V3X0WD", "x"):
        assert owner.get(f"{path}/deliveries/{unknown}").code == "delivery_not_found"
        replayed = owner.post(f"{path}/deliveries/{unknown}/replay")
        assert replayed.code == "delivery_not_found"


def test_a_client_is_removed_with_its_services(owner: Staff, services: str, acme: str):
    registered(owner, services)
    assert owner.delete(f"/v1/clients/{acme}").status == 204
    assert owner.get(services).code == "client_not_found"
