"""Payment links: made for an invoice or the account, listed with their use, revoked."""

import json
import re
from datetime import datetime, timedelta
from typing import Any

import pytest

from tallybook.dates import now
from tallybook.links.making import invoice_link
from tallybook.transactions import Transaction
from tests.builders import new_client
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Staff
from tests.support.links import add_invoice, later, made, opened, token_of
from tests.support.template import ROOT

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


@pytest.fixture
def client_id(owner: Staff) -> str:
    return owner.post("/v1/clients", new_client()).body["client_id"]


@pytest.fixture
def links(client_id: str) -> str:
    return f"/v1/clients/{client_id}/payment-links"


@pytest.fixture
def invoice_id(client_id: str) -> str:
    return add_invoice(client_id)


def account_history(owner: Staff, *, on: bool) -> None:
    assert owner.patch("/v1/settings", {"portal": {"account_history": on}}).status == 200


def payments_told(owner: Staff, client_id: str) -> list[dict[str, Any]]:
    return owner.get(f"/v1/clients/{client_id}/history", type="payment").body["items"]


# ---- Made --------------------------------------------------------------------------------


def test_a_link_to_an_invoice_reads_as_it_was_made(
    member: Staff, links: str, client_id: str, invoice_id: str
):
    answer = member.post(links, {"invoice_id": invoice_id, "expires_in_days": 7})
    assert answer.status == 201
    link = answer.body
    assert answer.headers["location"] == f"{links}/{link['link_id']}"
    assert answer.etag == '"1"'
    created = datetime.fromisoformat(link["created_at"])
    assert abs(created - now()) < timedelta(minutes=1)
    lasts = datetime.fromisoformat(link["expires_at"]) - created
    assert timedelta(days=7, seconds=-1) < lasts <= timedelta(days=7)
    assert re.fullmatch(r"https://firm\.example/pay/[0-9A-Za-z_-]{82}", link["url"])
    assert link == {
        "link_id": link["link_id"],
        "client_id": client_id,
        "scope": "invoice",
        "invoice_id": invoice_id,
        "url": link["url"],
        "status": "active",
        "created_at": link["created_at"],
        "by": {"staff_id": member.staff_id, "name": "The staff"},
        "expires_at": link["expires_at"],
        "revoked": None,
        "use_count": 0,
        "last_used_at": None,
        "uses": [],
        "version": 1,
    }
    read = member.get(answer.headers["location"])
    assert (read.status, read.body, read.etag) == (200, link, answer.etag)
    assert member.get(links).body == {"items": [link], "next_cursor": None}


def test_a_link_lasts_ninety_days_unless_said_otherwise(owner: Staff, client_id: str):
    link = made(owner, client_id)
    assert (link["scope"], link["invoice_id"]) == ("account", None)
    lasts = datetime.fromisoformat(link["expires_at"]) - datetime.fromisoformat(link["created_at"])
    assert round(lasts / timedelta(days=1)) == 90


def test_links_to_the_same_invoice_have_addresses_of_their_own(
    owner: Staff, client_id: str, invoice_id: str
):
    urls = {made(owner, client_id, invoice_id=invoice_id)["url"] for _ in range(3)}
    assert len(urls) == 3


def test_the_history_tells_of_a_link_and_so_does_an_event(
    member: Staff, client_id: str, invoice_id: str
):
    link = made(member, client_id, invoice_id=invoice_id)
    (told,) = payments_told(member, client_id)
    assert told["text"] == f"Made a payment link that expires on {link['expires_at'][:10]}"
    assert told["by"]["staff_id"] == member.staff_id
    assert told["details"] == {"link_id": link["link_id"], "invoice_id": invoice_id}
    stored_entry = stored.item(f"CLIENT#{client_id}", f"HISTORY#{told['entry_id']}")
    assert stored_entry["event"] == "payment_link.created"


def test_the_address_of_a_link_is_kept_nowhere(owner: Staff, client_id: str, invoice_id: str):
    link = made(owner, client_id, invoice_id=invoice_id)
    assert token_of(link) not in str(stored.items())
    assert token_of(link)[-22:] not in str(stored.items())


def test_what_is_told_of_links_is_in_the_schema_of_events(
    owner: Staff, client_id: str, links: str, invoice_id: str
):
    link = made(owner, client_id, invoice_id=invoice_id)
    opened(link)
    owner.delete(f"{links}/{link['link_id']}")
    told = {each["event"] for each in stored.items("CLIENT#") if "event" in each}
    assert told == {f"payment_link.{name}" for name in ("created", "used", "revoked")}
    schema = json.loads((ROOT / "docs" / "events.schema.json").read_text("utf-8"))
    assert told <= set(schema["properties"]["detail-type"]["enum"])


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"expires_in_days": 0}, "expires_in_days"),
        ({"expires_in_days": -1}, "expires_in_days"),
        ({"expires_in_days": 366}, "expires_in_days"),
        ({"expires_in_days": 1.5}, "expires_in_days"),
        ({"expires_in_days": "7"}, "expires_in_days"),
        ({"expires_in_days": True}, "expires_in_days"),
        ({"expires_in_days": None}, "expires_in_days"),
        ({"invoice_id": "x"}, "invoice_id"),
        ({"invoice_id": 7}, "invoice_id"),
        ({"invoice_id": NOBODY}, "invoice_id"),
        ({"scope": "account"}, "scope"),
        ({"url": "https://evil.example"}, "url"),
    ],
)
def test_a_wrong_field_of_a_link_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff, links: str
):
    with stored.unchanged():
        assert_problem(owner.post(links, wrong), 422, "validation_failed", field)


def test_no_link_leads_to_another_clients_invoice(owner: Staff, links: str):
    other = owner.post("/v1/clients", {"business_name": "Other"}).body["client_id"]
    theirs = add_invoice(other)
    with stored.unchanged():
        answer = owner.post(links, {"invoice_id": theirs})
    assert_problem(answer, 422, "validation_failed", "invoice_id")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("draft", "is_a_draft"),
        ("void", "invoice_not_open"),
        ("written_off", "invoice_not_open"),
    ],
)
def test_no_link_leads_to_an_invoice_that_nobody_can_pay(
    status: str, code: str, owner: Staff, links: str, client_id: str
):
    invoice_id = add_invoice(client_id, status=status)
    with stored.unchanged():
        assert_problem(owner.post(links, {"invoice_id": invoice_id}), 409, code)


@pytest.mark.parametrize("status", ["open", "partially_paid", "paid"])
def test_a_link_leads_to_any_invoice_that_stands(status: str, owner: Staff, client_id: str):
    assert made(owner, client_id, invoice_id=add_invoice(client_id, status=status))


@pytest.mark.parametrize(
    ("status", "code"), [("void", "invoice_not_open"), ("draft", "is_a_draft")]
)
def test_an_invoice_that_is_voided_meanwhile_gets_no_link(
    status: str, code: str, owner: Staff, links: str, client_id: str, invoice_id: str
):
    def void() -> None:
        stored.alter(f"CLIENT#{client_id}", f"INVOICE#{invoice_id}", row__status=status)

    with stored.in_between("TransactWriteItems", void):
        answer = owner.post(links, {"invoice_id": invoice_id})
    assert_problem(answer, 409, code)
    assert owner.get(links).body["items"] == []


def test_the_whole_account_is_paid_only_where_the_firm_lets_clients(
    owner: Staff, links: str, client_id: str, invoice_id: str
):
    account_history(owner, on=False)
    with stored.unchanged():
        assert_problem(owner.post(links, {}), 409, "account_payment_off")
    assert made(owner, client_id, invoice_id=invoice_id)["scope"] == "invoice"
    account_history(owner, on=True)
    assert made(owner, client_id)["scope"] == "account"


def test_a_suspended_client_gets_no_links(
    owner: Staff, links: str, client_id: str, invoice_id: str
):
    owner.post(f"/v1/clients/{client_id}/suspend", {"reason": "unpaid"})
    with stored.unchanged():
        for body in ({}, {"invoice_id": invoice_id}):
            assert_problem(owner.post(links, body), 409, "client_suspended")


def test_a_client_that_is_suspended_meanwhile_gets_no_link(
    owner: Staff, manager: Staff, links: str, client_id: str
):
    def suspend() -> object:
        return manager.post(f"/v1/clients/{client_id}/suspend", {})

    with stored.in_between("TransactWriteItems", suspend):
        assert_problem(owner.post(links, {}), 409, "client_suspended")
    assert owner.get(links).body["items"] == []


def test_a_key_makes_one_link(owner: Staff, links: str, client_id: str, invoice_id: str):
    body = {"invoice_id": invoice_id}
    first = owner.post(links, body, idempotency_key="k")
    stored.alter(f"CLIENT#{client_id}", f"INVOICE#{invoice_id}", row__status="void")
    with stored.unchanged():
        again = owner.post(links, body, idempotency_key="k")
        assert (again.status, again.body, again.etag) == (201, first.body, first.etag)
        assert again.headers["idempotency-replayed"] == "true"
        other = owner.post(links, {}, idempotency_key="k")
        assert_problem(other, 409, "idempotency_key_reused")


def test_a_mail_brings_a_link_of_its_own(owner: Staff, client_id: str, invoice_id: str, links: str):
    transaction = Transaction()
    url = invoice_link(transaction, client_id, invoice_id, now())
    assert len(transaction) == 1
    transaction.commit()
    (link,) = owner.get(links).body["items"]
    assert (link["url"], link["by"], link["invoice_id"]) == (url, None, invoice_id)
    assert opened(link).body["invoice"]["number"] == "INV-2026-00042"


# ---- Listed ------------------------------------------------------------------------------


def test_links_are_listed_newest_first_in_pages(owner: Staff, links: str, client_id: str):
    ids = sorted((made(owner, client_id)["link_id"] for _ in range(5)), reverse=True)
    for limit in (1, 2, 4, 5, 100):
        seen: list[str] = []
        cursor: dict[str, str] = {}
        while True:
            page = owner.get(links, limit=str(limit), **cursor).body
            seen += [each["link_id"] for each in page["items"]]
            if page["next_cursor"] is None:
                break
            cursor = {"cursor": page["next_cursor"]}
        assert seen == ids


def test_a_cursor_of_another_clients_links_is_refused(owner: Staff, links: str, client_id: str):
    for _ in range(2):
        made(owner, client_id)
    cursor = owner.get(links, limit="1").body["next_cursor"]
    other = owner.post("/v1/clients", {"business_name": "Other"}).body["client_id"]
    answer = owner.get(f"/v1/clients/{other}/payment-links", cursor=cursor)
    assert_problem(answer, 400, "invalid_cursor")


def test_a_link_that_is_expired_says_so_and_gives_no_address(
    owner: Staff, client_id: str, links: str, monkeypatch: pytest.MonkeyPatch
):
    link = made(owner, client_id, expires_in_days=1)
    later(monkeypatch, days=1, seconds=1)
    shown = owner.get(f"{links}/{link['link_id']}").body
    assert (shown["status"], shown["url"]) == ("expired", None)
    assert owner.get(links).body["items"] == [shown]


# ---- Revoked -----------------------------------------------------------------------------


def test_a_link_that_is_revoked_stays_to_tell_of_its_use(
    owner: Staff, member: Staff, client_id: str, links: str, invoice_id: str
):
    link = made(owner, client_id, invoice_id=invoice_id)
    opened(link)
    where = f"{links}/{link['link_id']}"
    assert member.delete(where).status == 204
    shown = owner.get(where)
    assert shown.etag == '"2"'
    assert (shown.body["status"], shown.body["url"], shown.body["use_count"]) == (
        "revoked",
        None,
        1,
    )
    assert shown.body["revoked"]["by"]["staff_id"] == member.staff_id
    told = payments_told(owner, client_id)[0]
    assert told["text"] == "Revoked a payment link"
    assert told["details"] == {"link_id": link["link_id"], "invoice_id": invoice_id}
    entry = stored.item(f"CLIENT#{client_id}", f"HISTORY#{told['entry_id']}")
    assert entry["event"] == "payment_link.revoked"


def test_to_revoke_a_link_twice_changes_nothing_more(owner: Staff, client_id: str, links: str):
    where = f"{links}/{made(owner, client_id)['link_id']}"
    assert owner.delete(where).status == 204
    with stored.unchanged():
        assert owner.delete(where).status == 204
        assert owner.delete(where, if_match='"2"').status == 204


def test_a_stale_if_match_revokes_nothing(owner: Staff, client_id: str, links: str):
    link = made(owner, client_id)
    where = f"{links}/{link['link_id']}"
    with stored.unchanged():
        for stale in ('"0"', '"2"', "1"):
            assert_problem(owner.delete(where, if_match=stale), 412, "stale_version")
    opened(link)  # a use is no new version
    assert owner.delete(where, if_match='"1"').status == 204
    with stored.unchanged():
        assert_problem(owner.delete(where, if_match='"1"'), 412, "stale_version")


def test_a_link_that_somebody_opens_while_it_is_revoked_is_revoked(
    owner: Staff, client_id: str, links: str
):
    link = made(owner, client_id)
    where = f"{links}/{link['link_id']}"
    with stored.in_between("TransactWriteItems", lambda: opened(link)):
        assert owner.delete(where).status == 204
    shown = owner.get(where).body
    assert (shown["status"], shown["use_count"]) == ("revoked", 1)


def test_a_link_of_a_client_that_is_deleted_meanwhile_is_not_revoked(
    owner: Staff, manager: Staff, client_id: str, links: str
):
    """Else the history would tell of it when the client is gone."""
    where = f"{links}/{made(owner, client_id)['link_id']}"

    def delete() -> None:
        assert manager.delete(f"/v1/clients/{client_id}").status == 204

    with stored.in_between("TransactWriteItems", delete):
        assert_problem(owner.delete(where), 404, "client_not_found")
    told = [each.get("text") for each in stored.items(f"CLIENT#{client_id}")]
    assert "Revoked a payment link" not in told


def test_two_who_revoke_a_link_at_once_revoke_it_once(
    owner: Staff, member: Staff, client_id: str, links: str
):
    where = f"{links}/{made(owner, client_id)['link_id']}"
    with stored.in_between("TransactWriteItems", lambda: member.delete(where)):
        assert owner.delete(where).status == 204
    shown = owner.get(where).body
    assert shown["revoked"]["by"]["staff_id"] == member.staff_id
    assert len([e for e in payments_told(owner, client_id) if "Revoked" in e["text"]]) == 1


# ---- Not there ---------------------------------------------------------------------------


@pytest.mark.parametrize("link_id", [NOBODY, "x", "é", "x" * 3000])
def test_a_link_that_is_not_there_is_not_found(link_id: str, owner: Staff, links: str):
    where = f"{links}/{link_id}"
    with stored.unchanged():
        assert_problem(owner.get(where), 404, "payment_link_not_found")
        assert_problem(owner.delete(where), 404, "payment_link_not_found")


def test_a_link_of_another_client_is_not_found(owner: Staff, client_id: str):
    link = made(owner, client_id)
    other = owner.post("/v1/clients", {"business_name": "Other"}).body["client_id"]
    where = f"/v1/clients/{other}/payment-links/{link['link_id']}"
    with stored.unchanged():
        assert_problem(owner.get(where), 404, "payment_link_not_found")
        assert_problem(owner.delete(where), 404, "payment_link_not_found")


@pytest.mark.parametrize("nobody", [NOBODY, "x", "é"])
def test_links_of_a_client_that_is_not_there_are_not_found(nobody: str, owner: Staff):
    links = f"/v1/clients/{nobody}/payment-links"
    with stored.unchanged():
        for answer in (
            owner.get(links),
            owner.post(links, {}),
            owner.post(links, {}, idempotency_key="k"),
            owner.post(links, {"invoice_id": NOBODY}),
            owner.get(f"{links}/{NOBODY}"),
            owner.delete(f"{links}/{NOBODY}"),
        ):
            assert_problem(answer, 404, "client_not_found")
