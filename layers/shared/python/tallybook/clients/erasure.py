"""What stays of an erased client: the books, without what is personal in them.

Numbers, dates, amounts, taxes and the lines stay: the firm has to keep them. Whom an invoice was
for goes, and so does whatever people may have written beside it.
"""

from collections.abc import Iterator, Sequence

from pynamodb.expressions.operand import Path

from tallybook.clients.records import ClientRecord
from tallybook.table import Item, present
from tallybook.transactions import Transaction

BOOKS = ("LEDGER#", "MONTH#", "OPEN#", "INVOICE#", "CREDITNOTE#", "PAYMENT#")
_TEXTS = (  # of invoices, credit notes and payments
    ("parties", "buyer"),
    ("parties", "terms", "buyer_reference"),
    ("entered", "notes"),
    ("entered", "purchase_order"),
    ("entered", "reason"),
    ("reason",),
    ("collection", "note"),
    ("voided", "reason"),
    ("written_off", "reason"),
    ("reversed", "reason"),
)
_ROW = ("row", "reference")  # of a payment; of its ledger entries, too
_OF_PAYMENTS = ("payment", "refund", "reversal", "allocation")

NAMES = {
    **{f"#{name}": name for path in _TEXTS for name in path},
    **{f"#{name}": name for name in ("row", "reference", "kind", "status", "refunds")},
}
PROJECTION = ", ".join(
    [
        *(".".join(f"#{name}" for name in path) for path in _TEXTS if path[0] != "written_off"),
        "#written_off",  # of a month it is an amount, with nothing in it
        *("#row.#reference", "#row.#kind", "#row.#status", "#refunds"),
    ]
)
"""Of each item, what decides about it here."""


def stays(item: Item) -> bool:
    """Whether it belongs to the books: a draft never got there."""
    sk: str = item["sk"]["S"]
    status = item.get("row", {}).get("M", {}).get("status", {}).get("S")
    return sk.startswith(BOOKS) and status != "draft"


def depersonalise(item: Item) -> None:
    """Take out of the item what is personal, if anything is left. One UpdateItem."""
    places = [Path(list(path)) for path in _personal(item)]
    if not places:
        return
    transaction = Transaction()
    record = ClientRecord(item["pk"]["S"], item["sk"]["S"])
    transaction.update(record, [place.remove() for place in places], present(ClientRecord))
    transaction.commit()


def _personal(item: Item) -> Iterator[Sequence[str]]:
    for path in _TEXTS:
        if _holds(item, path):
            yield path
    row = item.get("row", {}).get("M", {})
    is_of_payment = item["sk"]["S"].startswith("PAYMENT#")
    if "reference" in row and (is_of_payment or row.get("kind", {}).get("S") in _OF_PAYMENTS):
        yield _ROW
    for place, refund in enumerate(item.get("refunds", {}).get("L", [])):
        for name in refund["M"].keys() & {"reference", "reason"}:
            yield (f"refunds[{place}]", name)


def _holds(item: Item, path: Sequence[str]) -> bool:
    inside = {"M": item}
    for name in path:
        if name not in inside.get("M", {}):
            return False
        inside = inside["M"][name]
    return True
