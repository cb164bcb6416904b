"""The firm's e-mail templates: changed, added, previewed, reset."""

from typing import Any

import pytest

from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Answer, Staff

TEMPLATES = "/v1/email-templates"
INVOICE, MESSAGE = f"{TEMPLATES}/invoice", f"{TEMPLATES}/message"
THANKS = {"name": "thanks", "based_on": "payment_receipt", "subject": "Thanks, {{ client.name }}"}


def added(staff: Staff, **fields: Any) -> dict[str, Any]:
    answer = staff.post(TEMPLATES, THANKS | fields)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def listed(staff: Staff) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in staff.get(TEMPLATES).body["items"]}


# ---- Reading -----------------------------------------------------------------------------


def test_the_built_in_templates_are_there_from_the_start(member: Staff):
    answer = member.get(TEMPLATES)
    assert (answer.status, answer.body["next_cursor"]) == (200, None)
    assert list(listed(member)) == [
        *("portal_invitation", "login_details", "message", "invoice", "estimate"),
        *("credit_note", "statement"),
        *("reminder_friendly", "reminder_firm", "reminder_final", "payment_receipt"),
        "import_result",
    ]
    assert listed(member)["invoice"] == {
        "name": "invoice",
        "based_on": "invoice",
        "builtin": True,
        "customised": False,
        "subject": "Invoice {{ invoice.number }} from {{ firm.name }}",
        "updated_at": None,
    }
    assert stored.keys() == []


def test_a_template_is_shown_with_its_texts_and_variables(member: Staff):
    answer = member.get(INVOICE)
    assert (answer.status, answer.etag, answer.body["version"]) == (200, '"0"', 0)
    assert "{{ invoice.number }}" in answer.body["text"]
    assert "{{ invoice.number }}" in answer.body["html"]
    known = {each["name"]: each for each in answer.body["variables"]}
    assert known["invoice.due_date"] == {
        "name": "invoice.due_date",
        "about": "When it is due",
        "example": "2026-11-15",
        "optional": True,
    }
    assert known["firm.address[]"]["example"] == "Ring 1, 50667 Köln, Germany"


@pytest.mark.parametrize("name", ["nothing", "Invoice", "a" * 61, "..", "%F0%9F", "_x"])
def test_a_template_that_is_not_there(name: str, owner: Staff):
    path = f"{TEMPLATES}/{name}"
    assert_problem(owner.get(path), 404, "template_not_found")
    assert_problem(owner.patch(path, {"subject": "x"}), 404, "template_not_found")
    assert_problem(owner.delete(path), 404, "template_not_found")
    assert_problem(owner.post(f"{path}/preview", {}), 404, "template_not_found")
    assert stored.keys() == []


# ---- Changing and resetting --------------------------------------------------------------


def test_a_changed_template_reads_as_it_was_changed(manager: Staff, member: Staff):
    patch = {"subject": "Bill {{ invoice.number }}", "text": "Hi\n", "html": "<p>Hi</p>"}
    answer = manager.patch(INVOICE, patch | {"language": "de-AT"})
    assert answer.status == 200, answer.body
    for name, value in patch.items():
        assert answer.body[name] == value
    assert (answer.body["customised"], answer.body["version"]) == (True, 1)
    read = member.get(INVOICE)
    assert (read.body, read.etag) == (answer.body, answer.etag)
    assert listed(member)["invoice"]["customised"] is True
    assert listed(member)["invoice"]["subject"] == patch["subject"]
    assert len(listed(member)) == 12


def test_a_change_that_changes_nothing_writes_nothing(owner: Staff):
    with stored.unchanged():
        body = owner.patch(INVOICE, {"subject": owner.get(INVOICE).body["subject"]}).body
        assert body["customised"] is False
        assert owner.patch(INVOICE, {}).status == 200


def test_html_follows_from_a_text_that_is_changed_alone(owner: Staff):
    assert owner.patch(INVOICE, {"subject": "Bill"}).body["html"] is not None
    assert owner.patch(INVOICE, {"text": "Pay {{ link }}\n\nNow"}).body["html"] is None
    html = owner.post(f"{INVOICE}/preview", {}).body["html"]
    assert 'href="https://portal.sturm.example/invoices/42"' in html
    assert "Now</p>" in html
    assert owner.patch(INVOICE, {"html": "<p>Mine</p>"}).body["html"] == "<p>Mine</p>"
    assert owner.patch(INVOICE, {"text": "Another"}).body["html"] == "<p>Mine</p>"
    assert owner.patch(INVOICE, {"html": None}).body["html"] is None


def test_null_brings_back_the_built_in_words(owner: Staff):
    before = owner.get(INVOICE).body
    owner.patch(INVOICE, {"subject": "Bill", "text": "Hi", "language": "de"})
    after = owner.patch(INVOICE, {"subject": None, "text": None, "language": None}).body
    for name in ("subject", "text", "language"):
        assert after[name] == before[name]


def test_a_deleted_version_of_a_built_in_template_is_reset(owner: Staff):
    before = owner.get(INVOICE)
    owner.patch(INVOICE, {"subject": "Bill"})
    assert owner.delete(INVOICE).status == 204
    assert owner.get(INVOICE).body == before.body
    assert owner.delete(INVOICE).status == 204
    again = owner.patch(INVOICE, {"subject": "Bill"}, if_match=before.etag)
    assert again.status == 200
    assert again.body["version"] == 1


def test_only_managers_and_owners_change_templates(
    owner: Staff, manager: Staff, specialist: Staff, member: Staff
):
    for refused in (specialist, member):
        with stored.unchanged():
            assert_problem(refused.post(TEMPLATES, THANKS), 403, "forbidden")
            assert_problem(refused.patch(INVOICE, {"subject": "x"}), 403, "forbidden")
            assert_problem(refused.delete(INVOICE), 403, "forbidden")
            draft = {"text": "{{ link }}"}
            assert_problem(refused.post(f"{INVOICE}/preview", draft), 403, "forbidden")
        assert refused.post(f"{INVOICE}/preview", {}).status == 200
    for allowed in (owner, manager):
        assert allowed.post(f"{INVOICE}/preview", draft).status == 200
        assert allowed.patch(INVOICE, {"subject": allowed.role}).status == 200


def test_a_stale_if_match_stops_a_change_of_a_template(owner: Staff, manager: Staff):
    etag = owner.get(INVOICE).etag
    assert owner.patch(INVOICE, {"subject": "One"}, if_match=etag).status == 200
    with stored.unchanged():
        assert_problem(owner.patch(INVOICE, {"subject": "2"}, if_match=etag), 412, "stale_version")
        assert_problem(owner.delete(INVOICE, if_match=etag), 412, "stale_version")
    etag = owner.get(INVOICE).etag
    rival = {"language": "de"}
    with stored.in_between("PutItem", lambda: manager.patch(INVOICE, rival)):
        answer = owner.patch(INVOICE, {"subject": "Three"}, if_match=etag)
    assert_problem(answer, 412, "stale_version")
    assert owner.delete(INVOICE, if_match=owner.get(INVOICE).etag).status == 204


def test_two_changes_of_a_template_at_once_both_count(owner: Staff, manager: Staff):
    rival = {"language": "de"}
    with stored.in_between("PutItem", lambda: manager.patch(INVOICE, rival)):
        body = owner.patch(INVOICE, {"subject": "Bill"}).body
    assert (body["subject"], body["language"], body["version"]) == ("Bill", "de", 2)
    with stored.in_between("DeleteItem", lambda: manager.patch(INVOICE, {"language": "fr"})):
        assert owner.delete(INVOICE).status == 204
    assert owner.get(INVOICE).body["customised"] is False


# ---- A broken template -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("patch", "field", "reason"),
    [
        ({"subject": "{{ nothing }}"}, "subject", "no variable nothing"),
        ({"subject": "{{ invoice.nmber }}"}, "subject", "did you mean invoice.number?"),
        ({"text": "a\n\n{% if x %}"}, "text", "Line 3: "),
        ({"text": "{{ ''.__class__ }}"}, "text", "Line 1: Names that begin with _"),
        ({"text": "{{ cycler }}"}, "text", "no variable cycler"),
        ({"text": "{{ payment.amount }}"}, "text", "no variable payment"),
        ({"text": "{% if link %}{{ password }}{% endif %}"}, "text", "no variable password"),
        ({"html": "<p>\n{{ message | safe }}"}, "html", "Line 2: "),
        ({"html": "<script>alert(1)</script>"}, "html", "<script> cannot be used"),
        ({"html": "<p>a</p>\n<img src=x onerror=y>"}, "html", "Line 2: onerror"),
        ({"html": '<a href=" JavaScript:x">a</a>'}, "html", "must lead to a page"),
        ({"html": '<a href="{{ link }}">a'}, "html", "never closed"),
        ({"html": "a</table>"}, "html", "closes nothing"),
        ({"html": "<scr{# #}ipt>x</script>"}, "html", "stand between elements"),
        ({"html": "<p>\n<p title={{ client.name }}>"}, "html", "Line 2: Inside an element"),
        ({"html": '<a href="{{ client.number }}">x</a>'}, "html", "href must begin with"),
        ({"html": "<![\u2039!["}, "html", "Write &lt;"),
        ({"html": '<p style="background: url(http://x.example/p)">'}, "html", "cannot load"),
        ({"html": "<style>@import 'x';</style>"}, "html", "cannot load"),
        ({"html": '<link rel="stylesheet" href="x">'}, "html", "<link> cannot be used"),
        ({"subject": "a\nb"}, "subject", "line break"),
        ({"subject": ""}, "subject", ""),
        ({"subject": "x" * 201}, "subject", "200"),
        ({"text": " \n"}, "text", "empty"),
        ({"text": "x" * 20_001}, "text", "20,000"),
        ({"html": "x" * 40_001}, "html", "40,000"),
        ({"text": "\ud800"}, "text", "half a character"),
        ({"text": 7}, "text", "string"),
        ({"language": "english!"}, "language", ""),
        ({"name": "x"}, "name", "no such field"),
        ({"based_on": "message"}, "based_on", "no such field"),
    ],
)
def test_a_broken_template_is_refused_with_field_line_and_reason(
    patch: dict[str, Any], field: str, reason: str, owner: Staff
):
    owner.patch(INVOICE, {"language": "de"})
    with stored.unchanged():
        answer = owner.patch(INVOICE, patch)
        assert_problem(answer, 422, "validation_failed", field)
        assert reason in answer.fields[field]
        if field in ("subject", "text", "html"):
            shown = owner.post(f"{INVOICE}/preview", patch)
            assert_problem(shown, 422, "validation_failed", field)
            new = {"name": "n", "based_on": "invoice"} | patch
            assert_problem(owner.post(TEMPLATES, new), 422, "validation_failed", field)


@pytest.mark.parametrize(
    ("patch", "field"),
    [
        ({"text": "{{ portal_url }} {{ email }}"}, "text"),
        ({"text": "{{ portal_url }}\nPassword: {{ password }}"}, "text"),
        ({"text": "{{ password }}"}, "text"),
        ({"html": "<p>{{ portal_url }}</p>"}, "html"),
    ],
)
def test_an_invitation_cannot_do_without_its_password_or_page(
    patch: dict[str, Any], field: str, owner: Staff
):
    path = f"{TEMPLATES}/portal_invitation"
    assert_problem(owner.patch(path, patch), 422, "validation_failed", field)
    fine = "Go to {{ portal_url }}\n{% if password %}\n{{ password }}\n{% endif %}\n"
    assert owner.patch(path, {"text": fine}).status == 200


def test_a_message_cannot_do_without_what_was_written(owner: Staff):
    answer = owner.patch(MESSAGE, {"text": "Dear {{ client.name }}"})
    assert_problem(answer, 422, "validation_failed", "text")
    text = "{{ message }}\n\nYours, {{ firm.name }}"
    assert owner.patch(MESSAGE, {"text": text}).status == 200


# ---- Additional templates ----------------------------------------------------------------


def test_an_additional_template_begins_as_a_copy(manager: Staff, member: Staff):
    answer = manager.post(TEMPLATES, THANKS)
    assert answer.status == 201, answer.body
    assert answer.headers["location"] == f"{TEMPLATES}/thanks"
    base = member.get(f"{TEMPLATES}/payment_receipt").body
    for name in ("text", "html", "variables", "language"):
        assert answer.body[name] == base[name]
    assert (answer.body["builtin"], answer.body["based_on"]) == (False, "payment_receipt")
    read = member.get(f"{TEMPLATES}/thanks")
    assert (read.body, read.etag) == (answer.body, answer.etag)
    assert list(listed(member))[-1] == "thanks"


def test_an_additional_template_with_a_text_of_its_own_has_no_html(owner: Staff):
    assert added(owner, text="Thank you for {{ payment.amount }}")["html"] is None


def test_an_additional_template_is_changed_and_deleted(owner: Staff):
    added(owner)
    path = f"{TEMPLATES}/thanks"
    assert owner.patch(path, {"subject": "Thanks"}).body["version"] == 2
    assert owner.patch(path, {"subject": None}).body["subject"].startswith("We have received")
    assert owner.delete(path).status == 204
    assert_problem(owner.get(path), 404, "template_not_found")
    assert_problem(owner.delete(path), 404, "template_not_found")
    assert stored.keys("TEMPLATE") == []


def test_names_are_taken_once(owner: Staff):
    added(owner)
    for name in ("thanks", "invoice"):
        with stored.unchanged():
            answer = owner.post(TEMPLATES, THANKS | {"name": name})
        assert_problem(answer, 409, "template_exists")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "Thanks"}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "a#b"}, "name"),
        ({"name": "1a"}, "name"),
        ({"name": "a" * 61}, "name"),
        ({"name": "thanks\n"}, "name"),
        ({"based_on": "thanks"}, "based_on"),
        ({"based_on": None}, "based_on"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_wrong_field_of_a_template_is_refused_and_named(
    wrong: dict[str, Any], field: str, owner: Staff
):
    assert_problem(owner.post(TEMPLATES, THANKS | wrong), 422, "validation_failed", field)
    assert stored.keys() == []


def test_the_same_post_with_the_same_key_adds_one_template(owner: Staff):
    first = owner.post(TEMPLATES, THANKS, idempotency_key="k1")
    again = owner.post(TEMPLATES, THANKS, idempotency_key="k1")
    assert (again.status, again.body) == (201, first.body)
    assert again.headers["idempotency-replayed"] == "true"
    other = owner.post(TEMPLATES, THANKS | {"name": "other"}, idempotency_key="k1")
    assert_problem(other, 409, "idempotency_key_reused")
    assert len(stored.keys("TEMPLATE#")) == 1


def test_a_firm_can_have_so_many_templates(owner: Staff, monkeypatch: pytest.MonkeyPatch):
    from tallybook.mail import templates

    monkeypatch.setattr(templates, "MOST_OF_OWN", 2)
    owner.patch(INVOICE, {"subject": "does not count"})
    added(owner, name="one")
    added(owner, name="two")
    assert_problem(owner.post(TEMPLATES, THANKS), 409, "too_many_templates")


# ---- Previews ----------------------------------------------------------------------------


def preview(staff: Staff, path: str, **draft: Any) -> Answer:
    with stored.unchanged():
        answer = staff.post(f"{path}/preview", draft)
    assert answer.status == 200, answer.body
    return answer


def test_a_preview_shows_the_firm_as_it_is(owner: Staff, member: Staff):
    branding = {"colour": "#AA0033", "logo_url": "https://a.example/logo.png"}
    firm = {"name": "Ärger & Söhne", "email": "a@a.example", "branding": branding}
    owner.patch("/v1/settings", firm | {"address": {"city": "Köln", "country": "DE"}})
    body = preview(member, INVOICE).body
    assert body["subject"] == "Invoice INV-2026-0042 from Ärger & Söhne"
    assert "Dear Zoë Müller," in body["text"]
    assert "Köln" in body["text"]
    assert "Ärger &amp; Söhne" in body["html"]
    assert "#aa0033" in body["html"]
    assert 'src="https://a.example/logo.png"' in body["html"]
    assert "/t/" not in body["html"]


def test_a_preview_of_a_draft_stores_nothing(owner: Staff):
    owner.patch(INVOICE, {"subject": "Stored", "text": "Stored"})
    body = preview(owner, INVOICE, subject="Draft {{ invoice.number }}").body
    assert body["subject"] == "Draft INV-2026-0042"
    assert body["text"].startswith("Stored\n")
    body = preview(owner, INVOICE, text="Only <b>text</b>").body
    assert "Only &lt;b&gt;text&lt;/b&gt;" in body["html"]
    body = preview(owner, INVOICE, html='{{ link | button("Pay <now>") }}').body
    assert "Pay &lt;now&gt;" in body["html"]


def test_a_template_of_the_firm_is_the_one_that_is_sent(owner: Staff):
    from tallybook.mail import builtin, templates

    assert templates.effective("invoice") == builtin.source("invoice")
    owner.patch(INVOICE, {"subject": "Bill"})
    assert templates.effective("invoice").subject == "Bill"
    added(owner)
    assert templates.effective("thanks").kind == "payment_receipt"


def test_a_preview_of_the_stored_template_needs_no_body(member: Staff):
    answer = member.post("/v1/email-templates/reminder_final/preview")
    assert answer.status == 200, answer.body
    assert answer.body["subject"].startswith("Final reminder")
