"""The page behind a payment link: what it shows, to whom, and that its use is counted."""

import logging
from base64 import urlsafe_b64encode
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest

from tallybook.signing import sign
from tests.builders import new_client, removal_event
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Answer, Caller, Staff, answer_of, function, invoke
from tests.support.billing import drafted, finalized, path
from tests.support.calls import recorded
from tests.support.links import add_invoice, later, made, opened, token_of

FIRM = {
    "name": "Sturm & Partner",
    "email": "office@sturm.example",
    "telephone": "+49 221 1234",
    "address": {"street1": "Ring 1", "city": "Köln", "postal_code": "50667", "country": "DE"},
    "branding": {"colour": "#003366"},
    "billing": {"iban": "DE89370400440532013000", "bic": "COBADEFFXXX", "vat_id": "DE123456789"},
}
BANK = {
    "iban": "DE89370400440532013000",
    "bic": "COBADEFFXXX",
    "holder": "Sturm & Partner",
    "reference": "INV-2026-00042",
}


@pytest.fixture
def client_id(owner: Staff) -> str:
    assert owner.patch("/v1/settings", FIRM).status == 200
    return owner.post("/v1/clients", new_client()).body["client_id"]


@pytest.fixture
def link(owner: Staff, client_id: str) -> dict[str, Any]:
    return made(owner, client_id, invoice_id=add_invoice(client_id))


def portal(owner: Staff, **settings: bool) -> None:
    assert owner.patch("/v1/settings", {"portal": settings}).status == 200


def of_invoice(owner: Staff, client_id: str, **row: Any) -> Answer:
    """What the page of a link to such an invoice is told."""
    return opened(made(owner, client_id, invoice_id=add_invoice(client_id, **row)))


def owes(client_id: str, **totals: tuple[str, str]) -> None:
    """What is unpaid and what is credit, by currency."""
    account = {
        currency: {
            "invoiced": Decimal(10_000),
            "paid": Decimal(0),
            "unpaid": Decimal(unpaid),
            "credit": Decimal(credit),
        }
        for currency, (unpaid, credit) in totals.items()
    }
    stored.alter(f"CLIENT#{client_id}", "CLIENT", row__account=account)


def use(owner: Staff, client_id: str, link: dict[str, Any]) -> tuple[int, str | None, list[str]]:
    shown = owner.get(f"/v1/clients/{client_id}/payment-links/{link['link_id']}").body
    return shown["use_count"], shown["last_used_at"], shown["uses"]


# ---- What it shows -----------------------------------------------------------------------


def test_a_link_to_an_invoice_shows_what_paying_it_takes(link: dict[str, Any]):
    answer = opened(link)
    assert answer.status == 200
    assert answer.body == {
        "firm": {
            "name": "Sturm & Partner",
            "email": "office@sturm.example",
            "telephone": "+49 221 1234",
            "address": {
                "street1": "Ring 1",
                "street2": None,
                "city": "Köln",
                "state": None,
                "postal_code": "50667",
                "country": "DE",
                "country_name": "Germany",
            },
            "branding": {"colour": "#003366", "logo_url": None},
        },
        "scope": "invoice",
        "client_name": "Müller & Söhne GmbH",
        "invoice": {
            "number": "INV-2026-00042",
            "issue_date": "2026-11-01",
            "due_date": "2199-12-01",
            "currency": "EUR",
            "total": "1250.00",
            "balance": "250.00",
            "status": "partially_paid",
            "overdue": False,
        },
        "account": None,
        "login_required": False,
        "portal_url": "https://firm.example/portal",
        "methods": ["bank_transfer"],
        "bank": BANK,
        "expires_at": link["expires_at"],
    }


def test_without_display_balances_only_what_is_due_is_shown(owner: Staff, link: dict[str, Any]):
    portal(owner, display_balances=False)
    hidden = opened(link).body["invoice"]
    assert (hidden["total"], hidden["balance"]) == (None, "250.00")
    assert "1250" not in str(opened(link).body)
    portal(owner, display_balances=True)
    assert opened(link).body["invoice"]["total"] == "1250.00"


def test_a_link_to_the_account_shows_what_is_owed_in_each_currency(owner: Staff, client_id: str):
    owes(client_id, USD=("10.5", "0"), EUR=("1250", "250"), JPY=("0", "700"), CHF=("5", "5"))
    link = made(owner, client_id)
    shown = opened(link).body
    assert shown["account"] == [
        {"currency": "EUR", "balance": "1000.00"},
        {"currency": "JPY", "balance": "-700"},
        {"currency": "USD", "balance": "10.50"},
    ]
    assert (shown["scope"], shown["invoice"]) == ("account", None)
    assert shown["login_required"] is True
    assert shown["bank"]["reference"] == "C-0001"


def test_an_account_that_owes_nothing_has_nothing_to_transfer(owner: Staff, client_id: str):
    owes(client_id, EUR=("0", "20"))
    shown = opened(made(owner, client_id)).body
    assert shown["account"] == [{"currency": "EUR", "balance": "-20.00"}]
    assert shown["bank"] is None


def test_a_link_to_the_account_leads_nowhere_while_accounts_cannot_be_paid(
    owner: Staff, client_id: str, link: dict[str, Any]
):
    whole = made(owner, client_id)
    portal(owner, account_history=False)
    with stored.unchanged():
        assert_problem(opened(whole), 404, "payment_link_not_found")
    assert opened(link).status == 200
    portal(owner, account_history=True)
    assert opened(whole).status == 200


def test_an_invoice_that_is_paid_meanwhile_says_so_and_asks_for_nothing(
    owner: Staff, client_id: str, link: dict[str, Any]
):
    stored.alter(
        f"CLIENT#{client_id}",
        f"INVOICE#{link['invoice_id']}",
        row__status="paid",
        row__paid=Decimal("1250.00"),
        row__balance=Decimal(0),
    )
    shown = opened(link).body
    assert (shown["invoice"]["status"], shown["invoice"]["balance"]) == ("paid", "0.00")
    assert (shown["invoice"]["overdue"], shown["bank"]) == (False, None)


def test_an_invoice_that_is_voided_meanwhile_says_so_and_asks_for_nothing(
    client_id: str, link: dict[str, Any]
):
    where = f"CLIENT#{client_id}", f"INVOICE#{link['invoice_id']}"
    stored.alter(*where, row__status="void", row__balance=Decimal(0))
    shown = opened(link).body
    assert (shown["invoice"]["status"], shown["invoice"]["balance"]) == ("void", "0.00")
    assert shown["bank"] is None


def test_that_a_debt_was_given_up_is_not_told(client_id: str, link: dict[str, Any]):
    where = f"CLIENT#{client_id}", f"INVOICE#{link['invoice_id']}"
    stored.alter(*where, row__status="written_off", row__balance=Decimal(0))
    assert_problem(opened(link), 404, "payment_link_not_found")


def test_an_invoice_is_overdue_behind_its_due_date_where_the_firm_is(
    owner: Staff, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    assert of_invoice(owner, client_id, due_date="2020-01-01").body["invoice"]["overdue"] is True
    link = made(owner, client_id, invoice_id=add_invoice(client_id, due_date="2026-12-01"))
    at = {"2026-12-01T22:30:00+00:00": False, "2026-12-01T23:30:00+00:00": True}
    owner.patch("/v1/settings", {"time_zone": "Europe/Berlin"})
    for moment, overdue in at.items():
        _at(monkeypatch, moment)
        assert opened(link).body["invoice"]["overdue"] is overdue


def _at(clock: pytest.MonkeyPatch, moment: str) -> None:
    clock.setattr(function("pay"), "now", lambda: datetime.fromisoformat(moment))


def test_amounts_have_the_decimals_of_their_currency(owner: Staff, client_id: str):
    for currency, amount in (("JPY", "700"), ("KWD", "700.000")):
        shown = of_invoice(
            owner, client_id, currency=currency, total=Decimal(700), balance=Decimal(700)
        )
        assert (shown.body["invoice"]["total"], shown.body["invoice"]["balance"]) == (
            amount,
            amount,
        )


def test_the_bank_account_is_shown_to_who_pays_by_transfer(owner: Staff, link: dict[str, Any]):
    client = f"/v1/clients/{link['client_id']}"
    owner.patch(client, {"payment_settings": {"methods": ["card", "cash"]}})
    shown = opened(link).body
    assert (shown["methods"], shown["bank"]) == (["card", "cash"], None)
    owner.patch(client, {"payment_settings": {"methods": ["cash", "bank_transfer"]}})
    assert opened(link).body["bank"] == BANK
    owner.patch("/v1/settings", {"billing": {"account_holder": "A. Sturm", "bic": None}})
    assert opened(link).body["bank"] == BANK | {"holder": "A. Sturm", "bic": None}
    owner.patch("/v1/settings", {"billing": {"iban": None}})
    assert opened(link).body["bank"] is None


def test_a_firm_that_set_nothing_has_a_page_all_the_same(owner: Staff):
    client_id = owner.post("/v1/clients", {"business_name": "Acme"}).body["client_id"]
    shown = of_invoice(owner, client_id)
    assert shown.status == 200
    assert (shown.body["firm"]["name"], shown.body["bank"]) == (None, None)


def test_the_page_knows_no_more_of_the_client_than_its_name(
    owner: Staff, client_id: str, link: dict[str, Any]
):
    owner.post(f"/v1/clients/{client_id}/contacts", {"first_name": "Zoë", "emails": "z@x.example"})
    shown = str(opened(link).body)
    for personal in ("Jürgen", "mueller.example", "+49221123456", "Lindenstraße", "Zoë", client_id):
        assert personal not in shown


# ---- Whom it is shown to -----------------------------------------------------------------


def assert_leads_nowhere(token: str) -> None:
    answer = opened(token)
    assert_problem(answer, 404, "payment_link_not_found")
    assert answer.body == opened("x").body


def test_a_token_of_which_anything_is_altered_leads_nowhere(link: dict[str, Any]):
    token = token_of(link)
    with stored.unchanged():
        for place, letter in enumerate(token):
            for other in ("A" if letter != "A" else "B", chr(ord(letter) ^ 1), "%"):
                assert_leads_nowhere(token[:place] + other + token[place + 1 :])
    assert opened(token).status == 200


@pytest.mark.parametrize(
    "wrong",
    ["x", "é", ".", "%00", "\x16\xc2\x1a", "x" * 82, "0" * 5000, "../t/x", "😀" * 82, "A" * 81],
)
def test_what_is_no_token_leads_nowhere(wrong: str):
    with stored.unchanged():
        assert_problem(_asked(wrong), 404, "payment_link_not_found")


def _asked(token: str) -> Answer:
    """As the gateway sends it, whatever is in it."""
    event = Caller().event("GET", f"/pay/{token.replace('/', '%2F')}")
    return answer_of(invoke("pay", event))


def test_a_token_cut_or_prolonged_leads_nowhere(link: dict[str, Any]):
    token = token_of(link)
    for wrong in (token[:-1], token[1:], token + "A", token + "=", token + "==", token * 2):
        assert_leads_nowhere(wrong)


def test_a_token_signed_for_another_purpose_leads_nowhere(link: dict[str, Any]):
    content = token_of(link)[:60]
    for purpose in ("open", "cursor", "payment link ", ""):
        signature = urlsafe_b64encode(sign(purpose, content.encode())).decode().rstrip("=")
        assert_leads_nowhere(content + signature)


def test_a_token_lasts_no_longer_than_its_link(
    link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    later(monkeypatch, days=89, hours=23)
    assert opened(link).status == 200
    later(monkeypatch, days=90, seconds=1)
    with stored.unchanged():
        assert_leads_nowhere(token_of(link))


def test_an_expired_token_costs_no_read(link: dict[str, Any], monkeypatch: pytest.MonkeyPatch):
    later(monkeypatch, days=91)
    with stored.fault("*", "InternalServerError"):
        assert_leads_nowhere(token_of(link))
        assert_leads_nowhere("x" * 82)


def test_a_link_that_was_revoked_leads_nowhere(owner: Staff, client_id: str, link: dict[str, Any]):
    owner.delete(f"/v1/clients/{client_id}/payment-links/{link['link_id']}")
    with stored.unchanged():
        assert_leads_nowhere(token_of(link))


def test_a_link_that_was_shortened_in_the_table_ends_the_token(
    client_id: str, link: dict[str, Any]
):
    where = f"CLIENT#{client_id}", f"PAYLINK#{link['link_id']}"
    stored.alter(*where, expires_at="2998-01-01T00:00:00.000Z")
    assert_leads_nowhere(token_of(link))


def test_a_link_of_a_suspended_client_is_refused_until_it_is_active(
    owner: Staff, client_id: str, link: dict[str, Any]
):
    owner.post(f"/v1/clients/{client_id}/suspend", {"reason": "Owes since July"})
    with stored.unchanged():
        refused = opened(link)
    assert_problem(refused, 403, "access_suspended")
    assert "July" not in str(refused.body)
    owner.post(f"/v1/clients/{client_id}/activate")
    assert opened(link).status == 200


@pytest.mark.parametrize("erase", [{}, {"erase": "true"}])
def test_a_link_of_a_client_that_is_gone_leads_nowhere(
    owner: Staff, client_id: str, link: dict[str, Any], erase: dict[str, str]
):
    if erase:
        stored.alter(f"CLIENT#{client_id}", "CLIENT", finalized_invoices=1)
    assert owner.delete(f"/v1/clients/{client_id}", erase).status == 204
    assert_leads_nowhere(token_of(link))
    invoke("removals", removal_event(client_id))
    assert_leads_nowhere(token_of(link))
    assert not [each for each in stored.items() if each["sk"].startswith("PAYLINK#")]


def test_nobody_keeps_what_a_link_shows_or_hides(link: dict[str, Any]):
    for answer in (opened(link), opened("x"), _asked("\x16\xc2\x1a")):
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["referrer-policy"] == "no-referrer"
        assert answer.headers["x-robots-tag"] == "noindex"


def test_a_token_is_not_in_the_log(
    link: dict[str, Any], caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
):
    caplog.handler.setLevel(logging.DEBUG)
    caplog.clear()
    with stored.fault("TransactWriteItems", "ProvisionedThroughputExceededException"):
        opened(link)
    opened(token_of(link)[:-1] + "!")
    said = str([vars(record) for record in caplog.records])
    assert "use not counted" in said
    assert token_of(link)[:-1] not in said + caplog.text + capsys.readouterr().out


def test_whatever_is_appended_to_the_address_is_ignored(link: dict[str, Any]):
    assert Caller().get(f"/pay/{token_of(link)}", utm_source="mail").status == 200


# ---- Its use -----------------------------------------------------------------------------


def test_each_use_is_counted_with_its_time(
    owner: Staff, client_id: str, link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    opened(link)
    count, first, uses = use(owner, client_id, link)
    assert (count, uses) == (1, [first])
    later(monkeypatch, minutes=2)
    opened(link)
    count, last, uses = use(owner, client_id, link)
    assert (count, uses) == (2, [last, first])
    assert str(last) > str(first)


def test_a_page_that_is_loaded_again_at_once_is_used_once(
    owner: Staff, client_id: str, link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    opened(link)
    with stored.unchanged():
        for _ in range(3):
            assert opened(link).status == 200
    later(monkeypatch, seconds=50)
    opened(link)
    assert use(owner, client_id, link)[0] == 1


def test_two_loads_at_the_same_moment_are_one_use(
    owner: Staff, client_id: str, link: dict[str, Any]
):
    with stored.in_between("TransactWriteItems", lambda: opened(link)):
        assert opened(link).status == 200
    assert use(owner, client_id, link)[0] == 1


def test_the_times_of_fifty_uses_are_kept(
    owner: Staff, client_id: str, link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    for minutes in range(0, 110, 2):
        later(monkeypatch, minutes=minutes)
        opened(link)
    count, last, uses = use(owner, client_id, link)
    assert (count, len(uses), uses[0]) == (55, 50, last)
    assert uses == sorted(uses, reverse=True)


def test_the_history_tells_of_the_first_use_of_a_day(
    owner: Staff, client_id: str, link: dict[str, Any], monkeypatch: pytest.MonkeyPatch
):
    for moment in ("2026-12-01T08:00", "2026-12-01T09:00", "2026-12-02T00:00", "2026-12-02T23:59"):
        _at(monkeypatch, f"{moment}:00+00:00")
        opened(link)
    entries = owner.get(f"/v1/clients/{client_id}/history", type="payment").body["items"]
    told = [each for each in entries if each["text"] == "A payment link was used"]
    assert [each["at"][:16] for each in told] == ["2026-12-02T00:00", "2026-12-01T08:00"]
    assert told[0]["by"] is None
    assert told[0]["details"] == {"link_id": link["link_id"], "invoice_id": link["invoice_id"]}
    entry = stored.item(f"CLIENT#{client_id}", f"HISTORY#{told[0]['entry_id']}")
    assert entry["event"] == "payment_link.used"
    assert use(owner, client_id, link)[0] == 4


def test_who_used_a_link_is_not_noted_down(client_id: str, link: dict[str, Any]):
    opened(link)
    assert "192.0.2" not in str(stored.items())


def test_a_use_that_cannot_be_noted_down_keeps_nobody_from_paying(link: dict[str, Any]):
    with stored.fault("TransactWriteItems", "ProvisionedThroughputExceededException"):
        assert opened(link).status == 200


def test_a_link_costs_two_reads_and_a_write(link: dict[str, Any]):
    with recorded() as calls:
        opened(link)
    assert [name for name, _ in calls] == ["BatchGetItem", "GetItem", "TransactWriteItems"]


# ---- Invoices as they are really made ----------------------------------------------------


def test_a_mail_of_an_invoice_leads_to_its_page(owner: Staff, client_id: str):
    invoice = finalized(owner, client_id, due_date="2199-12-01")
    assert owner.post(f"{path(invoice)}/send", {}).status == 202
    (link,) = owner.get(f"/v1/clients/{client_id}/payment-links").body["items"]
    (mail,) = [each for each in stored.items("CLIENT#") if each["sk"].startswith("EMAIL#")]
    assert mail["context"]["link"] == link["url"]
    shown = opened(link).body
    assert shown["invoice"] == {
        "number": invoice["number"],
        "issue_date": invoice["issue_date"],
        "due_date": "2199-12-01",
        "currency": "EUR",
        "total": "238.00",
        "balance": "238.00",
        "status": "open",
        "overdue": False,
    }
    assert shown["bank"]["reference"] == invoice["number"]


def test_what_is_paid_and_voided_is_seen_at_once(owner: Staff, client_id: str):
    invoice = finalized(owner, client_id)
    link, whole = made(owner, client_id, invoice_id=invoice["invoice_id"]), made(owner, client_id)
    assert opened(whole).body["account"] == [{"currency": "EUR", "balance": "238.00"}]
    payment = {"amount": "38.00", "method": "cash"}
    assert owner.post(f"/v1/clients/{client_id}/payments", payment).status == 201
    shown = opened(link).body["invoice"]
    assert (shown["balance"], shown["status"]) == ("200.00", "partially_paid")
    assert opened(whole).body["account"] == [{"currency": "EUR", "balance": "200.00"}]
    assert owner.post(f"{path(invoice)}/void", {"reason": "Wrong client"}).status == 200
    shown = opened(link).body
    assert (shown["invoice"]["balance"], shown["invoice"]["status"]) == ("0.00", "void")
    assert shown["bank"] is None
    assert opened(whole).body["account"] == [{"currency": "EUR", "balance": "-38.00"}]


def test_a_draft_has_no_link(owner: Staff, client_id: str):
    draft = drafted(owner, client_id)
    links = f"/v1/clients/{client_id}/payment-links"
    with stored.unchanged():
        answer = owner.post(links, {"invoice_id": draft["invoice_id"]})
    assert_problem(answer, 409, "is_a_draft")
