"""Why a whole file cannot be imported, in words for the person who sent it.

Not one of errors.py: a file is read long after the request, and its fault is kept, not answered.
"""

from typing import Literal, get_args

Code = Literal[
    "empty_file",
    "no_rows",
    "binary_file",
    "file_too_large",
    "too_many_columns",
    "line_too_long",
    "unclosed_quote",
    "undecodable",
    "not_a_spreadsheet",
    "spreadsheet_too_large",
    "too_many_rows",
]
CODES: tuple[Code, ...] = get_args(Code)


class BadFile(Exception):
    """`code` is stable, for programs; `detail` says what is wrong, where, and what to do."""

    def __init__(self, code: Code, detail: str) -> None:
        super().__init__(code, detail)
        self.code: Code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"
