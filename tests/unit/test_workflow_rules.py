from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tallybook.workflows.kinds import (
    CLIENT,
    Due,
    Fee,
    Mark,
    Pause,
    Person,
    Receivable,
    Situation,
    Step,
    Workflow,
)
from tallybook.workflows.rules import MOST_INVOICES, after, due, next_day, workflow_of

DUE = date(2026, 3, 1)
ZOE = Person(person_id="zoe", emails=["zoe@mueller.example"], telephone="+49221123")
ADA = Person(person_id="ada", emails=["ada@mueller.example"])
BOTH = Decimal("119.00")


def day(behind: int) -> date:
    return DUE + timedelta(days=behind)


def step(step_id: str, days: int, action: Any = "email", **others: Any) -> Step:
    return Step(step_id=step_id, days=days, action=action, **others)


def workflow(*steps: Step, workflow_id: str = "firm") -> Workflow:
    return Workflow(workflow_id=workflow_id, name=workflow_id, steps=steps)


def invoice(invoice_id: str = "I1", **others: Any) -> Receivable:
    known: dict[str, Any] = {
        "number": invoice_id, "currency": "EUR", "due_date": DUE, "balance": BOTH, "total": BOTH,
    }  # fmt: skip
    return Receivable(invoice_id=invoice_id, **known | others)


def situation(*steps: Step, **others: Any) -> Situation:
    known: dict[str, Any] = {
        "workflow_id": "firm",
        "workflows": {"firm": workflow(*steps)},
        "people": [ZOE],
        "receivables": [invoice()],
    }
    return Situation(**known | others)


def done(found: list[Due]) -> list[tuple[str, str | None, list[str]]]:
    """The step, the person and the invoices of each."""
    return [
        (
            each.step.step_id,
            each.person.person_id if each.person else None,
            [one.invoice_id for one in each.receivables],
        )
        for each in found
    ]


def steps_due(found: list[Due]) -> list[str]:
    return [each.step.step_id for each in found]


def on(day_: date, now: Situation, *, may_send: bool = True) -> list[str]:
    return steps_due(due(now, day_, may_send=may_send))


def marked(what: str = "email", *marks: Mark) -> dict[Mark, dict[str, object]]:
    return {mark: {"on": "2026-03-08", "what": what} for mark in marks}


def test_a_step_falls_due_its_days_behind_the_due_date_and_stays_due():
    now = situation(step("a", 7))
    assert (on(day(6), now), on(day(7), now), on(day(700), now)) == ([], ["a"], ["a"])


def test_a_step_before_the_due_date_lapses_behind_it():
    now = situation(step("a", -3))
    assert [on(day(days), now) for days in (-4, -3, 0, 1)] == [[], ["a"], ["a"], []]


def test_what_is_marked_is_not_done_again():
    now = situation(step("a", 7), receivables=[invoice(marks=marked("email", "a#zoe"))])
    assert on(day(9), now) == []


def test_what_staff_want_after_all_is_done():
    now = situation(step("a", 7), receivables=[invoice(marks=marked("again", "a#zoe"))])
    assert on(day(9), now) == ["a"]


@pytest.mark.parametrize("what", ["missed", "dropped", "overtaken"])
def test_what_was_missed_dropped_or_overtaken_is_not(what: str):
    now = situation(step("a", 7), receivables=[invoice(marks=marked(what, "a#zoe"))])
    assert on(day(9), now) == []


def test_the_last_of_several_messages_overtakes_the_others():
    now = situation(step("final", 30), step("a", -3), step("b", 7), step("firm", 14))
    (found,) = due(now, day(20), may_send=True)
    assert (found.step.step_id, found.day) == ("firm", day(14))
    assert found.marks == {"I1": ["firm#zoe"]}
    assert found.overtaken == {"I1": ["a#zoe", "b#zoe"]}


def test_of_two_messages_of_one_day_the_later_in_the_list_goes():
    now = situation(step("a", 7), step("b", 7))
    assert on(day(7), now) == ["b"]


def test_a_message_of_another_channel_is_not_overtaken():
    now = situation(step("sms", 7, "sms"), step("mail", 9))
    assert on(day(9), now) == ["mail", "sms"]


def test_a_step_that_is_put_before_one_that_was_sent_is_not_caught_up():
    now = situation(step("a", 7), step("b", 14))
    sent = replace(now, receivables=[invoice(marks=marked("email", "b#zoe"))])
    asked = replace(
        now, receivables=[invoice(marks=marked("email", "b#zoe") | marked("again", "a#zoe"))]
    )
    assert (on(day(20), sent), on(day(20), asked)) == ([], ["a"])


def test_the_invoice_s_own_workflow_is_everybody_s():
    own = workflow(step("own", 1), workflow_id="own")
    her = workflow(step("hers", 1), workflow_id="hers")
    zoe = replace(ZOE, workflow_id="hers")
    firm = situation(step("a", 1), people=[ADA, zoe])
    now = replace(firm, workflows={**firm.workflows, "own": own, "hers": her})
    both = [invoice(), invoice("I2", workflow_id="own")]
    found = due(replace(now, receivables=both), day(1), may_send=True)
    assert done(found) == [
        ("a", "ada", ["I1"]),
        ("hers", "zoe", ["I1"]),
        ("own", "ada", ["I2"]),
        ("own", "zoe", ["I2"]),
    ]


def test_a_workflow_that_is_not_active_counts_as_not_there():
    now = situation(step("a", 1), receivables=[invoice(workflow_id="gone")])
    found = workflow_of(now, now.receivables[0], replace(ZOE, workflow_id="gone, too"))
    assert found is now.workflows["firm"]


def test_a_contact_s_workflow_decides_messages_to_it_alone():
    her = workflow(step("hers", 1), step("call", 1, "call"), workflow_id="hers")
    now = situation(step("task", 1, "task"), people=[replace(ZOE, workflow_id="hers")])
    now = replace(now, workflows={**now.workflows, "hers": her})
    assert done(due(now, day(1), may_send=True)) == [
        ("task", None, ["I1"]),
        ("hers", "zoe", ["I1"]),
    ]


def test_each_person_gets_a_step_once_and_tasks_are_nobody_s():
    now = situation(step("a", 1), step("call", 1, "call"), people=[ADA, ZOE])
    now = replace(now, receivables=[invoice(marks=marked("email", "a#ada"))])
    assert done(due(now, day(1), may_send=True)) == [
        ("call", None, ["I1"]),
        ("a", "zoe", ["I1"]),
    ]


def test_invoices_for_which_the_same_step_is_due_are_one_message():
    older = [invoice("I2"), invoice("I1", due_date=day(-2)), invoice("I3", due_date=day(4))]
    now = situation(step("a", 1), receivables=older)
    (found,) = due(now, day(3), may_send=True)
    assert [each.invoice_id for each in found.receivables] == ["I1", "I2"]
    assert found.day == day(-1)


def test_a_message_holds_so_many_invoices_and_the_oldest_first():
    many = [invoice(f"I{place:02}") for place in range(MOST_INVOICES + 5)]
    found = due(situation(step("a", 1), receivables=many), day(1), may_send=True)
    assert [len(each.receivables) for each in found] == [MOST_INVOICES, 5]
    assert found[1].receivables[0].invoice_id == f"I{MOST_INVOICES}"


def test_nothing_is_done_about_what_is_disputed():
    now = situation(step("a", 1), step("f", 1, "late_fee", fee=Fee(amount=Decimal(5))))
    now = replace(now, receivables=[invoice(is_disputed=True)])
    assert (on(day(1), now), next_day(now, day(0))) == ([], None)


def test_a_promise_pauses_what_it_covers_until_its_day_is_over():
    everything = Pause(until=day(10), currency="EUR")
    of_dollars = Pause(until=day(10), currency="USD")
    of_another = Pause(until=day(10), currency="EUR", invoice_ids=frozenset({"I2"}))
    of_it = replace(of_another, invoice_ids=frozenset({"I1"}))
    for pause, held in (
        (everything, True),
        (of_dollars, False),
        (of_another, False),
        (of_it, True),
    ):
        now = situation(step("a", 1), pauses=[pause])
        assert on(day(10), now) == ([] if held else ["a"])
        assert on(day(11), now) == ["a"]
        assert next_day(now, day(10)) == day(11)


def test_who_opted_out_of_reminders_gets_tasks_and_fees_only():
    fee = step("f", 1, "late_fee", fee=Fee(amount=Decimal(5)))
    now = situation(step("a", 1), step("s", 1, "sms"), step("t", 1, "task"), fee, reminders=False)
    assert on(day(1), now) == ["f", "t"]
    assert on(day(1), replace(now, late_fees=False)) == ["t"]


def test_messages_wait_for_the_hours_at_which_the_firm_sends():
    now = situation(step("a", 1), step("t", 1, "task"))
    assert on(day(1), now, may_send=False) == ["t"]


def test_fees_come_first_then_services_then_tasks_then_messages():
    fee = step("f", 9, "late_fee", fee=Fee(amount=Decimal(5)))
    stop = step("x", 2, "suspend_services")
    now = situation(step("s", 1, "sms"), step("m", 1), step("c", 1, "call"), stop, fee)
    assert on(day(9), now) == ["f", "x", "c", "m", "s"]


def fees(fee: Fee, days: int, **others: Any) -> list[str]:
    now = situation(step("f", 10, "late_fee", fee=fee), receivables=[invoice(**others)])
    return [str(each.fee) for each in due(now, day(days), may_send=True)]


def test_a_fee_is_an_amount_of_one_currency_or_a_percentage_of_what_is_unpaid():
    assert fees(Fee(amount=Decimal(5), currency="EUR"), 10) == ["5.00"]
    assert fees(Fee(amount=Decimal(5), currency="USD"), 10) == []
    assert fees(Fee(percent=Decimal("1.5")), 10, balance=Decimal("33.00")) == ["0.50"]
    assert fees(Fee(percent=Decimal(1)), 10, currency="JPY", balance=Decimal(150)) == ["2"]


def test_no_fee_is_charged_on_fees():
    late = {"total": BOTH + 40, "late_fees": Decimal(40)}
    assert fees(Fee(percent=Decimal(10)), 10, balance=Decimal(100), **late) == ["6.00"]
    assert fees(Fee(percent=Decimal(10)), 10, balance=Decimal(30), **late) == ["0.00"]


def test_a_fee_of_each_week_is_as_many_as_weeks_have_begun():
    assert fees(Fee(percent=Decimal(1), per="week"), 24) == ["1.19", "1.19", "1.19"]
    marks = marked("late_fee", "f#0") | marked("missed", "f#1")
    assert fees(Fee(percent=Decimal(1), per="week"), 24, marks=marks) == ["1.19"]


def test_what_goes_beyond_the_cap_is_cut():
    weekly = Fee(amount=Decimal(5), per="week", cap_amount=Decimal(12))
    assert fees(weekly, 31) == ["5.00", "5.00", "2.00", "0.00"]
    share = Fee(amount=Decimal(5), per="week", cap_percent=Decimal("7.777"))  # of 119: 9.25463
    assert fees(share, 24) == ["5.00", "4.25", "0.00"]
    booked = {"late_fees": Decimal(11), "total": BOTH + 11}
    assert fees(weekly, 10, **booked) == ["1.00"]


def test_a_monthly_fee_keeps_its_day():
    fee = step("f", 0, "late_fee", fee=Fee(amount=Decimal(1), per="month"))
    now = situation(fee, receivables=[invoice(due_date=date(2026, 1, 31))])
    found = [each.day for each in due(now, date(2026, 4, 30), may_send=True)]
    assert found == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30)]
    assert next_day(now, date(2026, 2, 28)) == date(2026, 3, 31)


def stop(*paid_through: date | None) -> Situation:
    return situation(step("x", 5, "suspend_services"), paid_through=paid_through)


def test_services_are_suspended_when_the_day_that_they_are_paid_through_is_over():
    assert on(day(5), stop(None)) == ["x"]
    assert on(day(5), stop(day(4))) == ["x"]
    assert on(day(5), stop(day(5))) == []
    assert next_day(stop(day(5)), day(5)) == day(6)


def test_a_step_is_not_over_while_a_service_is_paid_in_advance():
    (found,) = due(stop(None, day(9)), day(5), may_send=True)
    assert found.leaves_open
    then = after(stop(None, day(9)), found, day(5))
    assert (on(day(9), then), next_day(then, day(5)), on(day(10), then)) == ([], day(10), ["x"])
    (last,) = due(then, day(10), may_send=True)
    assert not last.leaves_open


def test_without_services_the_step_is_over_at_once():
    (found,) = due(stop(), day(5), may_send=True)
    assert (found.leaves_open, found.marks) == (False, {"I1": ["x#"]})


def test_it_is_looked_at_again_when_the_next_step_falls_due():
    now = situation(step("a", -3), step("b", 7), step("t", 14, "task"))
    looks = [next_day(now, day(behind)) for behind in (-9, -3, 7, 14)]
    assert looks == [day(-3), day(7), day(14), None]


def test_an_invoice_with_too_many_marks_is_chased_no_further():
    full = marked("late_fee", *(f"f#{number}" for number in range(400)))
    now = situation(step("a", 1), receivables=[invoice(marks=full)])
    assert (on(day(1), now), next_day(now, day(0))) == ([], None)


STEP_IDS = "abcdef"
FEES = st.builds(
    Fee,
    amount=st.none() | st.decimals("0.01", "50", places=2),
    percent=st.decimals("0.01", "20", places=2),
    per=st.sampled_from(["once", "week", "month"]),
    cap_amount=st.none() | st.decimals("0", "60", places=2),
    cap_percent=st.none() | st.decimals("0", "60", places=3),
)
ACTIONS = ["email", "sms", "task", "call", "late_fee", "suspend_services"]


@st.composite
def workflows(draw: st.DrawFn, name: str) -> Workflow:
    steps = []
    for place in range(draw(st.integers(0, 6))):
        action, days = draw(st.sampled_from(ACTIONS)), draw(st.integers(-20, 60))
        fee = draw(FEES) if action == "late_fee" else None
        steps.append(Step(step_id=f"{name}{place}", days=days, action=action, fee=fee))  # type: ignore[arg-type]
    return workflow(*steps, workflow_id=name)


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    names = st.sampled_from([None, "p", "q", "gone"])
    active = {name: draw(workflows(name)) for name in "pq"}
    days = st.dates(day(-30), day(60))
    people = [
        replace(each, workflow_id=draw(names)) for each in (ADA, ZOE, Person(person_id=CLIENT))
    ]
    receivables = [
        invoice(
            f"I{place}",
            due_date=draw(days),
            balance=draw(st.decimals("0.01", "119", places=2)),
            currency=draw(st.sampled_from(["EUR", "USD"])),
            workflow_id=draw(names),
            is_disputed=draw(st.booleans()) and draw(st.booleans()),
        )
        for place in range(draw(st.integers(0, 5)))
    ]
    return Situation(
        workflow_id=draw(names),
        workflows=active,
        people=people[: draw(st.integers(1, 3))],
        receivables=receivables,
        pauses=draw(st.lists(st.builds(Pause, until=days, currency=st.just("EUR")), max_size=1)),
        late_fees=draw(st.booleans()),
        reminders=draw(st.booleans()),
        paid_through=draw(st.lists(st.none() | days, max_size=3)),
    )


def everything(now: Situation, today: date) -> tuple[list[Due], Situation]:
    """What is done on a day, one after another."""
    told: list[Due] = []
    while found := due(now, today, may_send=True):
        told.append(found[0])
        now = after(now, found[0], today)
        assert len(told) < 1000
    return told, now


@settings(deadline=None)
@given(situations(), st.dates(day(-40), day(150)))
def test_what_was_done_is_not_due_again_and_each_mark_is_set_once(now: Situation, today: date):
    told, then = everything(now, today)
    marks = [(invoice_id, mark) for each in told if not each.leaves_open
             for named in (each.marks, each.overtaken)
             for invoice_id, its in named.items() for mark in its]  # fmt: skip
    assert len(marks) == len(set(marks))
    assert due(then, today, may_send=True) == []


@settings(deadline=None)
@given(situations(), st.dates(day(-40), day(60)))
def test_nothing_falls_due_before_the_day_of_the_next_look(now: Situation, today: date):
    _, then = everything(now, today)
    coming = next_day(then, today)
    for ahead in range(1, 40):
        if coming is not None and today + timedelta(days=ahead) >= coming:
            break
        assert due(then, today + timedelta(days=ahead), may_send=True) == []


@settings(deadline=None)
@given(situations(), st.dates(day(-40), day(150)))
def test_the_fees_of_an_invoice_stay_below_its_caps_and_are_planned_as_they_are_done(
    now: Situation, today: date
):
    planned = [each for each in due(now, today, may_send=False) if each.fee is not None]
    told, then = everything(now, today)
    assert [(one.marks, one.fee) for one in planned] == [
        (one.marks, one.fee) for one in told if one.fee is not None
    ]
    for each in then.receivables:
        caps = [
            one.step.fee.cap_amount
            for one in told
            if one.fee and one.receivables[0].invoice_id == each.invoice_id
            if one.step.fee and one.step.fee.cap_amount is not None
        ]
        assert all(each.late_fees <= cap for cap in caps[-1:])
