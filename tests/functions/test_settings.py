"""The firm's settings."""

from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Staff

SETTINGS = "/v1/settings"
ADDRESS = ("street1", "street2", "city", "state", "postal_code", "country", "country_name")
NUMBERING: dict[str, Any] = {
    "client": "C-{seq:04}",
    "invoice": "INV-{year}-{seq:05}",
    "credit_note": "CN-{year}-{seq:05}",
    "estimate": "EST-{year}-{seq:05}",
    "yearly": True,
}
UNSAID: tuple[str, ...] = (
    "vat_id",
    "tax_number",
    "registration",
    "bank",
    "account_holder",
    "iban",
    "bic",
)
UNSAID += ("payment_terms", "exemption_reason", "footer", "closed_until")
BILLING: dict[str, Any] = {
    **dict.fromkeys(UNSAID),
    "paper": "a4",
    "locale": "en-GB",
    "round_to": {},
}
SENDING: dict[str, Any] = {
    "from": None,
    "until": None,
    "days": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
    "holidays": [],
}
DEFAULTS: dict[str, Any] = {
    "name": None,
    "email": None,
    "telephone": None,
    "address": dict.fromkeys(ADDRESS),
    "currency": "EUR",
    "time_zone": "UTC",
    "tax_rates": [],
    "numbering": NUMBERING,
    "billing": BILLING,
    "portal": {"display_balances": True, "account_history": True, "auto_send_invoices": False},
    "branding": {"colour": "#1a6f5c", "logo_url": None},
    "sending": SENDING,
    "workflow_id": None,
    "updated_at": None,
    "version": 0,
}
EVERYTHING: dict[str, Any] = {
    "name": "Sturm & Partner 🌪",
    "email": "office@sturm.example",
    "telephone": "+49 221 1234",
    "address": {"street1": "Ring 1", "city": "Köln", "postal_code": "50667", "country": "DE"},
    "currency": "CHF",
    "time_zone": "Europe/Berlin",
    "tax_rates": [{"name": "VAT 19 %", "rate": "19", "category": "S"}],
    "numbering": {
        "client": "K{seq}",
        "invoice": "R{seq}",
        "credit_note": "G{seq:03}",
        "estimate": "{year}/A{seq}",
        "yearly": False,
    },
    "billing": {
        "vat_id": "DE123456789",
        "tax_number": "214/5678/0123",
        "registration": "Amtsgericht Köln HRB 12345",
        "bank": "Sparkasse KölnBonn",
        "account_holder": "Sturm GbR",
        "iban": "DE89370400440532013000",
        "bic": "COBADEFFXXX",
        "payment_terms": "Please pay within 30 days.",
        "exemption_reason": "§ 4 Nr. 21 UStG",
        "footer": "Thank you.",
        "paper": "letter",
        "locale": "de-DE",
        "round_to": {"CHF": "0.05"},
        "closed_until": "2025-12-31",
    },
    "portal": {"display_balances": False, "account_history": False, "auto_send_invoices": True},
    "branding": {"colour": "#aa0033", "logo_url": "https://sturm.example/logo.png?v=2"},
    "sending": {
        "from": "08:30",
        "until": "18:00",
        "days": ["mon", "tue", "wed", "thu", "fri"],
        "holidays": ["2026-12-25"],
    },
}


def test_a_new_firm_has_defaults(member: Staff):
    answer = member.get(SETTINGS)
    assert (answer.status, answer.body, answer.etag) == (200, DEFAULTS, '"0"')
    assert stored.keys() == []


def test_settings_read_as_they_were_set(manager: Staff, member: Staff):
    answer = manager.patch(SETTINGS, EVERYTHING)
    assert answer.status == 200, answer.body
    assert answer.etag == '"1"'
    for name, value in EVERYTHING.items():
        if name != "address":
            assert answer.body[name] == value
    address = dict.fromkeys(ADDRESS) | EVERYTHING["address"] | {"country_name": "Germany"}
    assert answer.body["address"] == address
    assert member.get(SETTINGS).body == answer.body


def test_only_managers_and_owners_change_settings(
    owner: Staff, manager: Staff, specialist: Staff, member: Staff
):
    for refused in (specialist, member):
        with stored.unchanged():
            assert_problem(refused.patch(SETTINGS, {"name": "x"}), 403, "forbidden")
        assert refused.get(SETTINGS).status == 200
    for allowed in (owner, manager):
        assert allowed.patch(SETTINGS, {"name": allowed.role}).body["name"] == allowed.role


def test_a_patch_of_settings_changes_what_it_names(owner: Staff):
    before = owner.patch(SETTINGS, EVERYTHING).body
    patch = {"address": {"city": "Bonn"}, "portal": {"auto_send_invoices": False}}
    after = owner.patch(SETTINGS, patch).body
    assert after["address"] == before["address"] | {"city": "Bonn"}
    assert after["portal"] == before["portal"] | {"auto_send_invoices": False}
    for name in ("name", "currency", "tax_rates", "numbering", "time_zone"):
        assert after[name] == before[name]


def test_null_brings_back_the_default(owner: Staff):
    owner.patch(SETTINGS, EVERYTHING)
    body = owner.patch(SETTINGS, dict.fromkeys(EVERYTHING)).body
    assert body == DEFAULTS | {"updated_at": body["updated_at"], "version": 2}
    owner.patch(SETTINGS, EVERYTHING)
    patch = {"numbering": {"client": None}, "portal": {"display_balances": None}}
    body = owner.patch(SETTINGS, patch).body
    assert body["numbering"] == EVERYTHING["numbering"] | {"client": "C-{seq:04}"}
    assert body["portal"]["display_balances"] is True
    assert body["portal"]["account_history"] is False


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"currency": "EURO"}, "currency"),
        ({"time_zone": "Mars/Olympus"}, "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "time_zone"),
        ({"time_zone": "/etc/passwd"}, "time_zone"),
        ({"time_zone": "Europe"}, "time_zone"),
        ({"email": "sturm"}, "email"),
        ({"email": ""}, "email"),
        ({"name": "a\u0000"}, "name"),
        ({"name": 1}, "name"),
        ({"address": {"country": "Atlantis"}}, "address.country"),
        ({"address": {"planet": "Mars"}}, "address.planet"),
        ({"numbering": {"client": "C-0001"}}, "numbering.client"),
        ({"numbering": {"client": "{seq}{seq}"}}, "numbering.client"),
        ({"numbering": {"client": "{seq:13}"}}, "numbering.client"),
        ({"numbering": {"client": "{seq:04x}"}}, "numbering.client"),
        ({"numbering": {"client": "{seq.__class__}"}}, "numbering.client"),
        ({"numbering": {"client": "{0}{seq}"}}, "numbering.client"),
        ({"numbering": {"order": "{seq}"}}, "numbering.order"),
        ({"numbering": {"invoice": "{year}"}}, "numbering.invoice"),
        ({"numbering": {"invoice": "{year}{year}{seq}"}}, "numbering.invoice"),
        ({"numbering": {"invoice": "R{seq}"}}, "numbering"),  # comes again each year
        ({"billing": {"iban": "DE88370400440532013000"}}, "billing.iban"),
        ({"billing": {"iban": "DE89 3704"}}, "billing.iban"),
        ({"billing": {"bic": "COBA"}}, "billing.bic"),
        ({"billing": {"paper": "a5"}}, "billing.paper"),
        ({"billing": {"locale": "fr-FR"}}, "billing.locale"),
        ({"billing": {"round_to": {"CHF": "-0.05"}}}, "billing.round_to.CHF"),
        ({"billing": {"round_to": {"XXX": "0.05"}}}, "billing.round_to.XXX"),
        ({"billing": {"closed_until": "2025-13-01"}}, "billing.closed_until"),
        ({"tax_rates": [{"name": "VAT", "rate": "101"}]}, "tax_rates.0.rate"),
        ({"tax_rates": [{"name": "VAT", "rate": 19}]}, "tax_rates.0.rate"),
        ({"tax_rates": [{"name": "VAT", "rate": "1", "category": "X"}]}, "tax_rates.0.category"),
        ({"tax_rates": [{"rate": "1"}]}, "tax_rates.0.name"),
        ({"tax_rates": [{"name": "VAT", "rate": "1"}] * 51}, "tax_rates"),
        ({"portal": {"display_balances": "certainly"}}, "portal.display_balances"),
        ({"branding": {"colour": "green"}}, "branding.colour"),
        ({"branding": {"colour": "#fff"}}, "branding.colour"),
        ({"branding": {"colour": "#1a6f5c;}"}}, "branding.colour"),
        ({"branding": {"colour": "#1a6f5c\n"}}, "branding.colour"),
        ({"branding": {"logo_url": "http://sturm.example/logo.png"}}, "branding.logo_url"),
        ({"branding": {"logo_url": "javascript:alert(1)"}}, "branding.logo_url"),
        ({"branding": {"logo_url": "https://"}}, "branding.logo_url"),
        ({"branding": {"logo_url": "https://a.example:x/"}}, "branding.logo_url"),
        ({"branding": {"logo_url": "https://a:b@a.example/"}}, "branding.logo_url"),
        ({"branding": {"logo_url": 'https://a.example/"x'}}, "branding.logo_url"),
        ({"branding": {"logo_url": "https://a.example/a b"}}, "branding.logo_url"),
        ({"branding": {"logo_url": "https://a.example/" + "a" * 500}}, "branding.logo_url"),
        ({"branding": {"font": "Comic Sans"}}, "branding.font"),
        ({"sending": {"from": "08:00"}}, "sending"),
        ({"sending": {"from": "18:00", "until": "08:00"}}, "sending.until"),
        ({"sending": {"from": "08:00", "until": "24:00"}}, "sending.until"),
        ({"sending": {"days": []}}, "sending.days"),
        ({"sending": {"days": ["Monday"]}}, "sending.days.0"),
        ({"sending": {"holidays": ["25.12."]}}, "sending.holidays.0"),
        ({"version": 7}, "version"),
        ({"updated_at": None}, "updated_at"),
    ],
)
def test_a_wrong_setting_is_refused_and_named(patch: dict[str, Any], field: str, owner: Staff):
    owner.patch(SETTINGS, {"name": "Sturm"})
    with stored.unchanged():
        assert_problem(owner.patch(SETTINGS, patch), 422, "validation_failed", field)


def test_a_stale_if_match_stops_a_change_of_settings(owner: Staff, manager: Staff):
    assert owner.patch(SETTINGS, {"name": "One"}, if_match='"0"').status == 200
    with stored.unchanged():
        answer = owner.patch(SETTINGS, {"name": "Two"}, if_match='"0"')
        assert_problem(answer, 412, "stale_version")
    rival = {"currency": "USD"}
    with stored.in_between("PutItem", lambda: manager.patch(SETTINGS, rival)):
        answer = owner.patch(SETTINGS, {"name": "Three"}, if_match='"1"')
    assert_problem(answer, 412, "stale_version")
    assert owner.get(SETTINGS).body["currency"] == "USD"


def test_two_changes_at_once_both_count(owner: Staff, manager: Staff):
    rival = {"currency": "USD"}
    with stored.in_between("PutItem", lambda: manager.patch(SETTINGS, rival)):
        body = owner.patch(SETTINGS, {"name": "Sturm"}).body
    assert (body["currency"], body["name"], body["version"]) == ("USD", "Sturm", 2)
