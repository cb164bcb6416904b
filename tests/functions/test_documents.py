"""Papers are made once for what they show, and downloaded by links that expire."""

import os
from datetime import datetime, timedelta
from typing import Any

import pytest

from tallybook.dates import now
from tallybook.documents import fetching, logos, making
from tallybook.ids import new_id
from tallybook.papers.pdf import paper_pdf
from tests.support import documents
from tests.support.api import Staff
from tests.support.billing import drafted, finalized, new_client_id, new_line, path

LOGO_URL = "https://sturm.example/logo.png"
FIRM = {
    "name": "Sturm & Partner",
    "email": "office@sturm.example",
    "address": {"street1": "Ring 1", "postal_code": "50667", "city": "Köln", "country": "DE"},
    "billing": {"vat_id": "DE123456789", "payment_terms": "14 days"},
}
PNG = documents.png(40, 20)
ADDRESS = {"street1": "Hauptstr. 5", "postal_code": "10115", "city": "Berlin", "country": "DE"}


@pytest.fixture(autouse=True)
def _fresh_containers():
    logos._seen.clear()


@pytest.fixture
def firm(owner: Staff) -> Staff:
    """The owner of a firm whose invoices say all that EN 16931 asks."""
    assert owner.patch("/v1/settings", FIRM).status == 200
    return owner


@pytest.fixture
def client_id(owner: Staff) -> str:
    return new_client_id(owner, business_name="Café Ñandú", billing_address=ADDRESS)


def download(staff: Staff, path_: str, **query: str) -> dict[str, Any]:
    answer = staff.get(path_, **query)
    assert answer.status == 200, answer.body
    return dict(answer.body)


# ---- Invoices ------------------------------------------------------------------------------


def test_an_invoice_is_a_factur_x(firm: Staff, client_id: str):
    invoice = finalized(firm, client_id, lines=[new_line(unit="HUR")])
    link = download(firm, f"{path(invoice)}/pdf")
    pdf = documents.content(link)
    assert documents.name(link) == f"Invoice {invoice['number']}.pdf"
    assert invoice["number"] in documents.text(pdf)
    assert "Café Ñandú" in documents.text(pdf)
    assert documents.attachments(pdf) == ["factur-x.xml"]


def test_an_invoice_that_lacks_something_is_a_plain_pdf(owner: Staff, client_id: str):
    invoice = finalized(owner, client_id)
    assert invoice["warnings"]
    pdf = documents.content(download(owner, f"{path(invoice)}/pdf"))
    assert documents.attachments(pdf) == []
    assert "238.00" in documents.text(pdf)


def test_a_link_expires_after_a_quarter_of_an_hour(owner: Staff, client_id: str):
    link = download(owner, f"{path(drafted(owner, client_id))}/pdf")
    expires_at = datetime.fromisoformat(link["expires_at"])
    assert abs(expires_at - now() - timedelta(minutes=15)) < timedelta(minutes=1)
    assert "X-Amz-Expires=900" in link["url"]


def test_a_draft_is_marked_as_one_and_kept_for_a_while_only(owner: Staff, client_id: str):
    link = download(owner, f"{path(drafted(owner, client_id))}/pdf")
    _, key = documents.place(link)
    assert key.startswith(f"passing/{client_id}/invoice/")
    assert "draft" in documents.text(documents.content(link)).lower()


def test_a_paper_is_made_once_for_what_it_shows(
    owner: Staff, client_id: str, monkeypatch: pytest.MonkeyPatch
):
    made = []

    def counted(*given: Any, **more: Any) -> bytes:
        made.append(given)
        return paper_pdf(*given, **more)

    monkeypatch.setattr(making, "paper_pdf", counted)
    invoice = drafted(owner, client_id)
    first = download(owner, f"{path(invoice)}/pdf")
    again = download(owner, f"{path(invoice)}/pdf")
    assert documents.place(first) == documents.place(again)
    assert len(made) == 1
    owner.patch(path(invoice), {"notes": "Thank you."})
    changed = download(owner, f"{path(invoice)}/pdf")
    assert documents.place(changed) != documents.place(first)
    assert "Thank you." in documents.text(documents.content(changed))
    assert len(made) == 2


def test_a_paper_of_an_invoice_follows_what_is_paid_of_it(firm: Staff, client_id: str):
    invoice = finalized(firm, client_id)
    before = download(firm, f"{path(invoice)}/pdf")
    paid = firm.post(f"/v1/clients/{client_id}/payments", {"amount": "38.00", "method": "cash"})
    assert paid.status == 201, paid.body
    after = download(firm, f"{path(invoice)}/pdf")
    assert documents.place(before) != documents.place(after)
    assert "200.00" in documents.text(documents.content(after))


def test_an_invoice_is_an_xml_file_for_machines(firm: Staff, client_id: str):
    invoice = finalized(firm, client_id)
    link = download(firm, f"{path(invoice)}/ubl")
    xml = documents.content(link).decode()
    assert documents.name(link) == f"Invoice {invoice['number']}.xml"
    assert "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2" in xml
    assert invoice["number"] in xml


def test_a_draft_is_no_e_invoice(owner: Staff, client_id: str):
    answer = owner.get(f"{path(drafted(owner, client_id))}/ubl")
    assert (answer.status, answer.code) == (409, "is_a_draft")


# ---- Other papers --------------------------------------------------------------------------


def test_a_payment_has_a_receipt(firm: Staff, client_id: str):
    invoice = finalized(firm, client_id)
    body = {"amount": "240.00", "method": "bank_transfer", "reference": "RF18"}
    payment = firm.post(f"/v1/clients/{client_id}/payments", body).body
    link = download(firm, f"/v1/clients/{client_id}/payments/{payment['payment_id']}/pdf")
    assert documents.name(link).startswith("Receipt ")
    said = documents.text(documents.content(link))
    for expected in ("240.00", "238.00", "2.00", invoice["number"], "Bank transfer", "RF18"):
        assert expected in said


def test_an_estimate_is_a_paper_that_passes(firm: Staff, client_id: str):
    answer = firm.post(f"/v1/clients/{client_id}/estimates", {"lines": [new_line()]})
    estimate = answer.body
    link = download(firm, f"/v1/clients/{client_id}/estimates/{estimate['estimate_id']}/pdf")
    assert documents.name(link) == f"Estimate {estimate['number']}.pdf"
    assert documents.place(link)[1].startswith(f"passing/{client_id}/estimate/")
    assert estimate["number"] in documents.text(documents.content(link))


def test_a_credit_note_is_a_factur_x_and_an_xml_file(firm: Staff, client_id: str):
    invoice = finalized(firm, client_id)
    new = {"invoice_id": invoice["invoice_id"], "full": True, "reason": "Returned"}
    note = firm.post(f"/v1/clients/{client_id}/credit-notes", new).body
    here = f"/v1/clients/{client_id}/credit-notes/{note['credit_note_id']}"
    pdf = documents.content(download(firm, f"{here}/pdf"))
    assert documents.attachments(pdf) == ["factur-x.xml"]
    assert invoice["number"] in documents.text(pdf)  # what it corrects
    assert "CreditNote-2" in documents.content(download(firm, f"{here}/ubl")).decode()


def test_a_statement_says_what_was_booked(firm: Staff, client_id: str):
    invoice = finalized(firm, client_id)
    link = download(firm, f"/v1/clients/{client_id}/statement/pdf")
    assert documents.name(link).startswith("Statement ")
    assert invoice["number"] in documents.text(documents.content(link))
    days = {"from": "2020-01-01", "to": "2020-12-31"}
    before = download(firm, f"/v1/clients/{client_id}/statement/pdf", **days)
    assert documents.name(before).endswith("2020-01-01 2020-12-31.pdf")
    assert invoice["number"] not in documents.text(documents.content(before))


def test_days_of_a_statement_the_wrong_way_round_are_refused(owner: Staff, client_id: str):
    days = {"from": "2026-02-01", "to": "2026-01-01"}
    answer = owner.get(f"/v1/clients/{client_id}/statement/pdf", **days)
    assert (answer.status, answer.code) == (422, "validation_failed")


@pytest.mark.parametrize(
    ("paper", "code"),
    [
        ("invoices/{id}/pdf", "invoice_not_found"),
        ("invoices/{id}/ubl", "invoice_not_found"),
        ("estimates/{id}/pdf", "estimate_not_found"),
        ("credit-notes/{id}/pdf", "credit_note_not_found"),
        ("credit-notes/{id}/ubl", "credit_note_not_found"),
        ("payments/{id}/pdf", "payment_not_found"),
    ],
)
@pytest.mark.parametrize("missing", ["01M81138R0M45NART9283V9C9Q", "x"])
def test_there_is_no_paper_of_what_is_not_there(
    owner: Staff, client_id: str, paper: str, code: str, missing: str
):
    answer = owner.get(f"/v1/clients/{client_id}/{paper.format(id=missing)}")
    assert (answer.status, answer.code) == (404, code)
    nobody = new_id(now())
    answer = owner.get(f"/v1/clients/{nobody}/{paper.format(id=new_id(now()))}")
    assert (answer.status, answer.code) == (404, "client_not_found")


def test_a_paper_of_another_client_is_not_found(owner: Staff, client_id: str):
    other = new_client_id(owner)
    invoice = drafted(owner, client_id)
    answer = owner.get(f"/v1/clients/{other}/invoices/{invoice['invoice_id']}/pdf")
    assert answer.code == "invoice_not_found"


# ---- The firm's logo -----------------------------------------------------------------------


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that were asked; all give the logo."""
    asked: list[str] = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        return PNG

    monkeypatch.setattr(fetching, "fetch", fetch)
    return asked


def test_the_logo_is_fetched_once_a_day_for_all_papers(
    firm: Staff, client_id: str, fetched: list[str]
):
    plain = download(firm, f"{path(drafted(firm, client_id))}/pdf")
    firm.patch("/v1/settings", {"branding": {"logo_url": LOGO_URL}})
    invoice = drafted(firm, client_id)
    with_logo = documents.content(download(firm, f"{path(invoice)}/pdf"))
    assert documents.has_image(with_logo)
    assert not documents.has_image(documents.content(plain))
    logos._seen.clear()  # another container
    download(firm, f"{path(drafted(firm, client_id))}/pdf")
    assert fetched == [LOGO_URL]


def test_a_logo_is_looked_at_again_after_a_day(fetched: list[str]):
    at = now()
    for later in (0, 23, 25):
        assert logos.logo(LOGO_URL, at=at + timedelta(hours=later)) == PNG
    assert len(fetched) == 2
    logos._seen.clear()
    assert logos.logo(LOGO_URL, at=at + timedelta(hours=1)) == PNG  # as it is in the bucket
    assert len(fetched) == 2


@pytest.mark.parametrize("outcome", [fetching.Unfetchable("gone"), b"<html>", b""])
def test_a_paper_is_made_without_a_logo_that_cannot_be_had(
    firm: Staff, client_id: str, monkeypatch: pytest.MonkeyPatch, outcome: Any
):
    asked = []

    def fetch(url: str) -> bytes:
        asked.append(url)
        if isinstance(outcome, bytes):
            return outcome
        raise outcome

    monkeypatch.setattr(fetching, "fetch", fetch)
    firm.patch("/v1/settings", {"branding": {"logo_url": LOGO_URL}})
    pdf = documents.content(download(firm, f"{path(drafted(firm, client_id))}/pdf"))
    assert not documents.has_image(pdf)
    download(firm, f"{path(drafted(firm, client_id))}/pdf")
    assert len(asked) == 1  # not with every paper
    assert logos.logo(LOGO_URL, at=now() + timedelta(minutes=6)) is None
    assert len(asked) == 2


def test_the_logo_of_yesterday_does_when_todays_cannot_be_had(
    monkeypatch: pytest.MonkeyPatch, fetched: list[str]
):
    at = now()
    assert logos.logo(LOGO_URL, at=at) == PNG
    monkeypatch.setattr(fetching, "fetch", lambda _: b"an error page")
    assert logos.logo(LOGO_URL, at=at + timedelta(days=2)) == PNG
    assert fetched == [LOGO_URL]


# ---- What goes with a client ---------------------------------------------------------------


def test_papers_of_a_client_are_below_its_id(firm: Staff, client_id: str):
    invoice = finalized(firm, client_id)
    download(firm, f"{path(invoice)}/pdf")
    download(firm, f"/v1/clients/{client_id}/statement/pdf")
    found = documents.keys(os.environ["DOCUMENTS_BUCKET"])
    assert [key.split("/")[:3] for key in found] == [
        ["documents", client_id, "invoice"],
        ["passing", client_id, "statement"],
    ]
