"""The firm's settings: /v1/settings."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from aws_lambda_powertools.event_handler import Response

from tallybook import http
from tallybook.callers import Role
from tallybook.dates import now
from tallybook.http import IfMatch
from tallybook.numbering import store as numbering
from tallybook.numbering.models import NextNumber, SeriesState
from tallybook.settings import store
from tallybook.settings.models import Settings, SettingsPatch
from tallybook.versions import etag

app = http.resolver()
TAGS = ["Settings"]


@app.get("/v1/settings", tags=TAGS, summary="Read the firm's settings")
def get_settings() -> Response[Settings]:
    settings = store.get()
    return http.ok(settings, etag(settings.version))


@app.patch("/v1/settings", tags=TAGS, summary="Change the firm's settings")
def change_settings(patch: SettingsPatch, if_match: IfMatch = None) -> Response[Settings]:
    http.caller(app).must_be(Role.MANAGER)
    settings = store.change(patch, at=now(), if_match=if_match)
    return http.ok(settings, etag(settings.version))


@app.get("/v1/settings/numbering/<series>", tags=TAGS, summary="Read how a series stands")
def get_series(series: str) -> Response[SeriesState]:
    return _state(numbering.get(series, at=now()))


@app.put("/v1/settings/numbering/<series>", tags=TAGS, summary="Say where a series begins")
def begin_series(
    series: str, wanted: NextNumber, if_match: IfMatch = None
) -> Response[SeriesState]:
    http.caller(app).must_be(Role.MANAGER)
    return _state(numbering.begin_at(series, wanted, at=now(), if_match=if_match))


def _state(state: SeriesState) -> Response[SeriesState]:
    return http.ok(state, etag(state.next))


handler = http.serve(app)
