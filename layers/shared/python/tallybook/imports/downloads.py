"""What can be downloaded of an import, and to start one from."""

import json
from datetime import datetime
from typing import Literal

from tallybook.errors import ImportNotReady, NothingToDownload
from tallybook.imports import bucket, templates
from tallybook.imports.finishing import LEFT, REJECTS
from tallybook.imports.mapping import id_of, results, to_import
from tallybook.imports.models import Link, Preview, PreviewRow
from tallybook.imports.records import ImportRecord
from tallybook.imports.store import current
from tallybook.models import trusted

_WORKBOOK = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def template(form: Literal["csv", "xlsx"], *, at: datetime) -> Link:
    """The file to start from: its columns, one example, and what goes where."""
    name = f"tallybook-clients.{form}"
    if form == "xlsx":
        bucket.put(f"templates/{name}", templates.xlsx_template(), _WORKBOOK)
    else:
        bucket.put(f"templates/{name}", templates.csv_template(), "text/csv; charset=utf-8")
    return _link(f"templates/{name}", name, at)


def preview(import_id: str) -> Preview:
    """The first rows of the file. Raises `ImportNotReady` before it is read."""
    record, layout = current(import_id)
    if layout is None:
        raise ImportNotReady("status: the file has not been read.")
    try:
        rows = json.loads(bucket.get(results(import_id, "preview.json")))
    except bucket.Gone:
        raise NothingToDownload("The preview is kept for 90 days.") from None
    shown = [trusted(PreviewRow, row) for row in rows]
    return Preview.model_construct(columns=to_import(record, layout).columns, rows=shown)


def rejects(import_id: str, *, at: datetime) -> Link:
    """The rows that did not go in.

    Raises `ImportNotReady` while the import runs, `NothingToDownload` when every row went in.
    """
    record, _ = current(import_id)
    job = int(record.job if record.kind != "undo" else record.imported_job or 0)
    if record.row["status"] not in ("completed", "undone"):
        raise ImportNotReady("status: the import is not completed.")
    if not record.row["skipped"] + record.row["failed"]:
        raise NothingToDownload("Every row went in.")
    return _link(results(import_id, f"{job}/{REJECTS}"), _named(record, "not imported"), at)


def left(import_id: str, *, at: datetime) -> Link:
    """The clients that undoing left as they are. Raises as `rejects` does."""
    record, _ = current(import_id)
    if record.row["status"] != "undone":
        raise ImportNotReady("status: the import is not undone.")
    if not (record.undone or {}).get("left"):
        raise NothingToDownload("Undoing left nothing.")
    return _link(results(import_id, f"{record.job}/{LEFT}"), _named(record, "not undone"), at)


def _link(key: str, filename: str, at: datetime) -> Link:
    url, expires_at = bucket.link(key, filename, at)
    return Link(url=url, expires_at=expires_at)


def _named(record: ImportRecord, what: str) -> str:
    stem = record.row["filename"].rpartition(".")[0] or id_of(record)
    return f"{stem} ({what}).csv"
