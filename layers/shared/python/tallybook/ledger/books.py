"""What everything that is booked begins with: the client, the settings and more, in one read."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from tallybook import dates
from tallybook.clients.records import ClientRecord
from tallybook.errors import ClientNotFound
from tallybook.ids import is_ulid
from tallybook.settings import store
from tallybook.settings.models import Settings
from tallybook.settings.records import SettingsRecord
from tallybook.table import Item, find_all, read

type Key = tuple[str, str]


@dataclass(frozen=True)
class Books:
    """`own` are the client's items by sort key, `others` those of elsewhere by key.

    `today` is the day that it is where the firm is.
    """

    client: ClientRecord
    settings: Settings
    today: date
    own: Mapping[str, Item]
    others: Mapping[Key, Item]


def look_up(client_id: str, *sort_keys: str, others: Iterable[Key] = (), at: datetime) -> Books:
    """The client, the settings, and those of these items that are there. One BatchGetItem.

    `sort_keys` are of the client's items. Raises `ClientNotFound`, also while it is being removed.
    """
    if not is_ulid(client_id):
        raise ClientNotFound
    pk, sk = f"CLIENT#{client_id}", "CLIENT"
    keys = [(pk, sk), SettingsRecord.KEY, *((pk, each) for each in sort_keys), *others]
    found = {
        (item["pk"]["S"], item["sk"]["S"]): item
        for item in find_all(list(dict.fromkeys(keys)), consistent=True)
    }
    item, firm = found.pop((pk, sk), None), found.pop(SettingsRecord.KEY, None)
    if item is None or "removed_at" in item:
        raise ClientNotFound
    settings = store.remember(read(SettingsRecord, firm) if firm else None)
    own = {key[1]: each for key, each in found.items() if key[0] == pk}
    elsewhere = {key: each for key, each in found.items() if key[0] != pk}
    today = dates.today(at, settings.time_zone)
    return Books(read(ClientRecord, item), settings, today, own, elsewhere)
