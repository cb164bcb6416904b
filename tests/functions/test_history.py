"""The history of a client: what happened, newest first, and the notes and calls in it."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook.history import timeline
from tallybook.ids import new_id
from tests.functions.problem import assert_problem
from tests.support import calls, stored
from tests.support.api import Staff

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
START = datetime(2026, 11, 1, tzinfo=UTC)
KINDS = "note,email,call,sms,task,payment,invoice,portal,client"


def new_client(staff: Staff, name: str = "Acme") -> str:
    return f"/v1/clients/{staff.post('/v1/clients', {'business_name': name}).body['client_id']}"


@pytest.fixture
def acme(owner: Staff) -> str:
    return new_client(owner)


def noted(staff: Staff, client: str, body: str = "Called back") -> dict[str, Any]:
    answer = staff.post(f"{client}/notes", {"body": body})
    assert answer.status == 201, answer.body
    return answer.body


def path(client: str, note: dict[str, Any]) -> str:
    return f"{client}/notes/{note['note_id']}"


def happened(client: str, count: int, kind: str, *, since: datetime = START) -> list[str]:
    """Entries that other parts of the system wrote, a minute apart; returns their ids."""
    ids = [new_id(since + timedelta(minutes=number)) for number in range(count)]
    pk = f"CLIENT#{client.rpartition('/')[2]}"
    for each in ids:
        stored.put(pk, f"HISTORY#{each}", kind=kind, details={}, version=1)
    return ids


def walked(staff: Staff, client: str, **query: str) -> list[list[str]]:
    """The ids of every page."""
    pages: list[list[str]] = []
    more: dict[str, str] = {}
    while True:
        answer = staff.get(f"{client}/history", **query, **more)
        assert answer.status == 200, answer.body
        pages.append([each["entry_id"] for each in answer.body["items"]])
        if answer.body["next_cursor"] is None:
            return pages
        more = {"cursor": answer.body["next_cursor"]}


def by(staff: Staff) -> dict[str, str]:
    return {"staff_id": staff.staff_id, "name": f"The {staff.role}"}


# ---- The list ------------------------------------------------------------------------------


def test_the_history_is_newest_first_and_says_who_did_what(acme: str, owner: Staff, member: Staff):
    (mail,) = happened(acme, 1, "email")
    note = noted(member, acme, "First line\nSecond line")
    answer = owner.get(f"{acme}/history")
    assert answer.status == 200
    newest, *_, oldest = answer.body["items"]
    assert newest == {
        "entry_id": note["note_id"],
        "type": "note",
        "at": note["at"],
        "by": by(member),
        "text": "First line\nSecond line",
        "edited": None,
        "details": {},
        "version": 1,
    }
    assert (oldest["entry_id"], oldest["at"]) == (mail, "2026-11-01T00:00:00.000Z")
    assert (oldest["by"], oldest["text"]) == (None, None)
    assert answer.body["next_cursor"] is None


@pytest.mark.parametrize("limit", ["1", "3", "5"])
def test_pages_of_the_history_lose_nothing_and_repeat_nothing(limit: str, acme: str, owner: Staff):
    ids = happened(acme, 5, "invoice")
    pages = walked(owner, acme, limit=limit, type=KINDS)
    assert [each for page in pages for each in page if each in ids] == ids[::-1]
    whole = walked(owner, acme, limit=limit)
    assert [each for page in whole for each in page] == [each for page in pages for each in page]
    assert all(whole), "no page is empty"


def test_an_entry_that_goes_between_two_pages_does_not_disturb_the_next(acme: str, owner: Staff):
    notes = [noted(owner, acme, str(number))["note_id"] for number in range(4)]
    first = owner.get(f"{acme}/history", limit="2", type="note").body
    assert owner.delete(f"{acme}/notes/{notes[2]}").status == 204
    second = owner.get(f"{acme}/history", limit="2", type="note", cursor=first["next_cursor"]).body
    shown = [each["entry_id"] for each in first["items"] + second["items"]]
    assert shown == notes[::-1]


def test_only_the_wanted_types_are_listed(acme: str, owner: Staff):
    mails, texts, payments = (
        happened(acme, 2, kind, since=START + timedelta(days=day))
        for day, kind in enumerate(("email", "sms", "payment"))
    )
    assert walked(owner, acme, type="email") == [mails[::-1]]
    assert walked(owner, acme, type="sms, email") == [texts[::-1] + mails[::-1]]
    assert walked(owner, acme, type="payment,payment") == [payments[::-1]]
    assert walked(owner, acme, type="task") == [[]]


@pytest.mark.parametrize("wrong", ["notes", "note,emails", "", "note,", "NOTE", "x" * 100])
def test_an_unknown_type_is_refused(wrong: str, acme: str, owner: Staff):
    answer = owner.get(f"{acme}/history", type=wrong)
    assert_problem(answer, 422, "validation_failed", "type")
    assert "note, email, call" in answer.fields["type"]


def test_a_rare_type_is_found_far_back(acme: str, owner: Staff, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(timeline, "STEP", 5)
    rare = happened(acme, 3, "payment")
    happened(acme, 30, "email", since=START + timedelta(days=1))
    assert walked(owner, acme, type="payment") == [rare[::-1]]


def test_one_request_does_not_look_for_ever(
    acme: str, owner: Staff, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(timeline, "STEP", 5)
    rare = happened(acme, 3, "payment")
    happened(acme, 50, "email", since=START + timedelta(days=1))
    with calls.recorded() as asked:
        first = owner.get(f"{acme}/history", type="payment").body
    assert first["items"] == []
    assert first["next_cursor"]
    assert len(asked) == timeline.STEPS + 1
    pages = walked(owner, acme, type="payment")
    assert [each for page in pages for each in page] == rare[::-1]


def test_a_page_of_the_history_is_one_query_and_a_read_of_the_client(acme: str, owner: Staff):
    happened(acme, 40, "email")
    for query in ({}, {"type": "email"}, {"type": "email", "limit": "5"}):
        with calls.recorded() as asked:
            owner.get(f"{acme}/history", **query)
        assert sorted(name for name, _ in asked) == ["GetItem", "Query"]


def test_a_cursor_of_another_client_or_filter_is_refused(acme: str, owner: Staff):
    happened(acme, 3, "email")
    other = new_client(owner, "Bolt")
    cursor = owner.get(f"{acme}/history", limit="1", type="email").body["next_cursor"]
    for where, query in (
        (other, {"type": "email"}),
        (acme, {"type": "email,note"}),
        (acme, {}),
        (f"{acme}", {"type": "sms"}),
    ):
        answer = owner.get(f"{where}/history", cursor=cursor, **query)
        assert_problem(answer, 400, "invalid_cursor")
    again = owner.get(f"{acme}/history", cursor=cursor, type="email", limit="2")
    assert len(again.body["items"]) == 2


@pytest.mark.parametrize("limit", ["0", "101", "x"])
def test_a_limit_of_the_history_is_checked(limit: str, acme: str, owner: Staff):
    answer = owner.get(f"{acme}/history", limit=limit)
    assert_problem(answer, 422, "validation_failed", "limit")


@pytest.mark.parametrize("client", [NOBODY, "x", "%20"])
def test_the_history_of_nobody_is_404(client: str, owner: Staff):
    where = f"/v1/clients/{client}"
    with stored.unchanged():
        assert_problem(owner.get(f"{where}/history"), 404, "client_not_found")
        answer = owner.post(f"{where}/notes", {"body": "x"})
        assert_problem(answer, 404, "client_not_found")
        answer = owner.post(f"{where}/calls", {"direction": "inbound", "contact_id": NOBODY})
        assert_problem(answer, 404, "client_not_found")
        for what, body in (("notes", {"body": "x"}), ("calls", None)):
            if body:
                answer = owner.patch(f"{where}/{what}/{NOBODY}", body)
                assert_problem(answer, 404, "client_not_found")
            assert_problem(owner.delete(f"{where}/{what}/{NOBODY}"), 404, "client_not_found")


def test_a_client_that_is_being_deleted_has_no_history_and_gets_no_entries(acme: str, owner: Staff):
    note = noted(owner, acme)
    assert owner.delete(acme).status == 204
    with stored.unchanged():
        assert_problem(owner.get(f"{acme}/history"), 404, "client_not_found")
        answer = owner.post(f"{acme}/notes", {"body": "x"}, idempotency_key="1")
        assert_problem(answer, 404, "client_not_found")
        answer = owner.post(f"{acme}/calls", {"direction": "inbound"})
        assert_problem(answer, 404, "client_not_found")
        assert_problem(owner.patch(path(acme, note), {"body": "x"}), 404, "client_not_found")
        assert_problem(owner.delete(path(acme, note)), 404, "client_not_found")


def test_notes_and_calls_stay_possible_on_a_suspended_client(acme: str, owner: Staff):
    assert owner.post(f"{acme}/suspend").status == 200
    note = noted(owner, acme)
    assert owner.patch(path(acme, note), {"body": "y"}).status == 200
    assert owner.delete(path(acme, note)).status == 204
    assert owner.post(f"{acme}/calls", {"direction": "outbound"}).status == 201


# ---- Notes ---------------------------------------------------------------------------------


def test_a_note_says_who_wrote_what_and_when(acme: str, member: Staff):
    answer = member.post(f"{acme}/notes", {"body": "  <b>Ask</b> for\tJürgen 🧑‍🚀\r\nfirst  "})
    assert answer.status == 201
    note = answer.body
    assert note == {
        "note_id": note["note_id"],
        "body": "<b>Ask</b> for\tJürgen 🧑‍🚀\nfirst",
        "by": by(member),
        "at": note["at"],
        "edited": None,
        "version": 1,
    }
    assert answer.etag == '"1"'
    assert answer.headers["location"] == path(acme, note)


def test_a_note_and_a_call_are_where_their_location_says(acme: str, owner: Staff, member: Staff):
    for what, new in (("notes", {"body": "Asked"}), ("calls", {"direction": "inbound"})):
        made = owner.post(f"{acme}/{what}", new)
        answer = member.get(made.headers["location"])
        assert (answer.status, answer.body) == (200, made.body)
        assert answer.etag == made.etag == '"1"'
    note = noted(owner, acme)
    owner.patch(path(acme, note), {"body": "Asked twice"})
    answer = member.get(path(acme, note))
    assert (answer.body["body"], answer.etag) == ("Asked twice", '"2"')


def test_a_note_or_call_that_is_not_there(acme: str, owner: Staff):
    note, call = (
        noted(owner, acme)["note_id"],
        owner.post(f"{acme}/calls", {"direction": "inbound"}),
    )
    other = new_client(owner, "Bolt")
    for where, code in (
        (f"{acme}/notes/{NOBODY}", "note_not_found"),
        (f"{acme}/notes/x", "note_not_found"),
        (f"{acme}/notes/{call.body['call_id']}", "note_not_found"),
        (f"{other}/notes/{note}", "note_not_found"),
        (f"{acme}/calls/{note}", "call_not_found"),
        (f"/v1/clients/{NOBODY}/calls/{note}", "client_not_found"),
    ):
        assert_problem(owner.get(where), 404, code)


@pytest.mark.parametrize(
    "body", ["", " \n\t ", "x" * 25_001, "a\u0000b", "a\u001bb", "\ud83d", None, 5, ["x"]]
)
def test_a_note_that_is_no_text_is_refused(body: Any, acme: str, owner: Staff):
    note = noted(owner, acme)
    with stored.unchanged():
        answer = owner.post(f"{acme}/notes", {"body": body})
        assert_problem(answer, 422, "validation_failed", "body")
        answer = owner.patch(path(acme, note), {"body": body})
        assert_problem(answer, 422, "validation_failed", "body")
        answer = owner.post(f"{acme}/notes", {"body": "x", "by": "me"})
        assert_problem(answer, 422, "validation_failed", "by")


def test_the_longest_note_is_kept_whole(acme: str, owner: Staff):
    body = "漢" * 25_000
    note = noted(owner, acme, body)
    assert owner.get(f"{acme}/history").body["items"][0]["text"] == body
    assert owner.patch(path(acme, note), {"body": body[1:]}).status == 200


def test_a_body_beyond_the_limit_of_requests_is_refused(acme: str, owner: Staff):
    with stored.unchanged():
        answer = owner.post(f"{acme}/notes", {"body": "x" * 300_000})
    assert_problem(answer, 413, "body_too_large")


def test_the_same_note_sent_twice_is_written_once(acme: str, owner: Staff):
    sent = {"body": "Once"}
    first = owner.post(f"{acme}/notes", sent, idempotency_key="k")
    with stored.unchanged():
        second = owner.post(f"{acme}/notes", sent, idempotency_key="k")
        assert (second.status, second.body, second.etag) == (201, first.body, first.etag)
        assert second.headers["idempotency-replayed"] == "true"
        other = owner.post(f"{acme}/notes", {"body": "Else"}, idempotency_key="k")
        assert_problem(other, 409, "idempotency_key_reused")


def test_an_edit_is_visible_as_edited(acme: str, owner: Staff, member: Staff):
    note = noted(owner, acme)
    answer = member.patch(path(acme, note), {"body": "Called twice"}, if_match='"1"')
    assert (answer.status, answer.etag) == (200, '"2"')
    edited = answer.body["edited"]
    assert answer.body == note | {"body": "Called twice", "edited": edited, "version": 2}
    assert edited["by"] == by(member)
    assert edited["at"] >= note["at"]
    (entry,) = owner.get(f"{acme}/history", type="note").body["items"]
    assert (entry["text"], entry["edited"], entry["by"]) == ("Called twice", edited, by(owner))


def test_an_edit_that_changes_nothing_is_none(acme: str, owner: Staff, member: Staff):
    note = noted(owner, acme)
    with stored.unchanged():
        for nothing in ({}, {"body": note["body"]}):
            answer = member.patch(path(acme, note), nothing)
            assert (answer.status, answer.body) == (200, note)


def test_a_stale_version_of_a_note_is_refused(acme: str, owner: Staff):
    note = noted(owner, acme)
    owner.patch(path(acme, note), {"body": "y"}, if_match='"1"')
    with stored.unchanged():
        answer = owner.patch(path(acme, note), {"body": "z"}, if_match='"1"')
        assert_problem(answer, 412, "stale_version")
        assert_problem(owner.delete(path(acme, note), if_match='"1"'), 412, "stale_version")
    assert owner.delete(path(acme, note), if_match='"2"').status == 204


def test_of_two_edits_at_once_the_later_sees_the_earlier(acme: str, owner: Staff, member: Staff):
    note = noted(owner, acme)

    def rival() -> None:
        assert member.patch(path(acme, note), {"body": "rival"}).status == 200

    with stored.in_between("UpdateItem", rival):
        answer = owner.patch(path(acme, note), {"body": "mine"})
    assert (answer.body["version"], answer.body["body"]) == (3, "mine")
    with stored.in_between("UpdateItem", rival):
        answer = owner.patch(path(acme, note), {"body": "again"}, if_match='"3"')
    assert_problem(answer, 412, "stale_version")


def test_a_note_deleted_during_its_edit_stays_deleted(acme: str, owner: Staff):
    note = noted(owner, acme)
    with stored.in_between("UpdateItem", lambda: owner.delete(path(acme, note))):
        answer = owner.patch(path(acme, note), {"body": "y"})
    assert_problem(answer, 404, "note_not_found")
    assert owner.get(f"{acme}/history", type="note").body["items"] == []


def test_a_note_is_deleted_by_its_author_or_a_manager(
    acme: str, owner: Staff, manager: Staff, specialist: Staff, member: Staff
):
    mine = noted(member, acme)
    with stored.unchanged():
        assert_problem(specialist.delete(path(acme, mine)), 403, "forbidden")
    assert member.delete(path(acme, mine)).status == 204
    assert_problem(member.delete(path(acme, mine)), 404, "note_not_found")
    for boss in (manager, owner):
        note = noted(member, acme)
        assert boss.delete(path(acme, note)).status == 204
    theirs = noted(owner, acme)
    assert_problem(member.delete(path(acme, theirs)), 403, "forbidden")


def test_notes_that_mails_made_are_edited_and_deleted_like_others(
    acme: str, manager: Staff, member: Staff
):
    (note_id,) = happened(acme, 1, "note")
    note = f"{acme}/notes/{note_id}"
    assert_problem(member.delete(note), 403, "forbidden")
    assert member.patch(note, {"body": "Sent the offer"}).body["by"] is None
    assert manager.delete(note).status == 204


@pytest.mark.parametrize("kind", ["email", "sms", "call", "payment", "client"])
def test_what_is_no_note_is_not_edited_or_deleted_as_one(kind: str, acme: str, owner: Staff):
    (entry_id,) = happened(acme, 1, kind)
    with stored.unchanged():
        for unknown in (entry_id, NOBODY, "x"):
            note = f"{acme}/notes/{unknown}"
            assert_problem(owner.patch(note, {"body": "x"}), 404, "note_not_found")
            assert_problem(owner.delete(note), 404, "note_not_found")


def test_a_note_of_another_client_is_not_found(acme: str, owner: Staff):
    note, other = noted(owner, acme), new_client(owner, "Bolt")
    with stored.unchanged():
        assert_problem(owner.patch(path(other, note), {"body": "x"}), 404, "note_not_found")
        assert_problem(owner.delete(path(other, note)), 404, "note_not_found")


# ---- Calls ---------------------------------------------------------------------------------


def test_a_call_is_logged_with_whom_how_long_and_what_came_of_it(acme: str, member: Staff):
    contact = member.post(f"{acme}/contacts", {"first_name": "Zoë"}).body["contact_id"]
    sent = {
        "direction": "inbound",
        "contact_id": contact,
        "outcome": "Promised to pay",
        "body": "On Friday\n<script>",
        "duration_minutes": 12,
        "at": "2026-11-20T10:00:00+02:00",
    }
    answer = member.post(f"{acme}/calls", sent)
    assert answer.status == 201, answer.body
    call = answer.body
    assert call == sent | {
        "call_id": call["call_id"],
        "by": by(member),
        "at": "2026-11-20T08:00:00.000Z",
        "logged_at": call["logged_at"],
    }
    (entry,) = member.get(f"{acme}/history", type="call").body["items"]
    assert entry["entry_id"] == call["call_id"]
    assert (entry["at"], entry["text"]) == (call["at"], "On Friday\n<script>")
    assert entry["details"] == {
        "direction": "inbound",
        "contact_id": contact,
        "outcome": "Promised to pay",
        "duration_minutes": 12,
        "logged_at": call["logged_at"],
    }


def test_a_call_needs_only_its_direction_and_is_now(acme: str, owner: Staff):
    answer = owner.post(f"{acme}/calls", {"direction": "outbound", "contact_id": None})
    assert answer.status == 201
    call = answer.body
    assert call["at"] == call["logged_at"]
    empty = {call[name] for name in ("contact_id", "outcome", "body", "duration_minutes")}
    assert empty == {None}


def test_a_call_of_yesterday_stands_where_it_belongs(acme: str, owner: Staff):
    note = noted(owner, acme)
    call = owner.post(f"{acme}/calls", {"direction": "inbound", "at": "2020-01-01T00:00:00Z"}).body
    (page,) = walked(owner, acme)
    assert (page[0], page[-1]) == (note["note_id"], call["call_id"])


def test_a_clock_that_is_a_little_ahead_is_forgiven(acme: str, owner: Staff):
    soon = (datetime.now(UTC) + timedelta(minutes=1)).isoformat()
    call = owner.post(f"{acme}/calls", {"direction": "inbound", "at": soon}).body
    assert call["at"] == call["logged_at"]


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"direction": "sideways"}, "direction"),
        ({"direction": None}, "direction"),
        ({"contact_id": "x"}, "contact_id"),
        ({"contact_id": NOBODY}, "contact_id"),
        ({"outcome": "two\nlines"}, "outcome"),
        ({"outcome": "x" * 201}, "outcome"),
        ({"body": ""}, "body"),
        ({"body": "x" * 25_001}, "body"),
        ({"duration_minutes": -1}, "duration_minutes"),
        ({"duration_minutes": 1441}, "duration_minutes"),
        ({"duration_minutes": "5"}, "duration_minutes"),
        ({"duration_minutes": True}, "duration_minutes"),
        ({"at": "2099-01-01T00:00:00Z"}, "at"),
        ({"at": "1969-01-01T00:00:00Z"}, "at"),
        ({"at": "0001-01-01T00:00:00+14:00"}, "at"),
        ({"at": "2026-11-20T10:00:00"}, "at"),
        ({"at": "yesterday"}, "at"),
        ({"at": 1795331640}, "at"),
        ({"at": "1795331640"}, "at"),
        ({"at": True}, "at"),
        ({"by": {}}, "by"),
    ],
)
def test_a_wrong_field_of_a_call_is_refused_and_named(
    wrong: dict[str, Any], field: str, acme: str, owner: Staff
):
    with stored.unchanged():
        answer = owner.post(f"{acme}/calls", {"direction": "inbound"} | wrong)
    assert_problem(answer, 422, "validation_failed", field)


def test_a_contact_of_another_client_is_not_the_one_who_called(acme: str, owner: Staff):
    other = new_client(owner, "Bolt")
    contact = owner.post(f"{other}/contacts", {"first_name": "Zoë"}).body["contact_id"]
    answer = owner.post(f"{acme}/calls", {"direction": "inbound", "contact_id": contact})
    assert_problem(answer, 422, "validation_failed", "contact_id")


def test_the_same_call_sent_twice_is_logged_once(acme: str, owner: Staff):
    sent = {"direction": "inbound", "outcome": "x"}
    first = owner.post(f"{acme}/calls", sent, idempotency_key="k")
    with stored.unchanged():
        second = owner.post(f"{acme}/calls", sent, idempotency_key="k")
    assert (second.status, second.body) == (201, first.body)


def test_a_call_logged_wrongly_is_deleted_as_a_note_is(
    acme: str, owner: Staff, specialist: Staff, member: Staff
):
    call = member.post(f"{acme}/calls", {"direction": "inbound"}).body
    where = f"{acme}/calls/{call['call_id']}"
    assert_problem(specialist.delete(where), 403, "forbidden")
    assert_problem(member.delete(where, if_match='"7"'), 412, "stale_version")
    assert member.delete(where, if_match='"1"').status == 204
    assert_problem(owner.delete(where), 404, "call_not_found")
    note = noted(owner, acme)
    assert_problem(owner.delete(f"{acme}/calls/{note['note_id']}"), 404, "call_not_found")


@pytest.mark.parametrize("name", ["Ada <script>alert(1)</script>", "Ada\nBcc: x@x.example", "🧑‍🚀"])
def test_names_of_staff_are_kept_as_text(name: str, acme: str):
    odd = Staff("staff", claims={"name": name})
    note = noted(odd, acme)
    assert note["by"]["name"] == name
    assert json.dumps(odd.get(f"{acme}/history").body["items"][0]["by"]["name"]) == json.dumps(name)


def test_writing_is_one_transaction_and_no_read(acme: str, owner: Staff):
    with calls.recorded() as asked:
        owner.post(f"{acme}/notes", {"body": "x"}, idempotency_key="1")
        owner.post(f"{acme}/calls", {"direction": "inbound"}, idempotency_key="2")
    assert [name for name, _ in asked] == ["TransactWriteItems"] * 2


def test_a_crash_of_the_write_leaves_nothing_and_the_key_free(acme: str, owner: Staff):
    with stored.unchanged(), stored.fault("TransactWriteItems", stored.Crash()):
        assert owner.post(f"{acme}/notes", {"body": "x"}, idempotency_key="1").status == 500
    answer = owner.post(f"{acme}/notes", {"body": "x"}, idempotency_key="1")
    assert (answer.status, "idempotency-replayed" in answer.headers) == (201, False)


def test_a_page_of_long_mails_ends_before_it_is_too_large_to_answer(
    acme: str, owner: Staff, monkeypatch: pytest.MonkeyPatch
):
    from tallybook.history import timeline

    monkeypatch.setattr(timeline, "LARGEST", 3_000)
    path = acme
    for number in range(5):
        owner.post(f"{path}/notes", {"body": f"{number} " + "x" * 2_000})
    texts, cursor, pages = [], None, 0
    while True:
        page = owner.get(f"{path}/history", **({"cursor": cursor} if cursor else {})).body
        texts += [item["text"][0] for item in page["items"]]
        cursor, pages = page["next_cursor"], pages + 1
        if cursor is None:
            break
    assert texts == ["4", "3", "2", "1", "0"]
    assert pages == 3
