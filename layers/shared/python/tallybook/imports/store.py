"""Imports in the table, as people see and steer them. The work itself is done by chunks."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from tallybook.clients import numbers
from tallybook.dates import timestamp
from tallybook.errors import (
    ImportNotFound,
    ImportNotReady,
    ImportNotUndoable,
    InvalidField,
)
from tallybook.idempotency import Once
from tallybook.ids import is_ulid, new_id, time_of
from tallybook.imports.mapping import partition, suggested, to_import, to_row
from tallybook.imports.models import Import, ImportRow, NewImport, Start
from tallybook.imports.records import ImportRecord, JobRecord, LayoutRecord
from tallybook.listings import newest
from tallybook.settings import store as settings_store
from tallybook.table import absent, differences, find_all, read
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged, version_changed

UNDO_LASTS = timedelta(days=85)  # what it takes is kept for 90
FILE_LASTS = timedelta(days=85)
KEPT = timedelta(days=100)  # what is noted of the file, and of clients before they were changed
_UPLOAD_LASTS = timedelta(days=7)

type Edit = Callable[[ImportRecord], JobRecord | None]
type Claim = Callable[[Transaction, ImportRecord], None]


def create(new: NewImport, *, by: str, at: datetime, once: Once) -> Import:
    """An import that waits for its file, which is to be put at `bucket.upload_key`."""
    record = new_record(
        new_id(at), filename=new.filename, source="wizard", by=by, at=at, dry_run=new.dry_run
    )
    record.options = new.options.model_dump(mode="json")
    record.start = int(new.start)
    record.ttl = int((at + _UPLOAD_LASTS).timestamp())
    created = to_import(record, None)
    transaction = Transaction()
    once.claim(transaction, created)
    transaction.put(record, absent(ImportRecord))
    transaction.commit()
    return created


def new_record(
    import_id: str,
    *,
    filename: str,
    source: str,
    at: datetime,
    by: str | None = None,
    dry_run: bool = False,
) -> ImportRecord:
    """An import before anything is known of its file."""
    return ImportRecord(
        partition(import_id),
        "IMPORT",
        listing_pk="IMPORTS",
        listing_sk=import_id,
        row={
            "filename": filename,
            "source": source,
            "status": "awaiting_upload",
            "dry_run": dry_run,
            "by": by,
            "created_at": timestamp(at),
        },
        options={},
        start=1,
        update_existing=0,
        job=0,
        version=1,
    )


def get(import_id: str) -> Import:
    record, layout = current(import_id)
    return to_import(record, layout)


def current(import_id: str) -> tuple[ImportRecord, LayoutRecord | None]:
    """The import and how its file is built. One BatchGetItem. Raises `ImportNotFound`."""
    if not is_ulid(import_id):
        raise ImportNotFound
    place = partition(import_id)
    keys = [(place, "IMPORT"), (place, "LAYOUT")]
    items = {item["sk"]["S"]: item for item in find_all(keys, consistent=True)}
    if "IMPORT" not in items:
        raise ImportNotFound
    layout = read(LayoutRecord, items["LAYOUT"]) if "LAYOUT" in items else None
    return read(ImportRecord, items["IMPORT"]), layout


def page(*, limit: int, after: str | None) -> tuple[list[ImportRow], str | None]:
    """The newest imports, those behind the position `after`, and the position of the next page."""
    rows, position = newest("IMPORTS", limit=limit, after=after)
    return [to_row(*each) for each in rows], position


def start(import_id: str, wanted: Start, *, by: str, at: datetime, once: Once) -> Import:
    """Run an import that waits; of one that runs already, send what is not done once more.

    Raises `ImportNotReady`, and `InvalidField` for a mapping that does not fit the file.
    """

    def attempt() -> Import:
        record, layout = current(import_id)
        if record.row["status"] == "running" and wanted == Start():
            return _edit(record, layout, lambda running: new_job(running, by, at), once)
        if layout is None or not _may_start(record):
            raise ImportNotReady(_why_not(record))
        if time_of(import_id) < at - FILE_LASTS:
            raise ImportNotReady(f"The file is older than {FILE_LASTS.days} days: import it anew.")
        mapping: dict[str, str] = dict(
            _chosen(wanted.mapping) or record.mapping or suggested(layout.layout)
        )
        check_mapping(mapping, layout)

        def edit(after: ImportRecord) -> JobRecord:
            after.mapping = mapping
            if wanted.update_existing is not None:
                after.update_existing = int(wanted.update_existing)
            rehearsed = after.row["status"] == "completed"
            asked = after.row["dry_run"] and not rehearsed
            after.row["dry_run"] = asked if wanted.dry_run is None else wanted.dry_run
            return begun(after, "dry_run" if after.row["dry_run"] else "import", by=by, at=at)

        return _edit(record, layout, edit, once)

    return until_unchanged(attempt)


def undo(import_id: str, *, by: str, at: datetime, once: Once) -> Import:
    """Begin to undo an import. Raises `ImportNotUndoable`."""

    def attempt() -> Import:
        record, layout = current(import_id)
        if record.row["status"] != "completed" or record.row["dry_run"]:
            raise ImportNotUndoable(f"status: {_state(record)}; only a completed import can be.")
        if datetime.fromisoformat(str(record.started_at)) < at - UNDO_LASTS:
            raise ImportNotUndoable(f"It was started more than {UNDO_LASTS.days} days ago.")
        return _edit(record, layout, lambda after: begun(after, "undo", by=by, at=at), once)

    return until_unchanged(attempt)


def begun(record: ImportRecord, kind: str, *, by: str | None, at: datetime) -> JobRecord:
    """Make the import run, and what tells the outbox to send its chunks to work."""
    record.job, record.kind = int(record.job) + 1, kind
    record.row |= {"status": "running", "done": 0, "finished_at": None, "error": None}
    if kind == "undo":
        record.undo_at, record.undone = timestamp(at), {"removed": 0, "restored": 0, "left": 0}
    else:
        settings = settings_store.get()
        record.currency, record.number_pattern = settings.currency, settings.numbering.client
        record.started_at = timestamp(at)
        record.row |= dict.fromkeys(("created", "updated", "skipped", "failed"), 0)
    if kind == "import":
        record.imported_job = record.job
        for index, highest in (record.brought or {}).items():
            if highest and (record.mapping or {}).get(index) == "number":
                numbers.pass_by(highest)
    return new_job(record, by, at)


def number_pattern() -> str:
    """How the firm's client numbers look."""
    return settings_store.remembered().numbering.client


def new_job(record: ImportRecord, by: str | None, at: datetime) -> JobRecord:
    return JobRecord(
        record.pk,
        f"JOB#{new_id(at)}",
        job=record.job,
        kind=record.kind,
        by=by,
        at=timestamp(at),
        ttl=int((at + KEPT).timestamp()),
    )


def check_mapping(mapping: dict[str, str], layout: LayoutRecord) -> None:
    """Raises `InvalidField` unless the mapping fits the file and has what is required."""
    count = len(layout.layout["columns"])
    for index in mapping:
        if int(index) >= count:
            raise InvalidField(f"mapping.{index}", f"The file has {count} columns, from 0.")
    if "business_name" not in mapping.values():
        message = "No column is known to be the business name, which is required: say which."
        raise InvalidField("mapping", message)


def changed(record: ImportRecord, edit: Edit, claim: Claim | None = None) -> ImportRecord:
    """Let `edit` change the import, and write that with the job that it begins, if it does.

    Raises `VersionChanged` when others were quicker. `claim` adds what goes with it.
    """
    after = read(ImportRecord, record.serialize())
    job = edit(after)
    after.version = int(record.version) + 1
    transaction = Transaction()
    if claim:
        claim(transaction, after)
    is_unchanged = ImportRecord.version == record.version
    transaction.update(record, differences(record, after), is_unchanged, version_changed)
    if job:
        transaction.put(job, absent(JobRecord))
    transaction.commit()
    return after


def _edit(record: ImportRecord, layout: LayoutRecord | None, edit: Edit, once: Once) -> Import:
    def claim(transaction: Transaction, after: ImportRecord) -> None:
        once.claim(transaction, to_import(after, layout))

    return to_import(changed(record, edit, claim), layout)


def _chosen(mapping: Mapping[str, str | None] | None) -> dict[str, str]:
    return {index: field for index, field in (mapping or {}).items() if field}


def _may_start(record: ImportRecord) -> bool:
    status = record.row["status"]
    return status in ("ready", "needs_mapping") or (
        status == "completed" and bool(record.row["dry_run"])
    )


def _why_not(record: ImportRecord) -> str:
    if record.row["status"] == "awaiting_upload":
        return "status: the file has not been uploaded yet."
    return f"status: {_state(record)}; it cannot be started."


def _state(record: ImportRecord) -> str:
    dry = " (a dry run)" if record.row["dry_run"] else ""
    return f"the import is {record.row['status']}{dry}"
