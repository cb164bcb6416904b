"""Staff members in the table, beside the pool that lets them in.

A change is written to the table first, where transactions keep the last owner, and then to the
pool; every step can be repeated, so a crash in between is mended by sending the change again.
"""

from datetime import datetime, timedelta

from pynamodb.expressions.condition import Condition
from pynamodb.expressions.operand import Path

from tallybook.callers import Caller
from tallybook.dates import timestamp
from tallybook.errors import LastOwner, StaffMemberExists, StaffMemberNotFound
from tallybook.idempotency import Once
from tallybook.staff import pool
from tallybook.staff.models import NewStaffMember, RoleName, StaffMember, StaffPatch
from tallybook.staff.records import StaffRecord, StaffRowMap
from tallybook.table import absent, differences, find, query, read
from tallybook.text import sort_key
from tallybook.transactions import Transaction
from tallybook.versions import etag, must_match, until_unchanged, version_changed

_LONGEST_ID = 60  # a `sub` of Cognito has 36 characters
_SETTLED = timedelta(seconds=60)  # a change of a role has reached the pool, and clocks agree


def add(new: NewStaffMember, *, at: datetime, once: Once) -> StaffMember:
    """Invite a staff member: the pool mails a temporary password.

    Raises `StaffMemberExists`. A user whom the pool knows and the table does not is what a crash
    left behind: the invitation goes on from there.
    """
    once.recall()
    try:
        staff_id = pool.add(new.email, new.name)
    except StaffMemberExists:
        found = pool.find(new.email)
        if found is None or _find(found):
            raise
        staff_id = found
        pool.set_name(new.email, new.name)
    pool.set_role(new.email, new.role)
    record = _record(staff_id, new.email, new.name, new.role, at=at)
    member = _to_member(record)
    transaction = Transaction()
    once.claim(transaction, member)
    transaction.put(record, absent(StaffRecord), lambda _: StaffMemberExists(new.email))
    transaction.commit()
    return member


def invite_again(staff_id: str, *, once: Once) -> StaffMember:
    """Let the pool mail a new temporary password to a member who has not signed in yet.

    Raises `StaffMemberNotFound` and `AlreadySignedIn`.
    """
    once.recall()
    member = get(staff_id)
    pool.add_again(member.email)
    transaction = Transaction()
    once.claim(transaction, member)
    transaction.commit()
    return member


def register(caller: Caller, *, at: datetime) -> StaffMember:
    """The member who asks, as the table knows them from now on.

    The pool decides who comes in, and with which role: whom it lets in and the table does not know
    (the first owner) is written down, and a role that was changed in the pool (`make owner`) is
    taken over.
    """

    def attempt() -> StaffMember:
        before = _find(caller.staff_id)
        transaction = Transaction()
        if before is None:
            after = _record(caller.staff_id, caller.email, caller.name, caller.role.label, at=at)
            transaction.put(after, absent(StaffRecord), version_changed)
        else:
            after = read(StaffRecord, before.serialize())
            if _knows_better(caller, before):
                after.row.role = caller.role.label
            _update(transaction, before, after, at=at)
        transaction.commit()
        return _to_member(after)

    return until_unchanged(attempt)


def _knows_better(caller: Caller, record: StaffRecord) -> bool:
    """Whether the caller's token is from after the record's last change, and so is its role."""
    changed_at = datetime.fromisoformat(record.row.updated_at)
    return caller.issued_at is not None and caller.issued_at > changed_at + _SETTLED


def get(staff_id: str) -> StaffMember:
    """Raises `StaffMemberNotFound`."""
    return _to_member(_current(staff_id))


def page(*, limit: int, after: str | None) -> tuple[list[StaffMember], str | None]:
    """Staff members by name, and the position to go on from. One query."""
    items, _ = query(
        IndexName="listing",
        KeyConditionExpression="listing_pk = :staff AND listing_sk > :after",
        ExpressionAttributeValues={":staff": {"S": "STAFF"}, ":after": {"S": after or " "}},
        Limit=limit + 1,
    )
    members = [_to_member(read(StaffRecord, item)) for item in items[:limit]]
    position = items[limit - 1]["listing_sk"]["S"] if len(items) > limit else None
    return members, position


def change(staff_id: str, patch: StaffPatch, *, at: datetime, if_match: str | None) -> StaffMember:
    """Change name, role or access. Raises `LastOwner` and `StaleVersion`."""

    def attempt() -> StaffMember:
        before = _current(staff_id)
        must_match(if_match, etag(int(before.row.version)))
        after = read(StaffRecord, before.serialize())
        _enter(after, patch)
        transaction = Transaction()
        _update(transaction, before, after, at=at)
        if _is_owner(before) and not _is_owner(after):
            transaction.check(_other_owner(staff_id), _owns(), version_changed)
        transaction.commit()
        return _to_member(after)

    member = until_unchanged(attempt)
    _tell_pool(member, patch)
    return member


def _update(
    transaction: Transaction, before: StaffRecord, after: StaffRecord, *, at: datetime
) -> None:
    """Add what turns `before` into `after` as its next version; nothing when they are the same."""
    if differences(before, after):
        after.row.version, after.row.updated_at = int(before.row.version) + 1, timestamp(at)
        transaction.update(
            before, differences(before, after), _is_unchanged(before), version_changed
        )


def _tell_pool(member: StaffMember, patch: StaffPatch) -> None:
    if patch.name is not None:
        pool.set_name(member.email, member.name)
    if patch.role is not None:
        pool.set_role(member.email, member.role)
        pool.end_sessions(member.email)
    if patch.active is not None:
        pool.set_active(member.email, active=member.active)


def _other_owner(staff_id: str) -> StaffRecord:
    """An active owner beside `staff_id`. Raises `LastOwner` when there is none."""
    after: str | None = None
    while True:
        members, after = page(limit=100, after=after)
        for each in members:
            if each.role == "owner" and each.active and each.staff_id != staff_id:
                return StaffRecord(*_key(each.staff_id))
        if after is None:
            raise LastOwner


def _owns() -> Condition:
    is_active = Path(["row", "active"]) == True  # noqa: E712 - a PynamoDB condition
    both: Condition = is_active & (Path(["row", "role"]) == "owner")
    return both


def _is_owner(record: StaffRecord) -> bool:
    return record.row.role == "owner" and bool(record.row.active)


def _is_unchanged(record: StaffRecord) -> Condition:
    unchanged: Condition = Path(["row", "version"]) == record.row.version
    return unchanged


def _enter(record: StaffRecord, patch: StaffPatch) -> None:
    if patch.name is not None:
        record.row.name = patch.name
        record.listing_sk = _position(patch.name, record.pk)
    if patch.role is not None:
        record.row.role = patch.role
    if patch.active is not None:
        record.row.active = patch.active


def _record(staff_id: str, email: str, name: str, role: str, *, at: datetime) -> StaffRecord:
    pk, sk = _key(staff_id)
    return StaffRecord(
        pk,
        sk,
        listing_pk="STAFF",
        listing_sk=_position(name, pk),
        row=StaffRowMap(  # type: ignore[no-untyped-call]
            email=email,
            name=name,
            role=role,
            active=True,
            created_at=timestamp(at),
            updated_at=timestamp(at),
            version=1,
        ),
    )


def _key(staff_id: str) -> tuple[str, str]:
    return f"STAFF#{staff_id}", "STAFF"


def _position(name: str, pk: str) -> str:
    return f"{sort_key(name)}#{pk.removeprefix('STAFF#')}"


def _find(staff_id: str) -> StaffRecord | None:
    # A path can hold more than the 2048 bytes that DynamoDB takes as a key.
    return find(StaffRecord, *_key(staff_id)) if len(staff_id) <= _LONGEST_ID else None


def _current(staff_id: str) -> StaffRecord:
    record = _find(staff_id)
    if record is None:
        raise StaffMemberNotFound
    return record


def _to_member(record: StaffRecord) -> StaffMember:
    role: RoleName = record.row.role  # type: ignore[assignment]
    return StaffMember(
        staff_id=record.pk.removeprefix("STAFF#"),
        email=record.row.email,
        name=record.row.name,
        role=role,
        active=bool(record.row.active),
        created_at=datetime.fromisoformat(record.row.created_at),
        updated_at=datetime.fromisoformat(record.row.updated_at),
        version=int(record.row.version),
    )
