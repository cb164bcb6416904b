"""A statement as its reader gets it."""

from datetime import datetime

from tallybook.clients.presence import current
from tallybook.dates import today
from tallybook.invoices.papers import named, parties
from tallybook.ledger.spans import Span
from tallybook.ledger.statements import of_client
from tallybook.papers.kinds import StatementPaper
from tallybook.settings.models import Settings


def statement_paper(
    client_id: str, wanted: Span, settings: Settings, *, at: datetime
) -> StatementPaper:
    """Between the firm and the client as they are now. Raises what `of_client` raises."""
    accounts = of_client(client_id, wanted)
    who = named(parties(current(client_id), settings, {}))
    return StatementPaper(
        seller=who.seller,
        buyer=who.buyer,
        from_date=wanted.first,
        to_date=wanted.last,
        issued=today(at, settings.time_zone),
        currencies=accounts,
        account=who.account,
    )
