from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tallybook.payments.rules import (
    Allocation,
    NotAllocatable,
    OpenInvoice,
    allocate,
    entered,
    left_of,
    status_of,
)

AMOUNTS = st.decimals("0.01", "10000", places=2)


def invoice(invoice_id: str, balance: str, due: str) -> OpenInvoice:
    return OpenInvoice(
        invoice_id=invoice_id, balance=Decimal(balance), due_date=date.fromisoformat(due)
    )


OPEN = [
    invoice("C", "50.00", "2026-03-15"),
    invoice("A", "100.00", "2026-02-01"),
    invoice("B", "30.00", "2026-02-01"),
]


def rests(known: Iterable[OpenInvoice], paid: Iterable[Allocation]) -> list[Decimal]:
    """What is left of each invoice's balance."""
    amounts: dict[str, Decimal] = {}
    for each in paid:
        amounts[each.invoice_id] = amounts.get(each.invoice_id, Decimal(0)) + each.amount
    return [each.balance - amounts.get(each.invoice_id, Decimal(0)) for each in known]


@st.composite
def invoices(draw: st.DrawFn) -> list[OpenInvoice]:
    balances = draw(st.lists(st.decimals("0", "5000", places=2), max_size=8))
    days = st.integers(0, 5)
    return [
        OpenInvoice(
            invoice_id=f"I{place}",
            balance=balance,
            due_date=date(2026, 1, 1) + timedelta(draw(days)),
        )
        for place, balance in enumerate(balances)
    ]


@st.composite
def fitting(draw: st.DrawFn) -> tuple[Decimal, list[OpenInvoice], list[Allocation]]:
    """Open invoices, allocations that fit into them, and an amount that covers them."""
    known = draw(invoices())
    named = []
    for each in known:
        cents = draw(st.integers(0, int(each.balance * 100)))
        named += [Allocation(each.invoice_id, Decimal(cents) / 100)] if cents else []
    amount = sum((each.amount for each in named), Decimal(0)) + draw(AMOUNTS)
    return amount, known, draw(st.permutations(named))


def amounts(allocations) -> list[tuple[str, str]]:
    return [(each.invoice_id, str(each.amount)) for each in allocations]


@pytest.mark.parametrize(
    ("amount", "allocations", "credit"),
    [
        ("0.01", [("A", "0.01")], "0.00"),
        ("100.00", [("A", "100.00")], "0.00"),
        ("110.00", [("A", "100.00"), ("B", "10.00")], "0.00"),
        ("150.00", [("A", "100.00"), ("B", "30.00"), ("C", "20.00")], "0.00"),
        ("200.00", [("A", "100.00"), ("B", "30.00"), ("C", "50.00")], "20.00"),
    ],
)
def test_the_oldest_due_date_is_paid_first_and_a_surplus_is_credit(amount, allocations, credit):
    found = allocate(Decimal(amount), OPEN, "oldest_first")
    assert amounts(found.allocations) == allocations
    assert str(found.credit) == credit


def test_paid_invoices_get_no_allocation():
    known = [invoice("A", "0.00", "2026-01-01"), *OPEN[:1]]
    found = allocate(Decimal("60.00"), known, "oldest_first")
    assert amounts(found.allocations) == [("C", "50.00")]


def test_a_payment_for_nothing_yet_is_credit():
    found = allocate(Decimal("75.00"), OPEN, "none")
    assert (found.allocations, found.credit) == ((), Decimal("75.00"))


def test_named_invoices_get_what_was_named():
    named = [Allocation("C", Decimal("50.00")), Allocation("A", Decimal("0.50"))]
    found = allocate(Decimal("60.00"), OPEN, named)
    assert amounts(found.allocations) == [("C", "50.00"), ("A", "0.50")]
    assert str(found.credit) == "9.50"


def test_an_invoice_that_is_named_twice_gets_one_allocation():
    named = [Allocation("A", Decimal("40.00")), Allocation("A", Decimal("60.00"))]
    assert amounts(allocate(Decimal(100), OPEN, named).allocations) == [("A", "100.00")]


@pytest.mark.parametrize(
    ("named", "field", "message"),
    [
        (
            [("C", "50.00"), ("B", "30.01")],
            "allocations.1.amount",
            "30.01 is more than the invoice's balance of 30.00.",
        ),
        (
            [("B", "20.00"), ("B", "20.00")],
            "allocations.1.amount",
            "40.00 is more than the invoice's balance of 30.00.",
        ),
        ([("X", "1.00")], "allocations.0.invoice_id", "Invoice X is not open."),
        ([("A", "0.00")], "allocations.0.amount", "0.00 is not above 0."),
        ([("A", "5.00"), ("B", "-5.00")], "allocations.1.amount", "-5.00 is not above 0."),
        ([("A", "NaN")], "allocations.0.amount", "NaN is not above 0."),
        (
            [("A", "90.00"), ("B", "20.00")],
            "allocations",
            "110.00 is more than the 100.00 there is to allocate.",
        ),
    ],
)
def test_an_allocation_that_does_not_fit_is_refused(named, field, message):
    allocations = [Allocation(invoice_id, Decimal(amount)) for invoice_id, amount in named]
    with pytest.raises(NotAllocatable) as refused:
        allocate(Decimal("100.00"), OPEN, allocations)
    assert (refused.value.field, refused.value.message) == (field, message)


@pytest.mark.parametrize("amount", ["0", "-1.00", "NaN", "sNaN", "Infinity"])
@pytest.mark.parametrize("how", ["none", "oldest_first"])
def test_what_is_not_above_0_pays_nothing(amount, how):
    with pytest.raises(NotAllocatable, match=r"^amount: .* is not above 0\.$"):
        allocate(Decimal(amount), OPEN, how)


@given(AMOUNTS, invoices())
def test_oldest_first_leaves_credit_only_when_nothing_is_open(amount, known):
    found = allocate(amount, known, "oldest_first")
    after = rests(known, found.allocations)
    assert sum((each.amount for each in found.allocations), found.credit) == amount
    assert found.credit >= 0
    assert all(each >= 0 for each in after)
    assert not found.credit or not any(after)


@given(AMOUNTS, invoices().flatmap(lambda known: st.tuples(st.just(known), st.permutations(known))))
def test_the_order_of_invoices_does_not_matter(amount, both):
    one, other = both
    assert allocate(amount, one, "oldest_first") == allocate(amount, other, "oldest_first")


@given(fitting())
def test_what_fits_is_allocated(case):
    amount, known, named = case
    found = allocate(amount, known, named)
    assert set(found.allocations) == set(named)
    assert found.credit == amount - sum(each.amount for each in named)
    assert found.credit > 0
    assert all(each >= 0 for each in rests(known, found.allocations))


@given(AMOUNTS, invoices(), st.data())
def test_one_cent_beyond_a_balance_is_refused_naming_both_amounts(amount, known, data):
    assume(known)
    each = data.draw(st.sampled_from(known))
    too_much = each.balance + Decimal("0.01")
    with pytest.raises(NotAllocatable) as refused:
        allocate(amount, known, [Allocation(each.invoice_id, too_much)])
    assert str(too_much) in refused.value.message
    assert str(each.balance) in refused.value.message


# ---- What is entered, and what is left -----------------------------------------------------


@pytest.mark.parametrize(
    ("text", "currency", "amount"),
    [
        ("5", "EUR", "5.00"),
        ("0.01", "EUR", "0.01"),
        ("5.0", "JPY", "5"),
        ("1.5", "KWD", "1.500"),
        ("9999999999999.99", "EUR", "9999999999999.99"),
    ],
)
def test_an_amount_gets_the_decimals_of_its_currency(text: str, currency: str, amount: str):
    assert str(entered("amount", text, currency)) == amount


@pytest.mark.parametrize(
    ("text", "currency", "message"),
    [
        ("0", "EUR", "0 is not above 0."),
        ("-1", "EUR", "-1 is not above 0."),
        ("0.001", "EUR", "0.001 EUR has more than 2 decimals."),
        ("0.5", "JPY", "0.5 JPY has more than 0 decimals."),
        ("10000000000000", "EUR", "10000000000000 EUR has more than 15 digits."),
    ],
)
def test_an_amount_that_a_currency_cannot_have_is_refused(text: str, currency: str, message: str):
    with pytest.raises(NotAllocatable) as refused:
        entered("refund.amount", text, currency)
    assert (refused.value.field, refused.value.message) == ("refund.amount", message)


@pytest.mark.parametrize(
    ("applied", "refunded", "is_reversed", "left", "status"),
    [
        (0, 0, False, 10, "unapplied"),
        (4, 0, False, 6, "partially_applied"),
        (4, 6, False, 0, "applied"),
        (10, 0, False, 0, "applied"),
        (0, 4, False, 6, "unapplied"),
        (0, 10, False, 0, "refunded"),
        (4, 4, False, 2, "partially_applied"),
        (0, 0, True, 0, "reversed"),
        (0, 4, True, 0, "reversed"),
    ],
)
def test_a_payment_stands_as_what_became_of_it_says(
    applied: int, refunded: int, is_reversed: bool, left: int, status: str
):
    given = Decimal(applied), Decimal(refunded)
    found = left_of(Decimal(10), *given, is_reversed=is_reversed)
    assert found == left
    assert status_of(given[0], found, is_reversed=is_reversed) == status


def test_less_than_nothing_is_never_left():
    with pytest.raises(ValueError, match="-1 would be left of 10"):
        left_of(Decimal(10), Decimal(4), Decimal(7), is_reversed=False)
