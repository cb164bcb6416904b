"""Promises to pay: kept or broken by what was paid since, and what they hold back until then."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from tallybook.clients.presence import current
from tallybook.dates import now
from tallybook.ledger import reading
from tallybook.promises.standing import Promises, conclude, promises_of
from tallybook.versions import VersionChanged
from tallybook.workflows.kinds import Pause
from tests.functions.problem import assert_problem
from tests.support import stored
from tests.support.api import Staff
from tests.support.billing import drafted, invoiced, new_client_id, path
from tests.support.clock import Clock, turned

TODAY = date(2026, 3, 10)
NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"

type Json = dict[str, Any]


@pytest.fixture(autouse=True)
def clock() -> Iterator[Clock]:
    """It is noon of 10 March 2026."""
    with turned(datetime(2026, 3, 10, 12, tzinfo=UTC)) as clock:
        yield clock


@pytest.fixture
def acme(owner: Staff) -> str:
    return new_client_id(owner)


@pytest.fixture
def promises(acme: str) -> str:
    return f"/v1/clients/{acme}/promises"


def days_from_now(days: int) -> str:
    return (TODAY + timedelta(days)).isoformat()


def promised(staff: Staff, client_id: str, amount: str = "100.00", **fields: Any) -> Json:
    body = {"amount": amount, "date": days_from_now(5)} | fields
    answer = staff.post(f"/v1/clients/{client_id}/promises", body)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def read(staff: Staff, promise: Json) -> Json:
    where = f"/v1/clients/{promise['client_id']}/promises/{promise['promise_id']}"
    return dict(staff.get(where).body)


def stands(staff: Staff, promise: Json) -> tuple[str, str]:
    now = read(staff, promise)
    return now["status"], now["paid"]


def paid(staff: Staff, client_id: str, amount: str, **fields: Any) -> Json:
    answer = staff.post(f"/v1/clients/{client_id}/payments", {"amount": amount} | fields)
    assert answer.status == 201, answer.body
    return dict(answer.body)


def reversed_(staff: Staff, payment: Json, **fields: Any) -> None:
    where = f"/v1/clients/{payment['client_id']}/payments/{payment['payment_id']}/reverse"
    assert staff.post(where, fields).status == 200


def later(clock: Clock, days: int) -> None:
    clock.set(datetime(2026, 3, 10, 12, tzinfo=UTC) + timedelta(days))


def told(staff: Staff, client_id: str, kind: str = "payment") -> list[Json]:
    return list(staff.get(f"/v1/clients/{client_id}/history", type=kind).body["items"])


def attention(client_id: str) -> tuple[Any, Any]:
    client = stored.item(f"CLIENT#{client_id}", "CLIENT")
    return client.get("attention"), client.get("agenda_sk")


# ---- Made ---------------------------------------------------------------------------------


def test_a_promise_is_noted_down(member: Staff, owner: Staff, acme: str, promises: str):
    invoice = invoiced(owner, acme, "100.00")
    answer = member.post(
        promises,
        {
            "amount": "80",
            "currency": "eur",
            "date": "2026-03-15",
            "invoice_ids": [invoice["invoice_id"], invoice["invoice_id"]],
            "note": "Said so on the telephone.",
        },
    )
    assert answer.status == 201
    made = answer.body
    assert answer.headers["location"] == f"{promises}/{made['promise_id']}"
    assert answer.etag == '"1"'
    assert made == {
        "client_id": acme,
        "promise_id": made["promise_id"],
        "amount": "80.00",
        "currency": "EUR",
        "date": "2026-03-15",
        "invoice_ids": [invoice["invoice_id"]],
        "note": "Said so on the telephone.",
        "status": "pending",
        "paid": "0.00",
        "task_id": None,
        "by": {"staff_id": member.staff_id, "name": "The staff"},
        "created_at": made["created_at"],
        "cancelled_at": None,
        "version": 1,
    }
    assert read(owner, made) == made
    entry = told(owner, acme)[0]
    assert entry["text"] == "Promised: 80.00 EUR by 2026-03-15"
    assert entry["details"] == {"promise_id": made["promise_id"], "what": "promised"}
    assert entry["by"]["staff_id"] == member.staff_id
    written = stored.item(f"CLIENT#{acme}", f"HISTORY#{entry['entry_id']}")
    assert written["event"] == "promise.made"


def test_without_a_currency_it_is_the_clients(owner: Staff):
    client_id = new_client_id(owner, currency="JPY")
    made = promised(owner, client_id, "1500")
    assert (made["amount"], made["currency"], made["paid"]) == ("1500", "JPY", "0")
    assert made["invoice_ids"] is None


@pytest.mark.parametrize("what", ["made", "cancelled"])
def test_the_client_is_looked_at_when_a_promise_is(what: str, owner: Staff, acme: str):
    made = promised(owner, acme) if what == "cancelled" else {}
    before = attention(acme)
    if what == "made":
        promised(owner, acme)
    else:
        assert owner.delete(f"/v1/clients/{acme}/promises/{made['promise_id']}").status == 204
    mark, due = attention(acme)
    assert mark != before[0]
    assert due <= f"2026-03-10T12:00:01Z#{acme}"


@pytest.mark.parametrize(("day", "is_taken"), [(-1, False), (0, True), (365, True), (366, False)])
def test_a_promise_is_for_today_or_a_day_of_the_next_year(
    day: int, *, is_taken: bool, owner: Staff, promises: str
):
    answer = owner.post(promises, {"amount": "1", "date": days_from_now(day)})
    assert (answer.status == 201) == is_taken, answer.body
    assert is_taken or list(answer.fields) == ["date"]


def test_today_is_the_day_where_the_firm_is(owner: Staff, promises: str, clock: Clock):
    owner.patch("/v1/settings", {"time_zone": "Pacific/Kiritimati"})  # fourteen hours ahead
    answer = owner.post(promises, {"amount": "1", "date": "2026-03-10"})
    assert answer.fields == {"date": "This is over: today is 2026-03-11."}
    assert owner.post(promises, {"amount": "1", "date": "2026-03-11"}).status == 201


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "1.001"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"amount": 5}, "amount"),
        ({"currency": "XXX"}, "currency"),
        ({"date": "tomorrow"}, "date"),
        ({"invoice_ids": []}, "invoice_ids"),
        ({"invoice_ids": [NOBODY]}, "invoice_ids.0"),
        ({"invoice_ids": [NOBODY] * 41}, "invoice_ids"),
        ({"note": " "}, "note"),
        ({"status": "kept"}, "status"),
    ],
)
def test_what_cannot_be_promised_is_named(
    fields: Json, field: str, owner: Staff, acme: str, promises: str
):
    with stored.unchanged():
        answer = owner.post(promises, {"amount": "5", "date": days_from_now(1)} | fields)
    assert answer.status == 422
    assert list(answer.fields) == [field]


def test_only_open_invoices_of_the_currency_are_promised(owner: Staff, acme: str, promises: str):
    dollars = invoiced(owner, acme, "10.00", currency="USD")
    draft, over = drafted(owner, acme), invoiced(owner, acme, "10.00")
    assert owner.post(f"{path(over)}/void", {}).status == 200
    other = invoiced(owner, new_client_id(owner), "10.00")
    good = invoiced(owner, acme, "10.00")
    for bad in (draft, over, other, dollars):
        named = [good["invoice_id"], bad["invoice_id"]]
        body = {"amount": "5", "date": days_from_now(1), "invoice_ids": named}
        with stored.unchanged():
            answer = owner.post(promises, body)
        assert list(answer.fields) == ["invoice_ids.1"]
    assert answer.fields["invoice_ids.1"] == "The invoice is in USD, not EUR."


def test_a_key_makes_one_promise(owner: Staff, acme: str, promises: str):
    body = {"amount": "5", "date": days_from_now(1)}
    first = owner.post(promises, body, idempotency_key="k")
    with stored.unchanged():
        again = owner.post(promises, body, idempotency_key="k")
        assert (again.status, again.body, again.etag) == (201, first.body, first.etag)
        other = owner.post(promises, body | {"amount": "6"}, idempotency_key="k")
        assert_problem(other, 409, "idempotency_key_reused")


def test_nobody_promises_nothing(owner: Staff, acme: str):
    body = {"amount": "5", "date": days_from_now(1)}
    for nobody in (NOBODY, "x", "x" * 3000):
        where = f"/v1/clients/{nobody}/promises"
        assert_problem(owner.post(where, body), 404, "client_not_found")
        assert_problem(owner.get(where), 404, "client_not_found")
        assert_problem(owner.get(f"{where}/{NOBODY}"), 404, "client_not_found")
    for nothing in (NOBODY, "x", "x" * 3000):
        where = f"/v1/clients/{acme}/promises/{nothing}"
        assert_problem(owner.get(where), 404, "promise_not_found")
        assert_problem(owner.delete(where), 404, "promise_not_found")


def test_a_client_that_is_deleted_meanwhile_promises_nothing(
    owner: Staff, acme: str, promises: str
):
    with stored.in_between("TransactWriteItems", lambda: owner.delete(f"/v1/clients/{acme}")):
        answer = owner.post(promises, {"amount": "5", "date": days_from_now(1)})
    assert_problem(answer, 404, "client_not_found")
    assert [sk for _, sk in stored.keys(f"CLIENT#{acme}") if sk.startswith("PROMISE#")] == []


# ---- Kept or broken -----------------------------------------------------------------------


def test_a_promise_is_kept_as_soon_as_so_much_is_paid(owner: Staff, acme: str):
    promise = promised(owner, acme, "100.00")
    paid(owner, acme, "60.00")
    assert stands(owner, promise) == ("pending", "60.00")
    paid(owner, acme, "40.00")
    assert stands(owner, promise) == ("kept", "100.00")


def test_a_promise_is_pending_through_its_day_and_broken_the_day_after(
    owner: Staff, acme: str, clock: Clock
):
    promise = promised(owner, acme)
    clock.set(datetime(2026, 3, 15, 23, 59, 59, tzinfo=UTC))
    assert stands(owner, promise) == ("pending", "0.00")
    clock.set(datetime(2026, 3, 16, tzinfo=UTC))
    assert stands(owner, promise) == ("broken", "0.00")


def test_what_came_before_the_promise_is_not_counted(owner: Staff, acme: str):
    paid(owner, acme, "100.00")
    promise = promised(owner, acme)
    assert stands(owner, promise) == ("pending", "0.00")


def test_what_comes_too_late_is_not_counted(owner: Staff, acme: str, clock: Clock):
    promise = promised(owner, acme)
    later(clock, 6)
    paid(owner, acme, "100.00")
    assert stands(owner, promise) == ("broken", "0.00")


def test_what_came_in_time_and_is_booked_late_keeps_it_in_retrospect(
    owner: Staff, acme: str, clock: Clock
):
    promise = promised(owner, acme)
    later(clock, 9)
    assert stands(owner, promise)[0] == "broken"
    paid(owner, acme, "100.00", date="2026-03-15")
    assert stands(owner, promise) == ("kept", "100.00")


def test_what_is_dated_long_before_the_promise_was_not_promised(
    owner: Staff, acme: str, monkeypatch: pytest.MonkeyPatch
):
    """So of the ledger no more is read than that, however long the client has been one."""
    promise, entries, days = promised(owner, acme), reading.entries, set[date]()

    def noted(client_id: str, currency: str, *, since: date) -> Any:
        days.add(since)
        return entries(client_id, currency, since=since)

    paid(owner, acme, "60.00", date="2026-01-08")  # 61 days before
    paid(owner, acme, "40.00", date="2026-01-09")
    monkeypatch.setattr(reading, "entries", noted)
    assert stands(owner, promise) == ("pending", "40.00")
    assert days == {date(2026, 1, 9)}


def test_a_payment_that_is_taken_back_in_time_does_not_count(owner: Staff, acme: str, clock: Clock):
    promise = promised(owner, acme)
    payment = paid(owner, acme, "100.00")
    assert stands(owner, promise)[0] == "kept"
    later(clock, 1)
    reversed_(owner, payment)
    assert stands(owner, promise) == ("pending", "0.00")


def test_a_payment_that_bounces_after_the_day_was_a_promise_kept(
    owner: Staff, acme: str, clock: Clock
):
    promise = promised(owner, acme)
    payment = paid(owner, acme, "100.00")
    later(clock, 6)
    reversed_(owner, payment)
    assert stands(owner, promise) == ("kept", "100.00")


def test_an_earlier_payment_that_bounces_counts_against_it(owner: Staff, acme: str):
    payment = paid(owner, acme, "30.00")
    promise = promised(owner, acme, "100.00")
    reversed_(owner, payment)
    assert stands(owner, promise) == ("pending", "-30.00")
    paid(owner, acme, "100.00")
    assert stands(owner, promise) == ("pending", "70.00")


def test_another_currency_keeps_no_promise(owner: Staff, acme: str):
    promise = promised(owner, acme, "100.00", currency="USD")
    paid(owner, acme, "100.00")
    assert stands(owner, promise) == ("pending", "0.00")
    paid(owner, acme, "100.00", currency="USD")
    assert stands(owner, promise) == ("kept", "100.00")


def test_of_named_invoices_only_what_pays_them_counts(owner: Staff, acme: str):
    credit = paid(owner, acme, "50.00")
    one, two = invoiced(owner, acme, "100.00"), invoiced(owner, acme, "100.00")
    promise = promised(owner, acme, "80.00", invoice_ids=[two["invoice_id"]])

    def allocated(amount: str, invoice: Json) -> list[Json]:
        return [{"invoice_id": invoice["invoice_id"], "amount": amount}]

    paid(owner, acme, "90.00", allocations=allocated("90.00", one))
    assert stands(owner, promise) == ("pending", "0.00")
    paid(owner, acme, "30.00", allocations=allocated("30.00", two))
    assert stands(owner, promise) == ("pending", "30.00")
    # Credit that was left is as good as money.
    where = f"/v1/clients/{acme}/payments/{credit['payment_id']}/apply"
    assert owner.post(where, {"allocations": allocated("50.00", two)}).status == 200
    assert stands(owner, promise) == ("kept", "80.00")


def test_a_promise_is_worked_out_for_each_of_a_list(owner: Staff, acme: str, promises: str):
    small, large = promised(owner, acme, "50.00"), promised(owner, acme, "500.00")
    paid(owner, acme, "100.00")
    shown = owner.get(promises).body["items"]
    assert [(each["promise_id"], each["status"], each["paid"]) for each in shown] == [
        (large["promise_id"], "pending", "100.00"),
        (small["promise_id"], "kept", "100.00"),
    ]
    first = owner.get(promises, limit="1").body
    assert first["items"] == shown[:1]
    rest = owner.get(promises, cursor=first["next_cursor"]).body
    assert (rest["items"], rest["next_cursor"]) == (shown[1:], None)


# ---- Cancelled ----------------------------------------------------------------------------


def test_a_promise_that_is_cancelled_stays_to_be_read(owner: Staff, member: Staff, acme: str):
    promise = promised(owner, acme)
    where = f"/v1/clients/{acme}/promises/{promise['promise_id']}"
    assert_problem(member.delete(where, if_match='"2"'), 412, "stale_version")
    assert member.delete(where, if_match='"1"').status == 204
    shown = owner.get(where)
    assert (shown.body["status"], shown.etag) == ("cancelled", '"2"')
    assert shown.body["cancelled_at"] > promise["created_at"]
    paid(owner, acme, "100.00")
    assert stands(owner, promise)[0] == "cancelled"
    entry = told(owner, acme)[1]
    assert entry["text"] == "Promise cancelled: 100.00 EUR by 2026-03-15"
    written = stored.item(f"CLIENT#{acme}", f"HISTORY#{entry['entry_id']}")
    assert written["event"] == "promise.cancelled"


@pytest.mark.parametrize("status", ["kept", "broken", "cancelled"])
def test_a_promise_that_is_over_cannot_be_cancelled(
    status: str, owner: Staff, acme: str, clock: Clock
):
    promise = promised(owner, acme)
    where = f"/v1/clients/{acme}/promises/{promise['promise_id']}"
    match status:
        case "kept":
            paid(owner, acme, "100.00")
        case "broken":
            later(clock, 6)
        case _:
            owner.delete(where)
    with stored.unchanged():
        refused = owner.delete(where)
    assert_problem(refused, 409, "promise_over")
    assert status in refused.body["detail"]


# ---- What it holds back, and what follows when it is broken -------------------------------


def found(client_id: str, day: int) -> Promises:
    return promises_of(client_id, today=TODAY + timedelta(day))


def end(client_id: str, day: int) -> int:
    """What whoever looks at the client does about promises on that day; how many ended."""
    client, at = current(client_id), now()
    ended = found(client_id, day).ended
    for each in ended:
        conclude(client, each, today=TODAY + timedelta(day), at=at)
    return len(ended)


def test_a_pending_promise_holds_back_what_it_covers_through_its_day(owner: Staff, acme: str):
    invoice = invoiced(owner, acme, "100.00")
    promised(owner, acme, invoice_ids=[invoice["invoice_id"]])
    promised(owner, acme, currency="USD", date=days_from_now(2))
    covered = frozenset([invoice["invoice_id"]])
    euros = Pause(until=date(2026, 3, 15), currency="EUR", invoice_ids=covered)
    dollars = Pause(until=date(2026, 3, 12), currency="USD")
    assert (found(acme, 0).pauses, found(acme, 0).ended) == ((euros, dollars), ())
    assert found(acme, 2).pauses == (euros, dollars)
    assert found(acme, 3).pauses == (euros,)
    assert found(acme, 5).pauses == (euros,)
    assert found(acme, 6).pauses == ()


def test_a_promise_that_is_kept_or_cancelled_holds_nothing_back(owner: Staff, acme: str):
    promise = promised(owner, acme, "100.00")
    promised(owner, acme, "30.00")
    owner.delete(f"/v1/clients/{acme}/promises/{promise['promise_id']}")
    assert len(found(acme, 0).pauses) == 1
    paid(owner, acme, "30.00")
    assert found(acme, 0).pauses == ()


def test_a_broken_promise_leaves_one_task_to_the_specialist(
    owner: Staff, specialist: Staff, clock: Clock
):
    stored.put(f"STAFF#{specialist.staff_id}", "STAFF", row={"active": True})
    client_id = new_client_id(owner, ar_specialist=specialist.staff_id)
    invoice = invoiced(owner, client_id, "100.00")
    promise = promised(owner, client_id, invoice_ids=[invoice["invoice_id"]], note="By telephone")
    paid(owner, client_id, "40.00")
    later(clock, 6)
    assert end(client_id, 6) == 1
    (row,) = specialist.get("/v1/tasks").body["items"]
    assert row["title"] == "Promise broken: 100.00 EUR by 2026-03-15"
    task = owner.get(f"/v1/clients/{client_id}/tasks/{row['task_id']}").body
    assert task["body"] == "Paid on it: 40.00 EUR.\n\nBy telephone"
    assert task["due_date"] == "2026-03-16"
    assert task["invoice_ids"] == [invoice["invoice_id"]]
    assert task["by"] is None
    shown = read(owner, promise)
    assert (shown["status"], shown["task_id"]) == ("broken", row["task_id"])
    entry = told(owner, client_id)[0]
    assert entry["text"] == "Promise broken: 100.00 EUR by 2026-03-15"
    written = stored.item(f"CLIENT#{client_id}", f"HISTORY#{entry['entry_id']}")
    assert written["event"] == "promise.broken"
    with stored.unchanged():
        assert end(client_id, 7) == 0


def test_a_kept_promise_leaves_no_task_and_is_not_looked_at_again(
    owner: Staff, acme: str, clock: Clock
):
    promised(owner, acme)
    paid(owner, acme, "100.00")
    later(clock, 6)
    assert end(acme, 6) == 1
    assert owner.get(f"/v1/clients/{acme}/tasks").body["items"] == []
    assert [each["text"] for each in told(owner, acme) if "broken" in each["text"]] == []
    assert found(acme, 7) == Promises(pending=(), ended=())


def test_a_payment_that_comes_just_before_the_task_keeps_the_promise(
    owner: Staff, acme: str, clock: Clock
):
    promised(owner, acme)
    later(clock, 6)
    client, (broken,) = current(acme), found(acme, 6).ended
    assert broken.status == "broken"
    paid(owner, acme, "100.00", date="2026-03-15")
    with stored.unchanged(), pytest.raises(VersionChanged):
        conclude(client, broken, today=date(2026, 3, 16), at=now())
    assert end(acme, 6) == 1
    assert owner.get(f"/v1/clients/{acme}/tasks").body["items"] == []


def test_two_who_look_at_once_make_one_task(owner: Staff, acme: str, clock: Clock):
    promised(owner, acme)
    later(clock, 6)
    client, (broken,) = current(acme), found(acme, 6).ended
    conclude(client, broken, today=date(2026, 3, 16), at=now())
    with stored.unchanged(), pytest.raises(VersionChanged):
        conclude(client, broken, today=date(2026, 3, 16), at=now())
    assert len(owner.get(f"/v1/clients/{acme}/tasks").body["items"]) == 1
