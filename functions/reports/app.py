"""Who owes how much, and the dashboard: /v1/reports/ageing, /v1/dashboard."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import Field

from tallybook import http
from tallybook.cursors import Cursor, Limit, seal, unseal
from tallybook.dates import Day, now, today
from tallybook.ledger import receivables
from tallybook.ledger.dashboard import dashboard
from tallybook.ledger.models import AgeingReport, Dashboard
from tallybook.settings import store as settings

app = http.resolver()
TAGS = ["Reports"]

AsOf = Annotated[Day, Field(description="Today when left out.", examples=["2026-10-31"])]


@app.get("/v1/reports/ageing", tags=TAGS, summary="Read who owes how much for how long")
def read_ageing(
    as_of: Annotated[AsOf | None, Query()] = None,
    limit: Annotated[Limit, Query()] = 25,
    cursor: Annotated[Cursor | None, Query()] = None,
) -> Response[AgeingReport]:
    scope = ["ageing", str(as_of)]
    day, after = today(now(), settings.get().time_zone), unseal(cursor, scope)
    report, position = receivables.page(as_of, today=day, limit=limit, after=after)
    return http.ok(report.model_copy(update={"next_cursor": seal(position, scope)}))


@app.get("/v1/dashboard", tags=TAGS, summary="Read the firm's totals")
def read_dashboard() -> Response[Dashboard]:
    """What is open now, and the last twelve months."""
    firm = settings.get()
    day = today(now(), firm.time_zone)
    return http.ok(dashboard(today=day, own_currency=firm.currency))


handler = http.serve(app)
