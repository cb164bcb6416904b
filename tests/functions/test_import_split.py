"""Files that arrive in the bucket: each is read once, or ends in a state that says why not."""

import io
from typing import Any

import openpyxl
import pytest

from tallybook.imports import bucket
from tests.support import imports, stored
from tests.support.api import Context, Staff
from tests.support.faults import Death, hooked
from tests.support.imports import Pipeline

LIST = "Business name,E-mail\nAcme,office@acme.example\nBolt,\n"
NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


def workbook(*rows: list[Any], title: str = "Clients") -> bytes:
    book, content = openpyxl.Workbook(), io.BytesIO()
    sheet = book.worksheets[0]
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.create_sheet("Notes").append(["Business name", "Not a client"])
    book.save(content)
    return content.getvalue()


def fault(owner: Staff, import_id: str) -> dict[str, str]:
    """Why the file of a failed import could not be read."""
    found = imports.get(owner, import_id)
    assert (found["status"], found["started_at"]) == ("failed", None)
    assert found["finished_at"]
    assert imports.clients(owner) == {}
    fault: dict[str, str] = found["error"]
    return fault


# ---- Dropped files -------------------------------------------------------------------------


def test_a_dropped_file_is_imported_at_once(owner: Staff, pipeline: Pipeline):
    found = imports.get(owner, pipeline.drop(LIST, "Kunden.csv"))
    assert found["status"] == "completed"
    assert (found["source"], found["filename"], found["created_by"]) == (
        "bucket",
        "Kunden.csv",
        None,
    )
    assert found["created_at"] == "2026-11-22T07:04:00.000Z"  # when S3 says that it came
    assert found["counts"]["rows"] == found["counts"]["created"] == 2
    assert imports.clients(owner) == {"C-0001": "Acme", "C-0002": "Bolt"}


@pytest.mark.parametrize(
    ("name", "filename"),
    [
        ("Meine Kunden & Söhne (2026)+neu.csv", "Meine Kunden & Söhne (2026)+neu.csv"),
        ("100 %.csv", "100 %.csv"),
        ("2026/März/Kunden.csv", "Kunden.csv"),
        ("客户 名单.txt", "客户 名单.txt"),
        ("no ending", "no ending"),
    ],
)
def test_a_file_may_be_called_anything(name: str, filename: str, owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(WITH_FAULT, name)
    assert imports.get(owner, import_id)["filename"] == filename
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 1, "failed": 1}
    assert len(imports.rejects(owner, import_id)) == 2


WITH_FAULT = "Business name,Country\nAcme,DE\nBolt,Atlantis\n"


def test_a_folder_that_somebody_makes_is_no_file(pipeline: Pipeline):
    for folder in ("imports/", "imports/2026/"):
        pipeline.arrive(imports.put(folder, ""))
    assert stored.keys() == []


def test_an_event_that_comes_twice_is_one_import(owner: Staff, pipeline: Pipeline):
    event = imports.put("imports/clients.csv", LIST)
    pipeline.arrive(event)
    with stored.unchanged():
        pipeline.arrive(event)
    pipeline.run()
    with stored.unchanged():
        pipeline.arrive(event)
    assert len(imports.clients(owner)) == 2
    assert len(owner.get("/v1/imports").body["items"]) == 1


def test_a_file_that_is_dropped_twice_is_two_imports(owner: Staff, pipeline: Pipeline):
    first, second = pipeline.drop(LIST), pipeline.drop(LIST)
    assert first != second
    assert imports.counts(owner, first) == {"rows": 2, "created": 2}
    assert imports.counts(owner, second) == {"rows": 2, "created": 1, "skipped": 1}


def test_a_file_is_read_in_the_version_that_the_event_tells_of(owner: Staff, pipeline: Pipeline):
    event = imports.put("imports/clients.csv", LIST)
    imports.put("imports/clients.csv", "Business name\nSomebody else\n")
    pipeline.arrive(event)
    pipeline.run()
    assert list(imports.clients(owner).values()) == ["Acme", "Bolt"]


def test_events_that_come_together_are_each_taken_in(owner: Staff, pipeline: Pipeline):
    events = [imports.put(f"imports/{name}.csv", f"Business name\n{name}\n") for name in "AB"]
    pipeline.arrive({"Records": [record for event in events for record in event["Records"]]})
    pipeline.run()
    assert sorted(imports.clients(owner).values()) == ["A", "B"]


@pytest.mark.parametrize(
    ("content", "encoding", "delimiter"),
    [
        (LIST.encode("utf-8"), "utf-8", ","),
        (LIST.replace(",", ";").encode("utf-8-sig"), "utf-8", ";"),
        (LIST.replace(",", "\t").encode("utf-16"), "utf-16-le", "\t"),
        (LIST.replace("Acme", "Müller").replace(",", "|").encode("cp1252"), "windows-1252", "|"),
        (LIST.replace("\n", "\r").encode(), "utf-8", ","),
        (("Our clients\n\n" + LIST + "\n\n").encode(), "utf-8", ","),
        (("sep=;\r\n" + LIST.replace(",", ";")).encode(), "utf-8", ";"),
    ],
)
def test_how_a_file_is_built_is_found_out(
    content: bytes, encoding: str, delimiter: str, owner: Staff, pipeline: Pipeline
):
    import_id = pipeline.drop(content)
    found = imports.get(owner, import_id)
    assert found["detected"]["encoding"] == encoding
    assert found["detected"]["delimiter"] == delimiter
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 2}
    assert set(imports.clients(owner).values()) <= {"Acme", "Müller", "Bolt"}


def test_a_long_file_is_cut_into_chunks_that_together_have_every_row(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    content = "Business name,E-mail\n" + "".join(f"Acme {n},\n" for n in range(11))
    import_id = pipeline.drop(content)
    assert [sk for _, sk in stored.keys(f"IMPORT#{import_id}") if sk.startswith("CHUNK#")] == [
        f"CHUNK#{number:06}" for number in range(1, 7)
    ]
    assert list(imports.clients(owner).values()) == [f"Acme {number}" for number in range(11)]


# ---- Spreadsheets --------------------------------------------------------------------------


def test_a_spreadsheet_that_is_dropped_goes_in_by_its_first_sheet(owner: Staff, pipeline: Pipeline):
    content = workbook(["Firma", "PLZ", "Land"], ["Müller", "01067", "DE"], [], ["Bolt", 1, "xx"])
    import_id = pipeline.drop(content, "Kunden.xlsx")
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 1, "failed": 1}
    assert imports.client(owner, "C-0001")["billing_address"]["postal_code"] == "01067"
    (_, reject) = imports.rejects(owner, import_id)
    assert reject[:-1] == ["4", "Bolt", "1", "xx"]  # its row in the sheet
    assert reject[-1].startswith("Land: 'xx' is not a country")


def test_a_spreadsheet_goes_through_the_wizard_as_any_list_does(owner: Staff, pipeline: Pipeline):
    answer = imports.begin(owner, filename="Kunden.xlsx", start=False)
    import_id = pipeline.upload(answer, workbook(["Colour", "Firma"], ["red", "Müller"]))
    assert imports.get(owner, import_id)["status"] == "ready"
    preview = owner.get(f"/v1/imports/{import_id}/preview").body
    assert preview["rows"] == [{"line": 2, "cells": ["red", "Müller"]}]
    owner.post(f"/v1/imports/{import_id}/start", {"dry_run": True})
    pipeline.run()
    assert imports.counts(owner, import_id) == {"rows": 1, "created": 1}
    owner.post(f"/v1/imports/{import_id}/start")
    pipeline.run()
    assert imports.clients(owner) == {"C-0001": "Müller"}


def test_a_spreadsheet_has_no_delimiter_or_encoding_of_its_own(owner: Staff, pipeline: Pipeline):
    options = {"delimiter": ";", "encoding": "windows-1252"}
    answer = imports.begin(owner, filename="Kunden.xlsx", options=options)
    pipeline.upload(answer, workbook(["Firma", "Ort"], ["Müller; Söhne, GmbH", "Köln"]))
    assert imports.clients(owner) == {"C-0001": "Müller; Söhne, GmbH"}


def test_a_spreadsheet_with_another_name_is_one_still(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(workbook(["Firma"], ["Müller"]), "Kunden.csv")
    assert imports.counts(owner, import_id) == {"rows": 1, "created": 1}


# ---- The wizard's uploads ------------------------------------------------------------------


def test_an_upload_starts_its_import(owner: Staff, pipeline: Pipeline):
    answer = imports.begin(owner)
    pipeline.arrive(imports.put(answer.body["upload"]["fields"]["key"], LIST))
    found = imports.get(owner, answer.body["import_id"])
    assert (found["status"], found["source"]) == ("running", "wizard")
    assert found["created_by"] == owner.staff_id
    pipeline.run()
    assert imports.get(owner, answer.body["import_id"])["status"] == "completed"


def test_an_import_is_forgotten_when_nothing_is_uploaded_for_a_week(
    owner: Staff, pipeline: Pipeline
):
    answer = imports.begin(owner)
    item = stored.item(f"IMPORT#{answer.body['import_id']}", "IMPORT")
    assert 6.9 * 86400 < int(item["ttl"]) - imports.seconds(answer.body["created_at"]) < 7.1 * 86400
    pipeline.upload(answer, LIST)
    assert "ttl" not in stored.item(f"IMPORT#{answer.body['import_id']}", "IMPORT")


def test_what_the_wizard_says_of_the_file_counts(owner: Staff, pipeline: Pipeline):
    options = {"delimiter": ";", "first_row": "data", "encoding": "iso-8859-15"}
    mapping = {"1": "business_name", "0": "city"}
    answer = imports.begin(owner, options=options | {"mapping": mapping})
    content = "Company, Inc;Müller €\nKöln;Söhne\n".encode("iso-8859-15")
    import_id = pipeline.upload(answer, content)
    found = imports.get(owner, import_id)
    assert found["detected"] == {
        "encoding": "iso-8859-15",
        "delimiter": ";",
        "first_row": "data",
        "header_line": None,
    }
    assert found["options"] == options | {"mapping": mapping, "update_existing": False}
    assert imports.clients(owner) == {"C-0001": "Müller €", "C-0002": "Söhne"}


def test_a_mapping_that_does_not_fit_the_file_is_asked_for_again(owner: Staff, pipeline: Pipeline):
    mapping = {"0": "business_name", "7": "email"}
    import_id = pipeline.upload(imports.begin(owner, options={"mapping": mapping}), LIST)
    found = imports.get(owner, import_id)
    assert found["status"] == "needs_mapping"
    assert "2 columns" in found["error"]["detail"]


def test_a_second_upload_to_the_same_form_is_ignored(owner: Staff, pipeline: Pipeline):
    answer = imports.begin(owner, start=False)
    pipeline.upload(answer, LIST)
    event = imports.put(answer.body["upload"]["fields"]["key"], "Business name\nSomebody else\n")
    with stored.unchanged():
        pipeline.arrive(event)
    owner.post(f"/v1/imports/{answer.body['import_id']}/start")
    pipeline.run()
    assert list(imports.clients(owner).values()) == ["Acme", "Bolt"]


@pytest.mark.parametrize(
    "key", [f"uploads/{NOBODY}/clients.csv", "uploads/clients.csv", "uploads/x/y/z.csv"]
)
def test_an_upload_of_nobody_is_ignored(key: str, pipeline: Pipeline):
    pipeline.arrive(imports.put(key, LIST))
    assert stored.keys() == []


# ---- Bad files -----------------------------------------------------------------------------

ROW = "Acme,office@acme.example\n"


@pytest.mark.parametrize(
    ("content", "code", "says"),
    [
        pytest.param(b"", "empty_file", "empty", id="empty"),
        pytest.param(b"\xef\xbb\xbf\r\n \r\n", "empty_file", "empty", id="blank lines"),
        pytest.param(b"Business name,E-mail\n", "no_rows", "no rows", id="header only"),
        pytest.param(b"Business name,E-mail\n,\n , \n", "no_rows", "no rows", id="blank rows"),
        pytest.param(b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj", "binary_file", "PDF", id="PDF"),
        pytest.param(b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary_file", "", id="image"),
        pytest.param(bytes(range(256)) * 64, "binary_file", "", id="bytes"),
        pytest.param(b"PK\x03\x04 and no more", "not_a_spreadsheet", "", id="broken XLSX"),
        pytest.param(
            (";".join(f"c{n}" for n in range(10_000)) + "\n").encode() * 2,
            *("too_many_columns", "more than 500 columns"),
            id="10,000 columns",
        ),
        pytest.param(
            b"Business name\n" + b"a" * 50_000_000,
            *("line_too_long", "Line 2"),
            id="one line of 50 MB",
        ),
        pytest.param(
            f'Business name,E-mail\n{ROW}"Bolt,b@x.example\n{ROW}'.encode(),
            *("unclosed_quote", "line 3"),
            id="unclosed quote",
        ),
        pytest.param(
            f"Business name,E-mail\n{ROW}".encode("utf-16")[:-1], "undecodable", "", id="cut UTF-16"
        ),
    ],
)
def test_a_file_that_cannot_be_read_says_why(
    content: bytes, code: str, says: str, owner: Staff, pipeline: Pipeline
):
    found = fault(owner, pipeline.drop(content))
    assert found["code"] == code
    assert says in found["detail"]
    assert found["detail"].endswith(".")


def test_a_file_that_is_too_large_is_not_even_opened(owner: Staff, pipeline: Pipeline):
    event = imports.put("imports/clients.csv", LIST)
    event["Records"][0]["s3"]["object"]["size"] = 2 * 1024**3
    with imports.calls(bucket.client, "GetObject") as reads:
        pipeline.arrive(event)
    assert reads == []
    (import_id,) = pipeline.import_ids()
    found = fault(owner, import_id)
    assert found["code"] == "file_too_large"
    assert "2,048 MB" in found["detail"]


def test_a_wrong_encoding_that_was_declared_is_found(owner: Staff, pipeline: Pipeline):
    answer = imports.begin(owner, options={"encoding": "utf-8"})
    import_id = pipeline.upload(answer, "Business name\nAcme\nMüller\n".encode("cp1252"))
    found = fault(owner, import_id)
    assert found["code"] == "undecodable"
    assert found["detail"].startswith("Line 3 is not in utf-8")


def test_a_list_without_business_names_waits_for_somebody_to_say_which_column_it_is(
    owner: Staff, pipeline: Pipeline
):
    import_id = pipeline.drop("Colour,E-mail\nred,a@x.example\n")
    found = imports.get(owner, import_id)
    assert found["status"] == "needs_mapping"
    assert found["error"]["code"] == "needs_mapping"
    assert pipeline.jobs() == []
    assert imports.clients(owner) == {}


def test_rows_with_null_bytes_do_not_go_in(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(b"Business name,E-mail\nAc\x00me,\nBolt,\n")
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 1, "failed": 1}
    (_, reject) = imports.rejects(owner, import_id)
    assert reject == ["2", "Ac\x00me", "", "Business name: Has a control character at position 3."]


def test_what_is_wrong_far_down_in_a_file_fails_the_whole(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    import_id = pipeline.drop('Business name,E-mail\nAcme,\nBolt,\nCord,\n"Dorn,\n')
    assert fault(owner, import_id)["code"] == "unclosed_quote"
    assert pipeline.jobs() == []


def test_a_bad_file_leaves_the_next_one_alone(owner: Staff, pipeline: Pipeline):
    pipeline.drop(b"")
    assert imports.counts(owner, pipeline.drop(LIST)) == {"rows": 2, "created": 2}


def test_an_upload_that_cannot_be_read_fails_its_import(owner: Staff, pipeline: Pipeline):
    assert fault(owner, pipeline.upload(imports.begin(owner), b""))["code"] == "empty_file"


# ---- Crashes -------------------------------------------------------------------------------


def crash(pipeline: Pipeline, event: dict[str, Any], operation: str = "GetObject") -> None:
    with imports.crashing(bucket.client, operation), pytest.raises(stored.Crash):
        pipeline.arrive(event)


def test_reading_that_crashed_is_done_by_the_next_delivery(owner: Staff, pipeline: Pipeline):
    event = imports.put("imports/clients.csv", LIST)
    crash(pipeline, event)
    (import_id,) = pipeline.import_ids()
    assert imports.get(owner, import_id)["status"] == "reading"
    crash(pipeline, event, "PutObject")
    pipeline.arrive(event)
    pipeline.run()
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 2}
    assert len(imports.clients(owner)) == 2


def test_reading_an_upload_that_crashed_is_done_by_the_next_delivery(
    owner: Staff, pipeline: Pipeline
):
    answer = imports.begin(owner)
    event = imports.put(answer.body["upload"]["fields"]["key"], LIST)
    crash(pipeline, event)
    pipeline.arrive(event)
    pipeline.run()
    assert imports.counts(owner, answer.body["import_id"]) == {"rows": 2, "created": 2}


def test_another_upload_does_not_take_the_place_of_one_that_is_being_read(
    owner: Staff, pipeline: Pipeline
):
    answer = imports.begin(owner)
    key = answer.body["upload"]["fields"]["key"]
    event = imports.put(key, LIST)
    crash(pipeline, event)
    with stored.unchanged():
        pipeline.arrive(imports.put(key, "Business name\nSomebody else\n"))
    pipeline.arrive(event)
    pipeline.run()
    assert list(imports.clients(owner).values()) == ["Acme", "Bolt"]


def test_reading_that_crashes_three_times_is_our_fault(owner: Staff, pipeline: Pipeline):
    event = imports.put("imports/clients.csv", LIST)
    for _ in range(3):
        crash(pipeline, event)
    (import_id,) = pipeline.import_ids()
    found = fault(owner, import_id)
    assert found["code"] == "internal_error"
    assert "our fault" in found["detail"]
    with stored.unchanged():
        pipeline.arrive(event)


def test_two_containers_that_read_the_same_file_start_it_once(owner: Staff, pipeline: Pipeline):
    event = imports.put("imports/clients.csv", LIST)
    with stored.in_between("BatchWriteItem", lambda: pipeline.arrive(event)):
        pipeline.arrive(event)
    assert len(pipeline.jobs()) == 1


def test_a_table_that_leaves_chunks_over_gets_them_again(owner: Staff, pipeline: Pipeline):
    with stored.left_over("BatchWriteItem"):
        import_id = pipeline.drop(LIST)
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 2}


def test_a_file_that_takes_too_long_to_read_says_so(
    owner: Staff, pipeline: Pipeline, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(Context, "get_remaining_time_in_millis", lambda _: 0)
    import_id = pipeline.drop("Firma\nAcme\n")
    found = imports.get(owner, import_id)
    assert (found["status"], found["error"]["code"]) == ("failed", "file_too_large")
    assert imports.clients(owner) == {}


def test_a_file_whose_readers_were_killed_says_so_when_it_is_told_of_again(
    owner: Staff, pipeline: Pipeline
):
    event = imports.put("imports/clients.csv", "Firma\nAcme\n")

    def kill(**_: Any) -> None:
        raise Death

    for _ in range(3):
        with hooked("before-call.dynamodb.BatchWriteItem", kill), pytest.raises(Death):
            pipeline.arrive(event)
    pipeline.arrive(event)
    (import_id,) = pipeline.import_ids()
    assert imports.get(owner, import_id)["error"]["code"] == "internal_error"
