"""What will happen if nobody pays: the planner day by day, at the hours of the firm."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallybook.settings.kinds import SendingHours
from tallybook.workflows import rules
from tallybook.workflows.ahead import Coming, Foreseen, Hours, Outset, PromiseEnd, Waiting, ahead
from tallybook.workflows.kinds import (
    Due,
    Fee,
    Pause,
    Person,
    Receivable,
    Situation,
    Step,
    Workflow,
)

DUE = date(2026, 3, 1)  # a Sunday
ZOE = Person(person_id="zoe", emails=["zoe@mueller.example"], telephone="+49221123")
BERLIN = "Europe/Berlin"
OFFICE = SendingHours.model_validate(
    {"from": "08:00", "until": "18:00", "days": ["mon", "tue", "wed", "thu", "fri"]}
)


def step(step_id: str, days: int, action: Any = "email", **others: Any) -> Step:
    return Step(step_id=step_id, days=days, action=action, **others)


def invoice(invoice_id: str = "I1", **others: Any) -> Receivable:
    known: dict[str, Any] = {"number": invoice_id, "currency": "EUR", "due_date": DUE}
    known |= {"balance": Decimal(100), "total": Decimal(100)}
    return Receivable(invoice_id=invoice_id, **known | others)


def situation(*steps: Step, **others: Any) -> Situation:
    workflow = Workflow(workflow_id="firm", name="Usual", steps=steps)
    known: dict[str, Any] = {"workflow_id": "firm", "workflows": {"firm": workflow}}
    known |= {"people": [ZOE], "receivables": [invoice()]}
    return Situation(**known | others)


def outset(now: Situation, *, sending: SendingHours | None = None, **others: Any) -> Outset:
    hours = Hours(sending=sending or SendingHours(), time_zone=BERLIN)
    at = others.pop("at", datetime(2026, 3, 1, 9, tzinfo=UTC))
    return Outset(at=at, situation=now, hours=hours, **others)


def said(found: Sequence[Foreseen] | Any) -> list[tuple[str, str]]:
    """When and what, in the firm's time."""
    lines = []
    for each in found:
        event = each.event
        match event:
            case Due():
                what = event.step.step_id
                what += f" {event.fee}" if event.fee is not None else ""
            case _:
                what = type(event).__name__
        lines.append((f"{each.at.astimezone(ZoneInfo(BERLIN)):%m-%d %H:%M}", what))
    return lines


def foreseen(start: Outset, days: int = 60) -> list[tuple[str, str]]:
    return said(ahead(start, DUE + timedelta(days)))


def test_each_step_comes_on_its_day():
    now = situation(step("a", 7), step("b", 14, "task"), step("c", 70))
    assert foreseen(outset(now)) == [("03-08 00:00", "a"), ("03-15 00:00", "b")]


def test_what_is_due_already_comes_now():
    now = situation(step("a", 0), step("b", 1))
    assert foreseen(outset(now)) == [("03-01 10:00", "a"), ("03-02 00:00", "b")]


def test_messages_wait_for_the_hours_at_which_the_firm_sends_and_the_rest_does_not():
    now = situation(step("a", 0), step("b", 6), step("c", 6, "task"))
    assert foreseen(outset(now, sending=OFFICE)) == [
        ("03-02 08:00", "a"),  # Monday
        ("03-07 00:00", "c"),  # Saturday
        ("03-09 08:00", "b"),
    ]


def test_summer_time_changes_nothing_about_the_hours():
    now = situation(step("a", 28), step("b", 29))
    assert foreseen(outset(now, sending=OFFICE)) == [("03-30 08:00", "b")]


def test_the_later_of_two_messages_that_wait_goes_alone():
    now = situation(step("a", 5), step("b", 7))
    sundays = SendingHours(days=["sun"])
    assert foreseen(outset(now, sending=sundays)) == [("03-08 00:00", "b")]


def test_fees_grow_until_their_cap():
    fee = Fee(percent=Decimal(5), per="week", cap_amount=Decimal(12))
    now = situation(step("f", 1, "late_fee", fee=fee))
    assert foreseen(outset(now), 22) == [
        ("03-02 00:00", "f 5.00"),
        ("03-09 00:00", "f 5.00"),
        ("03-16 00:00", "f 2.00"),
    ]


def test_a_promise_holds_everything_back_until_it_is_broken():
    now = situation(step("a", 2), pauses=[Pause(until=date(2026, 3, 10), currency="EUR")])
    promise = PromiseEnd(promise_id="P", day=date(2026, 3, 11), currency="EUR", amount="100.00")
    assert foreseen(outset(now, promises=[promise])) == [
        ("03-11 00:00", "PromiseEnd"),
        ("03-11 00:00", "a"),
    ]


def test_services_that_are_paid_for_are_suspended_when_that_is_over():
    paid = [date(2026, 3, 20), None]
    now = situation(step("s", 10, "suspend_services"), paid_through=paid)
    assert foreseen(outset(now)) == [("03-11 00:00", "s"), ("03-21 00:00", "s")]


def test_an_invoice_to_come_is_sent_and_chased_like_those_that_are_there():
    run = Coming(
        recurring_id="R",
        day=date(2026, 3, 7),
        date=date(2026, 3, 7),
        currency="EUR",
        total="100.00",
        receivable=invoice("I2", due_date=date(2026, 3, 7)),
        to=["zoe@mueller.example"],
    )
    now = situation(step("a", 5), receivables=[])
    start = outset(now, coming=[run], sending=OFFICE)
    assert foreseen(start) == [
        ("03-07 00:00", "Coming"),
        ("03-09 08:00", "Waiting"),
        ("03-12 08:00", "a"),
    ]
    draft = replace(run, receivable=None)
    assert foreseen(outset(now, coming=[draft])) == [("03-07 00:00", "Coming")]


def test_a_mail_that_waits_leaves_when_the_firm_sends():
    waiting = [Waiting(invoice_id="I1", to=["zoe@mueller.example"])]
    start = outset(situation(), waiting=waiting, sending=OFFICE)
    assert foreseen(start) == [("03-02 08:00", "Waiting")]
    assert foreseen(outset(situation(), waiting=waiting)) == [("03-01 10:00", "Waiting")]


def test_of_a_suspended_client_each_thing_is_told_once_and_nothing_comes_of_it():
    fee = Fee(percent=Decimal(5), per="week")
    run = Coming(
        recurring_id="R",
        day=DUE,
        date=DUE,
        currency="EUR",
        total="100.00",
        receivable=invoice("I2"),
        to=["zoe@mueller.example"],
    )
    now = situation(
        step("f", 1, "late_fee", fee=fee),
        step("s", 3, "suspend_services"),
        step("a", 6),
        paid_through=[None],
    )
    start = outset(now, coming=[run], suspended=True, sending=OFFICE)
    assert foreseen(start, 9) == [
        ("03-01 10:00", "Coming"),
        ("03-02 00:00", "f 5.00"),
        ("03-04 00:00", "s"),
        ("03-07 00:00", "a"),
        ("03-09 00:00", "f 5.00"),
    ]


STEPS = st.builds(
    Step,
    step_id=st.sampled_from("abcdefgh"),
    days=st.integers(-5, 30),
    action=st.sampled_from(["email", "sms", "task", "call", "suspend_services"]),
)
INVOICES = st.builds(
    invoice,
    st.sampled_from(["I1", "I2", "I3"]),
    due_date=st.integers(-20, 20).map(lambda days: DUE + timedelta(days)),
)
SENDING = st.sampled_from([SendingHours(), OFFICE, SendingHours(days=["wed"])])


@settings(max_examples=300)
@given(
    steps=st.lists(STEPS, max_size=6, unique_by=lambda each: each.step_id),
    invoices=st.lists(INVOICES, max_size=3, unique_by=lambda each: each.invoice_id),
    sending=SENDING,
    paid=st.lists(st.none() | st.integers(0, 20).map(lambda n: DUE + timedelta(n)), max_size=2),
)
def test_it_is_what_somebody_does_who_looks_every_hour(
    steps: list[Step],
    invoices: list[Receivable],
    sending: SendingHours,
    paid: list[date | None],
):
    """A look does the first thing that is due, then asks again, at every hour of every day."""
    now = situation(*steps, receivables=invoices, paid_through=paid)
    start = outset(now, sending=sending, at=datetime(2026, 2, 28, 23, tzinfo=UTC))
    end, moment, looked = DUE + timedelta(12), start.at, []
    while (day := start.hours.day_of(moment)) <= end:
        may_send = start.hours.sends_at(moment) == moment
        while found := rules.due(now, day, may_send=may_send):
            is_idle = found[0].step.action == "suspend_services" and not any(
                each is None or each < day for each in now.paid_through
            )
            if not is_idle:
                looked.append(Foreseen(at=moment, day=day, event=found[0]))
            now = rules.after(now, found[0], day)
        moment += timedelta(hours=1)
    assert said(ahead(start, end)) == said(looked), (steps, invoices, sending, paid)


@pytest.mark.parametrize("days", [30, 365])
def test_days_on_which_nothing_happens_cost_nothing(days: int, monkeypatch: pytest.MonkeyPatch):
    asked: list[date] = []
    plan = rules.due

    def counted(now: Situation, today: date, *, may_send: bool) -> list[Due]:
        asked.append(today)
        return plan(now, today, may_send=may_send)

    monkeypatch.setattr(rules, "due", counted)
    foreseen(outset(situation(step("a", 20), step("b", 25, "task"))), days)
    assert len(asked) == 5  # now; each step, and whether there is more
