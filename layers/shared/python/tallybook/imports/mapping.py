"""Between the import that the API knows and the import in the table."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from tallybook.imports.models import (
    Detected,
    Import,
    ImportColumn,
    ImportCounts,
    ImportFault,
    ImportOptions,
    ImportRow,
    UndoCounts,
)
from tallybook.imports.records import ChunkRecord, ImportRecord, LayoutRecord
from tallybook.imports.rules import Columns
from tallybook.imports.splitting import Layout
from tallybook.models import trusted

_COUNTS = ("rows", "created", "updated", "skipped", "failed")
_LONGEST_SAMPLE = 40  # of 500 columns, to fit into an item


def partition(import_id: str) -> str:
    return f"IMPORT#{import_id}"


def id_of(record: ImportRecord) -> str:
    return record.pk.removeprefix("IMPORT#")


def chunk_key(import_id: str, number: int) -> tuple[str, str]:
    return partition(import_id), f"CHUNK#{number:06}"


def number_of(chunk: ChunkRecord) -> int:
    return int(chunk.sk.removeprefix("CHUNK#"))


def results(import_id: str, name: str) -> str:
    """The place in the bucket of something that was found out about an import."""
    return f"results/{import_id}/{name}"


def stored_layout(layout: Layout) -> dict[str, Any]:
    return {
        "encoding": layout.encoding,
        "delimiter": layout.delimiter,
        "first_row": layout.first_row,
        "header_line": layout.header_line,
        "by_record": layout.by_record,
        "skip_space": layout.skip_space,
        "columns": [
            {
                "index": column.index,
                "header": column.header,
                "sample": column.sample and column.sample[:_LONGEST_SAMPLE],
                "suggested_field": column.suggested_field,
            }
            for column in layout.columns
        ],
    }


def columns_of(record: ImportRecord, layout: LayoutRecord) -> Columns:
    headings = [column.get("header") for column in layout.layout["columns"]]
    fields = {int(index): field for index, field in (record.mapping or {}).items()}
    return Columns(headings, fields)


def suggested(layout: Mapping[str, Any]) -> dict[str, str]:
    """The mapping that the headings suggest."""
    return {
        str(column["index"]): column["suggested_field"]
        for column in layout["columns"]
        if column.get("suggested_field")
    }


def to_row(import_id: str, row: Mapping[str, Any]) -> ImportRow:
    """The import of a list's row. What is stored is not judged again."""
    return ImportRow.model_construct(**_shared(import_id, row))


def to_import(record: ImportRecord, layout: LayoutRecord | None) -> Import:
    built = layout.layout if layout else None
    return Import.model_construct(
        **_shared(id_of(record), record.row),
        options=trusted(ImportOptions, record.options),
        detected=_detected(built) if built else None,
        columns=_columns(built) if built else [],
        mapping=record.mapping,
        undo=trusted(UndoCounts, record.undone) if record.undone else None,
        started_at=_moment(record.started_at),
        upload=None,
        version=int(record.version),
    )


def _shared(import_id: str, row: Mapping[str, Any]) -> dict[str, Any]:
    error = row.get("error")
    return {
        "import_id": import_id,
        "filename": row["filename"],
        "source": row["source"],
        "status": row["status"],
        "dry_run": bool(row.get("dry_run")),
        "counts": trusted(ImportCounts, {name: row.get(name, 0) for name in _COUNTS}),
        "progress": progress(row),
        "error": trusted(ImportFault, error) if error else None,
        "created_by": row.get("by"),
        "created_at": _moment(row["created_at"]),
        "finished_at": _moment(row.get("finished_at")),
    }


def progress(row: Mapping[str, Any]) -> float:
    """The share of its chunks that an import is done with."""
    chunks = int(row.get("chunks", 0))
    return round(int(row.get("done", 0)) / chunks, 4) if chunks else 0.0


def _moment(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None


def _detected(layout: Mapping[str, Any]) -> Detected:
    names = ("encoding", "delimiter", "first_row", "header_line")
    return trusted(Detected, {name: layout.get(name) for name in names})


def _columns(layout: Mapping[str, Any]) -> list[ImportColumn]:
    nothing = {"header": None, "sample": None, "suggested_field": None}
    return [trusted(ImportColumn, nothing | column) for column in layout["columns"]]
