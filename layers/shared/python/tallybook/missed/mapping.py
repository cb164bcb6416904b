"""Between what was missed as the API knows it and its items in the table."""

from datetime import date

from tallybook.missed.kinds import MissedKind

PREFIX = "MISSED#"


def sort_key(day: date, kind: MissedKind, ref: str) -> str:
    return f"{PREFIX}{day}#{kind}#{ref}"


def id_of(sort_key: str) -> str:
    """The id under which the API knows an item: its key, but for what an address cannot hold."""
    return sort_key.removeprefix(PREFIX).replace("#", ".")


def key_of(missed_id: str) -> str:
    """The sort key of the item with this id: none of its parts has a dot."""
    return PREFIX + missed_id.replace(".", "#")
