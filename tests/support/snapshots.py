"""All that AWS keeps for us, the table and results in the bucket: looked at, and put back.

The table is read and written by a client that nobody watches.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from boto3.dynamodb.types import TypeDeserializer

from tallybook.table import Item
from tests.support.imports import s3
from tests.support.local_table import NAME

type Key = tuple[str, str]

_MOST_WRITES = 25
_READ: Any = TypeDeserializer()


@dataclass(frozen=True)
class Snapshot:
    """Every item of the table by its key, and every object below `results/`."""

    items: Mapping[Key, Item]
    objects: Mapping[str, bytes]

    def plain(self, prefix: str = "") -> dict[Key, dict[str, Any]]:
        """The items of partitions that begin so, as Python's values."""
        return {
            key: {name: _READ.deserialize(value) for name, value in item.items()}
            for key, item in self.items.items()
            if key[0].startswith(prefix)
        }

    def without(self, *prefixes: str) -> dict[Key, Item]:
        """The items of the other partitions."""
        return {key: item for key, item in self.items.items() if not key[0].startswith(prefixes)}


def take(admin: Any, *, objects: bool = True) -> Snapshot:
    """`objects` False: of the table only, where no bucket is played."""
    found = dict(_objects()) if objects else {}
    return Snapshot({_key(item): item for item in _scan(admin)}, found)


def restore(admin: Any, wanted: Snapshot, *, objects: bool = True) -> None:
    """Make everything as it was."""
    now = take(admin, objects=objects)
    writes: list[dict[str, Any]] = [
        {"DeleteRequest": {"Key": {"pk": {"S": pk}, "sk": {"S": sk}}}}
        for pk, sk in now.items.keys() - wanted.items.keys()
    ]
    writes += [
        {"PutRequest": {"Item": item}}
        for key, item in wanted.items.items()
        if now.items.get(key) != item
    ]
    for start in range(0, len(writes), _MOST_WRITES):
        admin.batch_write_item(RequestItems={NAME: writes[start : start + _MOST_WRITES]})
    for key in now.objects.keys() - wanted.objects.keys():
        s3().delete_object(Bucket=_bucket(), Key=key)
    for key, content in wanted.objects.items():
        if now.objects.get(key) != content:
            s3().put_object(Bucket=_bucket(), Key=key, Body=content)


def _scan(admin: Any) -> Iterator[Item]:
    more: dict[str, Any] = {}
    while True:
        answer = admin.scan(TableName=NAME, ConsistentRead=True, **more)
        for item in answer["Items"]:
            for value in item.values():
                if "SS" in value:
                    value["SS"].sort()
            yield item
        if "LastEvaluatedKey" not in answer:
            return
        more = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _objects() -> Iterator[tuple[str, bytes]]:
    listed = s3().list_objects_v2(Bucket=_bucket(), Prefix="results/")
    for each in listed.get("Contents", []):
        yield each["Key"], s3().get_object(Bucket=_bucket(), Key=each["Key"])["Body"].read()


def _key(item: Item) -> Key:
    return item["pk"]["S"], item["sk"]["S"]


def _bucket() -> str:
    return os.environ["IMPORT_BUCKET"]
