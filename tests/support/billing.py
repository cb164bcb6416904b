"""Invoices as staff make them, through the API."""

from typing import Any

from tests.support.api import Staff


def new_line(**fields: Any) -> dict[str, Any]:
    return {
        "description": "Consulting",
        "quantity": "2",
        "unit_price": "100.00",
        "tax_rate": "19",
    } | fields


def new_invoice(**fields: Any) -> dict[str, Any]:
    """An invoice over 238.00: 200.00 and 19 % tax."""
    return {"lines": [new_line()]} | fields


def new_client_id(staff: Staff, **fields: Any) -> str:
    answer = staff.post("/v1/clients", {"business_name": "Acme"} | fields)
    assert answer.status == 201, answer.body
    return str(answer.body["client_id"])


def path(invoice: dict[str, Any]) -> str:
    return f"/v1/clients/{invoice['client_id']}/invoices/{invoice['invoice_id']}"


def drafted(staff: Staff, client_id: str, **fields: Any) -> dict[str, Any]:
    """A draft of an invoice."""
    answer = staff.post(f"/v1/clients/{client_id}/invoices", new_invoice(**fields))
    assert answer.status == 201, answer.body
    return dict(answer.body)


def finalized(staff: Staff, client_id: str, **fields: Any) -> dict[str, Any]:
    """An invoice that was just finalized."""
    answer = staff.post(f"{path(drafted(staff, client_id, **fields))}/finalize")
    assert answer.status == 200, answer.body
    return dict(answer.body)


def invoiced(staff: Staff, client_id: str, gross: str, **fields: Any) -> dict[str, Any]:
    """A finalized invoice over an amount, free of tax."""
    line = new_line(quantity="1", unit_price=gross, tax_rate="0")
    return finalized(staff, client_id, lines=[line], **fields)


def read(staff: Staff, invoice: dict[str, Any]) -> dict[str, Any]:
    """The invoice as it is now."""
    return dict(staff.get(path(invoice)).body)


def account(staff: Staff, client_id: str, currency: str = "EUR") -> dict[str, str]:
    """The client's totals in a currency: invoiced, paid, unpaid and credit."""
    accounts = staff.get(f"/v1/clients/{client_id}").body["account"]
    return next(dict(each) for each in accounts if each["currency"] == currency)


def estimated(staff: Staff, client_id: str, **fields: Any) -> dict[str, Any]:
    """An estimate over 238.00, that was just made."""
    answer = staff.post(f"/v1/clients/{client_id}/estimates", new_invoice(**fields))
    assert answer.status == 201, answer.body
    return dict(answer.body)


def estimate_path(estimate: dict[str, Any]) -> str:
    return f"/v1/clients/{estimate['client_id']}/estimates/{estimate['estimate_id']}"
