"""Making payment links: by staff, and for the mail that an invoice is sent with."""

from datetime import datetime, timedelta

from pynamodb.expressions.operand import Path

from tallybook.authors import By
from tallybook.clients.presence import must_be_active, stays_active
from tallybook.dates import timestamp
from tallybook.errors import AccountPaymentOff, InvalidField, InvoiceNotOpen, IsADraft
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ids import new_id
from tallybook.invoices.records import InvoiceRecord
from tallybook.ledger.books import look_up
from tallybook.links import address
from tallybook.links.mapping import to_link
from tallybook.links.models import NewPaymentLink, PaymentLink
from tallybook.links.records import LinkRecord, key, named
from tallybook.links.rules import PAYABLE
from tallybook.table import Item, absent, read
from tallybook.transactions import Transaction

DAYS = 90  # that a link lasts unless said otherwise


def invoice_link(transaction: Transaction, client_id: str, invoice_id: str, at: datetime) -> str:
    """Add to `transaction` a link to a finalized invoice; returns its address, for a mail.

    One action. Each mail has a link of its own, so that its use tells which mail was read. The
    caller sees to it that the invoice is finalized, and the client there and active.
    """
    record = _record(client_id, invoice_id, at=at, days=DAYS, by=None)
    transaction.put(record, absent(LinkRecord))
    return address.url(named(record))


def create(client_id: str, new: NewPaymentLink, *, by: By, at: datetime, once: Once) -> PaymentLink:
    """One BatchGetItem and one transaction.

    Raises `ClientNotFound`, `ClientSuspended`; `AccountPaymentOff` when the firm lets nobody pay a
    whole account (C5); `InvalidField`, `IsADraft` and `InvoiceNotOpen` for an invoice that is not
    the client's, a draft, or void or written off.
    """
    _must_be_payable(client_id, new.invoice_id, at)
    record = _record(client_id, new.invoice_id, at=at, days=new.expires_in_days, by=by)
    link = to_link(record, at)
    transaction = Transaction()
    once.claim(transaction, link)
    stays_active(transaction, client_id)
    if new.invoice_id:
        invoice = InvoiceRecord(f"CLIENT#{client_id}", f"INVOICE#{new.invoice_id}")
        transaction.check(invoice, Path(["row", "status"]).is_in(*_stored(PAYABLE)), _why_not)
    transaction.put(record, absent(LinkRecord))
    told = {"link_id": link.link_id, "invoice_id": new.invoice_id}
    text = f"Made a payment link that expires on {link.expires_at:%Y-%m-%d}"
    event = "payment_link.created"
    transaction.put(entry(client_id, "payment", at=at, by=by, text=text, event=event, **told))
    transaction.commit()
    return link


def _record(
    client_id: str, invoice_id: str | None, *, at: datetime, days: int, by: By | None
) -> LinkRecord:
    expires_at = (at + timedelta(days=days)).replace(microsecond=0)
    return LinkRecord(
        *key(client_id, new_id(at)),
        invoice_id=invoice_id,
        expires_at=timestamp(expires_at),
        by=by.model_dump() if by else None,
        version=1,
    )


def _must_be_payable(client_id: str, invoice_id: str | None, at: datetime) -> None:
    sk = f"INVOICE#{invoice_id}"
    found = look_up(client_id, *((sk,) if invoice_id else ()), at=at)
    must_be_active(found.client)
    if invoice_id is None:
        if not found.settings.portal.account_history:
            raise AccountPaymentOff
    elif (item := found.own.get(sk)) is None:
        raise _why_not({})
    elif read(InvoiceRecord, item).row["status"] not in PAYABLE:
        raise _why_not(item)


def _why_not(item: Item) -> Exception:
    """What the invoice says of why no link leads to it; {}: it is not there."""
    status = read(InvoiceRecord, item).row["status"] if item else None
    match status:
        case None:
            return InvalidField("invoice_id", "The client has no such invoice.")
        case "draft":
            return IsADraft()
    return InvoiceNotOpen(f"status: the invoice is {status}; nobody can pay it.")


def _stored(texts: tuple[str, ...]) -> list[dict[str, str]]:
    return [{"S": text} for text in texts]
