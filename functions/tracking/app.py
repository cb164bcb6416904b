"""The image in mails that tells that they were opened: /t/{token}. Always answers with it."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response

from tallybook import http
from tallybook.dates import now
from tallybook.mail import opens

app = http.resolver(any_query=True)

# The smallest image there is, one transparent point, as a gateway takes bytes: in base 64.
_IMAGE = "R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAICRAEAOw=="
_HEADERS = {
    "Cache-Control": "no-store, no-cache, must-revalidate, max-age=0",
    "Cross-Origin-Resource-Policy": "cross-origin",
    "Referrer-Policy": "no-referrer",
}


@app.get("/t/<token>", tags=["Mail"], summary="The image that tells of an opened mail")
def load(token: str) -> Response[str]:
    agent = app.current_event.headers.get("user-agent", "")
    try:
        found = opens.opened(token.removesuffix(".gif"), by=agent, at=now())
    except Exception:  # noqa: BLE001 - a reader's mail program must not show a broken image
        http.logger.exception("not counted")
    else:
        http.logger.info("loaded", extra={"taken_for": found})
    return Response(200, "image/gif", _IMAGE, _HEADERS)


_answer = http.serve(app, of="public")


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    answer = _answer(event, context)
    if answer["statusCode"] != HTTPStatus.OK:  # a token of characters that no path has
        image = {"statusCode": HTTPStatus.OK, "headers": {"Content-Type": "image/gif", **_HEADERS}}
        answer |= {**image, "body": _IMAGE}
    return answer | {"isBase64Encoded": True}
