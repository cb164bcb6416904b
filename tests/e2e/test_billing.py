"""A month of billing on the running stack: each function with its own rights only."""

import base64
import re
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
import requests
from pypdf import PdfReader

from tests.builders import new_client
from tests.e2e.conftest import Stack
from tests.e2e.web import Web

type Json = dict[str, Any]

LINES = [
    {"description": "Consulting", "quantity": "8", "unit_price": "95.00", "tax_rate": "19"},
    {"description": "Travel", "quantity": "1", "unit_price": "40.00", "tax_rate": "19"},
]
FIRM = {
    "name": "Sturm & Partner",
    "address": {"street1": "Ring 1", "postal_code": "50667", "city": "Köln", "country": "DE"},
    "billing": {"vat_id": "DE123456789", "iban": "DE89370400440532013000", "locale": "en-GB"},
}


@pytest.fixture
def owner(stack: Stack) -> Web:
    web = Web(stack.api_url, stack.token("owner"))
    assert web.call("PATCH", "/v1/settings", FIRM).status_code == 200
    return web


@pytest.fixture
def address() -> str:
    return f"books@b{uuid.uuid4().hex[:12]}.example"


@pytest.fixture
def client(owner: Web, address: str) -> str:
    """The client's path."""
    new = new_client(business_name="Müller & Töchter", emails=[address], currency="EUR")
    return f"/v1/clients/{asked(owner, 'POST', '/v1/clients', new, status=201)['client_id']}"


def asked(web: Web, method: str, path: str, body: Any = None, *, status: int = 200) -> Json:
    answer = web.call(method, path, body)
    assert answer.status_code == status, f"{method} {path}: {answer.text}"
    return dict(answer.json())


def until[T](look: Callable[[], T | None], seconds: float = 60) -> T:
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.3)
    return found


def mails_to(stack: Stack, address: str) -> list[Json]:
    answer = requests.get(f"{stack.emulator_url}/_ministack/ses/messages", timeout=30)
    messages = [each for account in answer.json()["messages"].values() for each in account]
    return [message for message in messages if address in message["To"]]


def downloaded(web: Web, path: str) -> bytes:
    answer = requests.get(asked(web, "GET", path)["url"], timeout=30)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Disposition"].startswith("attachment; ")
    return answer.content


def text(pdf: bytes) -> str:
    return " ".join(" ".join(p.extract_text() for p in PdfReader(BytesIO(pdf)).pages).split())


def carried(mail: Json) -> dict[str, bytes]:
    return {each["FileName"]: base64.b64decode(each["RawContent"]) for each in mail["Attachments"]}


def account(web: Web, client: str) -> dict[str, str]:
    (found,) = asked(web, "GET", client)["account"]
    return {name: found[name] for name in ("invoiced", "paid", "unpaid", "credit")}


def closing(web: Web, client: str) -> tuple[str, dict[str, str]]:
    (statement,) = asked(web, "GET", f"{client}/statement")["currencies"]
    return statement["closing_balance"], statement["ageing"]


def debtors(web: Web) -> set[str]:
    """The clients of every page of the ageing report."""
    found: set[str] = set()
    cursor = ""
    while cursor is not None:
        page = asked(web, "GET", f"/v1/reports/ageing?limit=100{cursor}")
        found |= {each["client"]["client_id"] for each in page["items"]}
        cursor = page["next_cursor"] and f"&cursor={page['next_cursor']}"
    return found


def test_from_an_estimate_to_a_cheque_that_bounces(
    stack: Stack, owner: Web, client: str, address: str
):
    # An estimate is sent, accepted and becomes an invoice.
    estimate = asked(owner, "POST", f"{client}/estimates", {"lines": LINES}, status=201)
    offered = f"{client}/estimates/{estimate['estimate_id']}"
    asked(owner, "POST", f"{offered}/send", {}, status=202)
    (mail,) = until(lambda: mails_to(stack, address))
    assert list(carried(mail)) == [f"Estimate {estimate['number']}.pdf"]
    asked(owner, "POST", f"{offered}/accept", {})
    draft = asked(owner, "POST", f"{offered}/convert", status=201)
    assert owner.call("POST", f"{offered}/convert").status_code == 409
    path = f"{client}/invoices/{draft['invoice_id']}"

    # The invoice gets its number, and leaves by mail with its PDF, which is a Factur-X.
    invoice = asked(owner, "POST", f"{path}/finalize")
    assert invoice["totals"]["gross"] == "952.00"
    assert account(owner, client) == {
        "invoiced": "952.00", "paid": "0.00", "unpaid": "952.00", "credit": "0.00"
    }  # fmt: skip
    asked(owner, "POST", f"{path}/send", {}, status=202)
    _, mail = until(lambda: found if len(found := mails_to(stack, address)) == 2 else None)
    pdf = downloaded(owner, f"{path}/pdf")
    assert carried(mail) == {f"Invoice {invoice['number']}.pdf": pdf}
    assert "952.00" in text(pdf)
    assert list(PdfReader(BytesIO(pdf)).attachments) == ["factur-x.xml"]
    assert invoice["number"].encode() in downloaded(owner, f"{path}/ubl")

    # The mail leads to where it is paid, without a sign-in.
    token = re.findall(r"/pay/([^\s?]+)", mail["BodyText"])[0]
    anybody = Web(stack.api_url, None)
    page = anybody.call("GET", f"/pay/{token}")
    assert page.status_code == 200, page.text
    assert page.json()["invoice"]["balance"] == "952.00"
    assert anybody.call("GET", f"/pay/{token[:-1]}").status_code == 404

    # A part is paid by cheque, the rest credited.
    cheque = {"amount": "500.00", "method": "cheque", "reference": "4711"}
    payment = asked(owner, "POST", f"{client}/payments", cheque, status=201)
    assert payment["allocations"][0]["number"] == invoice["number"]
    assert anybody.call("GET", f"/pay/{token}").json()["invoice"]["balance"] == "452.00"
    receipt = downloaded(owner, f"{client}/payments/{payment['payment_id']}/pdf")
    assert "500.00" in text(receipt)
    line = {"description": "Discount", "quantity": "1", "unit_price": "452", "tax_rate": "0"}
    new = {"invoice_id": invoice["invoice_id"], "lines": [line], "reason": "Agreed"}
    note = asked(owner, "POST", f"{client}/credit-notes", new, status=201)
    assert asked(owner, "GET", path)["status"] == "paid"
    said = text(downloaded(owner, f"{client}/credit-notes/{note['credit_note_id']}/pdf"))
    assert invoice["number"] in said
    assert closing(owner, client)[0] == "0.00"

    # The month on one paper; then the cheque bounces, and the balance is back.
    statement = text(downloaded(owner, f"{client}/statement/pdf"))
    for expected in (invoice["number"], note["number"], "952.00", "500.00"):
        assert expected in statement
    asked(owner, "POST", f"{client}/statement/send", {}, status=202)
    mail = until(lambda: found[2] if len(found := mails_to(stack, address)) == 3 else None)
    ((name, sent),) = carried(mail).items()
    assert name.startswith("Statement ")
    assert sent.startswith(b"%PDF")
    reason = {"reason": "The cheque bounced"}
    asked(owner, "POST", f"{client}/payments/{payment['payment_id']}/reverse", reason)
    balance, ageing = closing(owner, client)
    assert balance == "500.00"
    assert sum(map(Decimal, ageing.values())) == 500
    assert asked(owner, "GET", path)["status"] == "partially_paid"
    assert account(owner, client)["unpaid"] == "500.00"

    # The firm sees who owes it how much.
    assert client.rpartition("/")[2] in debtors(owner)
    month = datetime.now(UTC).strftime("%Y-%m")
    assert month in str(asked(owner, "GET", "/v1/dashboard"))


def test_many_invoices_are_finalized_together_with_numbers_without_a_gap(owner: Web, client: str):
    client_id = client.rpartition("/")[2]
    drafts = [
        asked(owner, "POST", f"{client}/invoices", {"lines": LINES}, status=201) for _ in range(12)
    ]
    named = [{"client_id": client_id, "invoice_id": each["invoice_id"]} for each in drafts]
    results = asked(owner, "POST", "/v1/invoices/finalize", {"invoices": named})["results"]
    assert all(each["ok"] for each in results)
    numbers = sorted(int(each["number"].rpartition("-")[2]) for each in results)
    assert numbers == list(range(numbers[0], numbers[0] + 12))
    assert closing(owner, client)[0] == "11424.00"


def test_papers_are_gone_with_their_client(stack: Stack, owner: Web, client: str):
    draft = asked(owner, "POST", f"{client}/invoices", {"lines": LINES}, status=201)
    path = f"{client}/invoices/{draft['invoice_id']}"
    downloaded(owner, f"{path}/pdf")
    s3, prefix = stack.client("s3"), f"passing/{client.rpartition('/')[2]}/"
    here = {"Bucket": stack.documents_bucket, "Prefix": prefix}
    assert s3.list_objects_v2(**here)["KeyCount"] == 1
    assert owner.call("DELETE", path).status_code == 204
    assert owner.call("DELETE", client).status_code == 204
    until(lambda: not s3.list_object_versions(**here).get("Versions"))
