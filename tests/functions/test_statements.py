"""A client's ledger and its statements: /v1/clients/{client_id}/ledger, …/statement."""

import itertools
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest

from tallybook.ledger import statements
from tallybook.ledger.models import StatementEntry
from tests.builders import new_client, new_contact
from tests.functions.problem import assert_problem
from tests.support import calls, stored
from tests.support.api import Staff, function
from tests.support.billing import invoiced
from tests.support.books import Books
from tests.support.faults import no_pauses
from tools.books import audit

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
LINE = {"lines": [{"description": "Discount", "quantity": "1", "unit_price": "10.00"}]}
OCTOBER = {"from": "2026-10-01", "to": "2026-10-31"}
NOTHING = {"current": "0.00", "1_30": "0.00", "31_60": "0.00", "61_90": "0.00", "over_90": "0.00"}


def day(text: str) -> date:
    return date.fromisoformat(f"2026-{text}")


@pytest.fixture
def books(owner: Staff) -> Books:
    return Books(owner.post("/v1/clients", new_client()).body["client_id"])


def path(books: Books, rest: str = "/statement") -> str:
    return f"/v1/clients/{books.client_id}{rest}"


def read(owner: Staff, books: Books, **days: str) -> dict[str, Any]:
    answer = owner.get(path(books), **(days or OCTOBER))
    assert answer.status == 200, answer.body
    return answer.body


def in_euros(statement: dict[str, Any]) -> dict[str, Any]:
    (found,) = [each for each in statement["currencies"] if each["currency"] == "EUR"]
    return found


# ---- Statements ------------------------------------------------------------------------------


def test_a_statement_runs_from_the_opening_to_the_closing_balance(books: Books, owner: Staff):
    old = books.invoice("1200", day("08-03"))
    books.pay("200", day("09-30"), {old: "200"})
    new = books.invoice("500.50", day("10-05"))
    books.pay("1100.5", day("10-20"), {old: "1000", new: "100.5"})
    books.invoice("70", day("11-01"))
    assert read(owner, books) == {
        "from": "2026-10-01",
        "to": "2026-10-31",
        "currencies": [
            {
                "currency": "EUR",
                "opening_balance": "1000.00",
                "entries": [
                    {
                        "date": "2026-10-05",
                        "kind": "invoice",
                        "reference": "INV-2026-00002",
                        "amount": "500.50",
                        "balance": "1500.50",
                    },
                    {
                        "date": "2026-10-20",
                        "kind": "payment",
                        "reference": "wire",
                        "amount": "-1100.50",
                        "balance": "400.00",
                    },
                ],
                "closing_balance": "400.00",
                "ageing": NOTHING | {"current": "400.00"},
            }
        ],
    }


def test_the_ageing_is_as_of_the_last_day_whatever_was_paid_later(books: Books, owner: Staff):
    old = books.invoice("300", day("06-01"), days=14)
    books.invoice("40", day("10-01"), days=20)
    books.pay("300", day("11-15"), {old: "300"})
    assert in_euros(read(owner, books))["ageing"] == NOTHING | {
        "over_90": "300.00",
        "1_30": "40.00",
    }
    november = in_euros(read(owner, books, **{"from": "2026-11-01", "to": "2026-11-30"}))
    assert november["ageing"] == NOTHING | {"31_60": "40.00"}


def test_a_credit_is_current_and_negative(books: Books, owner: Staff):
    books.pay("80", day("10-02"))
    found = in_euros(read(owner, books))
    assert (found["closing_balance"], found["ageing"]["current"]) == ("-80.00", "-80.00")


def test_moving_a_credit_to_an_invoice_is_not_told_but_ages(books: Books, owner: Staff):
    payment = books.pay("80", day("10-02"))
    invoice = books.invoice("100", day("08-03"), days=30)
    books.apply(payment, invoice, "80", day("10-20"))
    found = in_euros(read(owner, books))
    assert [each["kind"] for each in found["entries"]] == ["payment"]
    assert found["ageing"] == NOTHING | {"31_60": "20.00"}
    earlier = in_euros(read(owner, books, **{"from": "2026-10-01", "to": "2026-10-19"}))
    assert earlier["ageing"] == NOTHING | {"31_60": "100.00", "current": "-80.00"}
    assert (earlier["closing_balance"], found["closing_balance"]) == ("20.00", "20.00")


def test_what_was_taken_back_later_still_stands_on_an_older_statement(books: Books, owner: Staff):
    first, second = books.invoice("100", day("10-01")), books.invoice("50", day("10-02"))
    cheque = books.pay("100", day("10-03"), {first: "100"})
    before = read(owner, books)
    books.reverse(cheque, day("11-03"))
    books.void(second, day("11-04"))
    books.write_off(first, day("11-05"))
    assert read(owner, books) == before
    november = in_euros(read(owner, books, **{"from": "2026-11-01", "to": "2026-11-30"}))
    kinds = [(each["kind"], each["amount"]) for each in november["entries"]]
    assert kinds == [("reversal", "100.00"), ("void", "-50.00"), ("write_off", "-100.00")]
    assert november["closing_balance"] == "0.00"


def test_each_currency_has_an_account_the_clients_own_first(owner: Staff):
    client_id = owner.post("/v1/clients", new_client(currency="JPY")).body["client_id"]
    Books(client_id, "KWD").invoice("1.2", day("10-01"))
    Books(client_id, "EUR").invoice("5", day("12-01"))
    yen = Books(client_id, "JPY")
    yen.invoice("7000", day("10-02"))
    found = read(owner, yen)["currencies"]
    assert [(each["currency"], each["closing_balance"]) for each in found] == [
        ("JPY", "7000"),
        ("KWD", "1.200"),
    ]


def test_a_client_without_a_ledger_owes_nothing_in_its_currency(books: Books, owner: Staff):
    assert read(owner, books)["currencies"] == [
        {
            "currency": "EUR",
            "opening_balance": "0.00",
            "entries": [],
            "closing_balance": "0.00",
            "ageing": NOTHING,
        }
    ]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ({"to": "2026-02-10"}, ("2026-02-01", "2026-02-10")),
        ({"from": "2026-02-10", "to": "2026-02-10"}, ("2026-02-10", "2026-02-10")),
        ({"from": "2016-02-29", "to": "2026-02-28"}, ("2016-02-29", "2026-02-28")),
        ({"from": "2026-01-01", "to": "2035-12-31"}, ("2026-01-01", "2035-12-31")),
    ],
)
def test_a_statement_says_which_days_it_is_of(given, shown, books: Books, owner: Staff):
    answer = owner.get(path(books), **given)
    assert (answer.body["from"], answer.body["to"]) == shown


def test_without_days_a_statement_is_of_this_month_where_the_firm_is(
    books: Books, owner: Staff, monkeypatch: pytest.MonkeyPatch
):
    owner.patch("/v1/settings", {"time_zone": "Pacific/Auckland"})
    late = datetime.fromisoformat("2026-10-31T20:00:00+00:00")
    monkeypatch.setattr(function("statements"), "now", lambda: late)
    answer = owner.get(path(books)).body
    assert (answer["from"], answer["to"]) == ("2026-11-01", "2026-11-01")


@pytest.mark.parametrize(
    ("days", "field", "says"),
    [
        ({"from": "2026-10-02", "to": "2026-10-01"}, "from", "after"),
        ({"from": "2016-10-01", "to": "2026-10-02"}, "from", "10 years"),
        ({"from": "2026-02-30", "to": "2026-10-02"}, "from", "day"),
        ({"from": "1759276800"}, "from", "day"),
        ({"from": "2026-10-01T00:00:00Z"}, "from", "day"),
        ({"to": "01.10.2026"}, "to", "day"),
        ({"to": "0001-01-01"}, "to", "1970"),
        ({"until": "2026-10-01"}, "until", ""),
    ],
)
def test_days_that_make_no_statement_are_refused(days, field, says, books: Books, owner: Staff):
    answer = owner.get(path(books), **days)
    assert_problem(answer, 422, "validation_failed", field)
    assert says in answer.fields[field]


def test_a_statement_of_too_many_entries_is_refused(
    books: Books, owner: Staff, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(statements, "MOST_ENTRIES", 2)
    for number in range(3):
        books.invoice("10", day(f"10-0{number + 1}"))
    answer = owner.get(path(books), **OCTOBER)
    assert_problem(answer, 422, "validation_failed", "from")
    for days in (("2026-10-02", "2026-10-31"), ("2026-10-01", "2026-10-02")):
        assert owner.get(path(books), **{"from": days[0], "to": days[1]}).status == 200


def test_the_entries_of_a_statement_are_counted_in_all_currencies(
    books: Books, owner: Staff, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(statements, "MOST_ENTRIES", 3)
    books.invoice("10", day("10-01"))
    for number in (2, 3):
        Books(books.client_id, "JPY").invoice("10", day(f"10-0{number}"))
    assert owner.get(path(books), **OCTOBER).status == 200
    books.invoice("10", day("10-04"))
    assert_problem(owner.get(path(books), **OCTOBER), 422, "validation_failed", "from")


def test_the_longest_statement_fits_into_an_answer():
    """An answer has 6 MB; an entry with the longest reference, in letters of four bytes."""
    amount = "-9999999999999.99"
    entry = StatementEntry(
        date=day("10-01"),
        kind="credit_note",
        reference="\N{CJK UNIFIED IDEOGRAPH-20BB7}" * 200,
        amount=amount,
        balance=amount,
    )
    assert statements.MOST_ENTRIES * len(entry.model_dump_json().encode()) < 5_500_000


@pytest.mark.parametrize("rest", ["/statement", "/ledger"])
@pytest.mark.parametrize("client_id", [NOBODY, "x"])
def test_nobody_has_neither_statement_nor_ledger(rest: str, client_id: str, owner: Staff):
    answer = owner.get(f"/v1/clients/{client_id}{rest}", **OCTOBER)
    assert_problem(answer, 404, "client_not_found")
    answer = owner.post(f"/v1/clients/{client_id}/statement/send", OCTOBER)
    assert_problem(answer, 404, "client_not_found")


def test_a_booking_between_the_reads_begins_the_statement_anew(books: Books, owner: Staff):
    invoice = books.invoice("100", day("10-01"))
    payment = books.pay("30", day("10-02"))

    def rival() -> None:
        books.apply(payment, invoice, "30", day("10-03"))
        books.pay("20", day("10-04"), {invoice: "20"})

    with stored.in_between("BatchGetItem", rival), calls.recorded() as asked:
        found = in_euros(read(owner, books))
    assert (found["closing_balance"], found["ageing"]["current"]) == ("50.00", "50.00")
    assert [name for name, _ in asked].count("BatchGetItem") > 1


def unpaid(books: Books, amount: str) -> None:
    """Write something into the client's totals that the ledger does not say."""
    pk = f"CLIENT#{books.client_id}"
    account = stored.item(pk, "CLIENT")["row"]["account"]
    account["EUR"]["unpaid"] = Decimal(amount)
    stored.alter(pk, "CLIENT", row__account=account)


def test_broken_books_are_a_fault_of_ours_and_the_log_says_what_is_wrong(
    books: Books, owner: Staff, caplog: pytest.LogCaptureFixture
):
    books.invoice("100", day("10-01"))
    unpaid(books, "101")
    with no_pauses():
        answer = owner.get(path(books), **OCTOBER)
    assert_problem(answer, 500, "internal_error")
    assert books.client_id not in str(answer.body)
    for part in (books.client_id, "EUR", "owes 101", "adds up to 100"):
        assert part in caplog.text


def test_books_that_somebody_is_writing_all_the_time_are_busy(
    books: Books, owner: Staff, monkeypatch: pytest.MonkeyPatch
):
    """They may be right: each attempt finds something else that does not add up."""
    books.invoice("100", day("10-01"))
    unpaid(books, "101")
    amounts, read_it = itertools.count(102), statements._read

    def read_and_write(*asked: Any) -> Any:
        try:
            return read_it(*asked)
        finally:
            unpaid(books, str(next(amounts)))

    monkeypatch.setattr(statements, "_read", read_and_write)
    with no_pauses():
        assert_problem(owner.get(path(books), **OCTOBER), 409, "try_again")


def test_a_statement_asks_for_each_list_once(books: Books, owner: Staff):
    books.invoice("100", day("10-01"))
    with calls.recorded() as asked:
        read(owner, books)
    assert [name for name, _ in asked] == ["GetItem", "Query", "Query", "BatchGetItem"]


def test_what_is_done_through_the_api_is_told_and_adds_up(owner: Staff):
    """Backdated, each to its own day of October."""
    client_id = owner.post("/v1/clients", new_client()).body["client_id"]
    books, documents = Books(client_id), f"/v1/clients/{client_id}"
    first, second, third = (
        invoiced(owner, client_id, gross, issue_date=f"2026-10-0{number}", due_date="2026-10-15")
        for number, gross in enumerate(("100.00", "60.00", "40.00"), start=1)
    )
    for rest, body in (
        ("payments", {"amount": "130.00", "date": "2026-10-10"}),
        ("credit-notes", {"invoice_id": second["invoice_id"], "issue_date": "2026-10-11"} | LINE),
        (f"invoices/{third['invoice_id']}/void", {"date": "2026-10-12"}),
        ("payments", {"amount": "25.00", "date": "2026-10-13", "allocations": "none"}),
    ):
        answer = owner.post(f"{documents}/{rest}", body)
        assert answer.status in (200, 201), answer.body
    refund = {"amount": "5.00", "date": "2026-10-14"}
    cheque = f"{documents}/payments/{answer.body['payment_id']}"
    assert owner.post(f"{cheque}/refund", refund).status == 200
    found = in_euros(read(owner, books))
    assert [(each["date"][-2:], each["kind"], each["amount"]) for each in found["entries"]] == [
        ("01", "invoice", "100.00"),
        ("02", "invoice", "60.00"),
        ("03", "invoice", "40.00"),
        ("10", "payment", "-130.00"),
        ("11", "credit_note", "-10.00"),
        ("12", "void", "-40.00"),
        ("13", "payment", "-25.00"),
        ("14", "refund", "5.00"),
    ]
    assert found["closing_balance"] == "0.00"
    assert found["ageing"] == NOTHING | {"current": "-20.00", "1_30": "20.00"}
    assert list(audit.faults(pause=0)) == []
    assert first["number"] in [each["reference"] for each in found["entries"]]


# ---- The ledger ------------------------------------------------------------------------------


def test_an_entry_of_the_ledger_says_what_it_does(books: Books, owner: Staff):
    invoice = books.invoice("100", day("10-01"))
    payment = books.pay("130", day("10-02"), {invoice: "100"})
    answer = owner.get(path(books, "/ledger"))
    assert answer.status == 200
    first, second = answer.body["items"]
    assert first == {
        "entry_id": first["entry_id"],
        "date": "2026-10-01",
        "kind": "invoice",
        "currency": "EUR",
        "amount": "100.00",
        "reference": "INV-2026-00001",
        "effects": [{"invoice_id": invoice, "amount": "100.00"}],
        "credit": "0.00",
        "source": None,
    }
    assert second["effects"] == [{"invoice_id": invoice, "amount": "-100.00"}]
    assert (second["amount"], second["credit"], second["source"]) == ("-130.00", "30.00", payment)


def walked(owner: Staff, books: Books, **query: str) -> list[list[dict[str, Any]]]:
    pages, more = [], dict[str, str]()
    while True:
        answer = owner.get(path(books, "/ledger"), **query, **more)
        assert answer.status == 200, answer.body
        pages.append(answer.body["items"])
        if answer.body["next_cursor"] is None:
            return pages
        more = {"cursor": answer.body["next_cursor"]}


@pytest.mark.parametrize("limit", ["1", "2", "3", "7"])
def test_pages_of_the_ledger_are_by_day_over_all_currencies(limit: str, books: Books, owner: Staff):
    yen = Books(books.client_id, "JPY")
    for number, each in enumerate([yen, books, books, yen, yen, books, books], start=1):
        each.invoice(str(number), day(f"10-0{min(4, number)}"))
    pages = walked(owner, books, limit=limit)
    whole = [entry for page in pages for entry in page]
    assert [entry["date"][-2:] for entry in whole] == ["01", "02", "03", *["04"] * 4]
    assert len({entry["entry_id"] for entry in whole}) == 7
    assert [len(page) for page in pages[:-1]] == [int(limit)] * (len(pages) - 1)
    assert all(pages), "no page is empty"


def test_long_entries_are_all_listed(books: Books, owner: Staff):
    """A query ends after a megabyte, and says where it would go on."""
    for number in range(1, 6):
        books.invoice("1", day(f"10-0{number}"))
    Books(books.client_id, "JPY").invoice("1", day("10-05"))
    for each in stored.items(f"CLIENT#{books.client_id}"):
        if each["sk"].startswith("LEDGER#EUR#"):
            stored.alter(each["pk"], each["sk"], row__taxes=[{"category": "x" * 300_000}])
    for limit in ("2", "5", "100"):
        whole = [entry for page in walked(owner, books, limit=limit) for entry in page]
        assert [entry["date"][-2:] for entry in whole] == ["01", "02", "03", "04", "05", "05"]


@pytest.mark.parametrize(
    ("days", "found"),
    [
        ({"from": "2026-10-02"}, ["02", "03"]),
        ({"to": "2026-10-02"}, ["01", "02"]),
        ({"from": "2026-10-02", "to": "2026-10-02"}, ["02"]),
        ({"from": "2026-11-01"}, []),
    ],
)
def test_only_the_wanted_days_of_the_ledger_are_listed(days, found, books: Books, owner: Staff):
    for number in ("01", "02", "03"):
        books.invoice("1", day(f"10-{number}"))
    (page,) = walked(owner, books, **days)
    assert [entry["date"][-2:] for entry in page] == found


def test_a_cursor_of_the_ledger_is_for_these_days_of_this_client(books: Books, owner: Staff):
    for number in ("01", "02", "03"):
        books.invoice("1", day(f"10-{number}"))
    other = owner.post("/v1/clients", new_client(emails=[])).body["client_id"]
    cursor = owner.get(path(books, "/ledger"), limit="1").body["next_cursor"]
    for where, query in ((other, {}), (books.client_id, {"from": "2026-10-01"})):
        answer = owner.get(f"/v1/clients/{where}/ledger", cursor=cursor, **query)
        assert_problem(answer, 400, "invalid_cursor")


def test_the_ledger_refuses_days_in_the_wrong_order(books: Books, owner: Staff):
    days = {"from": "2026-10-02", "to": "2026-10-01"}
    assert_problem(owner.get(path(books, "/ledger"), **days), 422, "validation_failed", "from")


# ---- Sending ---------------------------------------------------------------------------------


def sent(owner: Staff, books: Books, body: Any = OCTOBER, **headers: str) -> Any:
    return owner.post(path(books, "/statement/send"), body, **headers)


def test_a_sent_statement_is_a_mail_with_the_paper(books: Books, owner: Staff):
    books.invoice("100", day("10-01"))
    answer = sent(owner, books)
    assert answer.status == 202, answer.body
    email_id = answer.body["email_id"]
    assert answer.headers["location"] == path(books, f"/emails/{email_id}")
    mail = stored.item(f"CLIENT#{books.client_id}", f"EMAIL#{email_id}")
    assert mail["template"] == "statement"
    assert mail["attachments"] == [{"kind": "statement", "from": "2026-10-01", "to": "2026-10-31"}]
    assert mail["context"]["statement"]["currencies"] == [
        {"currency": "EUR", "opening_balance": "0.00", "closing_balance": "100.00"}
    ]
    assert mail["row"]["to"] == ["office@mueller.example"]
    (entry,) = owner.get(path(books, "/history"), type="email").body["items"]
    assert entry["by"]["name"] == "The owner"


def test_a_statement_goes_to_primary_and_billing_contacts(books: Books, owner: Staff):
    for fields in (
        {"emails": ["primary@mueller.example"], "primary": True},
        {"emails": ["billing@mueller.example"], "billing": True},
        {"emails": ["shop@mueller.example"]},
    ):
        assert owner.post(path(books, "/contacts"), new_contact(**fields)).status == 201
    email_id = sent(owner, books).body["email_id"]
    mail = owner.get(path(books, f"/emails/{email_id}")).body
    assert sorted(mail["to"]) == ["billing@mueller.example", "primary@mueller.example"]


def test_a_statement_for_more_than_fifty_addresses_is_several_mails(books: Books, owner: Staff):
    for contact in range(6):
        emails = [f"billing{contact}{number}@mueller.example" for number in range(9)]
        body = new_contact(emails=emails, billing=True)
        assert owner.post(path(books, "/contacts"), body).status == 201
    first = sent(owner, books).body["email_id"]
    mails = owner.get(path(books, "/emails")).body["items"]
    assert sorted(len(each["to"]) for each in mails) == [4, 50]
    assert first in [each["email_id"] for each in mails]


def test_an_address_that_no_mail_can_go_to_is_said(owner: Staff):
    body = new_client(emails=["zoë@mueller.example"])
    books = Books(owner.post("/v1/clients", body).body["client_id"])
    answer = sent(owner, books)
    assert_problem(answer, 409, "no_email_address")
    assert "zoë@mueller.example" in answer.body["detail"]


def test_a_statement_of_this_month_is_sent_when_nothing_is_said(books: Books, owner: Staff):
    assert sent(owner, books, {}).status == 202
    assert sent(owner, books, None).status == 202


def test_nothing_is_sent_to_a_suspended_client(books: Books, owner: Staff):
    owner.post(path(books, "/suspend"))
    with stored.unchanged():
        assert_problem(sent(owner, books), 409, "client_suspended")


def test_a_client_that_is_suspended_meanwhile_is_sent_nothing(books: Books, owner: Staff):
    def rival() -> None:
        assert owner.post(path(books, "/suspend")).status == 200

    with stored.in_between("TransactWriteItems", rival):
        assert_problem(sent(owner, books), 409, "client_suspended")
    assert owner.get(path(books, "/emails")).body["items"] == []


def test_a_client_without_an_address_is_sent_nothing(owner: Staff):
    books = Books(owner.post("/v1/clients", new_client(emails=[])).body["client_id"])
    assert_problem(sent(owner, books), 409, "no_email_address")


def test_a_statement_is_sent_once_for_a_key(books: Books, owner: Staff):
    first = sent(owner, books, idempotency_key="k")
    with stored.unchanged():
        assert sent(owner, books, idempotency_key="k").body == first.body
    other = sent(owner, books, {"to": "2026-09-30"}, idempotency_key="k")
    assert_problem(other, 409, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"from": "2026-10-02", "to": "2026-10-01"}, "from"),
        ({"from": 1759276800}, "from"),
        ({"until": "2026-10-01"}, "until"),
    ],
)
def test_a_statement_of_impossible_days_is_not_sent(body, field, books: Books, owner: Staff):
    with stored.unchanged():
        assert_problem(sent(owner, books, body), 422, "validation_failed", field)
