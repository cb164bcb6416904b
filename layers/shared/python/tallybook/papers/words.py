"""The words on papers: a table for each language. {…} are filled in."""

from dataclasses import dataclass

from tallybook.invoices.kinds import Category, PaperKind
from tallybook.ledger.kinds import Kind
from tallybook.ledger.rules import Bucket


@dataclass(frozen=True, kw_only=True)
class Words:
    language: str  # ISO 639-1
    titles: dict[PaperKind, str]
    statement: str
    receipt: str
    draft: str
    page: str
    date: str
    due: str
    valid_until: str
    delivered: str
    period: str
    customer: str
    order: str
    your_reference: str
    your_vat_id: str
    corrects: str
    description: str
    quantity: str
    price: str
    discount: str
    tax: str
    amount: str
    brought_forward: str
    carried_forward: str
    subtotal: str
    allowance: str
    charge: str
    net: str
    tax_on: str
    included_tax: str
    total: str
    rounding: str
    paid: str
    credited: str
    amount_due: str
    credit_total: str
    exemptions: dict[Category, str]
    units: dict[str, str]
    """Short, by their codes of UN/ECE recommendation 20; a code not here is shown as it is."""
    please_pay: str
    please_pay_by: str
    holder: str
    bank: str
    reference: str
    pay_online: str
    scan_transfer: str
    scan_link: str
    vat_id: str
    tax_number: str
    entries: dict[Kind, str]
    opening: str
    closing: str
    entry: str
    balance: str
    ageing: str
    buckets: dict[Bucket, str]
    received: str
    method: str
    your_payment: str
    applied_to: str
    invoice: str
    remaining: str
    thanks: str
