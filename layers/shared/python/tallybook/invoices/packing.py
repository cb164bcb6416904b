"""Packs: as many invoices as fit into one transaction, with a block of numbers for all of them.

One transaction for each invoice would be as many writes of the series' one item, each in the way of
the next: ten thousand invoices of ten thousand clients are some seven hundred packs.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime

from tallybook.authors import By
from tallybook.clients.records import ClientRecord
from tallybook.dates import today
from tallybook.errors import ClientNotFound
from tallybook.invoices.finalizing import Finalized, block_for, sequences, write
from tallybook.ledger.books import Key
from tallybook.ledger.closing import stays_open
from tallybook.ledger.posting import book
from tallybook.numbering import series
from tallybook.settings import store as settings_store
from tallybook.settings.models import Settings
from tallybook.settings.records import SettingsRecord
from tallybook.table import Item, find_all, read
from tallybook.transactions import MOST_ACTIONS, MOST_BYTES, Transaction, bytes_of

_OF_ONE = 4  # its number, itself, its entries in the history and in the ledger
_OF_ALL = ("series", "closing")  # that moves on, and that the books stay open


@dataclass
class Gathered:
    """Some clients, what is worked on, and the settings, as read together."""

    settings: Settings
    today: date
    at: datetime
    items: dict[Key, Item]
    clients: dict[str, ClientRecord] = field(default_factory=dict)

    def client(self, client_id: str) -> ClientRecord:
        """Raises `ClientNotFound`, also while the client is being removed."""
        if client_id not in self.clients:
            item = self.items.get((f"CLIENT#{client_id}", "CLIENT"))
            if item is None or "removed_at" in item:
                raise ClientNotFound
            self.clients[client_id] = read(ClientRecord, item)
        return self.clients[client_id]


def gather(client_ids: Iterable[str], keys: Iterable[Key], at: datetime) -> Gathered:
    """The clients, the items of these keys, the settings and the series. One BatchGetItem."""
    clients = [(f"CLIENT#{client_id}", "CLIENT") for client_id in client_ids]
    wanted = dict.fromkeys([SettingsRecord.KEY, *sequences(at), *clients, *keys])
    items = {
        (item["pk"]["S"], item["sk"]["S"]): item for item in find_all(list(wanted), consistent=True)
    }
    firm = items.get(SettingsRecord.KEY)
    settings = settings_store.remember(read(SettingsRecord, firm) if firm else None)
    return Gathered(settings, today(at, settings.time_zone), at, items)


@dataclass
class Pack:
    """What one transaction does, and how much of one it comes to."""

    found: Gathered
    block: series.Block | None = None
    ready: list[Finalized] = field(default_factory=list)
    also: Transaction = field(default_factory=Transaction)
    seen: set[Hashable] = field(default_factory=set)  # what is written once for several: clients …
    actions: int = 0
    size: int = 0

    def numbers(self, one: Finalized) -> bool:
        """Give the invoice the next number; False where it belongs into another pack.

        Such is one of another year: its number is of another series, or names another year.
        """
        if self.block is None:
            found = self.found
            self.block = block_for(found.settings, one.issue_date, found.items, found.at)
        if one.issue_date.year != self.block.year:
            return False
        one.numbered(self.block.number(len(self.ready)))
        return True

    def takes(
        self, one: Finalized, also: Transaction, once: Iterable[Hashable] = (), size: int = 0
    ) -> bool:
        """Put in the invoice that was numbered, and `also` with it, if there is room.

        `once` names what somebody writes once for several, an action each; `size` are the bytes of
        what is written beside the invoice.
        """
        client_id, month = one.client_id, f"{one.issue_date:%Y-%m}"
        once = {client_id, (client_id, one.posting.currency, month), *_OF_ALL, *once}
        own = _OF_ONE + one.opened
        if not self.has_room(own + len(also), once, size + bytes_of(one.after.serialize())):
            return False
        self.ready.append(one)
        self.also.extend(also)
        return True

    def also_takes(self, also: Transaction, once: Iterable[Hashable], size: int = 0) -> bool:
        """Put in what is not finalized, of so many bytes, if there is room."""
        fits = self.has_room(len(also), once, size)
        if fits:
            self.also.extend(also)
        return fits

    def has_room(self, actions: int, once: Iterable[Hashable] = (), size: int = 0) -> bool:
        """Whether so much more fits; then it is counted."""
        further = set(once) - self.seen
        actions += self.actions + len(further)
        is_first = not self.seen
        if not is_first and (actions > MOST_ACTIONS or self.size + size > MOST_BYTES):
            return False
        self.actions, self.size = actions, self.size + size
        self.seen |= further
        return True

    def written(self, *, by: By | None, while_active: bool = False) -> Transaction:
        """The transaction: 90 actions and more, where there is as much to do.

        See `account.change` for `while_active`.
        """
        transaction, of_client = Transaction(), defaultdict[str, list[Finalized]](list)
        for one in self.ready:
            of_client[one.client_id].append(one)
        if self.block and self.ready:
            owners = {each.number: (each.client_id, each.invoice_id) for each in self.ready}
            series.take(transaction, self.block, owners)
            for one in self.ready:
                write(transaction, one, by=by, at=self.found.at)
            earliest = min(one.issue_date for one in self.ready)
            stays_open(transaction, earliest, self.found.settings, today=self.found.today)
        transaction.extend(self.also)
        for client_id, some in of_client.items():
            book(
                transaction,
                self.found.client(client_id),
                [one.posting for one in some],
                at=self.found.at,
                opened=sum(one.opened for one in some),
                finalized=len(some),
                while_active=while_active,
            )
        return transaction
