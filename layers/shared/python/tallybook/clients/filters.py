"""The filters of the client list: each as a condition for DynamoDB and as a test of a row.

A list that walks the index lets DynamoDB throw rows out; a list that starts from the clients that
a search found tests the rows it read. Both come from one table, so that they can't disagree.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from tallybook.clients.mapping import words_of_row
from tallybook.clients.models import PortalStatus, StaffId
from tallybook.clients.rules import is_found, query_words, search_words
from tallybook.countries import CountryCode
from tallybook.dates import timestamp
from tallybook.models import ApiModel
from tallybook.portal.rules import LASTS
from tallybook.table import encode
from tallybook.text import Line, ShortLine


class ClientQuery(ApiModel):
    """The filters of the client list. They combine: a client has to pass them all."""

    q: str | None = Field(
        default=None,
        max_length=200,
        description="Words; each must begin a word of a name, or the whole number, e-mail address"
        " or telephone number. Case, accents and punctuation do not count.",
        examples=["mull"],
    )
    number: ShortLine | None = Field(default=None, description="The whole number.")
    name: Line | None = Field(default=None, description="Words that begin words of a name.")
    email: Line | None = Field(default=None, description="A whole e-mail address, first or not.")
    country: CountryCode | None = None
    status: Literal["active", "suspended"] | None = None
    tag: ShortLine | None = None
    flagged: bool | None = None
    favourite: bool | None = Field(default=None, description="A favourite of who asks.")
    ar_specialist: StaffId | None = None
    balance_due: bool | None = Field(default=None, description="Whether something is unpaid.")
    portal_status: PortalStatus | None = None
    sort: Literal["name", "-created_at"] = "name"

    def scope(self) -> list[str]:
        """What a cursor of this list is bound to."""
        return [self.model_dump_json(exclude_none=True)]


@dataclass(frozen=True)
class Filter:
    """One test of a member of `row`: is it equal, does it contain, does it exist?

    A time may also be "before" another, or not ("since").
    """

    path: tuple[str, ...]
    test: Literal["equals", "contains", "exists", "is_absent", "before", "since"]
    value: str | None = None

    def passes(self, row: Mapping[str, Any]) -> bool:
        found: Any = row
        for name in self.path:
            found = found.get(name) if found is not None else None
        match self.test:
            case "equals":
                return bool(found == self.value)
            case "contains":
                return self.value in (found or ())
            case "exists":
                return found is not None
            case "is_absent":
                return found is None
            case "before":
                return found is not None and found < self.value
            case "since":
                return found is not None and found >= self.value


def filters_of(query: ClientQuery, staff_id: str, at: datetime) -> list[Filter]:
    """The filters that a row alone decides; words are compared by `passes_words`."""

    def switch(path: tuple[str, ...], *, on: bool | None) -> Filter | None:
        return None if on is None else Filter(path, "exists" if on else "is_absent")

    def equals(name: str, value: str | None, default: str | None = None) -> Filter | None:
        if value is None:
            return None
        return (
            Filter((name,), "is_absent") if value == default else Filter((name,), "equals", value)
        )

    searched = query_words(query.q or "") + query_words(query.name or "")
    found = [
        *(Filter(("letters",), "contains", word[0]) for word in searched if len(word) == 1),
        equals("country", query.country),
        equals("status", query.status, default="active"),
        Filter(("tags",), "contains", query.tag) if query.tag else None,
        switch(("flag",), on=query.flagged),
        switch(("favourites", staff_id), on=query.favourite),
        equals("ar_specialist", query.ar_specialist),
        switch(("balance_due",), on=query.balance_due),
        *_portal(query.portal_status, at),
    ]
    return [each for each in found if each]


def _portal(status: PortalStatus | None, at: datetime) -> list[Filter]:
    """An invitation expires by itself, so a row says only when it was sent."""
    stored, sent = ("portal_status",), ("portal_invited_at",)
    limit = timestamp(at - LASTS)
    match status:
        case None:
            return []
        case "not_invited":
            return [Filter(stored, "is_absent")]
        case "accepted":
            return [Filter(stored, "equals", status)]
        case _:
            is_late = Filter(sent, "before" if status == "expired" else "since", limit)
            return [Filter(stored, "equals", "waiting"), is_late]


def passes_words(query: ClientQuery, row: Mapping[str, Any]) -> bool:
    """Whether the row has the words and the address that are asked for."""
    emails = row.get("emails", [])
    names = (row["business_name"], row.get("first_name"), row.get("last_name"))
    if query.email and query.email.casefold() not in map(str.casefold, emails):
        return False
    if query.name:
        words = search_words(*names, number="", emails=[], telephone=None)
        if not is_found(query_words(query.name), words):
            return False
    if query.q:
        return is_found(query_words(query.q), words_of_row(row))
    return True


def expression(filters: Sequence[Filter]) -> dict[str, Any]:
    """The parameters of a DynamoDB query that let only rows through that pass."""
    if not filters:
        return {}
    clauses: list[str] = []
    names: dict[str, str] = {"#row": "row"}
    values: dict[str, Any] = {}
    for place, each in enumerate(filters):
        path = "#row"
        for depth, name in enumerate(each.path):
            names[f"#f{place}_{depth}"] = name
            path += f".#f{place}_{depth}"
        if each.value is not None:
            values[f":f{place}"] = encode(each.value)
        clauses.append(
            {
                "equals": f"{path} = :f{place}",
                "contains": f"contains({path}, :f{place})",
                "exists": f"attribute_exists({path})",
                "is_absent": f"attribute_not_exists({path})",
                "before": f"{path} < :f{place}",
                "since": f"{path} >= :f{place}",
            }[each.test]
        )
    return {
        "FilterExpression": " AND ".join(clauses),
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": values,
    }
