"""What an import asks of DynamoDB: its clients' own items, and a little for each chunk."""

from math import ceil
from typing import Any

import pytest

from tests.integration.conftest import Spending
from tests.integration.test_import_concurrency import begun, result, work
from tests.support import capacity, snapshots
from tests.support.api import Staff
from tests.support.imports import Pipeline

BROUGHT = "N-{0},Firm {0} Bakery,office@firm{0}.example,Bonn\n"
BLANK = ",Firm {0} Bakery,,\n"

# Write units. Counting a chunk: the chunk, the import, and the import's row in the list.
COUNTING, FINISHING = 2 + 2 + 1, 1 + 1
NUMBERS = 2 + 2  # the sequence, and the chunk, which keeps the numbers of its lines


@pytest.mark.parametrize(
    ("row", "guards", "numbers"), [(BROUGHT, 2, 0), (BLANK, 0, 1)], ids=["brought", "blank"]
)
@pytest.mark.parametrize(("rows", "chunks"), [(12, 1), (60, 2), (130, 1)])
def test_an_import_costs_what_its_clients_cost_and_a_little_for_each_chunk(
    owner: Staff,
    pipeline: Pipeline,
    admin: Any,
    spending: Spending,
    row: str,
    guards: int,
    numbers: int,
    rows: int,
    chunks: int,
):
    owner.post("/v1/clients", {"business_name": "A first one, that begins the sequence"})
    content = "".join(row.format(f"{number:03}") for number in range(rows))
    messages = begun(owner, pipeline, content, chunk_rows=rows // chunks)
    before = snapshots.take(admin).items
    with spending() as spent:
        for message in messages:
            work(message)
    assert (len(messages), result(owner, messages)["created"]) == (chunks, rows)
    made = [item for key, item in snapshots.take(admin).items.items() if key not in before]
    items = sum(capacity._transaction_units(None, item) for item in made)
    assert spent.writes == items + chunks * (COUNTING + NUMBERS * numbers) + FINISHING
    actions = len(made) // rows
    assert actions == (8 if guards else 6)  # client, number, five words and address or three words
    a_chunk, together = rows // chunks, 100 // actions
    assert spent.actions == min(a_chunk, together) * actions
    assert spent.requests == {
        # The import and the chunk; whose the numbers and addresses are; which numbers are free.
        "BatchGetItem": chunks * (1 + ceil(a_chunk * guards / 100) + numbers * ceil(a_chunk / 100)),
        "TransactWriteItems": chunks * (ceil(a_chunk / together) + 1 + numbers),
        "GetItem": chunks + 1,  # is it finished? and of the last chunk, the file's headings
        "Query": 1,
        "UpdateItem": 1,
    }
    assert asked(spent) == chunks * 3 + rows * guards + chunks * numbers * 100 * ceil(a_chunk / 100)


def asked(spent: capacity.Spent) -> int:
    """The items that were looked for; each costs half a read unit, if there is none as well."""
    return sum(
        len(table["Keys"])
        for call in spent.calls
        if call.operation == "BatchGetItem"
        for table in call.request["RequestItems"].values()
    )


def test_many_numbers_of_a_chunk_cost_by_the_kilobyte(
    owner: Staff, pipeline: Pipeline, admin: Any, spending: Spending
):
    owner.post("/v1/clients", {"business_name": "A first one, that begins the sequence"})
    (message,) = begun(owner, pipeline, "".join(f",Firm {n:03},,\n" for n in range(300)))
    before = snapshots.take(admin).items
    with spending() as spent:
        work(message)
    after = snapshots.take(admin).items
    items = sum(
        capacity._transaction_units(None, item) for key, item in after.items() if key not in before
    )
    (chunk,) = [item for key, item in after.items() if key[1].startswith("CHUNK#")]
    more = ceil(capacity.size(chunk) / 1024) - 1
    assert more == 1
    assert spent.writes == items + COUNTING + NUMBERS + FINISHING + 2 * 2 * more


def test_importing_a_file_again_writes_no_client(
    owner: Staff, pipeline: Pipeline, admin: Any, spending: Spending
):
    content = "".join(BROUGHT.format(f"{number:03}") for number in range(40))
    for message in begun(owner, pipeline, content):
        work(message)
    for update_existing in (False, True):
        (message,) = begun(owner, pipeline, content, update_existing=update_existing)
        with spending() as spent:
            work(message)
        counts = result(owner, [message])
        assert (counts["skipped"], counts["updated"]) == ((0, 40) if update_existing else (40, 0))
        # To update, what is decided of the rows is kept on the chunk, which grows to two KB by it;
        # and the clients and what the import noted of them are read as well.
        assert spent.writes == COUNTING + FINISHING + (4 if update_existing else 0)
        assert spent.requests["BatchGetItem"] == (4 if update_existing else 2)
