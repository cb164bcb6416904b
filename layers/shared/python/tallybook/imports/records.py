"""Imports in the table. `row` is what the list of imports shows, the counts included."""

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from tallybook.table import PlainMapAttribute, Record


class ImportRecord(Record):
    """An import: where its file is, how it is read, and how far it is.

    `row` holds filename, source, status, dry_run, by, created_at, finished_at, error, and the
    counts rows, created, updated, skipped, failed, chunks, done. Counting leaves `version` alone.
    """

    KEY = ("IMPORT#<import_id>", "IMPORT")

    listing_pk = UnicodeAttribute(null=True)
    listing_sk = UnicodeAttribute(null=True)
    row = PlainMapAttribute()
    options = PlainMapAttribute()  # as asked for
    start = NumberAttribute()  # 1: as soon as the file is read
    object_key = UnicodeAttribute(null=True)  # of the records; for XLSX the CSV made of it
    object_version = UnicodeAttribute(null=True)
    mapping = PlainMapAttribute(null=True)  # column index → field
    update_existing = NumberAttribute()
    brought = PlainMapAttribute(null=True)  # column index → highest number of our own kind
    job = NumberAttribute()  # how many times work was begun: dry runs, the import, its undoing
    kind = UnicodeAttribute(null=True)  # of the job: import, dry_run, undo
    imported_job = NumberAttribute(null=True)  # the one that wrote, and can be undone
    attempts = NumberAttribute(null=True)  # to read the file
    started_at = UnicodeAttribute(null=True)
    currency = UnicodeAttribute(null=True)  # of clients without one, as the job began
    number_pattern = UnicodeAttribute(null=True)
    undone = PlainMapAttribute(null=True)  # removed, restored, left
    undo_at = UnicodeAttribute(null=True)
    version = NumberAttribute()
    ttl = NumberAttribute(null=True)  # while nothing was uploaded


class LayoutRecord(Record):
    """How the file is built, apart from the import: it can be large, and is written once."""

    KEY = ("IMPORT#<import_id>", "LAYOUT")

    layout = PlainMapAttribute()
    ttl = NumberAttribute()


class ChunkRecord(Record):
    """A byte range of the file with whole records. `done` is the last job that is done with it."""

    KEY = ("IMPORT#<import_id>", "CHUNK#<number>")

    start = NumberAttribute()
    end = NumberAttribute()
    first_line = NumberAttribute()
    encoding = UnicodeAttribute()
    ttl = NumberAttribute()
    done = NumberAttribute(null=True)
    listed = NumberAttribute(null=True)  # rows of that job that a file for people has to name
    numbers = PlainMapAttribute(null=True)  # line → running number of its client
    decided = PlainMapAttribute(null=True)  # line → what becomes of it, if clients are changed


class JobRecord(Record):
    """Says that chunks of an import are to be worked on; the outbox sends them to their queue."""

    KEY = ("IMPORT#<import_id>", "JOB#<job_id>")

    job = NumberAttribute()
    kind = UnicodeAttribute()
    by = UnicodeAttribute(null=True)
    at = UnicodeAttribute()
    ttl = NumberAttribute()


class BeforeRecord(Record):
    """What a client was like before the import changed it, for undoing. `lines` claims the rows."""

    KEY = ("IMPORT#<import_id>", "BEFORE#<client_id>")

    before = UnicodeAttribute()  # JSON: the merge patch that undoes the changes
    lines = PlainMapAttribute()  # line → 1
    written_by = UnicodeAttribute(null=True)  # the import that had written it before
    restored = NumberAttribute(null=True)
    ttl = NumberAttribute()
