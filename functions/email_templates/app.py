"""The firm's e-mail templates: /v1/email-templates."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Body

from tallybook import http
from tallybook.callers import Role
from tallybook.cursors import Page
from tallybook.dates import now
from tallybook.http import IdempotencyKey, IfMatch
from tallybook.mail import templates
from tallybook.mail.letterhead import letterhead
from tallybook.mail.template_models import (
    Draft,
    MailPreview,
    NewTemplate,
    Template,
    TemplatePatch,
    TemplateRow,
)
from tallybook.settings import store as settings

app = http.resolver()
TEMPLATES = "/v1/email-templates"
TEMPLATE = f"{TEMPLATES}/<name>"
TAGS = ["E-mail templates"]
_PREVIEW = "See what a mail would say; in other words: managers only"


@app.get(TEMPLATES, tags=TAGS, summary="List the e-mail templates")
def list_templates() -> Response[Page[TemplateRow]]:
    return http.ok(Page(items=templates.get_all(), next_cursor=None))


@app.post(TEMPLATES, tags=TAGS, summary="Add an e-mail template", status_code=201)
def create_template(template: NewTemplate, key: IdempotencyKey = None) -> Response[Template]:
    http.caller(app).must_be(Role.MANAGER)

    def created(template: Template) -> Response[Template]:
        location = f"{TEMPLATES}/{template.name}"
        return http.created(template, templates.tag(template), location)

    once = http.claim(app, key, created)
    return created(templates.create(template, at=now(), once=once))


@app.get(TEMPLATE, tags=TAGS, summary="Read an e-mail template")
def get_email_template(name: str) -> Response[Template]:
    template = templates.get(name)
    return http.ok(template, templates.tag(template))


@app.patch(TEMPLATE, tags=TAGS, summary="Change an e-mail template")
def change_template(
    name: str, patch: TemplatePatch, if_match: IfMatch = None
) -> Response[Template]:
    http.caller(app).must_be(Role.MANAGER)
    template = templates.change(name, patch, at=now(), if_match=if_match)
    return http.ok(template, templates.tag(template))


@app.delete(TEMPLATE, tags=TAGS, summary="Delete an e-mail template, or reset it", status_code=204)
def delete_template(name: str, if_match: IfMatch = None) -> Response[None]:
    http.caller(app).must_be(Role.MANAGER)
    templates.delete(name, if_match=if_match)
    return http.no_content()


@app.post(f"{TEMPLATE}/preview", tags=TAGS, summary=_PREVIEW)
def preview_template(
    name: str,
    draft: Annotated[Draft, Body()] = Draft(),  # noqa: B008 - never changed
) -> Response[MailPreview]:
    if draft.model_fields_set:
        http.caller(app).must_be(Role.MANAGER)
    return http.ok(templates.preview(name, draft, letterhead(settings.get())))


handler = http.serve(app)
