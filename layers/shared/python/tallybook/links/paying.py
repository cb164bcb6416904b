"""What the page behind a payment link shows to whoever has its address, and that it was used."""

from datetime import datetime
from decimal import Decimal

from aws_lambda_powertools import Logger
from pynamodb.expressions.condition import Condition

from tallybook.clients.records import ClientRecord
from tallybook.dates import timestamp, today
from tallybook.errors import AccessSuspended, PaymentLinkNotFound, TallybookError
from tallybook.history.entries import entry
from tallybook.invoices.records import InvoiceRecord
from tallybook.links import rules, tokens
from tallybook.links.models import (
    BankAccount,
    Owed,
    PayableInvoice,
    PayingFirm,
    PayPage,
)
from tallybook.links.records import LinkRecord, key, named
from tallybook.portal import address as portal
from tallybook.settings import store as settings_store
from tallybook.settings.models import Settings
from tallybook.settings.records import SettingsRecord
from tallybook.table import find, find_all, read
from tallybook.transactions import Transaction

logger = Logger()


class _Counted(Exception):
    """Another load at the same moment was counted."""


def page(token: str, *, at: datetime) -> PayPage:
    """The page of a link, whose use is noted down. A BatchGetItem, the invoice, and one write.

    Raises `PaymentLinkNotFound` for every token that leads nowhere, whatever the reason, and
    `AccessSuspended` when the client is suspended.
    """
    record, client, settings = _looked_up(token, at)
    if client.suspended is not None:
        raise AccessSuspended("This account cannot be used at present. Ask the firm.")
    if record.invoice_id:
        invoice = _invoice(record, settings, at)
        shown = _page(record, client, settings, invoice=invoice)
    elif settings.portal.account_history:
        account = [Owed(**each) for each in rules.owed(dict(client.row.account))]
        shown = _page(record, client, settings, account=account)
    else:  # C5: only the linked invoice can be paid
        raise PaymentLinkNotFound
    _note(record, at)
    return shown


def _looked_up(token: str, at: datetime) -> tuple[LinkRecord, ClientRecord, Settings]:
    try:
        its = tokens.read(token)
    except tokens.Forged as error:
        raise PaymentLinkNotFound from error
    if its.expires_at <= at:
        raise PaymentLinkNotFound
    place, client_key = key(its.client_id, its.link_id), (f"CLIENT#{its.client_id}", "CLIENT")
    keys = [place, client_key, SettingsRecord.KEY]
    found = {(i["pk"]["S"], i["sk"]["S"]): i for i in find_all(keys, consistent=True)}
    if place not in found or client_key not in found:
        raise PaymentLinkNotFound
    record, client = read(LinkRecord, found[place]), read(ClientRecord, found[client_key])
    if record.revoked is not None or client.removed_at or named(record) != its:
        raise PaymentLinkNotFound
    stored = found.get(SettingsRecord.KEY)
    settings = settings_store.remember(read(SettingsRecord, stored) if stored else None)
    return record, client, settings


def _invoice(record: LinkRecord, settings: Settings, at: datetime) -> PayableInvoice:
    """The invoice, unless it is one that its client is told nothing of (written off)."""
    invoice = find(InvoiceRecord, record.pk, f"INVOICE#{record.invoice_id}")
    if invoice is None or invoice.row["status"] not in rules.SHOWN:
        raise PaymentLinkNotFound
    day = today(at, settings.time_zone)
    shown = rules.payable(invoice.row, today=day, with_total=settings.portal.display_balances)
    return PayableInvoice.model_validate(shown)


def _page(
    record: LinkRecord,
    client: ClientRecord,
    settings: Settings,
    *,
    invoice: PayableInvoice | None = None,
    account: list[Owed] | None = None,
) -> PayPage:
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
