"""Whose something is: what lists of the whole firm say of the client of each row."""

from collections.abc import Collection

from tallybook.clients.mapping import plain_row
from tallybook.clients.models import NamedClient
from tallybook.table import find_all

__all__ = ["NamedClient", "names"]


def names(client_ids: Collection[str]) -> dict[str, NamedClient]:
    """What each of these clients is called. One BatchGetItem for every hundred."""
    distinct = list(dict.fromkeys(client_ids))
    found = {
        each: NamedClient(client_id=each, number=None, business_name=None) for each in distinct
    }
    for item in find_all([(f"CLIENT#{each}", "CLIENT") for each in distinct]):
        row = plain_row(item)
        found[row["client_id"]] = NamedClient.model_construct(
            client_id=row["client_id"],
            number=row.get("number"),
            business_name=row.get("business_name"),
        )
    return found
