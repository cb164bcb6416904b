"""Telling the firm by mail what became of a file that was dropped into the bucket (PRODUCT.md B2).

Whoever imports by the wizard sees it there.
"""

from datetime import datetime

from tallybook.errors import NoEmailAddress
from tallybook.imports.records import ImportRecord
from tallybook.imports.store import Claim
from tallybook.mail.queueing import Mail, queue
from tallybook.settings import store as settings_store
from tallybook.transactions import Transaction

_TOLD = ("completed", "failed", "needs_mapping")
_COUNTS = ("rows", "created", "updated", "skipped", "failed")


def report(at: datetime) -> Claim:
    """Adds the mail to the transaction by which an import comes to an end, or has to wait."""

    def add(transaction: Transaction, after: ImportRecord) -> None:
        row = after.row
        to = settings_store.get().email if _is_told(row) else None
        if to is None:
            return
        error = row.get("error") or {}
        counts = {name: row.get(name, 0) for name in _COUNTS}
        context = {
            "filename": row["filename"],
            "status": row["status"],
            "counts": counts if row["status"] == "completed" else None,
            "error": error.get("detail"),
        }
        try:
            mail = Mail(template="import_result", to=[to], context=context)
            queue(transaction, mail, client_id=None, at=at)
        except NoEmailAddress:  # the firm's address is one that SES cannot take
            return

    return add


def _is_told(row: dict[str, object]) -> bool:
    return row["source"] == "bucket" and row["status"] in _TOLD
