"""Finalizing the drafts that a request names, once for its Idempotency-Key."""

from datetime import datetime

from tallybook.authors import By
from tallybook.idempotency import Once
from tallybook.invoices.finalizing_many import Run, finalize_many
from tallybook.invoices.models import FinalizeOutcomes, InvoicesToFinalize
from tallybook.transactions import Transaction


def finalize(wanted: InvoicesToFinalize, *, by: By, at: datetime, once: Once) -> FinalizeOutcomes:
    """Finalize every draft, and say for each whether it worked.

    With an Idempotency-Key each invoice has a claim of its own in its transaction, so that a
    repetition after a crash goes on where the first one stopped and reports the same.
    """
    once.recall()
    results = finalize_many(wanted.invoices, Run(by=by, at=at, once=once))
    outcomes = FinalizeOutcomes(results=results)
    transaction = Transaction()
    once.claim(transaction, outcomes)
    transaction.commit()
    return outcomes
