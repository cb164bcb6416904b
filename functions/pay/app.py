"""What the page behind a payment link shows: /pay/{token}. Whoever has the address may ask."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from tallybook import http, problems
from tallybook.dates import now
from tallybook.errors import PaymentLinkNotFound
from tallybook.links import paying
from tallybook.links.models import PayPage

app = http.resolver(any_query=True)

_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@app.get("/pay/<token>", tags=["Payment links"], summary="What a payment link is for")
def pay(token: str) -> Response[PayPage]:
    return http.ok(paying.page(token, at=now()))


@app.not_found
def unknown(_: Exception) -> Response[str]:
    """A token of characters that no path has is one like any other wrong one."""
    problem = problems.problem_of(PaymentLinkNotFound())
    body = problem.model_dump_json(exclude_none=True)
    return Response(HTTPStatus.NOT_FOUND, problems.CONTENT_TYPE, body)


_answer = http.serve(app, of="public")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Nobody keeps an answer: it is about money, and a link may be revoked."""
    answer = _answer(event, context)
    return answer | {"headers": answer.get("headers", {}) | _HEADERS}
