"""A client's ledger and statements: /v1/clients/{client_id}/ledger, …/statement."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body, Query
from pydantic import Field

from tallybook import http
from tallybook.authors import by_of
from tallybook.cursors import Cursor, Limit, Page, seal, unseal
from tallybook.dates import Day, now
from tallybook.http import IdempotencyKey
from tallybook.ledger import reading, sending, statements
from tallybook.ledger.models import LedgerEntry, Statement, StatementDays
from tallybook.ledger.spans import within
from tallybook.mail.models import EmailId

app = http.resolver()
CLIENT = "/v1/clients/<client_id>"
TAGS = ["Billing"]

First = Annotated[Day, Field(description="The first day.", examples=["2026-10-01"])]
Last = Annotated[Day, Field(description="The last day.", examples=["2026-10-31"])]


@app.get(f"{CLIENT}/ledger", tags=TAGS, summary="Read a client's ledger, the newest entry last")
def read_ledger(
    client_id: str,
    first: Annotated[First | None, Query(alias="from")] = None,
    last: Annotated[Last | None, Query(alias="to")] = None,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[Page[LedgerEntry]]:
    scope = ["ledger", client_id, str(first), str(last)]
    days, after = within(first, last), unseal(cursor, scope)
    entries, position = reading.page(client_id, days, limit=limit, after=after)
    return http.ok(Page(items=entries, next_cursor=seal(position, scope)))


@app.get(f"{CLIENT}/statement", tags=TAGS, summary="Read a client's statement")
def read_statement(
    client_id: str,
    first: Annotated[First | None, Query(alias="from")] = None,
    last: Annotated[Last | None, Query(alias="to")] = None,
) -> Response[Statement]:
    """Without `to` up to today, without `from` from the first of that month."""
    wanted = statements.days(first, last, at=now())
    return http.ok(statements.shown(client_id, wanted))


@app.post(
    f"{CLIENT}/statement/send",
    tags=TAGS,
    summary="Send a client its statement",
    status_code=202,
)
def send_statement(
    client_id: str,
    days: Annotated[StatementDays, Body()] = StatementDays(),  # noqa: B008 - never changed
    key: IdempotencyKey = None,
) -> Response[EmailId]:
    me, once, at = by_of(http.caller(app)), http.claim(app, key, _queued), now()
    wanted = statements.days(days.from_date, days.to, at=at)
    return _queued(sending.send(client_id, wanted, by=me, at=at, once=once))


def _queued(queued: EmailId) -> Response[EmailId]:
    return http.accepted(queued, f"/v1/clients/{queued.client_id}/emails/{queued.email_id}")


handler = http.serve(app)
