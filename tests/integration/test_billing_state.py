"""Any sequence of billing: the books are those of a model in plain Python, and of the ledger.

The machine works through the real handlers on a real table, for several clients in two currencies,
with days spread over months and years. Requests fail in between, see `billing_desk`.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tallybook.dates import now
from tallybook.money import quantum
from tests.support import faults, snapshots
from tests.support.api import Staff
from tests.support.billing_desk import Desk, Fate, How
from tests.support.billing_documents import Account, Credit, Invoice
from tests.support.billing_model import Books
from tests.support.local_table import forget

ACCOUNTS = st.tuples(st.integers(0, 1), st.sampled_from(["EUR", "JPY"]))
PICKS = st.integers(0, 20)
DAYS_AGO = st.sampled_from([0, 0, 1, 7, 31, 45, 90, 200, 366, 500])
ISSUED = DAYS_AGO | st.sampled_from([-1, -20])  # some are of days to come
LATER = st.sampled_from([None, None, None, 0, 10, 60, 200])  # days after its own; None: today
PRICES = st.sampled_from(["0", "1", "99", "250", "1000", "1234.56", "0.05"])
RATES = st.sampled_from(["0", "19", "7.7"])
AMOUNTS = st.sampled_from(["1", "50", "119", "250", "298", "1500", "10000"])
TERMS = st.sampled_from([0, 14, 30, 100])
WAYS = st.sampled_from(["oldest_first", "none", "named", "named", "too much"])
FATES: st.SearchStrategy[Fate] = st.sampled_from(
    ["well", "well", "well", "well", "throttled", "died before", "died after"]
)


@pytest.fixture(autouse=True)
def impatient() -> Iterator[None]:
    with faults.no_pauses():
        yield


class Firm(RuleBasedStateMachine):
    """`admin`, `owner`, `clients` and `before` are set by the test: the firm as it begins."""

    admin: Any
    owner: Staff
    clients: list[str]
    before: snapshots.Snapshot

    @initialize()
    def begin(self) -> None:
        snapshots.restore(self.admin, self.before, objects=False)
        forget()
        self.books = Books(now().date())
        self.desk = Desk(self.admin, self.owner, self.books)

    @invariant()
    def agrees(self) -> None:
        if hasattr(self, "desk"):
            self.desk.check()

    # ---- Invoices -------------------------------------------------------------------------------

    @rule(
        account=ACCOUNTS,
        ago=ISSUED,
        terms=TERMS,
        price=PRICES,
        rate=RATES,
        fate=FATES,
        is_finalized=st.sampled_from([True, True, False]),
    )
    def draft(
        self,
        account: Any,
        ago: int,
        terms: int,
        price: str,
        rate: str,
        fate: Fate,
        *,
        is_finalized: bool,
    ) -> None:
        issued, (_, currency) = self.day(ago), account
        net = _rounded(Decimal(price), currency)
        total = net + _rounded(net * Decimal(rate) / 100, currency)
        invoice = Invoice("", self.account(account), issued, issued + timedelta(terms), total)
        self.desk.draft(invoice, [{"unit_price": price, "tax_rate": rate}], fate)
        if is_finalized:
            self.desk.change(invoice, fate, "finalize")

    @precondition(lambda self: self.books.invoices)
    @rule(pick=PICKS, fate=FATES)
    def finalize(self, pick: int, fate: Fate) -> None:
        drafts = [each for each in self.invoices if each.is_draft]
        self.desk.change(_one(drafts or self.invoices, pick), fate, "finalize")

    @precondition(lambda self: self.books.invoices)
    @rule(first=PICKS, many=st.integers(1, 5), fate=FATES)
    def finalize_many(self, first: int, many: int, fate: Fate) -> None:
        start = first % len(self.invoices)
        self.desk.finalize_many(self.invoices[start : start + many], fate)

    @precondition(lambda self: self.books.invoices)
    @rule(pick=PICKS, later=LATER, what=st.sampled_from(["void", "write-off"]), fate=FATES)
    def end(self, pick: int, later: int | None, what: str, fate: Fate) -> None:
        invoice = _one(self.invoices, pick)
        self.desk.change(invoice, fate, what, self.after(invoice.issued, later))

    # ---- Payments and credit notes --------------------------------------------------------------

    @rule(account=ACCOUNTS, amount=AMOUNTS, ago=DAYS_AGO, way=WAYS, pick=PICKS, fate=FATES)
    def pay(self, account: Any, amount: str, ago: int, way: str, pick: int, fate: Fate) -> None:
        payment = Credit(self.account(account), self.day(ago), Decimal(amount))
        self.desk.pay(payment, self.how(payment, payment.amount, way, pick), fate)

    @rule(
        account=ACCOUNTS,
        amount=AMOUNTS,
        ago=DAYS_AGO,
        pick=PICKS,
        fate=FATES,
        corrects=st.booleans(),
        apply=st.booleans(),
    )
    def credit_note(
        self,
        account: Any,
        amount: str,
        ago: int,
        pick: int,
        fate: Fate,
        *,
        corrects: bool,
        apply: bool,
    ) -> None:
        note = Credit(self.account(account), self.day(ago), Decimal(amount), is_note=True)
        if self.invoices and corrects:
            note.corrects = _one(self.invoices, pick)
            note.account = note.corrects.account
        self.desk.issue(note, fate, apply=apply)

    @precondition(lambda self: self.books.credits)
    @rule(pick=PICKS, other=PICKS, way=WAYS, later=LATER, fate=FATES)
    def apply(self, pick: int, other: int, way: str, later: int | None, fate: Fate) -> None:
        credit = _one(self.books.credits, pick)
        how = self.how(credit, credit.unapplied(), way, other)
        if how != "none":
            self.desk.apply(credit, how, self.after(credit.day, later), fate)

    @precondition(lambda self: self.books.credits)
    @rule(pick=PICKS, amount=AMOUNTS, later=LATER, fate=FATES)
    def refund(self, pick: int, amount: str, later: int | None, fate: Fate) -> None:
        credit = _one(self.books.credits, pick)
        day = self.after(credit.day, later)
        self.desk.refund(credit, Decimal(amount), day, fate)

    @precondition(lambda self: self.books.credits)
    @rule(pick=PICKS, later=LATER, fate=FATES)
    def reverse(self, pick: int, later: int | None, fate: Fate) -> None:
        payments = [each for each in self.books.credits if not each.is_note]
        if payments:
            payment = _one(payments, pick)
            self.desk.reverse(payment, self.after(payment.day, later), fate)

    # ---- Statements, and closed books ------------------------------------------------------------

    @rule(account=ACCOUNTS, ago=DAYS_AGO, days=st.sampled_from([0, 30, 90, 400]))
    def look(self, account: Any, ago: int, days: int) -> None:
        first = self.day(ago)
        self.desk.check_statement(self.account(account), first, first + timedelta(days))

    @rule(ago=st.sampled_from([1, 60, 300, 400]))
    def close(self, ago: int) -> None:
        self.desk.close(self.day(ago))

    # ---- What the rules are about ---------------------------------------------------------------

    @property
    def invoices(self) -> list[Invoice]:
        return list(self.books.invoices.values())

    def account(self, which: tuple[int, str]) -> Account:
        client, currency = which
        return self.clients[client], currency

    def day(self, ago: int) -> date:
        return self.books.today - timedelta(ago)

    def after(self, day: date, later: int | None) -> date | None:
        """A day that is not before that one, and not to come."""
        return None if later is None else min(day + timedelta(later), self.books.today)

    def how(self, credit: Credit, amount: Decimal, way: str, pick: int) -> How:
        mine = [each for each in self.invoices if each.account == credit.account]
        if way in ("oldest_first", "none") or not self.invoices:
            return "none" if way == "none" else "oldest_first"
        chosen = [_one(each, pick) for each in (mine, mine[1:], self.invoices) if each][:2]
        if way == "too much":
            return [(each, each.balance() + 1) for each in chosen]
        parts = [(each, min(each.balance(), amount / 2)) for each in chosen]
        return [(each, _rounded(part, each.account[1])) for each, part in parts]


def _one[T](among: list[T], pick: int) -> T:
    return among[pick % len(among)]


def _rounded(amount: Decimal, currency: str) -> Decimal:
    return amount.quantize(quantum(currency), ROUND_HALF_UP)


def test_after_any_sequence_of_billing_the_books_add_up(owner: Staff, admin: Any) -> None:
    Firm.admin, Firm.owner = admin, owner
    Firm.clients = [
        owner.post("/v1/clients", {"business_name": name}).body["client_id"]
        for name in ("Acme", "Bolt")
    ]
    Firm.before = snapshots.take(admin, objects=False)
    slow = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
    wanted = settings(max_examples=25, stateful_step_count=40, suppress_health_check=slow)
    run_state_machine_as_test(Firm, settings=wanted)
