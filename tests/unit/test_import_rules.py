"""What a row says, whose client it means, and the files that name rows. Pure."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tallybook.ids import is_ulid, time_of
from tallybook.imports.outcomes import Left, left_file, rejects_file
from tallybook.imports.rules import (
    Change,
    Columns,
    Create,
    Entry,
    Made,
    Reject,
    client_id,
    dropped_id,
    judged,
    line_of,
    plan,
    refused,
)

FIELDS = {0: "number", 1: "business_name", 2: "email", 3: "city", 4: "country", 5: "tags"}
COLUMNS = Columns(["Nr", "Firma", "Mail", "Ort", None, "Tags"], FIELDS)
AT = datetime(2026, 11, 22, 7, 4, tzinfo=UTC)
IMPORT = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"
OTHER_IMPORT = "01JA2Y5B7Q8RZ4T9C1N6V3X0WE"
OWN = client_id(IMPORT, 7, AT)


def entry(*cells: str) -> Entry:
    found = judged(7, list(cells), COLUMNS)
    assert isinstance(found, Entry), found
    return found


def reject(*cells: str) -> Reject:
    found = judged(7, list(cells), COLUMNS)
    assert isinstance(found, Reject), found
    return found


# ---- What a row says -----------------------------------------------------------------------


def test_blank_cells_say_nothing():
    assert entry("", "Acme", " ", "\t").document == {"business_name": "Acme"}


def test_a_cell_is_taken_without_the_blanks_around_it():
    assert entry(" K-7 ", " Acme\u00a0").document == {"number": "K-7", "business_name": "Acme"}


def test_cells_without_a_field_say_nothing():
    columns = Columns(["a", "b", "c"], {1: "business_name"})
    found = judged(2, ["x", "Acme", "y"], columns)
    assert isinstance(found, Entry)
    assert found.document == {"business_name": "Acme"}


def test_the_parts_of_an_address_are_one_address():
    document = entry("", "Acme", "", "Wien", "AT").document
    assert document["billing_address"] == {"city": "Wien", "country": "AT"}


@pytest.mark.parametrize(
    "cell", ["a@x.example;b@x.example", "a@x.example , b@x.example", "a@x.example ::: b@x.example"]
)
def test_addresses_are_separated_as_programs_do(cell: str):
    assert entry("", "Acme", cell).new.emails == ["a@x.example", "b@x.example"]


@pytest.mark.parametrize("cell", ["vip;new", "vip , new", "vip|new", "vip ::: new", ";vip;;new;"])
def test_tags_are_separated_as_programs_do(cell: str):
    assert entry("", "Acme", "", "", "", cell).document["tags"] == ["vip", "new"]


@pytest.mark.parametrize(("cell", "text"), [('="007"', "007"), ('=" a "', "a"), ("=1+1", "=1+1")])
def test_a_formula_that_is_a_text_is_the_text_and_others_are_what_they_are(cell: str, text: str):
    assert entry(cell, "Acme").document["number"] == text


def test_an_empty_text_formula_is_blank():
    assert "number" not in entry('=""', "Acme").document


def test_a_short_row_has_blank_cells():
    assert entry("K-7", "Acme").document == {"number": "K-7", "business_name": "Acme"}


def test_empty_cells_beyond_the_columns_do_no_harm():
    assert entry("", "Acme", "", "", "", "", "", " ").document == {"business_name": "Acme"}


def test_filled_cells_beyond_the_columns_are_refused():
    found = reject("", "Acme", "", "", "", "", "", "more")
    assert found.reason == "The row has 8 cells, but there are 6 columns."
    assert found.kind == "failed"


def test_a_refusal_keeps_the_line_and_the_cells_as_they_were():
    found = reject(" K-7", "Acme", "nobody")
    assert (found.line, found.cells) == (7, [" K-7", "Acme", "nobody"])


def test_a_reason_names_the_column_by_its_heading_or_its_place():
    assert reject("", "Acme", "nobody").reason.startswith("Mail: ")
    assert reject("", "Acme", "", "", "Atlantis").reason.startswith("Column 5: 'Atlantis'")


def test_a_field_without_a_column_is_named_by_its_label():
    assert COLUMNS.name("telephone") == "Telephone"


def test_bytes_of_another_encoding_are_the_reason():
    reason = reject("", "M\udcfcller").reason
    assert reason == "Firma: The cell has characters that the file's encoding does not know."


def test_several_faults_are_all_named_each_once():
    reason = reject("", "Acme", "a;b;c", "", "Atlantis").reason
    assert "Mail: " in reason
    assert "Column 5: " in reason


# ---- Whose client a row means --------------------------------------------------------------


def planned(row: Entry, owners: dict[str, str], *, update_existing: bool = False) -> Any:
    return plan(row, OWN, owners, COLUMNS, update_existing=update_existing)


def test_a_row_that_nobody_owns_makes_a_client():
    assert planned(entry("K-7", "Acme"), {}) == Create()


def test_a_row_that_made_its_client_before_is_done():
    for owners in ({"number": OWN}, {"email": OWN}, {"number": OWN, "email": "other"}):
        assert planned(entry("K-7", "Acme", "a@x.example"), owners) == Made()


def test_a_row_that_means_a_client_changes_it_when_it_may():
    row = entry("K-7", "Acme", "a@x.example")
    for owners in ({"number": "one"}, {"email": "one"}, {"number": "one", "email": "one"}):
        assert planned(row, owners, update_existing=True) == Change("one")


@pytest.mark.parametrize("update_existing", [True, False])
def test_a_row_that_means_two_clients_is_skipped(update_existing: bool):
    row = entry("K-7", "Acme", "a@x.example")
    found = planned(row, {"number": "one", "email": "two"}, update_existing=update_existing)
    assert (found.kind, found.reason) == (
        "skipped",
        "Nr belongs to one client and Mail to another.",
    )


def test_a_row_that_means_a_client_is_skipped_when_it_may_not_change_it():
    row = entry("K-7", "Acme", "a@x.example")
    stranger = client_id(OTHER_IMPORT, 3, AT)
    found = planned(row, {"number": stranger})
    assert (found.kind, found.reason) == ("skipped", "Nr: 'K-7' belongs to another client.")
    found = planned(row, {"email": stranger})
    assert found.reason == "Mail: 'a@x.example' belongs to another client."


def test_a_row_that_repeats_another_of_the_file_is_told_its_line():
    found = planned(entry("K-7", "Acme"), {"number": client_id(IMPORT, 3, AT)})
    assert found.reason == "Nr: 'K-7' belongs to the client of line 3."


def test_a_row_without_a_name_can_only_change_a_client():
    row = entry("K-7", "")
    found = planned(row, {})
    assert (found.kind, found.reason) == ("failed", "Firma: This field is required.")
    assert planned(row, {"number": "one"}, update_existing=True) == Change("one")


def test_what_a_client_refuses_is_told_of_the_row():
    errors = [{"type": "value_error", "loc": ("emails", 1), "msg": "is no address"}]
    found = refused(entry("K-7", "Acme", "a@x.example"), errors, COLUMNS)
    assert (found.kind, found.line) == ("failed", 7)
    assert found.reason.startswith("Mail: ")


# ---- Ids -----------------------------------------------------------------------------------


def test_a_row_makes_the_same_client_whenever_it_is_worked_on():
    assert client_id(IMPORT, 7, AT) == OWN
    assert is_ulid(OWN)
    assert time_of(OWN) == AT


def test_other_rows_imports_and_times_make_other_clients():
    others = {
        client_id(IMPORT, 8, AT),
        client_id(OTHER_IMPORT, 7, AT),
        client_id(IMPORT, 7, AT + timedelta(milliseconds=1)),
    }
    assert len(others | {OWN}) == 4


def test_clients_of_an_import_sort_by_their_lines():
    lines = [1, 2, 10, 99, 1_000, 1_000_000, 20_000_000]
    ids = [client_id(IMPORT, line, AT) for line in lines]
    assert ids == sorted(ids)
    assert [line_of(each, OWN) for each in ids] == lines


def test_the_line_of_another_imports_client_is_not_known():
    assert line_of(client_id(OTHER_IMPORT, 7, AT), OWN) is None
    assert line_of(client_id(IMPORT, 7, AT + timedelta(seconds=1)), OWN) is None
    assert line_of(IMPORT, OWN) is None


def test_a_dropped_file_is_the_same_import_whenever_it_is_told_of():
    first = dropped_id("imports/a.csv", "0A", AT)
    assert first == dropped_id("imports/a.csv", "0A", AT)
    assert is_ulid(first)
    assert first != dropped_id("imports/a.csv", "0B", AT)
    assert first != dropped_id("imports/b.csv", "0A", AT)


# ---- Files for people ----------------------------------------------------------------------


def rows_of(content: bytes, delimiter: str = ",") -> list[list[str]]:
    text = content.decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def test_rejects_have_the_columns_of_the_file_between_line_and_reason():
    rejects = [Reject(3, ["Acme", "x"], "failed", "why"), Reject(9, ["Bolt"], "skipped", "so")]
    content = b"".join(rejects_file(["Firma", None, "Ort"], ";", rejects))
    assert content.startswith(b"\xef\xbb\xbfLine;")
    assert rows_of(content, ";") == [
        ["Line", "Firma", "Column 2", "Ort", "Reason"],
        ["3", "Acme", "x", "", "why"],
        ["9", "Bolt", "", "", "so"],
    ]


@pytest.mark.parametrize(
    "cell", ["a;b", 'say "x"', "two\nlines", "two\r\nlines", "=1+1", " a ", "ü"]
)
def test_cells_of_rejects_are_as_they_were(cell: str):
    content = b"".join(rejects_file(["Firma"], ";", [Reject(2, [cell], "failed", "why")]))
    assert rows_of(content, ";")[1][1] == cell


def test_bytes_of_another_encoding_can_be_seen_in_rejects():
    content = b"".join(rejects_file(["Firma"], ",", [Reject(2, ["M\udcfcller"], "failed", "")]))
    assert rows_of(content)[1][1] == "M\\xfcller"


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_names_of_those_left_are_no_formulas(name: str):
    content = b"".join(left_file([Left(2, IMPORT, "K-7", name, "why")]))
    assert rows_of(content)[1] == ["2", "K-7", f"'{name}", IMPORT, "why"]
