"""The whole table: its chart, its keys, its base record, and how it is read.

| item | pk | sk |
|---|---|---|
| ClientRecord | `CLIENT#<client_id>` | `CLIENT` |
| ContactRecord | `CLIENT#<client_id>` | `CONTACT#<contact_id>` |
| HistoryRecord | `CLIENT#<client_id>` | `HISTORY#<entry_id>` |
| EmailRecord | `CLIENT#<client_id>` | `EMAIL#<email_id>` |
| FirmEmailRecord | `FIRM` | `EMAIL#<email_id>` |
| SentTextRecord | `CLIENT#<client_id>` | `SENTTEXT#<email_id>` |
| SmsRecord | `CLIENT#<client_id>` | `SMS#<sms_id>` |
| LedgerRecord | `CLIENT#<client_id>` | `LEDGER#<currency>#<date>#<entry_id>` |
| MonthRecord | `CLIENT#<client_id>` | `MONTH#<currency>#<yyyy-mm>` |
| InvoiceRecord | `CLIENT#<client_id>` | `INVOICE#<invoice_id>` |
| OpenInvoiceRecord | `CLIENT#<client_id>` | `OPEN#<currency>#<due_date>#<invoice_id>` |
| ToSendRecord | `CLIENT#<client_id>` | `TOSEND#<invoice_id>` |
| CreditNoteRecord | `CLIENT#<client_id>` | `CREDITNOTE#<credit_note_id>` |
| PaymentRecord | `CLIENT#<client_id>` | `PAYMENT#<payment_id>` |
| EstimateRecord | `CLIENT#<client_id>` | `ESTIMATE#<estimate_id>` |
| RecurringRecord | `CLIENT#<client_id>` | `RECURRING#<recurring_id>` |
| PromiseRecord | `CLIENT#<client_id>` | `PROMISE#<promise_id>` |
| ServiceRecord | `CLIENT#<client_id>` | `SERVICE#<service_id>` |
| DeliveryRecord | `CLIENT#<client_id>` | `DELIVERY#<service_id>#<delivery_id>` |
| TaskRecord | `CLIENT#<client_id>` | `TASK#<task_id>` |
| MissedRecord | `CLIENT#<client_id>` | `MISSED#<date>#<kind>#<ref>` |
| LinkRecord | `CLIENT#<client_id>` | `PAYLINK#<link_id>` |
| HeldRecord | `CLIENT#<client_id>` | `HELD#<kind>#<id>` |
| UniqueRecord | `UNIQUE#<field>#<value>` | `UNIQUE` |
| SearchRecord | `SEARCH#<first two characters>` | `<token>#<client_id>` |
| ReachRecord | `REACH#<address or number>` | `<client_id>#<contact_id>` |
| ReceivedRecord | `RECEIVED#<hash of where it came from>` | `RECEIVED` |
| InboxRecord | `INBOX#<message_id>` | `INBOX` |
| MembershipRecord | `PORTALUSER#<sub>` | `CLIENT#<client_id>` |
| PasswordTurnRecord | `PASSWORDTURN#<address>` | `PASSWORDTURN` |
| NumberRecord | `NUMBER#<series>#<number>` | `NUMBER` |
| SequenceRecord | `SEQUENCE#<name>` | `SEQUENCE` |
| SettingsRecord | `SETTINGS` | `SETTINGS` |
| StaffRecord | `STAFF#<staff_id>` | `STAFF` |
| FavouriteRecord | `STAFF#<staff_id>` | `FAVOURITE#<client_id>` |
| TemplateRecord | `TEMPLATE#<name>` | `TEMPLATE` |
| WorkflowRecord | `WORKFLOW#<workflow_id>` | `WORKFLOW` |
| ImportRecord | `IMPORT#<import_id>` | `IMPORT` |
| LayoutRecord | `IMPORT#<import_id>` | `LAYOUT` |
| ChunkRecord | `IMPORT#<import_id>` | `CHUNK#<number>` |
| JobRecord | `IMPORT#<import_id>` | `JOB#<job_id>` |
| BeforeRecord | `IMPORT#<import_id>` | `BEFORE#<client_id>` |
| IdempotencyRecord | `IDEMPOTENCY#<key>` | `IDEMPOTENCY` |

| index | record | partition | sort |
|---|---|---|---|
| `listing` | ClientRecord | `CLIENTS` | `<sort name>#<client_id>` |
| `listing` | StaffRecord | `STAFF` | `<sort name>#<staff_id>` |
| `listing` | ImportRecord | `IMPORTS` | `<import_id>` |
| `listing` | InboxRecord | `INBOX` | `<message_id>` |
| `listing` | TemplateRecord | `TEMPLATES` | `<name>` |
| `listing` | InvoiceRecord | `INVOICES` | `<issue_date>#<invoice_id>` |
| `listing` | CreditNoteRecord | `CREDITNOTES` | `<issue_date>#<credit_note_id>` |
| `listing` | EstimateRecord | `ESTIMATES` | `<issue_date>#<estimate_id>` |
| `listing` | RecurringRecord | `RECURRING` | `<recurring_id>` |
| `listing` | PaymentRecord | `PAYMENTS` | `<date>#<payment_id>` |
| `listing` | MonthRecord | `MONTHS#<yyyy-mm>` | `<currency>#<client_id>` |
| `listing` | TaskRecord | `TASKS#<assignee>` while it is open | `<due_date>#<task_id>` |
| `listing` | WorkflowRecord | `WORKFLOWS` | `<sort name>#<workflow_id>` |
| `agenda` | ClientRecord | `DUE#client` | `<moment>#<client_id>` |
| `agenda` | RecurringRecord | `DUE#recurring` | `<moment>#<client_id>#<recurring_id>` |
| `agenda` | ServiceRecord | `DUE#webhook` | `<moment>#<client_id>#<service_id>` |
| `agenda` | WorkflowRecord | `DUE#workflow` | `<moment>#<workflow_id>` |
| `agenda` | SettingsRecord | `DUE#workflow` | `<moment>` |
| `by_date` | ClientRecord | `CLIENTS` | `<client_id>` |
| `by_date` | InvoiceRecord | `DRAFTS`, `OPEN`; absent once closed | `<due_date>#<invoice_id>` |
| `by_date` | CreditNoteRecord | `CREDITS` while some is left | `<issue_date>#<credit_note_id>` |
| `by_date` | PaymentRecord | `CREDITS` while some is left | `<date>#<payment_id>` |
| `by_date` | LedgerRecord | `JOURNAL#<yyyy-mm>` | `<date>#<entry_id>` |

The indexes `listing` and `by_date` project `row`: what a list shows of the item; `listing` the sums
of a month, too; `agenda` holds the keys of what falls due (see agenda).
"""

import os
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from pynamodb.attributes import Attribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path
from pynamodb.expressions.update import Action
from pynamodb.models import Model

from tallybook import dynamodb
from tallybook.dynamodb import call, pause

TABLE_NAME = os.environ["TABLE_NAME"]

type Item = dict[str, dict[str, Any]]
"""An item as DynamoDB sends it: {"pk": {"S": "CLIENT#01J…"}, …}."""

MOST_KEYS = 100  # of a BatchGetItem
MOST_WRITES = 25  # of a BatchWriteItem


class Record(Model):
    """The base of every item. `KEY` is the item's row in the chart."""

    KEY: ClassVar[tuple[str, str]]

    class Meta:
        table_name = TABLE_NAME

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)


class DecimalAttribute(Attribute[Decimal]):
    """An exact number (PynamoDB's own refuses Decimal)."""

    attr_type = "N"

    def serialize(self, value: Decimal) -> Any:
        return str(value)

    def deserialize(self, value: Any) -> Decimal:
        return Decimal(value)


class PlainMapAttribute(Attribute[dict[str, Any]]):
    """A map of plain values, with exact numbers (PynamoDB's own map makes them float)."""

    attr_type = "M"

    def serialize(self, value: dict[str, Any]) -> Any:
        return encode(value)["M"]

    def deserialize(self, value: Any) -> dict[str, Any]:
        return {key: decode(part) for key, part in value.items()}


class PlainListAttribute(Attribute[list[Any]]):
    """A list of plain values, with exact numbers."""

    attr_type = "L"

    def serialize(self, value: list[Any]) -> Any:
        return encode(value)["L"]

    def deserialize(self, value: Any) -> list[Any]:
        return [decode(part) for part in value]


def decode(value: dict[str, Any]) -> Any:
    """An attribute value as Python: {"L": [{"N": "1.50"}]} gives [Decimal("1.50")].

    DynamoDB does not keep zeros at the end, so a whole number comes back as int.
    """
    ((kind, content),) = value.items()
    match kind:
        case "S" | "BOOL":
            return content
        case "M":
            return {key: decode(part) for key, part in content.items()}
        case "L":
            return [decode(part) for part in content]
        case "N":
            return int(content) if content.lstrip("-").isdecimal() else Decimal(content)
        case "SS":
            return set(content)
        case "NULL":
            return None
    raise TypeError(f"{kind} attributes are not used in this table")


def encode(value: Any) -> dict[str, Any]:
    """The attribute value of a Python value; None inside a map is left out."""
    match value:
        case bool():
            return {"BOOL": value}
        case str():
            return {"S": value}
        case int() | Decimal():
            return {"N": str(value)}
        case dict():
            return {"M": {key: encode(part) for key, part in value.items() if part is not None}}
        case list() | tuple():
            return {"L": [encode(part) for part in value]}
        case set() if value:
            return {"SS": sorted(value)}
    raise TypeError(f"{type(value).__name__} values cannot be stored")


def absent(record: type[Record]) -> Condition:
    """The condition that no item has the record's key."""
    return record.pk.does_not_exist()


def present(record: type[Record]) -> Condition:
    return record.pk.exists()


def find[R: Record](record: type[R], pk: str, sk: str) -> R | None:
    """The record with this key, read consistently, or None. One GetItem."""
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    answer = call("get_item", TableName=TABLE_NAME, Key=key, ConsistentRead=True)
    return read(record, answer["Item"]) if "Item" in answer else None


def find_all(keys: Sequence[tuple[str, str]], *, consistent: bool = False) -> list[Item]:
    """The items with these keys, in the order of the keys; missing ones are left out.

    One BatchGetItem for every hundred keys, and more only when DynamoDB leaves keys over.
    """
    found: dict[tuple[str, str], Item] = {}
    waiting = [{"pk": {"S": pk}, "sk": {"S": sk}} for pk, sk in keys]
    while waiting:
        now, waiting = waiting[:MOST_KEYS], waiting[MOST_KEYS:]
        request = {TABLE_NAME: {"Keys": now, "ConsistentRead": consistent}}
        answer = call("batch_get_item", RequestItems=request)
        for item in answer["Responses"].get(TABLE_NAME, []):
            found[item["pk"]["S"], item["sk"]["S"]] = item
        left_over = answer.get("UnprocessedKeys", {}).get(TABLE_NAME)
        if left_over:
            waiting = left_over["Keys"] + waiting
            pause(1)
    return [found[key] for key in keys if key in found]


def put_all(records: Iterable[Record]) -> None:
    """Write records without conditions: one BatchWriteItem for every 25."""
    _write_all([{"PutRequest": {"Item": record.serialize()}} for record in records])


def delete_all(keys: Iterable[Item]) -> None:
    """Delete the items with these keys ({"pk", "sk"}): one BatchWriteItem for every 25."""
    _write_all([{"DeleteRequest": {"Key": key}} for key in keys])


def _write_all(waiting: list[dict[str, Any]]) -> None:
    attempt = 1
    while waiting:
        now, waiting = waiting[:MOST_WRITES], waiting[MOST_WRITES:]
        answer = call("batch_write_item", RequestItems={TABLE_NAME: now})
        left_over = answer.get("UnprocessedItems", {}).get(TABLE_NAME, [])
        if left_over:
            waiting = left_over + waiting
            pause(attempt)
            attempt += 1


def query(**request: Any) -> tuple[list[Item], Item | None]:
    """One Query: its items as DynamoDB sends them, and where to go on; None at the end."""
    answer = call("query", TableName=TABLE_NAME, **request)
    return answer["Items"], answer.get("LastEvaluatedKey")


def query_prefix(pk: str, prefix: str, **request: Any) -> tuple[list[Item], Item | None]:
    """One Query for the items of a partition whose sort key begins with `prefix`."""
    return query(
        KeyConditionExpression="pk = :pk AND begins_with(sk, :prefix)",
        ExpressionAttributeValues={":pk": {"S": pk}, ":prefix": {"S": prefix}},
        **request,
    )


def query_all(pk: str, prefix: str, **request: Any) -> Iterator[Item]:
    """Every item of a partition whose sort key begins with `prefix`: a Query for each page."""
    while True:
        items, last = query_prefix(pk, prefix, **request)
        yield from items
        if last is None:
            return
        request["ExclusiveStartKey"] = last


def read[R: Record](record: type[R], item: Item) -> R:
    """The record that an item holds."""
    return record.from_raw_data(item)


def differences(before: Record, after: Record) -> list[Action]:
    """The update actions that turn the item of `before` into that of `after`.

    Maps are compared member by member, so that what others change in the same map meanwhile
    (a total in `row`, say) is left alone.
    """
    return list(_differences((), before.serialize(), after.serialize()))


def _differences(path: tuple[str, ...], before: Item, after: Item) -> Iterable[Action]:
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        here = Path([*path, name])
        if new is None:
            yield here.remove()
        elif old is not None and "M" in old and "M" in new and not path:
            yield from _differences((*path, name), old["M"], new["M"])
        else:
            yield here.set(new)


# PynamoDB would make a client of its own during the first request. All records share this one.
Record._get_connection().connection._client = dynamodb.client
