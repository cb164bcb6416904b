"""Making an estimate, with the next number of its series."""

from datetime import date, datetime
from decimal import Decimal

from tallybook.authors import By
from tallybook.clients import presence
from tallybook.dates import timestamp
from tallybook.estimates.mapping import dates_of, key, to_estimate, write_up
from tallybook.estimates.models import Estimate, NewEstimate
from tallybook.estimates.records import EstimateRecord
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.ids import new_id
from tallybook.invoices.sums import entered
from tallybook.ledger.books import Books, Key, look_up
from tallybook.money import amount_text
from tallybook.numbering import series
from tallybook.table import absent, find_all
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged


def create(client_id: str, new: NewEstimate, *, by: By, at: datetime, once: Once) -> Estimate:
    """One BatchGetItem and one transaction; another read when it is issued in another year.

    Raises `ClientNotFound`, `SeriesNumberTaken`, and `InvalidField` for what makes no sum.
    """
    stored, estimate_id, made = entered(new), new_id(at), timestamp(at)

    def attempt() -> Estimate:
        found = look_up(client_id, others=_sequences(at), at=at)
        issued, _ = dates_of(stored, found.today)
        taken = _block_for(found, issued)
        number = taken.number()
        record = EstimateRecord(*key(client_id, estimate_id), updated_at=made, version=1)
        record.row = {
            "client_id": client_id,
            "estimate_id": estimate_id,
            "number": number,
            "status": "draft",
            "created_at": made,
        }
        write_up(record, stored, found)
        estimate = to_estimate(record, found)
        transaction = Transaction()
        once.claim(transaction, estimate)
        series.take(transaction, taken, {number: (client_id, estimate_id)})
        transaction.put(record, absent(EstimateRecord))
        presence.stays(transaction, client_id)
        amount = amount_text(Decimal(record.row["total"]), estimate.currency)
        text = f"Estimate {number} made: {amount} {estimate.currency}"
        told = {"estimate_id": estimate_id, "number": number, "what": "created"}
        transaction.put(entry(client_id, "estimate", at=at, by=by, text=text, **told))
        transaction.commit()
        return estimate

    return until_unchanged(attempt)


def _sequences(at: datetime) -> list[Key]:
    """Where the series may stand: which of both, the settings say that are read with them."""
    return [("SEQUENCE#estimate", "SEQUENCE"), (f"SEQUENCE#estimate#{at.year}", "SEQUENCE")]


def _block_for(found: Books, issued: date) -> series.Block:
    """The series as it stands for estimates of that date; read now if it was not read before."""
    numbering = found.settings.numbering
    where = series.key("estimate", numbering, issued)
    item = found.others.get(where)
    if item is None:  # of another year; or the first number
        item = next(iter(find_all([where], consistent=True)), None)
    return series.block("estimate", numbering, issued, item)
