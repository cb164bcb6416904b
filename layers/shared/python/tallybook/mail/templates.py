"""The firm's e-mail templates: those it changed, those it added, and the built-in ones."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pynamodb.expressions.condition import Condition

from tallybook.dates import timestamp
from tallybook.errors import InvalidField, TemplateExists, TemplateNotFound, TooManyTemplates
from tallybook.idempotency import Once
from tallybook.mail import builtin
from tallybook.mail.checking import check
from tallybook.mail.rendering import Rendered, Source, Unrenderable, render
from tallybook.mail.template_models import (
    NAME,
    Draft,
    MailPreview,
    NewTemplate,
    Template,
    TemplatePatch,
    TemplateRow,
    TemplateVariable,
)
from tallybook.mail.template_records import TemplateRecord
from tallybook.table import absent, decode, find, query
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed

MOST_OF_OWN = 100
_LISTING = "TEMPLATES"


def effective(name: str) -> Source:
    """The template to send: the firm's own, or the built-in one. One read.

    Raises `TemplateNotFound`.
    """
    return _current(name)[0]


def get(name: str) -> Template:
    return _to_template(*_current(name))


def get_all() -> list[TemplateRow]:
    """The built-in templates, as they come, and behind them the firm's additional ones."""
    own = {row.name: row for row in _own_rows()}
    known = {name: own.get(name) or _builtin_row(name) for name in builtin.NAMES}
    return [*known.values(), *(own[name] for name in sorted(own.keys() - known.keys()))]


def create(new: NewTemplate, *, at: datetime, once: Once) -> Template:
    """Add a template, a copy of a built-in one where it says nothing else.

    Raises `TemplateExists` and `TooManyTemplates`, and `InvalidField` for one that is broken.
    """
    if new.name in builtin.NAMES:
        raise TemplateExists(new.name)
    if sum(not row.builtin for row in _own_rows()) >= MOST_OF_OWN:
        raise TooManyTemplates(MOST_OF_OWN)
    given = new.model_dump(exclude_unset=True)
    base = builtin.source(new.based_on)
    source = _checked(
        _drafted(Source(new.name, base.subject, base.text, base.html, base.name), given)
    )
    record = _record(source, version=1, at=at)
    created = _to_template(source, record)
    transaction = Transaction()
    once.claim(transaction, created)
    exists = TemplateExists(new.name)
    transaction.put(record, absent(TemplateRecord), lambda _: exists)
    transaction.commit()
    return created


def change(name: str, patch: TemplatePatch, *, at: datetime, if_match: str | None) -> Template:
    """Merge `patch` into the template. Raises `StaleVersion`, and `InvalidField` if it breaks."""

    def edit() -> Template:
        before, record = _current(name)
        must_match(if_match, tag(_to_template(before, record)))
        after = _checked(_drafted(before, patch.model_dump(exclude_unset=True)))
        if after == before:
            return _to_template(before, record)
        changed = _record(after, version=int(record.version) + 1 if record else 1, at=at)
        transaction = Transaction()
        transaction.put(changed, _is(record), version_changed)
        transaction.commit()
        return _to_template(after, changed)

    return until_unchanged(edit)


def delete(name: str, *, if_match: str | None) -> None:
    """Delete a template of the firm's own; a built-in one becomes what it was."""

    def attempt() -> None:
        source, record = _current(name)
        must_match(if_match, tag(_to_template(source, record)))
        if record is None:
            return
        transaction = Transaction()
        transaction.delete(record, _is(record), version_changed)
        transaction.commit()

    until_unchanged(attempt)


def preview(name: str, draft: Draft, firm: Mapping[str, Any]) -> MailPreview:
    """What a mail from the template would say, in `draft`'s words where it has some."""
    source = _checked(_drafted(effective(name), draft.model_dump(exclude_unset=True)))
    rendered: Rendered = render(source, builtin.sample(source.kind) | {"firm": firm}, pixel=None)
    return MailPreview(subject=rendered.subject, text=rendered.text, html=rendered.html)


def tag(template: Template) -> str:
    """The ETag. Versions begin anew after a reset, so the time of the change is in it."""
    if template.updated_at is None:
        return etag(0)
    return etag(f"{template.version}-{int(template.updated_at.timestamp() * 1000)}")


def _current(name: str) -> tuple[Source, TemplateRecord | None]:
    record = find(TemplateRecord, f"TEMPLATE#{name}", "TEMPLATE") if NAME.fullmatch(name) else None
    if record is not None:
        source = Source(
            name, record.subject, record.text, record.html, record.based_on, record.language
        )
        return source, record
    if name not in builtin.NAMES:
        raise TemplateNotFound
    return builtin.source(name), None


def _drafted(source: Source, given: Mapping[str, Any]) -> Source:
    """`source` with what is given; null goes back to the built-in one, of HTML to none.

    HTML that the firm did not write says what the built-in text says: with another text it goes.
    """
    base = builtin.source(source.kind)
    text = given.get("text", source.text) or base.text
    html = source.html
    if "html" in given:
        html = given["html"]
    elif text != base.text and source.html == base.html:
        html = None
    return Source(
        source.name,
        subject=given.get("subject", source.subject) or base.subject,
        text=text,
        html=html,
        based_on=base.name,
        language=given.get("language", source.language) or base.language,
    )


def _checked(source: Source) -> Source:
    try:
        check(source)
    except Unrenderable as error:
        raise InvalidField(error.field, error.message) from error
    return source


def _record(source: Source, *, version: int, at: datetime) -> TemplateRecord:
    row = {"based_on": source.kind, "subject": source.subject, "updated_at": timestamp(at)}
    return TemplateRecord(
        f"TEMPLATE#{source.name}",
        "TEMPLATE",
        listing_pk=_LISTING,
        listing_sk=source.name,
        row=row,
        based_on=source.kind,
        language=source.language,
        subject=source.subject,
        text=source.text,
        html=source.html,
        version=version,
    )


def _is(record: TemplateRecord | None) -> Condition:
    """The condition that the item is as it was read."""
    if record is None:
        return absent(TemplateRecord)
    same: Condition = TemplateRecord.version == record.version
    same &= TemplateRecord.row["updated_at"] == record.row["updated_at"]
    return same


def _own_rows() -> list[TemplateRow]:
    items, _ = query(
        IndexName="listing",
        KeyConditionExpression="listing_pk = :templates",
        ExpressionAttributeValues={":templates": {"S": _LISTING}},
    )
    rows = [(item["listing_sk"]["S"], decode(item["row"])) for item in items]
    return [
        TemplateRow(name=name, builtin=name in builtin.NAMES, customised=True, **row)
        for name, row in rows
    ]


def _builtin_row(name: str) -> TemplateRow:
    subject = builtin.source(name).subject
    return TemplateRow(
        name=name, based_on=name, builtin=True, customised=False, subject=subject, updated_at=None
    )


def _to_template(source: Source, record: TemplateRecord | None) -> Template:
    updated_at = datetime.fromisoformat(record.row["updated_at"]) if record else None
    return Template(
        name=source.name,
        based_on=source.kind,
        builtin=source.name in builtin.NAMES,
        customised=record is not None,
        language=source.language,
        subject=source.subject,
        text=source.text,
        html=source.html,
        variables=[TemplateVariable.of(each) for each in builtin.variables(source.kind)],
        updated_at=updated_at,
        version=int(record.version) if record else 0,
    )
