"""The firm's settings in the table."""

from datetime import datetime

from pynamodb.expressions.condition import Condition

from tallybook import agenda
from tallybook.dates import timestamp, today
from tallybook.errors import InvalidField
from tallybook.models import merged_into
from tallybook.settings.models import NewSettings, Settings, SettingsPatch
from tallybook.settings.records import SettingsRecord
from tallybook.table import Item, absent, find, read
from tallybook.transactions import Transaction
from tallybook.versions import VersionChanged, etag, must_match, until_unchanged, version_changed
from tallybook.workflows.guard import must_exist

_KEY = SettingsRecord.KEY
_remembered: Settings | None = None


def get() -> Settings:
    """The settings; the defaults, with version 0, when none were ever set."""
    return remember(find(SettingsRecord, *_KEY))


def change(patch: SettingsPatch, *, at: datetime, if_match: str | None) -> Settings:
    """Merge `patch` into the settings. Raises `StaleVersion` and `InvalidField`.

    Where it decides about reminders, every client with an open invoice is looked at.
    """

    def edit() -> Settings:
        now_stored = find(SettingsRecord, *_KEY)
        before = remember(now_stored)
        must_match(if_match, etag(before.version))
        document = patch.model_dump(exclude_unset=True)
        stored = _without_answers(before)
        after = merged_into(NewSettings, stored, document)
        if after == NewSettings.model_validate(stored):
            return before
        _closes_what_is_over(before, after, at)
        record = SettingsRecord(
            *_KEY,
            settings=after.model_dump(mode="json", exclude_none=True),
            updated_at=timestamp(at),
            version=before.version + 1,
        )
        _call_clients(record, now_stored, before, after, at)
        transaction = Transaction()
        transaction.put(record, _is_version(before.version), version_changed)
        if after.workflow_id and after.workflow_id != before.workflow_id:
            must_exist(transaction, after.workflow_id)
        transaction.commit()
        return remember(record)

    return until_unchanged(edit)


def remembered() -> Settings:
    """The settings as this container last saw them, without a read when it did.

    They may have changed since: add `unchanged` to the transaction that relies on them.
    """
    return _remembered or get()


def unchanged(transaction: Transaction, settings: Settings) -> None:
    """Make `transaction` fail with `VersionChanged` when the settings are others by now."""
    transaction.check(SettingsRecord(*_KEY), _is_version(settings.version), _learn)


def remember(record: SettingsRecord | None) -> Settings:
    global _remembered  # noqa: PLW0603 - a cache per container is the purpose
    if record is None:
        _remembered = Settings(updated_at=None, version=0)
    else:
        moment = datetime.fromisoformat(record.updated_at)
        _remembered = Settings(**record.settings, updated_at=moment, version=int(record.version))
    return _remembered


def _closes_what_is_over(before: Settings, after: NewSettings, at: datetime) -> None:
    """Books are closed up to a day that is over: what is dated today needs no look at them."""
    closed_until = after.billing.closed_until
    if closed_until is None or closed_until < today(at, after.time_zone):
        return
    if (closed_until, after.time_zone) != (before.billing.closed_until, before.time_zone):
        raise InvalidField("billing.closed_until", "Books can be closed up to yesterday.")


def _call_clients(
    record: SettingsRecord,
    now_stored: SettingsRecord | None,
    before: Settings,
    after: NewSettings,
    at: datetime,
) -> None:
    """What the agenda knows of the settings already stays in it: nobody may have looked yet."""
    deciding = ("workflow_id", "sending", "time_zone")
    if any(getattr(before, each) != getattr(after, each) for each in deciding):
        record.agenda_pk, record.agenda_sk = agenda.place("workflow", at)
    elif now_stored is not None:
        record.agenda_pk, record.agenda_sk = now_stored.agenda_pk, now_stored.agenda_sk


def _learn(item: Item) -> VersionChanged:
    remember(read(SettingsRecord, item) if item else None)
    return VersionChanged()


def _is_version(version: int) -> Condition:
    return absent(SettingsRecord) if version == 0 else SettingsRecord.version == version


def _without_answers(settings: Settings) -> dict[str, object]:
    return settings.model_dump(
        include=set(NewSettings.model_fields), exclude={"address": {"country_name"}}
    )
