"""Rows become clients, or change them, or are refused with the reason; each of them once."""

from typing import Any

import pytest

from tallybook import queues
from tallybook.imports import bucket
from tests.support import imports, stored
from tests.support.api import Staff
from tests.support.imports import Pipeline

NOBODY = "01JA2Y5B7Q8RZ4T9C1N6V3X0WD"


def created(staff: Staff, **fields: Any) -> dict[str, Any]:
    answer = staff.post("/v1/clients", {"business_name": "Acme"} | fields)
    assert answer.status == 201, answer.body
    return answer.body


def path(client: dict[str, Any]) -> str:
    return f"/v1/clients/{client['client_id']}"


def updating(pipeline: Pipeline, staff: Staff, content: str) -> str:
    """An import that may change clients that exist."""
    return pipeline.upload(imports.begin(staff, options={"update_existing": True}), content)


def reasons(staff: Staff, import_id: str, delimiter: str = ",") -> dict[str, str]:
    """Why rows did not go in, by line."""
    return {row[0]: row[-1] for row in imports.rejects(staff, import_id, delimiter)[1:]}


# ---- New clients ---------------------------------------------------------------------------


def test_every_column_goes_into_its_field(owner: Staff, pipeline: Pipeline):
    pipeline.drop(
        "Kundennummer;E-Mail;Firma;Vorname;Nachname;Telefon;Straße;Adresszusatz;Ort;Bundesland;"
        "PLZ;Land;Währung;Tags\n"
        "K-7;office@mueller.example;Müller & Söhne;Jürgen;Müller;0221 123456;Lindenstraße 12;2. OG;"
        "Köln;NRW;50674;Deutschland;usd;vip, wholesale\n"
    )
    client = imports.client(owner, "K-7")
    assert client == client | {
        "business_name": "Müller & Söhne",
        "emails": ["office@mueller.example"],
        "first_name": "Jürgen",
        "last_name": "Müller",
        "telephone": "+49221123456",
        "currency": "USD",
        "tags": ["vip", "wholesale"],
        "status": "active",
        "version": 1,
    }
    assert client["billing_address"] == {
        "street1": "Lindenstraße 12",
        "street2": "2. OG",
        "city": "Köln",
        "state": "NRW",
        "postal_code": "50674",
        "country": "DE",
        "country_name": "Germany",
    }


def test_a_client_of_an_import_is_as_one_that_was_entered(owner: Staff, pipeline: Pipeline):
    pipeline.drop("Business name,E-mail,City\nAcme,a@x.example,Wien\n")
    imported = imports.client(owner, "C-0001")
    address = {"city": "Wien"}
    entered = created(owner, emails=["b@x.example"], billing_address=address)
    own = ("client_id", "number", "emails", "created_at", "updated_at")
    assert {k: v for k, v in imported.items() if k not in own} == {
        k: v for k, v in entered.items() if k not in own
    }


def test_a_client_of_an_import_is_found_by_searching(owner: Staff, pipeline: Pipeline):
    pipeline.drop("Business name,E-mail\nMüller & Söhne,office@x.example\n")
    for word in ("sohne", "office@x", "C-0001"):
        assert len(owner.get("/v1/clients", q=word).body["items"]) == 1


@pytest.mark.parametrize("country", ["DE", "deu", "Germany", "deutschland"])
def test_a_country_may_be_a_code_or_a_name(country: str, owner: Staff, pipeline: Pipeline):
    pipeline.drop(f"Business name,Country\nAcme,{country}\n")
    assert imports.client(owner, "C-0001")["billing_address"]["country"] == "DE"


@pytest.mark.parametrize(
    "cell",
    ['"a@x.example; b@x.example"', '"a@x.example, b@x.example"', "a@x.example ::: b@x.example"],
)
def test_a_cell_may_have_several_addresses(cell: str, owner: Staff, pipeline: Pipeline):
    pipeline.drop(f"Business name,E-mail\nAcme,{cell}\n")
    assert imports.client(owner, "C-0001")["emails"] == ["a@x.example", "b@x.example"]


@pytest.mark.parametrize("cell", ['"vip,new"', "vip;new", "vip|new", '"vip, new , VIP,"'])
def test_a_cell_may_have_several_tags(cell: str, owner: Staff, pipeline: Pipeline):
    pipeline.drop(f"Business name,Tags,E-mail\nAcme,{cell},a@x.example\n")
    assert imports.client(owner, "C-0001")["tags"] == ["vip", "new"]


def test_a_client_without_a_currency_has_the_firms(owner: Staff, pipeline: Pipeline):
    owner.patch("/v1/settings", {"currency": "CHF"})
    pipeline.drop("Business name,Currency\nAcme,\nBolt,jpy\n")
    assert imports.client(owner, "C-0001")["currency"] == "CHF"
    assert imports.client(owner, "C-0002")["currency"] == "JPY"


def test_a_text_that_excel_wrote_as_a_formula_is_the_text(owner: Staff, pipeline: Pipeline):
    pipeline.drop('Business name,Postal code\nAcme,"=""01067"""\n')
    assert imports.client(owner, "C-0001")["billing_address"]["postal_code"] == "01067"


def test_a_formula_is_nothing_but_text(owner: Staff, pipeline: Pipeline):
    pipeline.drop("Business name,City\n=1+1,@SUM(A1)\n")
    client = imports.client(owner, "C-0001")
    assert client["business_name"] == "=1+1"
    assert client["billing_address"]["city"] == "@SUM(A1)"


def test_blank_rows_and_columns_without_a_field_are_passed_over(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Remarks,Business name\nold,Acme\n,\n , \nnew,Bolt\n")
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 2}


def test_a_row_that_is_shorter_than_the_heading_goes_in(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Business name,City,Tags\nAcme\nBolt,Wien\n")
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 2}


# ---- Numbers -------------------------------------------------------------------------------


def test_numbers_are_given_in_the_order_of_the_file(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    pipeline.drop("Business name\n" + "".join(f"{name}\n" for name in "ZYXWV"))
    assert list(imports.clients(owner).values()) == list("ZYXWV")
    assert created(owner)["number"] == "C-0006"


def test_numbers_go_on_behind_those_of_the_firm(owner: Staff, pipeline: Pipeline):
    created(owner)
    pipeline.drop("Business name\nBolt\n")
    assert imports.clients(owner) == {"C-0001": "Acme", "C-0002": "Bolt"}


def test_numbers_follow_the_firms_pattern(owner: Staff, pipeline: Pipeline):
    owner.patch("/v1/settings", {"numbering": {"client": "K{seq:03}/X"}})
    pipeline.drop("Business name\nAcme\nBolt\n")
    assert list(imports.clients(owner)) == ["K001/X", "K002/X"]


def test_a_number_that_is_given_is_none_that_another_row_brings_along(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    rows = [("", "Acme"), ("C-0002", "Bolt"), ("", "Cord"), ("", "Dorn"), ("C-0001", "Elm")]
    import_id = pipeline.drop("Number,Business name\n" + "".join(f"{a},{b}\n" for a, b in rows))
    assert imports.counts(owner, import_id) == {"rows": 5, "created": 5}
    assert imports.clients(owner) == {
        "C-0001": "Elm",
        "C-0002": "Bolt",
        "C-0003": "Acme",
        "C-0004": "Cord",
        "C-0005": "Dorn",
    }


def test_a_number_that_is_given_is_none_of_a_column_that_somebody_said_is_the_number(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    content = "Firma,Kürzel\nAcme,\nBolt,\nCord,\nDorn,C-0001\n"
    mapping = {"0": "business_name", "1": "number"}
    answer = imports.begin(owner, options={"mapping": mapping})
    import_id = pipeline.upload(answer, content)
    assert imports.counts(owner, import_id) == {"rows": 4, "created": 4}
    assert imports.client(owner, "C-0001")["business_name"] == "Dorn"


def test_a_number_that_is_given_is_none_that_was_given_by_hand(owner: Staff, pipeline: Pipeline):
    stored.put("SEQUENCE#client", "SEQUENCE", next=1)
    created(owner, number="C-0002", business_name="By hand")
    stored.put("SEQUENCE#client", "SEQUENCE", next=1)
    imports.forget_numbers()
    pipeline.drop("Business name\nAcme\nBolt\n")
    assert imports.clients(owner) == {"C-0001": "Acme", "C-0002": "By hand", "C-0003": "Bolt"}


def test_the_sequence_goes_on_behind_numbers_that_a_list_brings_along(
    owner: Staff, pipeline: Pipeline
):
    pipeline.drop("Number,Business name\nC-0041,Acme\nK-7,Bolt\n")
    assert created(owner)["number"] == "C-0042"


def test_a_number_that_somebody_took_meanwhile_is_given_to_nobody_else(
    owner: Staff, pipeline: Pipeline
):
    event = imports.put("imports/clients.csv", "Business name\nBolt\nCord\n")
    pipeline.arrive(event)
    (message,) = pipeline.messages(pipeline.jobs())
    taken: list[str] = []

    def rival() -> None:
        taken.append(created(owner, number="C-0001")["number"])

    with imports.before_clients_are_written(rival):
        imports.work(message)
    clients = imports.clients(owner)
    assert clients["C-0001"] == "Acme"
    assert sorted(clients.values()) == ["Acme", "Bolt", "Cord"]


# ---- Rows that do not go in ----------------------------------------------------------------

NO_COUNTRY = (
    "Land: '{}' is not a country; give an ISO 3166-1 code or the country's name in English or"
    " its own language."
)


def test_a_row_that_does_not_go_in_is_listed_as_it_was_with_its_line_and_the_reason(
    owner: Staff, pipeline: Pipeline
):
    import_id = pipeline.drop(
        "Firma;Land;E-Mail\n"
        '"Müller\n& Söhne";DE;\n'
        "\n"
        'Bolt ;"At""lantis";"=b@x.example"\n'
        "Cord;AT;c@x.example\n"
    )
    assert imports.rejects(owner, import_id, ";") == [
        ["Line", "Firma", "Land", "E-Mail", "Reason"],
        ["2", "Müller\n& Söhne", "DE", "", "Firma: Has a line break or a tab."],
        [
            *("5", "Bolt ", 'At"lantis', "=b@x.example"),
            NO_COUNTRY.format('At"lantis'),
        ],
    ]
    assert imports.counts(owner, import_id) == {"rows": 3, "created": 1, "failed": 2}


@pytest.mark.parametrize(
    ("heading", "cell", "reason"),
    [
        ("E-mail", "nobody", "E-mail: "),
        ("Mail address", "a@x.example;b", "Mail address: "),
        ("Currency", "EURO", "Currency: "),
        ("Land", "Atlantis", "Land: "),
        ("Firm", "x" * 201, "Firm: "),
        ("Customer no.", "9" * 61, "Customer no.: "),
        ("Phone", "1" * 61, "Phone: "),
        ("ZIP", "1" * 61, "ZIP: "),
        ("Labels", "x" * 61, "Labels: "),
        ("Labels", ";".join(f"tag{n}" for n in range(31)), "Labels: "),
    ],
)
def test_a_reason_names_the_column_by_its_own_heading(
    heading: str, cell: str, reason: str, owner: Staff, pipeline: Pipeline
):
    field = FIELD_OF[heading]
    names = {"0": "business_name"} if field != "business_name" else {"0": "city"}
    mapping = names | {"1": field}
    answer = imports.begin(owner, options={"mapping": mapping, "delimiter": ","})
    import_id = pipeline.upload(answer, f'Name of it,{heading}\nAcme,"{cell}"\n')
    (found,) = reasons(owner, import_id).values()
    assert found.startswith(reason)
    assert len(found) > len(reason) + 5


FIELD_OF = {
    "E-mail": "email",
    "Mail address": "email",
    "Currency": "currency",
    "Land": "country",
    "Firm": "business_name",
    "Customer no.": "number",
    "Phone": "telephone",
    "ZIP": "postal_code",
    "Labels": "tags",
}


def test_a_column_without_a_heading_is_named_by_its_place(owner: Staff, pipeline: Pipeline):
    options = {"first_row": "data", "mapping": {"0": "business_name", "1": "country"}}
    import_id = pipeline.upload(imports.begin(owner, options=options), "Acme,Atlantis\n")
    assert imports.rejects(owner, import_id)[0] == ["Line", "Column 1", "Column 2", "Reason"]
    assert reasons(owner, import_id)["1"].startswith("Column 2: ")


def test_a_row_with_several_faults_names_all_of_them(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Firma,Land,E-Mail\nAcme,Atlantis,nobody\n")
    (reason,) = reasons(owner, import_id).values()
    assert "Land: " in reason
    assert "E-Mail: " in reason


def test_a_row_without_a_name_does_not_go_in(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Firma,Ort\n,Wien\n")
    assert reasons(owner, import_id) == {"2": "Firma: This field is required."}
    assert imports.counts(owner, import_id) == {"rows": 1, "failed": 1}


def test_a_row_with_more_cells_than_columns_does_not_go_in(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Firma,Ort\nMüller, Söhne,Köln\nAcme,Wien\nBolt,Wien,,\n")
    assert imports.rejects(owner, import_id)[1:] == [
        ["2", "Müller", " Söhne", "Köln", "The row has 3 cells, but there are 2 columns."]
    ]
    assert imports.counts(owner, import_id) == {"rows": 3, "created": 2, "failed": 1}


def test_a_cell_in_another_encoding_is_refused_by_name(owner: Staff, pipeline: Pipeline):
    mapping = {"0": "business_name", "1": "city"}
    options = {"encoding": "utf-8", "mapping": mapping}
    rows = "".join(f"Söhne {number},Köln\n" for number in range(10)).encode()
    filler = b"Acme,Wien," + b"x" * 70_000 + b"\n"  # what is wrong lies behind what is looked at
    content = b"Firma,Ort,Notiz\n" + rows + filler + "Müller,Köln\n".encode("cp1252")
    import_id = pipeline.upload(imports.begin(owner, options=options), content)
    (_, reject) = imports.rejects(owner, import_id)
    assert reject[:3] == ["13", "M\\xfcller", "K\\xf6ln"]
    unknown = "The cell has characters that the file's encoding does not know."
    assert reject[-1] == f"Firma: {unknown} Ort: {unknown}"


def test_rows_that_were_mended_in_the_file_of_rejects_can_be_imported_from_it(
    owner: Staff, pipeline: Pipeline
):
    import_id = pipeline.drop("Firma;Land\nMüller;Atlantis\nAcme;DE\n")
    content = imports.download(owner.get(f"/v1/imports/{import_id}/rejects")).decode()
    mended = pipeline.drop(content.replace("Atlantis", "Austria", 1))
    assert imports.counts(owner, mended) == {"rows": 1, "created": 1}
    assert sorted(imports.clients(owner).values()) == ["Acme", "Müller"]


def test_rejects_are_in_the_order_of_the_file(owner: Staff, pipeline: Pipeline, small_chunks: None):
    rows = ["A,Atlantis", "B,DE", "A,DE", "C,Atlantis", "D,DE", "E,Atlantis"]
    import_id = pipeline.drop("Number,Country,Business name\n" + "".join(f"{r},X\n" for r in rows))
    assert list(reasons(owner, import_id)) == ["2", "5", "7"]


# ---- Clients that exist --------------------------------------------------------------------


def test_a_row_with_the_number_of_a_client_is_skipped(owner: Staff, pipeline: Pipeline):
    client = created(owner, number="K-7")
    import_id = pipeline.drop("Nummer,Firma\nk-7,Müller\n")
    assert reasons(owner, import_id) == {"2": "Nummer: 'k-7' belongs to another client."}
    assert imports.counts(owner, import_id) == {"rows": 1, "skipped": 1}
    assert owner.get(path(client)).body == client


def test_a_row_with_the_address_of_a_client_is_skipped(owner: Staff, pipeline: Pipeline):
    created(owner, emails=["office@x.example", "two@x.example"])
    import_id = pipeline.drop("Firma,Mail\nMüller,OFFICE@x.example\nBolt,two@x.example\n")
    (reason,) = reasons(owner, import_id).values()
    assert reason.startswith("Mail: 'OFFICE@x.example' belongs to another client")
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 1, "skipped": 1}


@pytest.mark.parametrize("rows_between", [0, 3])
def test_a_row_that_repeats_one_of_the_same_file_is_skipped(
    rows_between: int, owner: Staff, pipeline: Pipeline, small_chunks: None
):
    between = "".join(f"Bolt {number},\n" for number in range(rows_between))
    import_id = pipeline.drop(f"Firma,Mail\nAcme,a@x.example\n{between}Again,a@x.example\n")
    line = str(3 + rows_between)
    assert reasons(owner, import_id) == {
        line: "Mail: 'a@x.example' belongs to the client of line 2."
    }
    assert imports.counts(owner, import_id)["skipped"] == 1


def test_a_client_is_updated_by_its_number(owner: Staff, pipeline: Pipeline):
    client = created(owner, number="K-7", emails=["old@x.example"], tags=["vip"])
    import_id = updating(
        pipeline, owner, "Number,Business name,E-mail,City\nK-7,Müller,new@x.example,Wien\n"
    )
    assert imports.counts(owner, import_id) == {"rows": 1, "updated": 1}
    after = owner.get(path(client)).body
    assert (after["business_name"], after["emails"]) == ("Müller", ["new@x.example"])
    assert (after["billing_address"]["city"], after["tags"]) == ("Wien", ["vip"])
    assert (after["version"], after["created_at"]) == (2, client["created_at"])
    assert after["updated_at"] > client["updated_at"]
    found = owner.get("/v1/clients", q="muller").body["items"]
    assert [item["client_id"] for item in found] == [client["client_id"]]
    assert owner.get("/v1/clients", email="old@x.example").body["items"] == []


def test_a_client_is_updated_by_its_address(owner: Staff, pipeline: Pipeline):
    client = created(owner, emails=["office@x.example"])
    updating(pipeline, owner, "Number,Business name,E-mail\nK-9,Müller,office@x.example\n")
    after = owner.get(path(client)).body
    assert (after["number"], after["business_name"]) == ("K-9", "Müller")


def test_a_row_that_means_two_clients_is_skipped(owner: Staff, pipeline: Pipeline):
    created(owner, number="K-1")
    created(owner, emails=["office@x.example"])
    with_reason = "Nr belongs to one client and Mail to another."
    content = "Nr,Firma,Mail\nK-1,Müller,office@x.example\n"
    mapping = {"0": "number", "1": "business_name", "2": "email"}
    options = {"mapping": mapping, "update_existing": True}
    import_id = pipeline.upload(imports.begin(owner, options=options), content)
    assert reasons(owner, import_id) == {"2": with_reason}
    assert imports.counts(owner, import_id) == {"rows": 1, "skipped": 1}


def test_blank_cells_leave_values_alone(owner: Staff, pipeline: Pipeline):
    client = created(
        owner,
        number="K-7",
        first_name="Anna",
        emails=["a@x.example"],
        tags=["vip"],
        currency="USD",
        billing_address={"city": "Wien", "country": "AT"},
    )
    updating(
        pipeline,
        owner,
        "Number,Business name,First name,E-mail,City,Street,Tags,Currency\nK-7,, ,,,Ring 1,,\n",
    )
    after = owner.get(path(client)).body
    changed = {"version": 2, "updated_at": after["updated_at"]}
    address = client["billing_address"] | {"street1": "Ring 1"}
    assert after == client | changed | {"billing_address": address}


def test_a_row_that_says_what_is_so_already_changes_nothing(owner: Staff, pipeline: Pipeline):
    client = created(owner, number="K-7", billing_address={"country": "DE"})
    content = "Number,Business name,Country\nK-7,Acme,Germany\n"
    import_id = updating(pipeline, owner, content)
    assert imports.counts(owner, import_id) == {"rows": 1, "updated": 1}
    assert owner.get(path(client)).body == client


def test_a_row_without_a_name_can_update_but_not_create(owner: Staff, pipeline: Pipeline):
    client = created(owner, number="K-7")
    import_id = updating(pipeline, owner, "Number,Business name,City\nK-7,,Wien\nK-8,,Wien\n")
    assert imports.counts(owner, import_id) == {"rows": 2, "updated": 1, "failed": 1}
    assert reasons(owner, import_id) == {"3": "Business name: This field is required."}
    assert owner.get(path(client)).body["billing_address"]["city"] == "Wien"


def test_a_row_whose_client_is_unknown_makes_one_when_others_are_updated(
    owner: Staff, pipeline: Pipeline
):
    created(owner, number="K-7")
    import_id = updating(pipeline, owner, "Number,Business name\nK-8,Bolt\nK-7,Müller\n")
    assert imports.counts(owner, import_id) == {"rows": 2, "created": 1, "updated": 1}
    assert imports.clients(owner) == {"K-7": "Müller", "K-8": "Bolt"}


@pytest.mark.parametrize("rows_between", [0, 3])
def test_a_row_updates_the_client_of_an_earlier_row(
    rows_between: int, owner: Staff, pipeline: Pipeline, small_chunks: None
):
    between = "".join(f",Bolt {number},\n" for number in range(rows_between))
    content = f"Number,Business name,City\nK-7,Acme,\n{between}K-7,Acme,Wien\n"
    import_id = updating(pipeline, owner, content)
    assert imports.counts(owner, import_id)["updated"] == 1
    assert imports.client(owner, "K-7")["billing_address"]["city"] == "Wien"


def test_rows_update_the_same_client_in_the_order_of_the_file(owner: Staff, pipeline: Pipeline):
    created(owner, number="K-7")
    rows = "".join(f"K-7,Acme {number}\n" for number in range(5))
    import_id = updating(pipeline, owner, f"Number,Business name\n{rows}")
    assert imports.counts(owner, import_id) == {"rows": 5, "updated": 5}
    assert imports.client(owner, "K-7")["business_name"] == "Acme 4"


def test_a_suspended_or_flagged_client_stays_so(owner: Staff, pipeline: Pipeline):
    client = created(owner, number="K-7")
    owner.post(f"{path(client)}/suspend", {"reason": "unpaid"})
    owner.put(f"{path(client)}/flag", {"reason": "disputes"})
    updating(pipeline, owner, "Number,Business name\nK-7,Müller\n")
    after = owner.get(path(client)).body
    assert (after["business_name"], after["status"]) == ("Müller", "suspended")
    assert after["flag"]["reason"] == "disputes"


def test_a_client_that_somebody_changes_meanwhile_keeps_both_changes(
    owner: Staff, pipeline: Pipeline
):
    client = created(owner, number="K-7")
    answer = imports.begin(owner, options={"update_existing": True})
    content = "Number,Business name\nK-7,Müller\n"
    pipeline.arrive(imports.put(answer.body["upload"]["fields"]["key"], content))
    (message,) = pipeline.messages(pipeline.jobs())
    with imports.before_clients_are_written(lambda: owner.patch(path(client), {"tags": ["vip"]})):
        imports.work(message)
    after = owner.get(path(client)).body
    assert (after["business_name"], after["tags"], after["version"]) == ("Müller", ["vip"], 3)


# ---- Messages ------------------------------------------------------------------------------

LIST = "Business name,E-mail\nAcme,a@x.example\nBolt,b@x.example\nCord,c@x.example\n"


def messages_of(pipeline: Pipeline, content: str = LIST) -> list[dict[str, Any]]:
    pipeline.arrive(imports.put("imports/clients.csv", content))
    return pipeline.messages(pipeline.jobs())


def test_a_message_that_is_delivered_twice_is_worked_on_once(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    first, second = messages_of(pipeline)
    imports.work(first)
    with stored.unchanged():
        imports.work(first)
    imports.work(second)
    with stored.unchanged():
        imports.work(first, second)
    assert imports.counts(owner, first["import_id"]) == {"rows": 3, "created": 3}


def test_messages_may_come_in_any_order_and_together(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    first, second = messages_of(pipeline)
    imports.work(second, first)
    assert imports.get(owner, first["import_id"])["status"] == "completed"
    assert sorted(imports.clients(owner).values()) == ["Acme", "Bolt", "Cord"]


def test_a_message_of_an_earlier_job_is_ignored(owner: Staff, pipeline: Pipeline):
    answer = imports.begin(owner, dry_run=True)
    pipeline.arrive(imports.put(answer.body["upload"]["fields"]["key"], LIST))
    (stale,) = pipeline.messages(pipeline.jobs())
    imports.work(stale)
    owner.post(f"/v1/imports/{answer.body['import_id']}/start")
    with stored.unchanged():
        imports.work(stale)
    pipeline.run()
    assert imports.counts(owner, stale["import_id"]) == {"rows": 3, "created": 3}


@pytest.mark.parametrize("changes", [{"import_id": NOBODY}, {"chunk": 99}, {"job": 2}, {"job": 0}])
def test_a_message_that_means_nothing_is_ignored(changes: dict[str, Any], pipeline: Pipeline):
    (message,) = messages_of(pipeline)
    with stored.unchanged():
        imports.work(message | changes)


def test_a_chunk_that_crashes_comes_back_and_the_others_of_its_batch_do_not(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    first, second = messages_of(pipeline)
    with imports.crashing(bucket.client, "GetObject"):
        assert imports.failures(first, second) == [first]
    found = imports.get(owner, first["import_id"])
    assert (found["status"], found["counts"]["created"]) == ("running", 1)
    imports.work(first)
    assert imports.counts(owner, first["import_id"]) == {"rows": 3, "created": 3}
    assert imports.get(owner, first["import_id"])["status"] == "completed"


@pytest.mark.parametrize(("received", "seconds"), [(1, 20), (2, 40), (5, 300), (50, 300)])
def test_a_chunk_that_crashes_comes_back_soon_and_later_each_time(
    received: int, seconds: int, pipeline: Pipeline
):
    (message,) = messages_of(pipeline)
    with (
        imports.crashing(bucket.client, "GetObject"),
        imports.calls(queues.client, "ChangeMessageVisibility") as calls,
    ):
        assert imports.failures(message, receive_count=received) == [message]
    assert [call["VisibilityTimeout"] for call in calls] == [seconds]


@pytest.mark.parametrize("operation", ["TransactWriteItems", "BatchGetItem", "UpdateItem"])
def test_a_chunk_that_a_full_table_refused_is_done_when_it_comes_back(
    operation: str, owner: Staff, pipeline: Pipeline
):
    (message,) = messages_of(pipeline)
    with stored.fault(operation, stored.Crash()):
        assert imports.failures(message) == [message]
    imports.work(message)
    assert imports.counts(owner, message["import_id"]) == {"rows": 3, "created": 3}
    assert len(imports.clients(owner)) == 3


def test_a_chunk_that_died_after_it_wrote_its_clients_counts_them_once(
    owner: Staff, pipeline: Pipeline
):
    (message,) = messages_of(pipeline)
    with imports.crashing(bucket.client, "PutObject"):
        assert imports.failures(message) == [message]
    before = imports.clients(owner)
    assert len(before) == 3
    assert imports.counts(owner, message["import_id"]) == {"rows": 3}
    imports.work(message)
    assert imports.clients(owner) == before
    assert imports.counts(owner, message["import_id"]) == {"rows": 3, "created": 3}


def test_clients_that_were_updated_before_a_crash_are_updated_once(
    owner: Staff, pipeline: Pipeline
):
    client = created(owner, number="K-7")
    answer = imports.begin(owner, options={"update_existing": True})
    content = "Number,Business name\nK-7,Bolt\nK-7,Cord\n"
    pipeline.arrive(imports.put(answer.body["upload"]["fields"]["key"], content))
    (message,) = pipeline.messages(pipeline.jobs())
    with imports.crashing(bucket.client, "PutObject"):
        imports.failures(message)
    imports.work(message)
    after = owner.get(path(client)).body
    assert (after["business_name"], after["version"]) == ("Cord", 3)
    assert imports.counts(owner, answer.body["import_id"]) == {"rows": 2, "updated": 2}


def test_what_an_import_did_to_clients_is_forgotten_when_it_can_no_longer_be_undone(
    owner: Staff, pipeline: Pipeline
):
    created(owner, number="K-7")
    import_id = updating(pipeline, owner, "Number,Business name\nK-7,Bolt\n")
    (note,) = (i for i in stored.items(f"IMPORT#{import_id}") if i["sk"].startswith("BEFORE#"))
    started = imports.seconds(imports.get(owner, import_id)["started_at"])
    assert int(note["ttl"]) > started + 90 * 86400


def test_numbers_in_a_column_that_is_named_at_the_start_are_passed_by(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    content = "Firma,Colour\nAcme,\nBolt,\nCord,\nDorn,C-0001\n"
    import_id = pipeline.upload(imports.begin(owner, start=False), content)
    mapping = {"0": "business_name", "1": "number"}
    owner.post(f"/v1/imports/{import_id}/start", {"mapping": mapping})
    pipeline.run()
    assert imports.counts(owner, import_id) == {"rows": 4, "created": 4}


@pytest.mark.parametrize("cell", ['"=""C-0003"""', " C-0003", "\u00a0C-0003", "c-0003", "'C-0003"])
def test_numbers_are_passed_by_however_a_cell_holds_them(
    owner: Staff, pipeline: Pipeline, small_chunks: None, cell: str
):
    content = f"Firma,Number\nAcme,\nBolt,\nCord,\nDorn,{cell}\n"
    import_id = pipeline.drop(content)
    assert imports.counts(owner, import_id) == {"rows": 4, "created": 4}


@pytest.mark.parametrize(
    ("heading", "cell"),
    [("Telefon", "4.91712E+11"), ("Number", "1.2E+05"), ("PLZ", '"1,0115E+04"')],
)
def test_a_number_that_a_spreadsheet_has_shortened_is_not_taken(
    owner: Staff, pipeline: Pipeline, heading: str, cell: str
):
    import_id = pipeline.drop(f"Firma,{heading}\nAcme,{cell}\n")
    assert imports.counts(owner, import_id) == {"rows": 1, "failed": 1}
    assert (
        f"{heading}: A spreadsheet program has shortened"
        in imports.rejects(owner, import_id)[1][-1]
    )


def test_the_apostrophe_that_marks_a_text_is_no_part_of_it(owner: Staff, pipeline: Pipeline):
    pipeline.drop("Firma,Number,PLZ,Telefon,Land\n'S Gravenhage,'6543,'01067,'+49221123456,DE\n")
    assert imports.clients(owner) == {"6543": "'S Gravenhage"}
    (row,) = owner.get("/v1/clients").body["items"]
    client = owner.get(f"/v1/clients/{row['client_id']}").body
    assert client["billing_address"]["postal_code"] == "01067"
    assert client["telephone"] == "+49221123456"


def test_headings_that_are_repeated_are_no_client(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Firma,Ort\nAcme,Ulm\nFirma,Ort\nBolt,Köln\n")
    assert imports.counts(owner, import_id) == {"rows": 3, "created": 2, "failed": 1}
    assert imports.rejects(owner, import_id)[1][-1] == "The row repeats the headings."


def test_what_is_noted_of_a_file_expires_as_the_file_does(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Firma\nAcme\n")
    for item in stored.items(f"IMPORT#{import_id}"):
        assert ("ttl" in item) == (item["sk"] != "IMPORT"), item["sk"]
