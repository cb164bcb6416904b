"""What the page behind a payment link shows to whoever has its address, and that it was used."""

from datetime import datetime
from decimal import Decimal

from aws_lambda_powertools import Logger
from pynamodb.expressions.condition import Condition

from tallybook.dates import timestamp
from tallybook.errors import AccessSuspended, ClientNotFound, PaymentLinkNotFound, TallybookError
from tallybook.history.entries import entry
from tallybook.invoices.records import InvoiceRecord
from tallybook.ledger.books import Books, look_up
from tallybook.links import rules, tokens
from tallybook.links.models import (
    BankAccount,
    Owed,
    PayableInvoice,
    PayingFirm,
    PayPage,
)
from tallybook.links.records import PREFIX, LinkRecord, named
from tallybook.portal import address as portal
from tallybook.settings.models import Settings
from tallybook.table import find, read
from tallybook.transactions import Transaction

logger = Logger()


class _Counted(Exception):
    """Another load at the same moment was counted."""


def page(token: str, *, at: datetime) -> PayPage:
    """The page of a link, whose use is noted down. A BatchGetItem, the invoice, and one write.

    Raises `PaymentLinkNotFound` for every token that leads nowhere, whatever the reason, and
    `AccessSuspended` when the client is suspended.
    """
    record, found = _looked_up(token, at)
    if found.client.suspended is not None:
        raise AccessSuspended("This account cannot be used at present. Ask the firm.")
    if record.invoice_id:
        shown = _page(record, found, invoice=_invoice(record, found))
    elif found.settings.portal.account_history:
        account = [Owed(**each) for each in rules.owed(dict(found.client.row.account))]
        shown = _page(record, found, account=account)
    else:  # C5: only the linked invoice can be paid
        raise PaymentLinkNotFound
    _note(record, at)
    return shown


def _looked_up(token: str, at: datetime) -> tuple[LinkRecord, Books]:
    """The link, with its client and the settings. One BatchGetItem, none for a wrong token."""
    try:
        its = tokens.read(token)
    except tokens.Forged as error:
        raise PaymentLinkNotFound from error
    if its.expires_at <= at:
        raise PaymentLinkNotFound
    try:
        found = look_up(its.client_id, f"{PREFIX}{its.link_id}", at=at)
    except ClientNotFound as error:
        raise PaymentLinkNotFound from error
    item = found.own.get(f"{PREFIX}{its.link_id}")
    record = read(LinkRecord, item) if item else None
    if record is None or record.revoked is not None or named(record) != its:
        raise PaymentLinkNotFound
    return record, found


def _invoice(record: LinkRecord, found: Books) -> PayableInvoice:
    """The invoice, unless it is one that its client is told nothing of (written off)."""
    invoice = find(InvoiceRecord, record.pk, f"INVOICE#{record.invoice_id}")
    if invoice is None or invoice.row["status"] not in rules.SHOWN:
        raise PaymentLinkNotFound
    shows_total = found.settings.portal.display_balances
    shown = rules.payable(invoice.row, today=found.today, with_total=shows_total)
    return PayableInvoice.model_validate(shown)


def _page(
    record: LinkRecord,
    found: Books,
    *,
    invoice: PayableInvoice | None = None,
    account: list[Owed] | None = None,
) -> PayPage:
    client, settings = found.client, found.settings
    due = [invoice.balance] if invoice else [each.balance for each in account or ()]
    is_due = any(Decimal(each) > 0 for each in due)
    methods = client.payment_settings.get("methods", ["bank_transfer"])
    reference = invoice.number if invoice else client.row.number
    return PayPage(
        firm=PayingFirm(
            name=settings.name,
            email=settings.email,
            telephone=settings.telephone,
            address=settings.address,
            branding=settings.branding,
        ),
        scope="invoice" if invoice else "account",
        client_name=client.row.business_name,
        invoice=invoice,
        account=account,
        login_required=invoice is None,
        portal_url=portal.URL,
        methods=methods,
        bank=_bank(settings, reference) if is_due and "bank_transfer" in methods else None,
        expires_at=named(record).expires_at,
    )


def _bank(settings: Settings, reference: str) -> BankAccount | None:
    billing = settings.billing
    if billing.iban is None:
        return None
    holder = billing.account_holder or settings.name
    return BankAccount(iban=billing.iban, bic=billing.bic, holder=holder, reference=reference)


def _note(record: LinkRecord, at: datetime) -> None:
    """Count the use, unless it is of the same minute; the first of a day is in the history.

    Who used the link is nobody's business: a link is handed on, and a network address, hashed or
    not, is personal data of people whom the firm may not even know. A client must be able to pay
    while the table takes no writes, so that is no reason to refuse.
    """
    last = datetime.fromisoformat(record.last_used_at) if record.last_used_at else None
    if not rules.counts(last, at):
        return
    its, when = named(record), timestamp(at)
    transaction = Transaction()
    transaction.update(
        record,
        [
            LinkRecord.used.add(1),
            LinkRecord.last_used_at.set(when),
            LinkRecord.uses.set([when, *(record.uses or [])][: rules.MOST_USES]),
        ],
        LinkRecord.version.exists() & _last_used(record),
        lambda _: _Counted(),
    )
    if rules.is_first_of_day(last, at):
        used = entry(
            its.client_id,
            "payment",
            at=at,
            text="A payment link was used",
            event="payment_link.used",
            link_id=its.link_id,
            invoice_id=record.invoice_id,
        )
        transaction.put(used)
    try:
        transaction.commit()
    except _Counted:
        pass
    except TallybookError:
        logger.exception("use not counted")


def _last_used(record: LinkRecord) -> Condition:
    attribute = LinkRecord.last_used_at
    if record.last_used_at is None:
        return attribute.does_not_exist()
    seen: Condition = attribute == record.last_used_at
    return seen
