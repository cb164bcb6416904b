"""A firm whose books are kept twice: by the real handlers, and by the model in plain Python.

Each request is made through the API, and what it must come to is asked of the model. It may fail in
between: the table throttles, or the container dies and the request comes again with its key.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from typing import Any, Literal

from tests.support import billing_audit, faults, snapshots
from tests.support.api import Answer, Staff
from tests.support.billing_documents import Account, Credit, Invoice
from tests.support.billing_model import Books, Refused, Wanted
from tests.support.local_table import forget

type Fate = Literal["well", "throttled", "died before", "died after"]
type How = str | Wanted

_ONE_DAY = timedelta(1)


@dataclass
class Desk:
    admin: Any
    owner: Staff
    books: Books
    keys: Iterator[int] = field(default_factory=lambda: count(1))

    def ask(self, path: str, body: Any, rule: Callable[[], None], fate: Fate) -> Answer | None:
        """The answer to a POST below /v1/clients; None when it is refused, as the model says."""
        try:
            rule()
            is_refused = False
        except Refused:
            is_refused = True
        answer = self.post(f"/v1/clients/{path}", body, fate)
        if not is_refused:
            assert answer.status < 300, (path, body, answer.body)
            return answer
        assert answer.status in (409, 422), (path, body, answer.body)
        assert answer.code != "try_again", answer.body
        return None

    def post(self, path: str, body: Any, fate: Fate = "well") -> Answer:
        """The answer in the end: what failed is asked again with the same key."""
        key = f"key {next(self.keys)}"

        def post() -> Answer:
            return self.owner.post(path, body, Idempotency_Key=key)

        with suppress(faults.Death), _disturbed(fate):
            answer = post()
            if answer.status != 503:
                return answer
        forget()  # a new container
        return post()

    # ---- What can be done -----------------------------------------------------------------------

    def draft(self, invoice: Invoice, lines: list[dict[str, str]], fate: Fate = "well") -> None:
        client_id, currency = invoice.account
        body = {
            "currency": currency,
            "issue_date": invoice.issued.isoformat(),
            "due_date": invoice.due.isoformat(),
            "lines": lines,
        }
        answer = self.ask(f"{client_id}/invoices", body, lambda: None, fate)
        assert answer
        assert Decimal(answer.body["totals"]["payable"]) == invoice.total
        invoice.invoice_id = answer.body["invoice_id"]
        self.books.invoices[invoice.invoice_id] = invoice

    def change(self, invoice: Invoice, fate: Fate, what: str, day: date | None = None) -> None:
        """`what`: finalize, void or write-off."""
        path = f"{_path(invoice)}/{what}"
        rule = {
            "finalize": lambda: self.books.finalize(invoice),
            "void": lambda: self.books.void(invoice, day),
            "write-off": lambda: self.books.write_off(invoice, day),
        }[what]
        self.ask(path, _dated({}, day), rule, fate)

    def finalize_many(self, invoices: list[Invoice], fate: Fate) -> None:
        named = [{"client_id": i.account[0], "invoice_id": i.invoice_id} for i in invoices]
        answer = self.post("/v1/invoices/finalize", {"invoices": named}, fate)
        assert answer.status == 200, answer.body
        for invoice, result in zip(invoices, answer.body["results"], strict=True):
            try:
                self.books.finalize(invoice)
            except Refused:
                assert not result["ok"]
            else:
                assert result["ok"], result

    def pay(self, payment: Credit, how: How, fate: Fate = "well") -> None:
        client_id, currency = payment.account
        body = {
            "amount": str(payment.amount),
            "currency": currency,
            "method": "bank_transfer",
            "date": payment.day.isoformat(),
            "allocations": _allocations(how),
        }
        rule = lambda: self.books.pay(payment, how)  # noqa: E731
        if answer := self.ask(f"{client_id}/payments", body, rule, fate):
            payment.credit_id = answer.body["payment_id"]

    def issue(self, note: Credit, fate: Fate = "well", *, apply: bool = True) -> None:
        client_id, currency = note.account
        body = {
            "invoice_id": note.corrects and note.corrects.invoice_id,
            "currency": currency,
            "issue_date": note.day.isoformat(),
            "lines": [{"unit_price": str(note.amount)}],
            "apply": apply,
        }
        rule = lambda: self.books.issue(note, apply=apply)  # noqa: E731
        if answer := self.ask(f"{client_id}/credit-notes", body, rule, fate):
            note.credit_id = answer.body["credit_note_id"]

    def apply(self, credit: Credit, how: How, day: date | None, fate: Fate = "well") -> None:
        rule = lambda: self.books.apply(credit, how, day)  # noqa: E731
        body = _dated({"allocations": _allocations(how)}, day)
        self.ask(f"{_path(credit)}/apply", body, rule, fate)

    def refund(
        self, credit: Credit, amount: Decimal, day: date | None, fate: Fate = "well"
    ) -> None:
        rule = lambda: self.books.refund(credit, amount, day)  # noqa: E731
        body = _dated({"amount": str(amount), "method": "bank_transfer"}, day)
        self.ask(f"{_path(credit)}/refund", body, rule, fate)

    def reverse(self, payment: Credit, day: date | None, fate: Fate = "well") -> None:
        rule = lambda: self.books.reverse(payment, day)  # noqa: E731
        body = _dated({"reason": "It bounced"}, day)
        self.ask(f"{_path(payment)}/reverse", body, rule, fate)

    def close(self, day: date) -> None:
        """Close the books up to a day, or open them again behind an earlier one."""
        answer = self.owner.patch("/v1/settings", {"billing": {"closed_until": day.isoformat()}})
        assert answer.status == 200, answer.body
        self.books.closed_until = day

    # ---- What is kept ---------------------------------------------------------------------------

    def check(self) -> None:
        """Table, ledger and model agree."""
        items = snapshots.take(self.admin, objects=False).plain()
        assert billing_audit.faults(items) == []
        rows = {
            sk.partition("#")[2]: item["row"]
            for (_, sk), item in items.items()
            if sk.startswith(("INVOICE#", "PAYMENT#", "CREDITNOTE#"))
        }
        credits_ = {each.credit_id: each for each in self.books.credits}
        assert rows.keys() == self.books.invoices.keys() | credits_.keys()
        for invoice_id, invoice in self.books.invoices.items():
            row = rows[invoice_id]
            balance = invoice.total if invoice.is_draft else invoice.balance()
            assert (row["status"], row["balance"]) == (invoice.status, balance)
        for credit_id, credit in credits_.items():
            row = rows[credit_id]
            left = credit.unapplied()
            assert (row["refunded"], row["unapplied"]) == (credit.refunded, left)
            assert (row["status"] == "reversed") == (credit.reversed_on is not None)
        self._check_totals(items)

    def _check_totals(self, items: Mapping[Any, Any]) -> None:
        for (pk, sk), item in items.items():
            if sk == "CLIENT" and pk.startswith("CLIENT#"):
                for currency, totals in item["row"]["account"].items():
                    account = pk.removeprefix("CLIENT#"), currency
                    found = totals["unpaid"], totals["credit"]
                    assert found == (self.books.unpaid(account), self.books.credit(account))

    def check_statement(self, account: Account, first: date, last: date) -> None:
        """A statement says what the model says, and so did the one that ends where it begins."""
        told = self._statement(account, first, last)
        assert Decimal(told["opening_balance"]) == self.books.owed(account, first - _ONE_DAY)
        assert Decimal(told["closing_balance"]) == self.books.owed(account, last)
        before = self._statement(account, first - timedelta(40), first - _ONE_DAY)
        assert before["closing_balance"] == told["opening_balance"]
        assert [
            (date.fromisoformat(each["date"]), each["kind"], Decimal(each["amount"]))
            for each in told["entries"]
        ] == [(row.day, row.kind, row.amount) for row in self.books.rows_of(account, first, last)]
        ageing = {name: Decimal(part) for name, part in told["ageing"].items() if Decimal(part)}
        assert ageing == self.books.ageing(account, last)

    def _statement(self, account: Account, first: date, last: date) -> dict[str, Any]:
        client_id, currency = account
        days = {"from": first.isoformat(), "to": last.isoformat()}
        answer = self.owner.get(f"/v1/clients/{client_id}/statement", **days)
        assert answer.status == 200, answer.body
        nothing = {"opening_balance": "0", "closing_balance": "0", "entries": [], "ageing": {}}
        found = [each for each in answer.body["currencies"] if each["currency"] == currency]
        return found[0] if found else nothing


def _disturbed(fate: Fate) -> AbstractContextManager[object]:
    if fate == "throttled":
        return faults.refused("TransactWriteItems", "ThrottlingException")
    if fate == "well":
        return nullcontext()
    return faults.death_at_write(1, when=fate.removeprefix("died "))


def _path(document: Invoice | Credit) -> str:
    client_id, _ = document.account
    if isinstance(document, Invoice):
        return f"{client_id}/invoices/{document.invoice_id}"
    kind = "credit-notes" if document.is_note else "payments"
    return f"{client_id}/{kind}/{document.credit_id}"


def _dated(body: dict[str, Any], day: date | None) -> dict[str, Any]:
    return body | ({"date": day.isoformat()} if day else {})


def _allocations(how: How) -> Any:
    if isinstance(how, str):
        return how
    return [{"invoice_id": each.invoice_id, "amount": str(amount)} for each, amount in how]
