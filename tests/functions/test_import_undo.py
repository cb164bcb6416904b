"""Undoing an import: what nobody touched since goes or goes back, the rest is left and listed."""

from collections.abc import Callable
from typing import Any

import pytest

from tallybook.imports import bucket
from tests.support import imports, stored
from tests.support.api import Staff, invoke
from tests.support.faults import before_transaction
from tests.support.imports import Pipeline

LIST = "Business name,E-mail\nAcme,a@x.example\nBolt,b@x.example\n"


def created(staff: Staff, **fields: Any) -> dict[str, Any]:
    answer = staff.post("/v1/clients", {"business_name": "Acme"} | fields)
    assert answer.status == 201, answer.body
    return answer.body


def path(client: dict[str, Any], rest: str = "") -> str:
    return f"/v1/clients/{client['client_id']}{rest}"


def updating(pipeline: Pipeline, staff: Staff, content: str) -> str:
    return pipeline.upload(imports.begin(staff, options={"update_existing": True}), content)


def undone(pipeline: Pipeline, staff: Staff, import_id: str) -> dict[str, int]:
    """Undo the import; what that did, without zeros."""
    answer = staff.post(f"/v1/imports/{import_id}/undo")
    assert answer.status == 200, answer.body
    pipeline.run()
    found = imports.get(staff, import_id)
    assert found["status"] == "undone"
    return {name: count for name, count in found["undo"].items() if count}


def entered(client: dict[str, Any]) -> dict[str, Any]:
    """What people see of a client but when and how often it was changed."""
    return {k: v for k, v in client.items() if k not in ("version", "updated_at")}


# ---- Clients that the import created -------------------------------------------------------


def test_clients_that_the_import_created_go(owner: Staff, pipeline: Pipeline):
    kept = created(owner, number="K-7")
    import_id = pipeline.drop(LIST)
    assert undone(pipeline, owner, import_id) == {"removed": 2}
    assert imports.clients(owner) == {"K-7": "Acme"}
    assert owner.get(path(kept)).body == kept


def test_a_client_that_pays_while_the_import_is_undone_stays(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Number,Business name\nK-7,Acme\n")
    (client_id,) = (pk.partition("#")[2] for pk, sk in stored.keys("CLIENT#") if sk == "CLIENT")

    def pay() -> None:
        answer = owner.post(f"/v1/clients/{client_id}/payments", {"amount": "10.00"})
        assert answer.status == 201

    with before_transaction("removed_at", pay):
        undone(pipeline, owner, import_id)
    assert imports.clients(owner) == {"K-7": "Acme"}


def test_a_client_that_went_is_found_nowhere(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Business name,E-mail\nMüller,a@x.example\n")
    client = imports.client(owner, "C-0001")
    undone(pipeline, owner, import_id)
    assert owner.get(path(client)).code == "client_not_found"
    for query in ({"q": "muller"}, {"number": "C-0001"}, {"email": "a@x.example"}):
        assert owner.get("/v1/clients", **query).body["items"] == []
    assert not stored.keys("SEARCH#")
    assert not stored.keys("UNIQUE#")


def test_numbers_and_addresses_of_clients_that_went_are_free(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Number,Business name,E-mail\nK-7,Acme,a@x.example\n")
    undone(pipeline, owner, import_id)
    created(owner, number="K-7", emails=["a@x.example"])
    again = pipeline.drop("Business name\nAcme\n")
    assert imports.counts(owner, again) == {"rows": 1, "created": 1}


def test_the_same_file_can_be_imported_again(owner: Staff, pipeline: Pipeline):
    undone(pipeline, owner, pipeline.drop(LIST))
    assert imports.counts(owner, pipeline.drop(LIST)) == {"rows": 2, "created": 2}


def test_what_a_client_that_went_leaves_behind_is_removed(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    ids = [item["client_id"] for item in owner.get("/v1/clients").body["items"]]
    undone(pipeline, owner, import_id)
    from tests.builders import removal_event

    assert invoke("removals", removal_event(*ids)) == {"batchItemFailures": []}
    assert stored.keys("CLIENT#") == []


def edit(owner: Staff, client: dict[str, Any]) -> None:
    owner.patch(path(client), {"first_name": "Anna"})


def edit_back(owner: Staff, client: dict[str, Any]) -> None:
    edit(owner, client)
    owner.patch(path(client), {"first_name": None})


def flag(owner: Staff, client: dict[str, Any]) -> None:
    owner.put(path(client, "/flag"), {"reason": "disputes"})


def suspend(owner: Staff, client: dict[str, Any]) -> None:
    owner.post(path(client, "/suspend"), {})


def add_contact(owner: Staff, client: dict[str, Any]) -> None:
    assert owner.post(path(client, "/contacts"), {"first_name": "Zoë"}).status == 201


def make_favourite(owner: Staff, client: dict[str, Any]) -> None:
    owner.put(path(client, "/favourite"))


def write_note(_: Staff, client: dict[str, Any]) -> None:
    stored.put(f"CLIENT#{client['client_id']}", "NOTE#1")


@pytest.mark.parametrize(
    ("touch", "reason"),
    [
        (edit, "It was changed since."),
        (edit_back, "It was changed since."),
        (flag, "It was changed since."),
        (suspend, "It was changed since."),
        (add_contact, "It has contacts, documents or a favourite since."),
        (make_favourite, "It has contacts, documents or a favourite since."),
        (write_note, "It has contacts, documents or a favourite since."),
    ],
)
def test_a_client_that_somebody_touched_is_left_and_listed(
    touch: Callable[[Staff, dict[str, Any]], None],
    reason: str,
    owner: Staff,
    pipeline: Pipeline,
):
    import_id = pipeline.drop(LIST)
    client = imports.client(owner, "C-0002")
    touch(owner, client)
    touched = owner.get(path(client)).body
    assert undone(pipeline, owner, import_id) == {"removed": 1, "left": 1}
    assert owner.get(path(client)).body == touched
    assert imports.left(owner, import_id) == [
        ["Line", "Number", "Business name", "Client id", "Reason"],
        ["3", "C-0002", "Bolt", client["client_id"], reason],
    ]


def test_a_client_that_somebody_deleted_is_gone_anyway(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop(LIST)
    owner.delete(path(imports.client(owner, "C-0001")))
    assert undone(pipeline, owner, import_id) == {"removed": 2}
    assert imports.clients(owner) == {}


def test_a_client_that_a_later_import_changed_is_left(owner: Staff, pipeline: Pipeline):
    first = pipeline.drop(LIST)
    updating(pipeline, owner, "Business name,E-mail\nAcme & Sons,a@x.example\n")
    assert undone(pipeline, owner, first) == {"removed": 1, "left": 1}
    assert list(imports.clients(owner).values()) == ["Acme & Sons"]


def test_names_in_the_list_of_those_left_are_no_formulas(owner: Staff, pipeline: Pipeline):
    import_id = pipeline.drop("Business name,E-mail\n=1+1,a@x.example\n")
    flag(owner, imports.client(owner, "C-0001"))
    undone(pipeline, owner, import_id)
    assert imports.left(owner, import_id)[1][2] == "'=1+1"


def test_those_left_are_listed_in_the_order_of_the_file(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    import_id = pipeline.drop("Business name\n" + "".join(f"{name}\n" for name in "EDCBA"))
    for number in ("C-0005", "C-0001", "C-0004"):
        flag(owner, imports.client(owner, number))
    assert undone(pipeline, owner, import_id) == {"removed": 2, "left": 3}
    assert [row[0] for row in imports.left(owner, import_id)[1:]] == ["2", "5", "6"]


# ---- Clients that the import changed -------------------------------------------------------

FULL: dict[str, Any] = {
    "business_name": "Old name",
    "number": "K-7",
    "emails": ["old@x.example", "second@x.example"],
    "first_name": "Anna",
    "last_name": "Alt",
    "telephone": "+49221123456",
    "billing_address": {"street1": "Ring 1", "city": "Wien", "country": "AT"},
    "currency": "USD",
    "tags": ["vip"],
}


def test_every_value_that_the_import_overwrote_is_put_back(owner: Staff, pipeline: Pipeline):
    client = created(owner, **FULL)
    import_id = updating(
        pipeline,
        owner,
        "Number,Business name,E-mail,First name,Last name,Phone,Street,City,Country,Currency,Tags\n"
        "K-7,New,new@x.example,Berta,Neu,030 1234567,Gasse 2,Berlin,DE,EUR,new\n",
    )
    changed = owner.get(path(client)).body
    differing = {name for name in FULL if changed[name] != client[name]}
    assert differing == FULL.keys() - {"number"}
    assert undone(pipeline, owner, import_id) == {"restored": 1}
    after = owner.get(path(client)).body
    assert entered(after) == entered(client)
    assert after["version"] == 3


def test_values_that_the_import_added_are_cleared(owner: Staff, pipeline: Pipeline):
    client = created(owner, number="K-7", billing_address={"city": "Wien"})
    import_id = updating(
        pipeline,
        owner,
        "Number,Business name,E-mail,First name,Phone,Street,City,Country,Tags\n"
        "K-7,New,new@x.example,Berta,0221 123456,Gasse 2,Berlin,DE,new\n",
    )
    assert undone(pipeline, owner, import_id) == {"restored": 1}
    assert entered(owner.get(path(client)).body) == entered(client)


def test_a_client_is_found_again_by_what_it_had_before(owner: Staff, pipeline: Pipeline):
    client = created(owner, **FULL)
    content = "Number,Business name,E-mail\nK-8,New,old@x.example\n"
    import_id = updating(pipeline, owner, content)
    assert imports.clients(owner) == {"K-8": "New"}
    undone(pipeline, owner, import_id)
    for query in ({"number": "K-7"}, {"q": "old"}, {"email": "old@x.example"}):
        found = owner.get("/v1/clients", **query).body["items"]
        assert [item["client_id"] for item in found] == [client["client_id"]]
    assert owner.get("/v1/clients", number="K-8").body["items"] == []
    assert owner.get("/v1/clients", q="new").body["items"] == []


def test_what_several_rows_changed_is_put_back_to_before_the_first(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    client = created(owner, number="K-7", billing_address={"city": "Wien"})
    rows = "".join(f"K-7,Name {number},City {number},\n" for number in range(5))
    last = "K-7,Name,City,Street\n"
    import_id = updating(pipeline, owner, f"Number,Business name,City,Street\n{rows}{last}")
    assert imports.counts(owner, import_id) == {"rows": 6, "updated": 6}
    assert undone(pipeline, owner, import_id) == {"restored": 1}
    assert entered(owner.get(path(client)).body) == entered(client)


def test_a_client_that_the_import_made_and_changed_goes(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    content = "Number,Business name\nK-7,Acme\nK-8,Bolt\nK-9,Cord\nK-7,Acme & Sons\n"
    import_id = updating(pipeline, owner, content)
    assert imports.counts(owner, import_id) == {"rows": 4, "created": 3, "updated": 1}
    assert undone(pipeline, owner, import_id) == {"removed": 3}
    assert imports.clients(owner) == {}


def test_a_client_that_the_import_did_not_change_is_not_put_back(owner: Staff, pipeline: Pipeline):
    client = created(owner, number="K-7")
    import_id = updating(pipeline, owner, "Number,Business name\nK-7,Acme\n")
    assert undone(pipeline, owner, import_id) == {}
    assert owner.get(path(client)).body == client


@pytest.mark.parametrize("touch", [edit, edit_back, flag, suspend])
def test_a_changed_client_that_somebody_touched_is_left_and_listed(
    touch: Callable[[Staff, dict[str, Any]], None], owner: Staff, pipeline: Pipeline
):
    client = created(owner, number="K-7")
    import_id = updating(pipeline, owner, "Number,Business name\nK-7,New\n")
    touch(owner, client)
    touched = owner.get(path(client)).body
    assert undone(pipeline, owner, import_id) == {"left": 1}
    assert owner.get(path(client)).body == touched
    (_, row) = imports.left(owner, import_id)
    assert row == ["2", "K-7", "New", client["client_id"], "It was changed since."]


@pytest.mark.parametrize("touch", [add_contact, make_favourite, write_note])
def test_a_changed_client_that_only_has_more_company_is_put_back(
    touch: Callable[[Staff, dict[str, Any]], None], owner: Staff, pipeline: Pipeline
):
    client = created(owner, number="K-7")
    import_id = updating(pipeline, owner, "Number,Business name\nK-7,New\n")
    touch(owner, client)
    assert undone(pipeline, owner, import_id) == {"restored": 1}
    assert owner.get(path(client)).body["business_name"] == "Acme"


def test_a_changed_client_that_somebody_deleted_is_listed(owner: Staff, pipeline: Pipeline):
    client = created(owner, number="K-7")
    import_id = updating(pipeline, owner, "Number,Business name\nK-7,New\n")
    owner.delete(path(client))
    assert undone(pipeline, owner, import_id) == {"left": 1}
    (_, row) = imports.left(owner, import_id)
    assert row == ["2", "", "", client["client_id"], "It was deleted since."]


@pytest.mark.parametrize(
    ("rival", "reason"),
    [
        ({"number": "K-7"}, "number: 'K-7' belongs to another client."),
        ({"emails": ["old@x.example"]}, "emails.0: 'old@x.example' is the first address"),
    ],
)
def test_a_client_whose_number_or_address_somebody_took_is_left_and_listed(
    rival: dict[str, Any], reason: str, owner: Staff, pipeline: Pipeline
):
    client = created(owner, **FULL)
    created(owner, number="K-1", business_name="Other")
    # By its address the number changes, then by its new number the address.
    content = "Number,Business name,E-mail\nK-8,New,old@x.example\nK-8,New,new@x.example\n"
    import_id = updating(pipeline, owner, content)
    changed = owner.get(path(client)).body
    assert (changed["number"], changed["emails"]) == ("K-8", ["new@x.example"])
    created(owner, **{"business_name": "Rival"} | rival)
    assert undone(pipeline, owner, import_id) == {"left": 1}
    assert owner.get(path(client)).body == changed
    (_, row) = imports.left(owner, import_id)
    assert row[-1].startswith(reason)


def test_clients_beside_one_that_cannot_be_put_back_are_put_back(owner: Staff, pipeline: Pipeline):
    for number in range(1, 4):
        created(owner, number=f"K-{number}", emails=[f"a{number}@x.example"])
    rows = "".join(f"N-{number},New,a{number}@x.example\n" for number in range(1, 4))
    import_id = updating(pipeline, owner, f"Number,Business name,E-mail\n{rows}")
    created(owner, number="K-2", business_name="Rival")
    assert undone(pipeline, owner, import_id) == {"restored": 2, "left": 1}
    assert imports.clients(owner) == {
        "K-1": "Acme",
        "K-2": "Rival",
        "K-3": "Acme",
        "N-2": "New",
    }


def test_clients_that_passed_an_address_on_are_put_back_one_after_the_other(
    owner: Staff, pipeline: Pipeline
):
    clients = [created(owner, number=f"K-{n}", emails=[f"{n}@x.example"]) for n in (1, 2)]
    content = "Number,Business name,E-mail\nK-1,A,new@x.example\nK-2,B,1@x.example\n"
    import_id = updating(pipeline, owner, content)
    assert imports.counts(owner, import_id) == {"rows": 2, "updated": 2}
    assert undone(pipeline, owner, import_id) == {"restored": 2}
    assert [entered(owner.get(path(c)).body) for c in clients] == [entered(c) for c in clients]


def test_a_client_gets_back_what_a_row_of_a_later_chunk_took(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    client = created(owner, number="K-1", emails=["1@x.example"])
    rows = "K-1,A,new@x.example\n,X,\n,Y,\n,Taker,1@x.example\n"
    import_id = updating(pipeline, owner, f"Number,Business name,E-mail\n{rows}")
    assert imports.counts(owner, import_id) == {"rows": 4, "created": 3, "updated": 1}
    assert undone(pipeline, owner, import_id) == {"removed": 3, "restored": 1}
    assert entered(owner.get(path(client)).body) == entered(client)
    assert owner.get(f"/v1/imports/{import_id}/left").code == "nothing_to_download"


def test_what_one_import_changed_after_another_is_undone_in_turn(owner: Staff, pipeline: Pipeline):
    content = "Number,Business name\nK-1,{}\n"
    first = updating(pipeline, owner, content.format("First"))
    second = updating(pipeline, owner, content.format("Second"))
    assert undone(pipeline, owner, second) == {"restored": 1}
    assert imports.clients(owner) == {"K-1": "First"}
    assert undone(pipeline, owner, first) == {"removed": 1}
    assert imports.clients(owner) == {}


def test_clients_that_exchanged_their_addresses_are_left_and_listed(
    owner: Staff, pipeline: Pipeline
):
    for number in (1, 2):
        created(owner, number=f"K-{number}", emails=[f"{number}@x.example"])
    rows = "K-1,A,new@x.example\nK-2,B,1@x.example\nK-1,A,2@x.example\n"
    import_id = updating(pipeline, owner, f"Number,Business name,E-mail\n{rows}")
    assert imports.counts(owner, import_id) == {"rows": 3, "updated": 3}
    assert undone(pipeline, owner, import_id) == {"left": 2}
    assert [row[1] for row in imports.left(owner, import_id)[1:]] == ["K-1", "K-2"]


# ---- Deliveries ----------------------------------------------------------------------------


def test_a_chunk_of_undoing_that_comes_twice_counts_once(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    import_id = pipeline.drop("Business name\nA\nB\nC\n")
    owner.post(f"/v1/imports/{import_id}/undo")
    first, second = pipeline.messages(pipeline.jobs())
    imports.work(first)
    with stored.unchanged():
        imports.work(first)
    imports.work(second)
    with stored.unchanged():
        imports.work(second)
    assert imports.get(owner, import_id)["undo"] == {"removed": 3, "restored": 0, "left": 0}


def test_undoing_that_died_before_it_was_counted_counts_once(owner: Staff, pipeline: Pipeline):
    client = created(owner, number="K-7")
    import_id = updating(pipeline, owner, "Number,Business name\nK-7,New\nK-8,Bolt\n")
    owner.post(f"/v1/imports/{import_id}/undo")
    (message,) = pipeline.messages(pipeline.jobs())
    with imports.crashing(bucket.client, "PutObject"):
        assert imports.failures(message) == [message]
    imports.work(message)
    found = imports.get(owner, import_id)
    assert found["status"] == "undone"
    assert found["undo"] == {"removed": 1, "restored": 1, "left": 0}
    assert entered(owner.get(path(client)).body) == entered(client)


def test_a_client_that_somebody_changes_while_it_is_undone_is_left(
    owner: Staff, pipeline: Pipeline
):
    import_id = pipeline.drop(LIST)
    client = imports.client(owner, "C-0001")
    owner.post(f"/v1/imports/{import_id}/undo")
    (message,) = pipeline.messages(pipeline.jobs())
    with imports.before_clients_are_written(lambda: edit(owner, client)):
        imports.work(message)
    assert imports.get(owner, import_id)["undo"] == {"removed": 1, "restored": 0, "left": 1}
    assert owner.get(path(client)).body["first_name"] == "Anna"


def test_undoing_that_stopped_goes_on_when_it_is_started_again(
    owner: Staff, pipeline: Pipeline, small_chunks: None
):
    import_id = pipeline.drop("Business name\nA\nB\nC\n")
    owner.post(f"/v1/imports/{import_id}/undo")
    first, _ = pipeline.messages(pipeline.jobs())
    imports.work(first)
    assert owner.post(f"/v1/imports/{import_id}/start").body["status"] == "running"
    pipeline.run()
    assert imports.get(owner, import_id)["status"] == "undone"
    assert imports.clients(owner) == {}
