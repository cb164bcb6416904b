"""Between promises as the API and the rules know them and their items in the table."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from tallybook.authors import By
from tallybook.models import trusted
from tallybook.money import amount_text
from tallybook.promises.kinds import Promised, PromiseStatus
from tallybook.promises.models import Promise
from tallybook.promises.records import PromiseRecord

PREFIX = "PROMISE#"


def promised(record: PromiseRecord) -> Promised:
    row, named = record.row, record.invoice_ids
    return Promised(
        amount=Decimal(row["amount"]),
        currency=row["currency"],
        date=date.fromisoformat(row["date"]),
        made_at=datetime.fromisoformat(row["created_at"]),
        invoice_ids=None if named is None else frozenset(named),
        is_cancelled="cancelled_at" in row,
    )


def to_promise(record: PromiseRecord, status: PromiseStatus, paid: Decimal) -> Promise:
    row = record.row
    fields: dict[str, Any] = {
        "client_id": record.pk.removeprefix("CLIENT#"),
        "promise_id": row["promise_id"],
        "amount": amount_text(Decimal(row["amount"]), row["currency"]),
        "currency": row["currency"],
        "date": date.fromisoformat(row["date"]),
        "invoice_ids": record.invoice_ids,
        "note": record.note,
        "status": status,
        "paid": amount_text(paid, row["currency"]),
        "task_id": record.task_id,
        "by": By.model_construct(**record.by),
        "created_at": datetime.fromisoformat(row["created_at"]),
        "cancelled_at": _moment(row.get("cancelled_at")),
        "version": int(record.version),
    }
    return trusted(Promise, fields)


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
