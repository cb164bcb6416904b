"""`make verify`: books that were broken are reported, each difference in a line."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from local import aws
from tests.builders import removal_event
from tests.support import stored
from tests.support.api import Staff, invoke
from tests.support.books import Books
from tools import verify
from tools.books import audit


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


@pytest.fixture
def books(owner: Staff) -> Books:
    """A client with one of everything."""
    acme = Books(owner.post("/v1/clients", {"business_name": "Acme"}).body["client_id"])
    first, second, third, fourth = (acme.invoice("100", day(f"0{n}-01")) for n in range(1, 5))
    acme.pay("150", day("05-01"), {first: "100", second: "20"})  # 30 are left of it
    bounced = acme.pay("10", day("05-02"), {second: "10"})
    acme.reverse(bounced, day("05-03"))
    acme.credit("50", day("05-04"), {second: "40"})
    acme.void(third, day("05-05"))
    acme.write_off(fourth, day("05-06"))
    acme.refund(acme.sources[0], "5", day("06-01"))
    Books(acme.client_id, "JPY").invoice("7000", day("05-07"))
    return acme


def told() -> list[str]:
    return list(audit.faults(pause=0))


def test_books_that_are_right_have_no_difference(books: Books):
    assert told() == []


def test_a_firm_without_books_has_no_difference():
    assert told() == []


type Breakage = Callable[[Books], None]


def of_client(**attributes: Any) -> Breakage:
    return lambda books: stored.alter(f"CLIENT#{books.client_id}", "CLIENT", **attributes)


def account(name: str, amount: str, currency: str = "EUR") -> Breakage:
    def change(books: Books) -> None:
        pk = f"CLIENT#{books.client_id}"
        totals = stored.item(pk, "CLIENT")["row"]["account"]
        totals[currency][name] = Decimal(amount)
        stored.alter(pk, "CLIENT", row__account=totals)

    return change


def of_invoice(which: int, **attributes: Any) -> Breakage:
    def change(books: Books) -> None:
        sk = f"INVOICE#{books.invoices[which]}"
        stored.alter(f"CLIENT#{books.client_id}", sk, **attributes)

    return change


def of_source(which: int, **attributes: Any) -> Breakage:
    def change(books: Books) -> None:
        kind, _, source_id = books.sources[which].partition("#")
        prefix = {"payment": "PAYMENT#", "credit_note": "CREDITNOTE#"}[kind]
        stored.alter(f"CLIENT#{books.client_id}", f"{prefix}{source_id}", **attributes)

    return change


def of_month(month: str, **attributes: Any) -> Breakage:
    return lambda books: stored.alter(
        f"CLIENT#{books.client_id}", f"MONTH#EUR#{month}", **attributes
    )


def of_entry(kind: str, **attributes: Any) -> Breakage:
    return lambda books: stored.alter(*entry_key(books, kind), **attributes)


def entry_key(books: Books, kind: str) -> tuple[str, str]:
    pk = f"CLIENT#{books.client_id}"
    rows = [each for each in stored.items(pk) if each["sk"].startswith("LEDGER#EUR")]
    (found, *_) = [each for each in rows if each["row"]["kind"] == kind]
    return pk, found["sk"]


def without(key: Callable[[Books], tuple[str, str]]) -> Breakage:
    def delete(books: Books) -> None:
        pk, sk = key(books)
        stored.client().delete_item(
            TableName="tallybook-test", Key={"pk": {"S": pk}, "sk": {"S": sk}}
        )

    return delete


def own(sk: Callable[[Books], str]) -> Callable[[Books], tuple[str, str]]:
    return lambda books: (f"CLIENT#{books.client_id}", sk(books))


def open_key(books: Books) -> str:
    due = books.find(books.invoices[1]).row["due_date"]
    return f"OPEN#EUR#{due}#{books.invoices[1]}"


def number_key(number: str) -> Callable[[Books], tuple[str, str]]:
    return lambda _: (f"NUMBER#invoice#{number}", "NUMBER")


BREAKAGES: dict[str, tuple[Breakage, str]] = {
    "unpaid": (account("unpaid", "41"), "EUR: unpaid is 41, should be 40"),
    "credit": (account("credit", "0"), "EUR: credit is 0, should be 35"),
    "invoiced": (account("invoiced", "1"), "EUR: invoiced is 1, should be 300"),
    "paid": (account("paid", "1"), "EUR: paid is 1, should be 145"),
    "other currency": (account("unpaid", "1", "JPY"), "JPY: unpaid is 1, should be 7000"),
    "open invoices": (of_client(open_invoices=3), "number of open invoices is 3, should be 2"),
    "finalized": (of_client(finalized_invoices=4), "finalized invoices is 4, should be 5"),
    "balance due": (of_client(row__balance_due=1), "something unpaid is 1, should be 2"),
    "balance": (of_invoice(1, row__balance=41), "balance of invoice INV-2026-00002 is 41"),
    "paid part": (of_invoice(0, row__paid=99), "paid of invoice INV-2026-00001 is 99"),
    "credited": (of_invoice(1, row__credited=4), "credited of invoice INV-2026-00002 is 4"),
    "total": (of_invoice(1, row__total=4), "total of invoice INV-2026-00002 is 4"),
    "written off": (of_invoice(3, row__written_off=4), "written_off of invoice INV-2026-00004"),
    "due date": (of_invoice(1, row__due_date="2026-01-01"), "due date of invoice INV-2026-00002"),
    "void": (
        of_invoice(0, row__status="void"),
        "status of invoice INV-2026-00001 is void, should be paid",
    ),
    "status": (
        of_invoice(1, row__status="open"),
        "status of invoice INV-2026-00002 is open, should be partially_paid",
    ),
    "index of open": (
        of_invoice(0, by_date_pk="OPEN", by_date_sk="x"),
        "INV-2026-00001 in the index of open ones is OPEN, should be nowhere",
    ),
    "open item": (without(own(open_key)), "INV-2026-00002 among the open ones is no"),
    "unapplied": (of_source(0, row__unapplied=9), "unapplied of payment#"),
    "applied": (of_source(0, row__applied=9), "applied of payment#"),
    "refunded": (of_source(0, row__refunded=9), "refunded of payment#"),
    "amount": (of_source(0, row__amount=9), "in all is 9, should be 150"),
    "credit note": (of_source(2, row__unapplied=9), "unapplied of credit_note#"),
    "index of credits": (
        of_source(1, by_date_pk="CREDITS", by_date_sk="x"),
        "in the index of credits is CREDITS, should be nowhere",
    ),
    "month of received": (of_month("2026-05", received=1), "received of 2026-05 is 1"),
    "month in the index": (of_month("2026-05", listing_sk="x"), "place of 2026-05"),
    "entry's amount": (of_entry("refund", row__amount=6), "amount of entry"),
    "entry's day": (of_entry("refund", row__date="2026-06-02"), "day of entry"),
    "entry's journal": (of_entry("refund", by_date_pk="JOURNAL#2026-07"), "place of entry"),
    "lost entry": (without(lambda books: entry_key(books, "write_off")), "EUR: unpaid is 40"),
    "lost invoice": (
        without(own(lambda books: f"INVOICE#{books.invoices[1]}")),
        "is missing, should be there",
    ),
    "lost payment": (
        without(own(lambda books: f"PAYMENT#{books.sources[0].partition('#')[2]}")),
        "is missing, should be there",
    ),
    "lost client": (without(own(lambda _: "CLIENT")), "the client is missing"),
    "lost number": (without(number_key("INV-2026-00002")), "INV-2026-00002 is not noted"),
}


@pytest.mark.parametrize("name", BREAKAGES)
def test_what_is_broken_is_reported(name: str, books: Books):
    breakage, expected = BREAKAGES[name]
    breakage(books)
    found = told()
    assert any(expected in line for line in found), found


@pytest.mark.parametrize("which", [0, 1, 4])
def test_a_gap_in_the_numbers_is_reported(which: int, books: Books):
    """At the beginning, too: somebody had the number."""
    yen = stored.items(f"CLIENT#{books.client_id}")
    invoices = [each for each in yen if each["sk"].startswith("INVOICE#")]
    (gone,) = [each for each in invoices if each["row"]["number"] == f"INV-2026-0000{which + 1}"]
    without(lambda _: (gone["pk"], gone["sk"]))(books)
    found = [line for line in told() if line.startswith("invoice numbers")]
    expected = "the next of invoice#2026 is 6, should be 5" if which == 4 else "is missing"
    assert any(expected in line for line in found), found


def test_a_number_that_two_invoices_have_is_reported(books: Books):
    of_invoice(1, row__number="INV-2026-00001")(books)
    found = told()
    assert any("INV-2026-00001 was given twice" in line for line in found)
    assert any("INV-2026-00002 is missing" in line for line in found)


def test_entries_of_an_invoice_that_was_never_booked_are_missed(books: Books):
    pk = f"CLIENT#{books.client_id}"
    copied = stored.item(pk, f"INVOICE#{books.invoices[0]}")
    other = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
    copied |= {"sk": f"INVOICE#{other}", "row": copied["row"] | {"number": "X-1"}}
    stored.put(**copied)
    assert any("entry of invoice X-1 is missing" in line for line in told())


def test_the_books_of_an_erased_client_are_looked_at_too(books: Books, owner: Staff):
    path = f"/v1/clients/{books.client_id}"
    assert owner.delete(path, query={"erase": "true"}).status == 204
    invoke("removals", removal_event(books.client_id))
    before = told()
    account("unpaid", "41")(books)
    assert [line for line in told() if line not in before] == [
        f"{books.client_id} EUR: unpaid is 41, should be 40"
    ]


def test_what_is_written_just_then_is_no_difference(books: Books, monkeypatch: pytest.MonkeyPatch):
    account("unpaid", "41")(books)
    monkeypatch.setattr("tools.books.audit.time.sleep", lambda _: account("unpaid", "40")(books))
    assert told() == []


def test_the_command_says_each_difference_and_fails(
    books: Books, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("tools.books.audit.time.sleep", lambda _: None)
    assert verify.main(["--table", "tallybook-test"]) == 0
    assert capsys.readouterr() == ("", "The books are right.\n")
    account("unpaid", "41")(books)
    assert verify.main(["--table", "tallybook-test"]) == 1
    told = capsys.readouterr()
    assert told.out == f"{books.client_id} EUR: unpaid is 41, should be 40\n"
    assert told.err == "1 differences.\n"


def test_the_command_says_when_the_books_cannot_be_read(capsys: pytest.CaptureFixture[str]):
    with stored.fault("Query", "ResourceNotFoundException"):
        assert verify.main(["--table", "tallybook-test"]) == 2
    assert "ResourceNotFoundException" in capsys.readouterr().err


def test_the_command_needs_a_stack(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    assert verify.main([]) == 2
    assert "make up" in capsys.readouterr().err


def test_the_command_knows_the_stack_of_this_machine(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
):
    monkeypatch.setenv("LOCAL_DIR", str(tmp_path))
    monkeypatch.setattr(aws, "command_environment", lambda _: {})
    (tmp_path / "stack.json").write_text('{"table_name": "tallybook-test"}')
    assert verify.main([]) == 0
    assert capsys.readouterr().err == "The books are right.\n"
