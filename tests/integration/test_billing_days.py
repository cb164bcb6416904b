"""As of a day, the books are what was booked up to it, whatever is booked on later days."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from tallybook.dates import now
from tests.support.api import Staff
from tests.support.billing_desk import Desk
from tests.support.billing_documents import Credit, Invoice
from tests.support.billing_model import Books


def test_what_is_told_of_a_day_stays_whatever_is_booked_on_later_days(
    owner: Staff, admin: Any
) -> None:
    client_id = owner.post("/v1/clients", {"business_name": "Acme"}).body["client_id"]
    desk, account = Desk(admin, owner, Books(now().date())), (client_id, "EUR")

    def day(ago: int) -> date:
        return desk.books.today - timedelta(ago)

    def invoiced(ago: int, amount: str) -> Invoice:
        invoice = Invoice("", account, day(ago), day(ago - 14), Decimal(amount))
        desk.draft(invoice, [{"unit_price": amount}])
        desk.change(invoice, "well", "finalize")
        return invoice

    def told() -> tuple[Any, Any]:
        days = {"from": day(200).isoformat(), "to": day(100).isoformat()}
        statement = owner.get(f"/v1/clients/{client_id}/statement", **days)
        ageing = owner.get("/v1/reports/ageing", as_of=day(100).isoformat())
        assert (statement.status, ageing.status) == (200, 200)
        return statement.body, ageing.body

    first, second = invoiced(150, "300"), invoiced(120, "200")
    payment = Credit(account, day(110), Decimal(350))
    desk.pay(payment, "oldest_first")
    before = told()
    desk.pay(Credit(account, day(90), Decimal(500)), "oldest_first")
    third = invoiced(80, "80")
    desk.issue(Credit(account, day(70), Decimal(50), is_note=True, corrects=third))
    desk.reverse(payment, day(60))
    desk.change(second, "well", "write-off", day(50))
    desk.change(first, "well", "void", day(40))
    assert told() == before
    desk.check()
    invoiced(130, "10")  # while the books are open, an earlier one may still come
    assert told() != before
    desk.check()
    desk.check_statement(account, day(200), day(100))
