"""Imports as the API takes and gives them."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, Strict, StringConstraints

from tallybook.dates import Timestamp
from tallybook.ids import Ulid
from tallybook.imports.decoding import usable
from tallybook.imports.fields import FieldName
from tallybook.models import ApiModel
from tallybook.text import Line, ShortLine

_ENDINGS = (".csv", ".txt", ".tsv", ".tab", ".xlsx")


def _filename(value: str) -> str:
    if not value.lower().endswith(_ENDINGS):
        raise ValueError(f"{value!r} does not end in one of {', '.join(_ENDINGS)}")
    if "/" in value or "\\" in value:
        raise ValueError("is a name without a path")
    return value


def _encoding(value: str) -> str:
    if value != "auto" and not usable(value):
        raise ValueError(f"{value!r} is not an encoding that is known here; try auto")
    return value


def _mapping(value: dict[str, FieldName | None]) -> dict[str, FieldName | None]:
    chosen = [name for name in value.values() if name is not None]
    twice = sorted({name for name in chosen if chosen.count(name) > 1})
    if twice:
        raise ValueError(f"takes {twice[0]} from more than one column")
    if "business_name" not in chosen:
        raise ValueError("names no column for business_name, which is required")
    return {index: name for index, name in value.items() if name is not None}


Mapping = Annotated[
    dict[
        Annotated[str, StringConstraints(pattern=r"^(0|[1-9][0-9]{0,2})$")],
        FieldName | None,
    ],
    Field(
        description="The field of each column that is imported, by the column's index from 0.",
        examples=[{"0": "business_name", "2": "email"}],
    ),
    AfterValidator(_mapping),
]
Yes = Annotated[bool, Strict()]
Status = Literal[
    "awaiting_upload", "reading", "needs_mapping", "ready", "running", "completed", "failed",
    "undone",
]  # fmt: skip


class ImportOptions(ApiModel):
    """How the file is to be read; what is "auto" is detected."""

    delimiter: Literal["auto", ",", ";", "\t", "|"] = "auto"
    first_row: Literal["auto", "header", "data"] = "auto"
    encoding: Annotated[
        ShortLine,
        AfterValidator(_encoding),
        Field(examples=["auto", "windows-1252"], description='"auto" or the name of an encoding.'),
    ] = "auto"
    update_existing: Yes = Field(
        default=False,
        description="Update the client with the row's number or e-mail address; else the row"
        " is skipped.",
    )
    mapping: Mapping | None = Field(default=None, description="As suggested when left out.")


class NewImport(ApiModel):
    """What a wizard asks for before it uploads the file."""

    filename: Annotated[Line, AfterValidator(_filename)] = Field(examples=["clients.csv"])
    options: ImportOptions = ImportOptions()
    dry_run: Yes = Field(default=False, description="Check every row, write nothing.")
    start: Yes = Field(default=True, description="Start as soon as the file is uploaded and read.")


class Start(ApiModel):
    """How an import that waits is to run; what is left out stays as it was."""

    mapping: Mapping | None = None
    update_existing: Yes | None = None
    dry_run: Yes | None = Field(
        default=None, description="As asked for at first, until that dry run is completed."
    )


class Upload(ApiModel):
    """A form that uploads the file to the bucket: POST it with the fields, the file last."""

    url: str
    fields: dict[str, str]


class ImportColumn(ApiModel):
    """A column of the file."""

    index: int = Field(examples=[0])
    header: str | None = Field(examples=["Company"])
    sample: str | None = Field(examples=["Müller & Söhne GmbH"])
    suggested_field: FieldName | None = Field(examples=["business_name"])


class Detected(ApiModel):
    """How the file proved to be built."""

    encoding: str = Field(examples=["windows-1252"])
    delimiter: Literal[",", ";", "\t", "|"]
    first_row: Literal["header", "data"]
    header_line: int | None = Field(examples=[1])


class ImportCounts(ApiModel):
    """Rows of the file: those that went in, and those that did not.

    Skipped are rows whose number or e-mail address another client has; failed are invalid ones.
    """

    rows: int = Field(default=0, examples=[120])
    created: int = Field(default=0, examples=[110])
    updated: int = 0
    skipped: int = Field(default=0, examples=[4])
    failed: int = Field(default=0, examples=[6])


class ImportFault(ApiModel):
    """Why the file could not be imported."""

    code: str = Field(examples=["unclosed_quote"])
    detail: str = Field(examples=["The quotation mark in line 17 is never closed."])


class UndoCounts(ApiModel):
    """What undoing did: clients removed, clients put back, and those left because of changes."""

    removed: int = Field(default=0, examples=[108])
    restored: int = 0
    left: int = Field(default=0, examples=[2])


class ImportRow(ApiModel):
    """An import as the list shows it."""

    import_id: Ulid
    filename: str = Field(examples=["clients.csv"])
    source: Literal["wizard", "bucket"]
    status: Status
    dry_run: bool
    counts: ImportCounts
    progress: float = Field(ge=0, le=1, description="Of the work that runs or ran last.")
    error: ImportFault | None
    created_by: str | None = Field(description="A staff id; null for a file in the bucket.")
    created_at: Timestamp
    finished_at: Timestamp | None


class Import(ImportRow):
    """An import."""

    options: ImportOptions
    detected: Detected | None
    columns: list[ImportColumn]
    mapping: dict[str, FieldName] | None = Field(examples=[{"0": "business_name"}])
    undo: UndoCounts | None
    started_at: Timestamp | None
    upload: Upload | None = Field(default=None, description="In the answer to the POST only.")
    version: int = Field(examples=[3])


class PreviewRow(ApiModel):
    line: int = Field(examples=[2], description="Where in the file the row begins, from 1.")
    cells: list[str] = Field(examples=[["Müller & Söhne GmbH", "office@mueller.example"]])


class Preview(ApiModel):
    """The first rows of the file, under its columns. Long cells are cut."""

    columns: list[ImportColumn]
    rows: list[PreviewRow]


class FieldInfo(ApiModel):
    """A field that a column can be imported into."""

    name: FieldName
    label: str = Field(examples=["Business name"])
    required: bool
    unique: bool
    description: str
    example: str


class Fields(ApiModel):
    items: list[FieldInfo]


class Link(ApiModel):
    """A download, fetched without the token until it expires."""

    url: str
    expires_at: Timestamp
