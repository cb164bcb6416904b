"""What no route takes: 404, or 405 for a path that knows other methods."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

import json
import re
from pathlib import Path

from tallybook import http
from tallybook.errors import MethodNotAllowed, NotFound

# Path → methods, written from docs/openapi.json by `make openapi`.
ROUTES: dict[str, list[str]] = json.loads(
    Path(__file__).with_name("routes.json").read_text(encoding="utf-8")
)
_KNOWN = [
    (re.compile(re.sub(r"\{\w+\}", "[^/]+", path)), methods) for path, methods in ROUTES.items()
]

app = http.resolver(any_query=True)


@app.route("/.*", method=["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def answer() -> None:
    path = app.current_event.path
    for known, methods in _KNOWN:
        if known.fullmatch(path):
            raise MethodNotAllowed(methods)
    raise NotFound("There is no such path.")


handler = http.serve(app, of="public")
