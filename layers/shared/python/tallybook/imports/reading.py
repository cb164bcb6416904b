"""Reading a file that arrived in the bucket: one pass finds how it is built and where it is cut.

Reading again, because the event came twice or a container died, ends the same.
"""

from datetime import datetime

from tallybook.dates import timestamp
from tallybook.errors import InvalidField
from tallybook.imports.bad_file import BadFile
from tallybook.imports.cutting import Arrival, Found, cut
from tallybook.imports.mapping import id_of, partition, suggested
from tallybook.imports.records import ImportRecord, JobRecord
from tallybook.imports.reporting import report
from tallybook.imports.rules import dropped_id
from tallybook.imports.store import begun, changed, check_mapping, new_record
from tallybook.table import absent, find
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, version_changed

_ATTEMPTS = 3  # of S3's event: Lambda delivers it twice more when reading crashes
_OUR_FAULT = "The file could not be read. That is our fault, and was recorded; try it once more."


def take_in(arrival: Arrival, *, now: datetime) -> ImportRecord | None:
    """Read the file and start its import, if it is to start. Returns the import as it is then.

    None when the file is none of ours, or its import has gone further already.
    """
    try:
        record = _claim(arrival)
        if record is None:
            return None
        if record.attempts > _ATTEMPTS:  # its reader was killed each time
            return _failed(record, "internal_error", _OUR_FAULT, now)
        try:
            return _finish(record, cut(id_of(record), record, arrival), now)
        except BadFile as bad:
            return _failed(record, bad.code, bad.detail, now)
        except VersionChanged:
            raise
        except Exception:
            if record.attempts == _ATTEMPTS:
                _failed(record, "internal_error", _OUR_FAULT, now)
            raise
    except VersionChanged:  # the event came twice, and the other one is ahead
        return None


def _claim(arrival: Arrival) -> ImportRecord | None:
    """The import that the file belongs to, now reading it."""
    folder, _, rest = arrival.key.partition("/")
    if folder == "imports":
        if arrival.key.endswith("/"):  # a folder that somebody made
            return None
        return _of_dropped(arrival, rest.rpartition("/")[2])
    record = find(ImportRecord, partition(rest.partition("/")[0]), "IMPORT")
    if record is None or not _is_ours(record, arrival):
        return None
    return changed(record, lambda after: _begin_reading(after, arrival))


def _of_dropped(arrival: Arrival, filename: str) -> ImportRecord | None:
    import_id = dropped_id(arrival.key, arrival.sequencer, arrival.at)
    record = new_record(import_id, filename=filename, source="bucket", at=arrival.at)
    _begin_reading(record, arrival)
    transaction = Transaction()
    transaction.put(record, absent(ImportRecord), version_changed)
    try:
        transaction.commit()
    except VersionChanged:
        earlier = find(ImportRecord, partition(import_id), "IMPORT")
        if earlier is None or earlier.row["status"] != "reading":
            return None
        return changed(earlier, lambda after: _begin_reading(after, arrival))
    return record


def _is_ours(record: ImportRecord, arrival: Arrival) -> bool:
    status = record.row["status"]
    again = status == "reading" and (record.object_version == arrival.version)
    return status == "awaiting_upload" or again


def _begin_reading(record: ImportRecord, arrival: Arrival) -> None:
    record.row["status"] = "reading"
    record.object_key, record.object_version = arrival.key, arrival.version
    record.attempts = int(record.attempts or 0) + 1
    record.ttl = None


def _finish(record: ImportRecord, found: Found, now: datetime) -> ImportRecord:
    """Start the import if it is to start, or say what it waits for."""

    def edit(after: ImportRecord) -> JobRecord | None:
        after.row |= {"rows": found.rows, "chunks": found.chunks}
        after.object_key, after.object_version = found.object_key, found.object_version
        after.brought = found.brought
        after.update_existing = int(after.options.get("update_existing", False))
        mapping = after.options.get("mapping") or suggested(found.layout.layout)
        try:
            check_mapping(mapping, found.layout)
        except InvalidField as error:
            problem = error.errors[0]["msg"]
            after.row |= {"status": "needs_mapping"}
            after.row["error"] = {"code": "needs_mapping", "detail": problem}
            return None
        after.mapping = dict(mapping)
        if not after.start:
            after.row["status"] = "ready"
            return None
        kind = "dry_run" if after.row["dry_run"] else "import"
        return begun(after, kind, by=after.row.get("by"), at=now)

    return changed(record, edit, report(now))


def _failed(record: ImportRecord, code: str, detail: str, now: datetime) -> ImportRecord:
    def edit(after: ImportRecord) -> None:
        after.row |= {"status": "failed", "finished_at": timestamp(now)}
        after.row["error"] = {"code": code, "detail": detail}

    return changed(record, edit, report(now))
