"""Creating a client: everything that one transaction takes to make it."""

from dataclasses import dataclass
from datetime import datetime

from tallybook.clients import numbers
from tallybook.clients.index import guard, tokenize
from tallybook.clients.mapping import new_record, to_client
from tallybook.clients.models import Client, NewClient
from tallybook.clients.records import ClientRecord
from tallybook.clients.rules import number_text, sequence_of
from tallybook.clients.store import check_references
from tallybook.dates import timestamp
from tallybook.errors import Busy, NumberTaken
from tallybook.idempotency import Once
from tallybook.ids import new_id
from tallybook.settings import store as settings_store
from tallybook.table import absent
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, until_unchanged

_RACES = 3  # lost, until a client is created without racing


@dataclass
class _Creation:
    """A client being created, over its attempts."""

    client_id: str
    new: NewClient
    by: str
    at: datetime
    once: Once
    lost: int = 0  # races for the settings or the sequence
    skip: int = 0  # numbers of the sequence that were given by hand

    def attempt(self) -> Client:
        """One transaction, on the condition that the settings and the sequence are as remembered.

        Who lost that race a few times reads the settings and reserves a number before.
        """
        alone = self.lost >= _RACES
        settings = settings_store.get() if alone else settings_store.remembered()
        pattern = settings.numbering.client
        if self.new.number:
            number, taken = self.new.number, sequence_of(pattern, self.new.number)
        else:
            taken = numbers.draw(skip=self.skip, alone=alone)
            number = number_text(pattern, taken)
        record = self._record(number, settings.currency)
        client = to_client(record, self.by, self.at)

        transaction = Transaction()
        self.once.claim(transaction, client)
        if not alone:
            settings_store.unchanged(transaction, settings)
        following = numbers.take(transaction, taken)
        check_references(transaction, None, record)
        transaction.put(record, absent(ClientRecord))
        guard(transaction, None, record)
        tokenize(transaction, None, record)
        self._commit(transaction, pattern, alone=alone)
        numbers.remember(following)
        return client

    def _commit(self, transaction: Transaction, pattern: str, *, alone: bool) -> None:
        """Raises `VersionChanged` when another attempt may do better."""
        try:
            transaction.commit()
        except NumberTaken:
            if self.new.number:
                raise
            self.skip = numbers.gap(pattern)
            raise VersionChanged from None
        except Busy:
            if alone:
                raise
            self.lost = _RACES
            raise VersionChanged from None
        except VersionChanged:
            self.lost += 1
            raise

    def _record(self, number: str, currency: str) -> ClientRecord:
        given = {"number": number, "currency": self.new.currency or currency}
        complete = self.new.model_copy(update=given)
        return new_record(self.client_id, complete, at=timestamp(self.at))


def create(new: NewClient, *, by: str, at: datetime, once: Once) -> Client:
    """Create a client; without a number it gets the next one of the sequence.

    Raises `NumberTaken`, `EmailTaken`, and `InvalidField` for an unknown AR specialist or workflow.
    """
    creation = _Creation(client_id=new_id(at), new=new, by=by, at=at, once=once)
    return until_unchanged(creation.attempt)
