"""Clients one by one and in bulk. Lists and searches: test_client_list.py."""

import time
from typing import Any

import pytest

from tests.builders import removal_event
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Answer, Staff, invoke
from tests.support.billing import estimated, finalized
from tests.support.faults import refused
from tests.support.recurring import recurring

CLIENTS = "/v1/clients"
NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
WORKFLOW = "01JA2Y5B7QW0RKF10W000000WF"


@pytest.fixture(autouse=True)
def workflow(aws: None) -> None:
    """A workflow that clients may name; nothing makes one yet."""
    stored.put(f"WORKFLOW#{WORKFLOW}", "WORKFLOW")


def created(staff: Staff, **fields: Any) -> dict[str, Any]:
    answer = staff.post(CLIENTS, {"business_name": "Acme"} | fields)
    assert answer.status == 201, answer.body
    return answer.body


def path(client: dict[str, Any], rest: str = "") -> str:
    return f"{CLIENTS}/{client['client_id']}{rest}"


def read(staff: Staff, client: dict[str, Any]) -> dict[str, Any]:
    answer = staff.get(path(client))
    assert answer.status == 200
    return answer.body


def numbers(staff: Staff, *names: str) -> list[str]:
    return [created(staff, business_name=name)["number"] for name in names or ("Acme",)]


# ---- Create ------------------------------------------------------------------------------


def test_a_client_needs_nothing_but_a_business_name(owner: Staff):
    answer = owner.post(CLIENTS, {"business_name": "Acme"})
    assert answer.status == 201
    assert answer.headers["location"] == f"{CLIENTS}/{answer.body['client_id']}"
    assert answer.headers["content-type"] == "application/json"
    assert answer.etag == '"1"'
    body = answer.body
    assert body["created_at"] == body["updated_at"]
    assert body["created_at"].endswith("Z")
    targets = dict.fromkeys(("low", "normal", "high", "urgent"))
    assert body == {
        "client_id": body["client_id"],
        "number": "C-0001",
        "business_name": "Acme",
        "first_name": None,
        "last_name": None,
        "emails": [],
        "telephone": None,
        "billing_address": dict.fromkeys(
            ("street1", "street2", "city", "state", "postal_code", "country", "country_name")
        ),
        "shipping_address": None,
        "currency": "EUR",
        "invoicing_method": "email",
        "vat_id": None,
        "registration": None,
        "buyer_reference": None,
        "status": "active",
        "suspended": None,
        "tags": [],
        "flag": None,
        "favourite": False,
        "ar_specialist": None,
        "workflow_id": None,
        "sla": {"requests": targets, "jobs": targets},
        "payment_settings": {
            "terms_days": 30,
            "methods": ["bank_transfer"],
            "late_fees": True,
            "reminders": True,
        },
        "portal": {"status": "not_invited", "invited_at": None, "accepted_at": None},
        "counts": {"open_invoices": 0, "open_projects": 0, "files": 0},
        "account": [
            {"currency": "EUR", "invoiced": "0.00", "paid": "0.00", "unpaid": "0.00"}
            | {"credit": "0.00"}
        ],
        "created_at": body["created_at"],
        "updated_at": body["updated_at"],
        "version": 1,
    }


EVERYTHING: dict[str, Any] = {
    "business_name": "Müller & Söhne GmbH",
    "number": "K-7",
    "first_name": "Jürgen",
    "last_name": "Müller",
    "emails": ["office@mueller.example", "Jürgen@müller.example"],
    "telephone": "+49221123456",
    "billing_address": {
        "street1": "Lindenstraße 12",
        "street2": "Hinterhof",
        "city": "Köln",
        "state": "NRW",
        "postal_code": "50674",
        "country": "DE",
    },
    "shipping_address": {"street1": "Rua Augusta 1", "city": "Lisboa", "country": "PT"},
    "currency": "JPY",
    "invoicing_method": "print",
    "vat_id": "DE123456789",
    "registration": "HRB 12345",
    "buyer_reference": "04011000-12345-03",
    "tags": ["wholesale", "vip"],
    "workflow_id": WORKFLOW,
    "sla": {"requests": {"low": 2880, "urgent": 30}, "jobs": {"normal": 525_600}},
    "payment_settings": {
        "terms_days": 0,
        "methods": ["card", "online"],
        "late_fees": False,
        "reminders": False,
    },
}


def test_a_client_reads_as_it_was_entered(owner: Staff):
    client = created(owner, **EVERYTHING)
    assert read(owner, client) == client
    for name in ("business_name", "number", "first_name", "last_name", "emails", "telephone"):
        assert client[name] == EVERYTHING[name]
    for name in ("currency", "invoicing_method", "tags", "workflow_id", "payment_settings"):
        assert client[name] == EVERYTHING[name]
    assert client["billing_address"] == EVERYTHING["billing_address"] | {"country_name": "Germany"}
    assert client["shipping_address"]["country_name"] == "Portugal"
    assert client["sla"]["requests"] == {"low": 2880, "normal": None, "high": None, "urgent": 30}
    assert client["account"][0] == {"currency": "JPY", "invoiced": "0", "paid": "0"} | {
        "unpaid": "0",
        "credit": "0",
    }


@pytest.mark.parametrize(
    "name",
    [
        "🍕 Pizza 🇮🇹 👩‍👩‍👧‍👦",
        "مؤسسة الأمل للتجارة",
        "\u200fשלום בע״מ\u200e",
        "株式会社山田商店",
        "Zoe\u0308 Cafe\u0301",
        "Zoë Café",
        'O\'Brien & "Söhne" <b>|; --',
        "ﬁne ﬀ",
        "İstanbul ıSPARTA",
        "=1+1",
        "a" * 200,
    ],
)
def test_names_are_kept_exactly(name: str, owner: Staff):
    client = created(owner, business_name=name, first_name=name, tags=[name[:60]])
    again = read(owner, client)
    assert again["business_name"] == again["first_name"] == name
    assert again["tags"] == [name[:60]]
    assert owner.get(CLIENTS).body["items"][0]["business_name"] == name


def test_addresses_may_be_one_string_with_semicolons(owner: Staff):
    client = created(owner, emails=" anna@x.example;; bob@x.example ;ANNA@x.example")
    assert client["emails"] == ["anna@x.example", "bob@x.example"]
    assert created(owner, emails="")["emails"] == []


def test_a_country_may_be_a_name_in_english_or_its_own_language(owner: Staff):
    for entered in ("Germany", "deutschland", "DE", "deu"):
        client = created(owner, billing_address={"country": entered})
        assert client["billing_address"]["country"] == "DE"
        assert client["billing_address"]["country_name"] == "Germany"


def test_a_telephone_number_is_normalised_when_it_can_be(owner: Staff):
    german = created(owner, telephone="0221 / 12 34 56", billing_address={"country": "DE"})
    assert german["telephone"] == "+49221123456"
    assert created(owner, telephone="ask for Anna: 12")["telephone"] == "ask for Anna: 12"


def test_tags_are_kept_once_whatever_their_case(owner: Staff):
    assert created(owner, tags=["VIP", "vip", "new", "Vip"])["tags"] == ["VIP", "new"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("business_name", None),
        ("business_name", ""),
        ("business_name", "   "),
        ("business_name", 5),
        ("business_name", ["Acme"]),
        ("business_name", "a" * 201),
        ("business_name", "\u200b\u200f"),
        ("business_name", "Ac\u0007me"),
        ("business_name", "Ac\nme"),
        ("business_name", "Ac\ud800me"),
        ("business_name", "\u0000"),
        ("first_name", "\u001b[31m"),
        ("last_name", 1.5),
        ("number", ""),
        ("number", "a" * 61),
        ("number", 42),
        ("telephone", "1\t2"),
        ("telephone", 49221),
        ("emails", 5),
        ("emails", {"0": "a@x.example"}),
        ("billing_address", "Köln"),
        ("billing_address", None),
        ("shipping_address", []),
        ("currency", "EURO"),
        ("currency", "XXX"),
        ("currency", "XAU"),
        ("invoicing_method", "fax"),
        ("tags", "vip"),
        ("tags", ["vip"] * 31),
        ("workflow_id", "1"),
        ("workflow_id", NOBODY),
        ("workflow_id", "01ja2y5b7q8rz4t9c1n6v3x0wd"),
        ("ar_specialist", "nobody"),
        ("sla", 5),
    ],
)
def test_a_wrong_value_is_refused_and_named(field: str, value: Any, owner: Staff):
    with stored.unchanged():
        answer = owner.post(CLIENTS, {"business_name": "Acme"} | {field: value})
    assert_problem(answer, 422, "validation_failed", field)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"billing_address": {"country": "Atlantis"}}, "billing_address.country"),
        ({"billing_address": {"country": "Korea"}}, "billing_address.country"),
        ({"billing_address": {"planet": "Mars"}}, "billing_address.planet"),
        ({"billing_address": {"country_name": "Germany"}}, "billing_address.country_name"),
        ({"shipping_address": {"city": "\u0000"}}, "shipping_address.city"),
        ({"sla": {"requests": {"urgent": 0}}}, "sla.requests.urgent"),
        ({"sla": {"requests": {"urgent": "30"}}}, "sla.requests.urgent"),
        ({"sla": {"jobs": {"low": 525_601}}}, "sla.jobs.low"),
        ({"sla": {"jobs": {"low": True}}}, "sla.jobs.low"),
        ({"sla": {"chats": {}}}, "sla.chats"),
        ({"payment_settings": {"terms_days": 366}}, "payment_settings.terms_days"),
        ({"payment_settings": {"terms_days": 1.5}}, "payment_settings.terms_days"),
        ({"payment_settings": {"late_fees": "yes"}}, "payment_settings.late_fees"),
        ({"payment_settings": {"methods": ["card", "bitcoin"]}}, "payment_settings.methods.1"),
        ({"tags": ["vip", ""]}, "tags.1"),
        ({"client_id": NOBODY}, "client_id"),
        ({"version": 1}, "version"),
        ({"favourite": True}, "favourite"),
        ({"status": "suspended"}, "status"),
    ],
)
def test_a_wrong_value_inside_is_named_by_its_path(body: Any, field: str, owner: Staff):
    with stored.unchanged():
        answer = owner.post(CLIENTS, {"business_name": "Acme"} | body)
    assert_problem(answer, 422, "validation_failed", field)


def test_every_wrong_field_is_named_at_once(owner: Staff):
    answer = owner.post(CLIENTS, {"currency": "EURO", "colour": 1, "emails": ["x"]})
    assert_problem(
        answer, 422, "validation_failed", "business_name", "currency", "colour", "emails.0"
    )


@pytest.mark.parametrize(
    "emails", [["anna@x.example", "bob@@x.example"], "anna@x.example; bob@@x.example"]
)
def test_one_bad_address_of_several_is_named(emails: Any, owner: Staff):
    with stored.unchanged():
        answer = owner.post(CLIENTS, {"business_name": "Acme", "emails": emails})
    assert_problem(answer, 422, "validation_failed", "emails.1")
    assert "bob@@x.example" in answer.fields["emails.1"]
    assert "anna" not in answer.fields["emails.1"]


def test_a_client_has_ten_addresses_at_most(owner: Staff):
    addresses = [f"a{number}@x.example" for number in range(11)]
    assert created(owner, emails=addresses[:10])["emails"] == addresses[:10]
    answer = owner.post(CLIENTS, {"business_name": "Acme", "emails": addresses})
    assert_problem(answer, 422, "validation_failed", "emails")


@pytest.mark.parametrize("again", ["K-7", "k-7"])
def test_a_number_belongs_to_one_client_whatever_its_case(again: str, owner: Staff):
    created(owner, number="K-7")
    with stored.unchanged():
        answer = owner.post(CLIENTS, {"business_name": "Other", "number": again})
    assert_problem(answer, 409, "number_taken")
    assert again in answer.body["detail"]


@pytest.mark.parametrize("again", ["anna@x.example", "ANNA@X.example"])
def test_a_first_address_belongs_to_one_client_whatever_its_case(again: str, owner: Staff):
    created(owner, emails=["anna@x.example"])
    with stored.unchanged():
        answer = owner.post(CLIENTS, {"business_name": "Other", "emails": [again]})
    assert_problem(answer, 409, "email_taken")


def test_further_addresses_are_free(owner: Staff):
    created(owner, emails=["anna@x.example", "shared@x.example"])
    created(owner, emails=["bob@x.example", "anna@x.example", "shared@x.example"])
    created(owner, emails=["shared@x.example"])


# ---- Numbers -----------------------------------------------------------------------------


def test_numbers_follow_each_other(owner: Staff):
    assert numbers(owner, "A", "B", "C") == ["C-0001", "C-0002", "C-0003"]


def test_a_number_by_hand_that_fits_the_pattern_moves_the_sequence_on(owner: Staff):
    assert numbers(owner) == ["C-0001"]
    created(owner, number="C-0041")
    assert numbers(owner) == ["C-0042"]
    created(owner, number="C-0007")
    created(owner, number="X-9000")
    created(owner, number="C-123")  # too few digits to be one of the sequence
    assert numbers(owner) == ["C-0043"]


def test_a_refused_number_moves_nothing(owner: Staff):
    created(owner, number="C-0041")
    owner.post(CLIENTS, {"business_name": "Acme", "number": "C-0041"})
    owner.post(CLIENTS, {"business_name": "Acme", "number": "C-0900", "ar_specialist": "nobody"})
    assert numbers(owner) == ["C-0042"]


def test_numbers_that_were_given_by_hand_are_passed_over(owner: Staff):
    clients = [created(owner, business_name=name) for name in "ABCDE"]
    for number, client in enumerate(clients, start=6):
        assert owner.patch(path(client), {"number": f"C-{number:04}"}).status == 200
    later = numbers(owner, "F", "G", "H")
    assert len({*later, *(f"C-{number:04}" for number in range(6, 11))}) == 8


def test_a_number_set_by_an_edit_moves_the_sequence_on_too(owner: Staff):
    client = created(owner)
    assert owner.patch(path(client), {"number": "C-1001"}).status == 200
    assert numbers(owner) == ["C-1002"]


@pytest.mark.parametrize("contended", [False, True])
def test_a_list_of_numbers_that_was_brought_along_is_passed_over_at_once(
    owner: Staff, contended: bool, monkeypatch: pytest.MonkeyPatch
):
    for number in range(1, 701):  # guards alone: the clients would only take time
        stored.put(f"UNIQUE#number#{number}", "UNIQUE", client_id="01JA2Y5B7Q8RZ4T9C1N6V3X0WD")
    owner.patch("/v1/settings", {"numbering": {"client": "{seq}"}})
    monkeypatch.setattr("tallybook.clients.creation._RACES", 0 if contended else 3)
    first, second = numbers(owner, "A", "B")
    assert (first, second) == ("701", "702")


def test_a_number_with_very_many_digits_is_kept_and_moves_nothing(owner: Staff):
    assert created(owner, number="C-9999999999999")["number"] == "C-9999999999999"
    assert numbers(owner) == ["C-0001"]


def test_the_sequence_goes_on_beyond_the_longest_number_by_hand(owner: Staff):
    created(owner, number="C-999999999999")
    assert numbers(owner, "A", "B") == ["C-1000000000000", "C-1000000000001"]


@pytest.mark.parametrize(("conflicts", "status"), [(3, 201), (99, 409)])
def test_a_sequence_that_rivals_hold_is_asked_again(
    owner: Staff, conflicts: int, status: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tallybook.clients.creation._RACES", 0)
    with refused("UpdateItem", "TransactionConflictException", times=conflicts):
        answer = owner.post(CLIENTS, {"business_name": "Acme"})
    assert answer.status == status, answer.body


def test_a_change_of_the_pattern_counts_at_once(owner: Staff):
    assert numbers(owner) == ["C-0001"]
    owner.patch("/v1/settings", {"numbering": {"client": "K{seq}/26"}})
    assert numbers(owner) == ["K2/26"]
    created(owner, number="K10/26")
    assert numbers(owner) == ["K11/26"]


def test_a_change_of_settings_in_another_container_counts_at_once(owner: Staff):
    assert numbers(owner) == ["C-0001"]
    stored.put(
        "SETTINGS",
        "SETTINGS",
        settings={"currency": "JPY", "numbering": {"client": "J-{seq:02}"}},
        updated_at="2026-11-22T07:04:00.000Z",
        version=1,
    )
    client = created(owner)
    assert (client["number"], client["currency"]) == ("J-02", "JPY")


def test_numbers_given_in_another_container_are_not_given_again(owner: Staff):
    assert numbers(owner) == ["C-0001"]
    stored.put("SEQUENCE#client", "SEQUENCE", next=50)
    assert numbers(owner, "A", "B") == ["C-0050", "C-0051"]


def test_the_sequence_goes_beyond_the_digits_of_the_pattern(owner: Staff):
    created(owner, number="C-9999")
    assert numbers(owner) == ["C-10000"]


# ---- Read, edit --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "client_id", [NOBODY, "1", "CLIENTS", NOBODY.lower(), "%00", "é", "x" * 3000]
)
def test_an_id_that_no_client_has_is_not_found(client_id: str, owner: Staff):
    with stored.unchanged():
        for answer in (
            owner.get(f"{CLIENTS}/{client_id}"),
            owner.get(f"{CLIENTS}/{client_id}/overview"),
            owner.patch(f"{CLIENTS}/{client_id}", {"telephone": "1"}),
            owner.delete(f"{CLIENTS}/{client_id}"),
            owner.post(f"{CLIENTS}/{client_id}/suspend", {}),
            owner.post(f"{CLIENTS}/{client_id}/activate"),
            owner.put(f"{CLIENTS}/{client_id}/flag", {"reason": "x"}),
            owner.delete(f"{CLIENTS}/{client_id}/flag"),
            owner.put(f"{CLIENTS}/{client_id}/favourite"),
            owner.delete(f"{CLIENTS}/{client_id}/favourite"),
        ):
            assert_problem(answer, 404, "client_not_found")


def test_the_id_of_a_contact_is_not_the_id_of_a_client(owner: Staff):
    client = created(owner)
    contact = owner.post(path(client, "/contacts"), {"first_name": "Zoë"}).body["contact_id"]
    assert_problem(owner.get(f"{CLIENTS}/{contact}"), 404, "client_not_found")
    assert_problem(owner.delete(f"{CLIENTS}/{contact}"), 404, "client_not_found")
    assert_problem(owner.get(f"{CLIENTS}/{owner.staff_id}"), 404, "client_not_found")


def test_a_patch_changes_what_it_names_and_leaves_the_rest(member: Staff):
    client = created(member, **EVERYTHING)
    answer = member.patch(path(client), {"business_name": "Sohn AG", "tags": []})
    assert answer.status == 200
    assert answer.etag == '"2"'
    changed = {"business_name": "Sohn AG", "tags": [], "version": 2}
    assert answer.body == client | changed | {"updated_at": answer.body["updated_at"]}
    assert read(member, client) == answer.body


def test_null_clears_a_field(owner: Staff):
    client = created(owner, **EVERYTHING)
    plain = created(owner, business_name=EVERYTHING["business_name"], currency="JPY")
    kept = ("client_id", "number", "created_at", "updated_at", "version")
    fields = set(EVERYTHING) - {"business_name", "number", "currency"}
    answer = owner.patch(path(client), dict.fromkeys(fields))
    assert answer.status == 200, answer.body
    assert answer.body == plain | {name: answer.body[name] for name in kept}


def test_null_clears_a_member_of_an_object_and_leaves_the_others(owner: Staff):
    client = created(owner, **EVERYTHING)
    patch = {
        "billing_address": {"street2": None, "city": "Bonn"},
        "sla": {"requests": {"urgent": None}},
        "payment_settings": {"terms_days": 14},
    }
    body = owner.patch(path(client), patch).body
    address = EVERYTHING["billing_address"] | {"street2": None, "city": "Bonn"}
    assert body["billing_address"] == address | {"country_name": "Germany"}
    assert body["sla"]["requests"]["low"] == 2880
    assert body["sla"]["requests"]["urgent"] is None
    assert body["payment_settings"] == EVERYTHING["payment_settings"] | {"terms_days": 14}


@pytest.mark.parametrize(
    ("patch", "name", "default"),
    [
        ({"payment_settings": {"terms_days": None}}, "payment_settings", 30),
        ({"payment_settings": {"methods": None}}, "payment_settings", ["bank_transfer"]),
        ({"sla": {"requests": None}}, "sla", None),
    ],
)
def test_null_brings_back_the_default_inside_too(
    patch: dict[str, Any], name: str, default: Any, owner: Staff
):
    client = created(owner, **EVERYTHING)
    answer = owner.patch(path(client), patch)
    assert answer.status == 200, answer.body
    ((member, _),) = patch[name].items()
    wanted = default or dict.fromkeys(("low", "normal", "high", "urgent"))
    assert answer.body[name][member] == wanted


@pytest.mark.parametrize("field", ["business_name", "number", "currency"])
def test_what_a_client_always_has_cannot_be_cleared(field: str, owner: Staff):
    client = created(owner)
    with stored.unchanged():
        assert_problem(owner.patch(path(client), {field: None}), 422, "validation_failed", field)


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"business_name": ""}, "business_name"),
        ({"business_name": "a\u0000"}, "business_name"),
        ({"emails": ["x"]}, "emails.0"),
        ({"emails": "a@x.example;y"}, "emails.1"),
        ({"billing_address": {"country": "Atlantis"}}, "billing_address.country"),
        ({"billing_address": "Köln"}, "billing_address"),
        ({"billing_address": {"planet": "Mars"}}, "billing_address.planet"),
        ({"sla": {"jobs": {"low": "1"}}}, "sla.jobs.low"),
        ({"currency": "EURO"}, "currency"),
        ({"ar_specialist": "nobody"}, "ar_specialist"),
        ({"workflow_id": NOBODY}, "workflow_id"),
        ({"favourite": True}, "favourite"),
        ({"client_id": NOBODY}, "client_id"),
    ],
)
def test_a_wrong_patch_changes_nothing(patch: dict[str, Any], field: str, owner: Staff):
    client = created(owner)
    with stored.unchanged():
        assert_problem(owner.patch(path(client), patch), 422, "validation_failed", field)


def test_a_patch_that_changes_nothing_makes_no_new_version(owner: Staff):
    client = created(owner, **EVERYTHING)
    with stored.unchanged():
        assert owner.patch(path(client), {}).body == client
        assert owner.patch(path(client), EVERYTHING).body == client
        assert owner.patch(path(client), {"billing_address": {}}).body == client


def test_a_changed_number_and_address_free_the_old_ones(owner: Staff):
    first = created(owner, number="K-1", emails=["anna@x.example"])
    second = created(owner, number="K-2", emails=["bob@x.example"])
    with stored.unchanged():
        taken = owner.patch(path(second), {"number": "k-1"})
        assert_problem(taken, 409, "number_taken")
        taken = owner.patch(path(second), {"emails": ["Anna@x.example"]})
        assert_problem(taken, 409, "email_taken")
    assert owner.patch(path(first), {"number": "K-3", "emails": []}).status == 200
    patch = {"number": "k-1", "emails": "anna@x.example"}
    assert owner.patch(path(second), patch).status == 200
    assert stored.keys("UNIQUE#") == [
        ("UNIQUE#email#anna@x.example", "UNIQUE"),
        ("UNIQUE#number#k-1", "UNIQUE"),
        ("UNIQUE#number#k-3", "UNIQUE"),
    ]


def test_a_client_may_change_the_case_of_its_own_number_and_address(owner: Staff):
    client = created(owner, number="K-1", emails=["anna@x.example", "b@x.example"])
    patch = {"number": "k-1", "emails": ["b@x.example", "Anna@x.example"]}
    assert owner.patch(path(client), patch).body["number"] == "k-1"
    assert owner.patch(path(client), {"emails": ["Anna@x.example"]}).status == 200


def test_an_edit_that_loses_a_race_is_made_again(owner: Staff, member: Staff):
    client = created(owner)
    rival = {"telephone": "1"}
    with stored.in_between("TransactWriteItems", lambda: member.patch(path(client), rival)):
        answer = owner.patch(path(client), {"first_name": "Zoë"})
    assert (answer.body["telephone"], answer.body["first_name"]) == ("1", "Zoë")
    assert answer.body["version"] == 3


def test_an_edit_with_if_match_that_loses_a_race_is_refused(owner: Staff, member: Staff):
    client = created(owner)
    rival = {"telephone": "1"}
    with stored.in_between("TransactWriteItems", lambda: member.patch(path(client), rival)):
        answer = owner.patch(path(client), {"first_name": "Zoë"}, if_match='"1"')
    assert_problem(answer, 412, "stale_version")
    assert read(owner, client)["first_name"] is None


@pytest.mark.parametrize(
    ("method", "rest"),
    [
        ("PATCH", ""),
        ("DELETE", ""),
        ("PUT", "/flag"),
        ("DELETE", "/flag"),
        ("PUT", "/favourite"),
        ("DELETE", "/favourite"),
    ],
)
def test_a_stale_if_match_stops_every_change(method: str, rest: str, owner: Staff):
    client = created(owner)
    owner.patch(path(client), {"telephone": "1"})
    body = {"PATCH": {"telephone": "2"}, "PUT": {"reason": "x"} if rest == "/flag" else None}
    with stored.unchanged():
        answer = owner.call(
            "clients", method, path(client, rest), body.get(method), headers={"If-Match": '"1"'}
        )
        assert_problem(answer, 412, "stale_version")
    answer = owner.call(
        "clients", method, path(client, rest), body.get(method), headers={"If-Match": '"2"'}
    )
    assert answer.status in (200, 204)


# ---- State, flag, favourite, specialist --------------------------------------------------


def test_a_client_is_suspended_with_a_reason_and_activated(member: Staff):
    client = created(member)
    suspended = member.post(path(client, "/suspend"), {"reason": "Unpaid since July"})
    assert suspended.status == 200
    assert suspended.etag == '"2"'
    body = suspended.body
    assert body["status"] == "suspended"
    assert body["suspended"]["reason"] == "Unpaid since July"
    assert body["suspended"]["by"] == member.staff_id
    assert body["suspended"]["at"] == body["updated_at"]
    active = member.post(path(client, "/activate")).body
    assert (active["status"], active["suspended"], active["version"]) == ("active", None, 3)


def test_a_suspended_client_stays_as_it_was_suspended(owner: Staff, member: Staff):
    client = created(owner)
    first = owner.post(path(client, "/suspend")).body
    assert first["suspended"]["reason"] is None
    with stored.unchanged():
        assert member.post(path(client, "/suspend"), {"reason": "Other"}).body == first
    owner.post(path(client, "/activate"))
    with stored.unchanged():
        assert owner.post(path(client, "/activate")).status == 200


def test_a_flag_has_a_reason_and_shows_in_the_list(member: Staff):
    client = created(member)
    flagged = member.put(path(client, "/flag"), {"reason": "Disputes 42"})
    assert flagged.status == 200
    flag = flagged.body["flag"]
    assert (flag["reason"], flag["by"]) == ("Disputes 42", member.staff_id)
    assert member.get(CLIENTS).body["items"][0]["flag"] == flag
    cleared = member.delete(path(client, "/flag"))
    assert (cleared.status, cleared.body, cleared.etag) == (204, None, '"3"')
    assert read(member, client)["flag"] is None
    assert member.get(CLIENTS).body["items"][0]["flag"] is None


@pytest.mark.parametrize("body", [{}, {"reason": None}, {"reason": ""}, {"reason": 1}])
def test_a_flag_without_a_reason_is_refused(body: dict[str, Any], owner: Staff):
    client = created(owner)
    with stored.unchanged():
        answer = owner.put(path(client, "/flag"), body)
    assert_problem(answer, 422, "validation_failed", "reason")


def test_a_favourite_is_ones_own(owner: Staff, member: Staff):
    client = created(owner)
    assert member.put(path(client, "/favourite")).body["favourite"] is True
    assert member.put(path(client, "/favourite")).status == 200
    assert read(member, client)["favourite"] is True
    assert read(owner, client)["favourite"] is False
    assert read(owner, client)["version"] == 1
    answer = member.delete(path(client, "/favourite"))
    assert (answer.status, answer.body) == (204, None)
    assert member.delete(path(client, "/favourite")).status == 204
    assert read(member, client)["favourite"] is False
    assert stored.keys("STAFF#") == []


def test_an_edit_keeps_a_favourite_that_was_marked_meanwhile(owner: Staff, member: Staff):
    client = created(owner)
    marking = stored.in_between(
        "TransactWriteItems", lambda: member.put(path(client, "/favourite"))
    )
    with marking:
        owner.put(path(client, "/flag"), {"reason": "x"})
    assert read(member, client)["favourite"] is True
    assert read(member, client)["flag"]["reason"] == "x"


def test_a_specialist_is_an_active_member_of_staff(owner: Staff, specialist: Staff):
    with stored.unchanged():
        body = {"business_name": "Acme", "ar_specialist": specialist.staff_id}
        assert_problem(owner.post(CLIENTS, body), 422, "validation_failed", "ar_specialist")
    specialist.get("/v1/me")
    client = created(owner, ar_specialist=specialist.staff_id)
    assert client["ar_specialist"] == specialist.staff_id
    cleared = owner.patch(path(client), {"ar_specialist": None}).body
    assert cleared["ar_specialist"] is None
    stored.alter(f"STAFF#{specialist.staff_id}", "STAFF", row__active=False)
    with stored.unchanged():
        answer = owner.patch(path(client), {"ar_specialist": specialist.staff_id})
        assert_problem(answer, 422, "validation_failed", "ar_specialist")


# ---- Overview ----------------------------------------------------------------------------


def test_an_overview_shows_the_client_and_the_newest_five_of_each(owner: Staff):
    client = created(owner, **EVERYTHING)
    for number in range(7):
        finalized(owner, client["client_id"], issue_date="2026-01-01")
        estimated(owner, client["client_id"], issue_date="2026-01-01")
        owner.post(path(client, "/payments"), {"amount": "7.50", "method": "cash"})
        owner.post(path(client, "/emails"), {"subject": f"{number}", "body": "Hello"})
        recurring(owner, client["client_id"], name=f"{number}")
    answer = owner.get(path(client, "/overview"))
    assert answer.status == 200
    assert answer.etag == owner.get(path(client)).etag
    assert answer.body["client"] == owner.get(path(client)).body
    latest = answer.body["latest"]
    assert list(latest) == ["invoices", "estimates", "recurring", "payments", "emails"]
    for kind in latest:
        where = path(client, "/recurring-invoices" if kind == "recurring" else f"/{kind}")
        assert latest[kind] == owner.get(where, limit="5").body["items"]
    assert {each["status"] for each in latest["estimates"]} == {"expired"}
    assert {each["overdue"] for each in latest["invoices"]} == {True}
    assert [each["name"] for each in latest["recurring"]] == ["6", "5", "4", "3", "2"]


def test_an_overview_of_a_new_client_is_empty(owner: Staff):
    latest = owner.get(path(created(owner), "/overview")).body["latest"]
    assert set(map(len, latest.values())) == {0}


# ---- Delete ------------------------------------------------------------------------------


def test_a_deleted_client_is_gone_at_once(manager: Staff):
    client = created(manager, **EVERYTHING)
    contact = manager.post(path(client, "/contacts"), {"first_name": "Zoë"}).body
    manager.put(path(client, "/favourite"))
    answer = manager.delete(path(client))
    assert (answer.status, answer.body) == (204, None)
    for rest in ("", "/overview", "/contacts", f"/contacts/{contact['contact_id']}"):
        assert_problem(manager.get(path(client, rest)), 404, "client_not_found")
    with stored.unchanged():
        assert_problem(manager.delete(path(client)), 404, "client_not_found")
        new = {"first_name": "Anna"}
        answer = manager.post(path(client, "/contacts"), new)
        assert_problem(answer, 404, "client_not_found")
        answer = manager.put(path(client, "/favourite"))
        assert_problem(answer, 404, "client_not_found")
        contact_path = path(client, f"/contacts/{contact['contact_id']}")
        assert_problem(manager.patch(contact_path, new), 404, "client_not_found")
        assert_problem(manager.delete(contact_path), 404, "client_not_found")
    for query in ({}, {"q": "müller"}, {"favourite": "true"}, {"sort": "-created_at"}):
        assert manager.get(CLIENTS, **query).body["items"] == []


def test_number_and_address_of_a_deleted_client_can_be_used_at_once(owner: Staff):
    client = created(owner, **EVERYTHING)
    owner.delete(path(client))
    assert stored.keys("SEARCH#") == stored.keys("UNIQUE#") == []
    again = created(owner, **EVERYTHING)
    assert again["number"] == client["number"]
    assert again["client_id"] != client["client_id"]


def test_finalized_invoices_block_a_deletion_unless_it_erases(owner: Staff):
    client = created(owner)
    key = (f"CLIENT#{client['client_id']}", "CLIENT")
    stored.alter(*key, finalized_invoices=1)
    for query in (None, {"erase": "false"}):
        with stored.unchanged():
            answer = owner.delete(path(client), query)
        assert_problem(answer, 409, "client_has_finalized_invoices")
    assert owner.delete(path(client), {"erase": "true"}).status == 204
    assert_problem(owner.get(path(client)), 404, "client_not_found")


def test_an_invoice_that_is_finalized_during_a_deletion_blocks_it(owner: Staff):
    client = created(owner)
    key = (f"CLIENT#{client['client_id']}", "CLIENT")

    def finalize() -> None:
        stored.alter(*key, finalized_invoices=1)

    with stored.in_between("TransactWriteItems", finalize):
        answer = owner.delete(path(client))
    assert_problem(answer, 409, "client_has_finalized_invoices")
    assert read(owner, client)["client_id"] == client["client_id"]


@pytest.mark.parametrize(
    ("documents", "body"),
    [
        ("payments", {"amount": "10.00"}),
        ("credit-notes", {"lines": [{"description": "Thanks", "unit_price": "10.00"}]}),
    ],
)
def test_books_without_an_invoice_block_a_deletion_and_stay(
    documents: str, body: dict[str, Any], owner: Staff
):
    """Money that came in, and the number of a credit note, are not to be lost."""
    client, other = created(owner), created(owner, business_name="Other", emails=[])

    def book(client: dict[str, Any]) -> None:
        assert owner.post(f"{path(client)}/{documents}", body).status == 201

    book(client)
    with stored.unchanged():
        assert_problem(owner.delete(path(client)), 409, "client_has_finalized_invoices")
    with stored.in_between("TransactWriteItems", lambda: book(other)):
        assert_problem(owner.delete(path(other)), 409, "client_has_finalized_invoices")
    assert owner.delete(path(client), {"erase": "true"}).status == 204
    invoke("removals", removal_event(client["client_id"]))
    kinds = {sk.partition("#")[0] for _, sk in stored.keys(f"CLIENT#{client['client_id']}")}
    assert {"LEDGER", "MONTH"} < kinds


def test_erase_is_true_or_false(owner: Staff):
    client = created(owner)
    with stored.unchanged():
        answer = owner.delete(path(client), {"erase": "perhaps"})
        assert_problem(answer, 422, "validation_failed", "erase")
        answer = owner.delete(path(client), {"force": "true"})
        assert_problem(answer, 422, "validation_failed", "force")


def test_only_managers_and_owners_delete(
    owner: Staff, manager: Staff, specialist: Staff, member: Staff
):
    for allowed in (owner, manager):
        assert allowed.delete(path(created(owner))).status == 204
    client = created(owner)
    bulk = {"action": "delete", "client_ids": [client["client_id"]]}
    for refusing in (specialist, member):
        with stored.unchanged():
            assert_problem(refusing.delete(path(client)), 403, "forbidden")
            answer = refusing.post(f"{CLIENTS}/bulk", bulk)
            assert_problem(answer, 403, "forbidden")


# ---- Bulk --------------------------------------------------------------------------------


def bulk(staff: Staff, action: str, client_ids: list[str], **headers: str) -> Answer:
    body = {"action": action, "client_ids": client_ids}
    return staff.post(f"{CLIENTS}/bulk", body, **headers)


def test_a_bulk_action_says_for_each_client_whether_it_worked(member: Staff):
    first, second = created(member), created(member)
    ids = [second["client_id"], NOBODY, "x", first["client_id"], second["client_id"]]
    answer = bulk(member, "suspend", ids)
    assert answer.status == 200
    assert answer.body == {
        "results": [
            {"client_id": second["client_id"], "ok": True, "code": None},
            {"client_id": NOBODY, "ok": False, "code": "client_not_found"},
            {"client_id": "x", "ok": False, "code": "client_not_found"},
            {"client_id": first["client_id"], "ok": True, "code": None},
        ]
    }
    assert {read(member, each)["status"] for each in (first, second)} == {"suspended"}
    assert bulk(member, "activate", ids).status == 200
    assert {read(member, each)["status"] for each in (first, second)} == {"active"}


def test_a_bulk_deletion_leaves_what_it_must_not_delete(manager: Staff):
    first, second = created(manager), created(manager)
    stored.alter(f"CLIENT#{second['client_id']}", "CLIENT", finalized_invoices=2)
    results = bulk(manager, "delete", [first["client_id"], second["client_id"]]).body["results"]
    assert [each["ok"] for each in results] == [True, False]
    assert results[1]["code"] == "client_has_finalized_invoices"
    assert_problem(manager.get(path(first)), 404, "client_not_found")
    assert read(manager, second)["client_id"] == second["client_id"]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"action": "suspend", "client_ids": [NOBODY] * 101}, "client_ids"),
        ({"action": "suspend", "client_ids": []}, "client_ids"),
        ({"action": "suspend", "client_ids": NOBODY}, "client_ids"),
        ({"action": "suspend", "client_ids": [1]}, "client_ids.0"),
        ({"action": "suspend", "client_ids": ["\ud800"]}, "client_ids.0"),
        ({"action": "archive", "client_ids": [NOBODY]}, "action"),
        ({"action": "suspend"}, "client_ids"),
        ({"client_ids": [NOBODY]}, "action"),
    ],
)
def test_a_wrong_bulk_action_is_refused(body: dict[str, Any], field: str, owner: Staff):
    with stored.unchanged():
        answer = owner.post(f"{CLIENTS}/bulk", body)
    assert_problem(answer, 422, "validation_failed", field)


def test_a_bulk_action_takes_a_hundred_clients(owner: Staff):
    ids = [f"{number:026}" for number in range(100)]
    assert len(bulk(owner, "activate", ids).body["results"]) == 100


def test_one_client_that_fails_does_not_stop_the_others(owner: Staff):
    clients = [created(owner) for _ in range(3)]
    ids = [each["client_id"] for each in clients]
    with stored.fault("TransactWriteItems", "ThrottlingException", after=1):
        results = bulk(owner, "suspend", ids).body["results"]
    assert sorted(each["ok"] for each in results) == [False, False, True]
    assert {each["code"] for each in results if not each["ok"]} == {"unavailable"}


# ---- Idempotency -------------------------------------------------------------------------


def writes(owner: Staff) -> dict[str, tuple[str, Any, Any]]:
    """Every POST: its path, a body and another body."""
    one, two = created(owner, business_name="One"), created(owner, business_name="Two")
    ids = [one["client_id"], two["client_id"]]
    return {
        "create": (CLIENTS, {"business_name": "Acme"}, {"business_name": "Other"}),
        "suspend": (path(one, "/suspend"), {"reason": "a"}, {"reason": "b"}),
        "activate": (path(one, "/activate"), None, {}),
        "bulk": (
            f"{CLIENTS}/bulk",
            {"action": "suspend", "client_ids": ids},
            {"action": "activate", "client_ids": ids},
        ),
        "bulk delete": (
            f"{CLIENTS}/bulk",
            {"action": "delete", "client_ids": ids},
            {"action": "delete", "client_ids": ids[:1]},
        ),
        "contact": (path(two, "/contacts"), {"first_name": "Zoë"}, {"first_name": "Anna"}),
    }


@pytest.mark.parametrize(
    "name", ["create", "suspend", "activate", "bulk", "bulk delete", "contact"]
)
def test_the_same_key_and_body_give_the_first_answer(name: str, owner: Staff):
    where, body, _ = writes(owner)[name]
    first = owner.post(where, body, idempotency_key="k 1")
    assert first.status < 300
    with stored.unchanged():
        again = owner.post(where, body, idempotency_key="k 1")
    assert (again.status, again.body) == (first.status, first.body)
    for header in ("etag", "location", "content-type"):
        assert again.headers.get(header) == first.headers.get(header)
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers


@pytest.mark.parametrize(
    "name", ["create", "suspend", "activate", "bulk", "bulk delete", "contact"]
)
def test_another_body_with_the_same_key_is_refused(name: str, owner: Staff):
    where, body, other = writes(owner)[name]
    owner.post(where, body, idempotency_key="k")
    with stored.unchanged():
        answer = owner.post(where, other, idempotency_key="k")
        assert_problem(answer, 409, "idempotency_key_reused")


def test_the_same_body_at_another_path_is_another_request(owner: Staff):
    one, two = created(owner), created(owner)
    owner.post(path(one, "/suspend"), {}, idempotency_key="k")
    with stored.unchanged():
        answer = owner.post(path(two, "/suspend"), {}, idempotency_key="k")
        assert_problem(answer, 409, "idempotency_key_reused")


def test_a_key_is_forgotten_after_a_day(owner: Staff):
    first = owner.post(CLIENTS, {"business_name": "Acme"}, idempotency_key="k")
    (record,) = stored.items("IDEMPOTENCY#")
    assert 86_390 < float(record["ttl"]) - time.time() <= 86_400
    # DynamoDB removes what expired late: it is still there.
    stored.alter(record["pk"], record["sk"], ttl=int(time.time()) - 1)
    second = owner.post(CLIENTS, {"business_name": "Other"}, idempotency_key="k")
    assert second.status == 201
    assert second.body["client_id"] != first.body["client_id"]
    again = owner.post(CLIENTS, {"business_name": "Other"}, idempotency_key="k")
    assert again.body == second.body


def test_a_key_belongs_to_who_sends_it(owner: Staff, member: Staff):
    first = owner.post(CLIENTS, {"business_name": "Acme"}, idempotency_key="k")
    second = member.post(CLIENTS, {"business_name": "Acme"}, idempotency_key="k")
    assert first.body["client_id"] != second.body["client_id"]


def test_keys_with_commas_are_kept_apart(owner: Staff):
    first = owner.post(CLIENTS, {"business_name": "Acme"}, idempotency_key="a,b")
    second = owner.post(CLIENTS, {"business_name": "Acme"}, idempotency_key="a,c")
    assert first.body["client_id"] != second.body["client_id"]


def test_a_refused_request_may_be_sent_again_with_its_key(owner: Staff):
    other = created(owner, number="K-1")
    body = {"business_name": "Acme", "number": "K-1"}
    with stored.unchanged():
        answer = owner.post(CLIENTS, body, idempotency_key="k")
        assert_problem(answer, 409, "number_taken")
    owner.patch(path(other), {"number": "K-2"})
    assert owner.post(CLIENTS, body, idempotency_key="k").status == 201


def test_a_repetition_is_answered_even_when_it_would_be_refused_by_now(owner: Staff):
    body = {"business_name": "Acme", "number": "K-1", "emails": ["a@x.example"]}
    first = owner.post(CLIENTS, body, idempotency_key="k")
    assert owner.post(CLIENTS, body, idempotency_key="k").body == first.body
    suspended = owner.post(path(first.body, "/suspend"), {}, idempotency_key="s")
    owner.delete(path(first.body))
    assert owner.post(path(first.body, "/suspend"), {}, idempotency_key="s").body == suspended.body
    assert owner.post(CLIENTS, body, idempotency_key="k").body == first.body


def test_a_request_without_effect_claims_its_key(owner: Staff):
    client = created(owner)
    first = owner.post(path(client, "/activate"), idempotency_key="k")
    owner.post(path(client, "/suspend"))
    assert owner.post(path(client, "/activate"), idempotency_key="k").body == first.body
    assert read(owner, client)["status"] == "suspended"


@pytest.mark.parametrize("key", ["", "x" * 256, "é", "a\u0007", "a\tb"])
def test_a_key_that_cannot_be_used_is_refused(key: str, owner: Staff):
    with stored.unchanged():
        answer = owner.post(CLIENTS, {"business_name": "Acme"}, idempotency_key=key)
    assert_problem(answer, 400, "invalid_idempotency_key")


def test_a_key_may_have_255_characters(owner: Staff):
    answer = owner.post(CLIENTS, {"business_name": "Acme"}, idempotency_key="~" * 255)
    assert answer.status == 201


def test_a_bulk_action_that_crashed_goes_on_where_it_stopped(owner: Staff):
    clients = [created(owner, business_name=name) for name in "ABC"]
    ids = [each["client_id"] for each in clients]
    with stored.fault("PutItem", stored.Crash("before the answer was written down")):
        assert bulk(owner, "delete", ids, idempotency_key="k").status == 500
    again = bulk(owner, "delete", ids, idempotency_key="k")
    assert [each["ok"] for each in again.body["results"]] == [True, True, True]
    assert bulk(owner, "delete", ids, idempotency_key="k").body == again.body
