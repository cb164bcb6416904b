"""Between a payment link in the table and the one that the API gives."""

from datetime import datetime

from tallybook.authors import By
from tallybook.ids import time_of
from tallybook.links import address, rules
from tallybook.links.models import PaymentLink, Revoked
from tallybook.links.records import LinkRecord, named


def to_link(record: LinkRecord, at: datetime) -> PaymentLink:
    """The link as it stands at the time `at`: it expires by itself."""
    its = named(record)
    status = rules.status(its.expires_at, at, is_revoked=record.revoked is not None)
    last = record.last_used_at
    return PaymentLink(
        link_id=its.link_id,
        client_id=its.client_id,
        scope="invoice" if record.invoice_id else "account",
        invoice_id=record.invoice_id,
        url=address.url(its) if status == "active" else None,
        status=status,
        created_at=time_of(its.link_id),
        by=By(**record.by) if record.by else None,
        expires_at=its.expires_at,
        revoked=Revoked.model_validate(record.revoked) if record.revoked else None,
        use_count=int(record.used or 0),
        last_used_at=datetime.fromisoformat(last) if last else None,
        uses=[datetime.fromisoformat(each) for each in record.uses or []],
        version=int(record.version),
    )
