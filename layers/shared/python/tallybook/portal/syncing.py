"""Keeping the pool in step with the table: who may sign in follows from the state of the clients.

A user is disabled only when all of their clients are suspended or gone (DESIGN.md, section 4, 7),
and deleted when no client is left.
"""

from tallybook.dates import now
from tallybook.errors import Busy
from tallybook.ids import new_id
from tallybook.portal import memberships, pool
from tallybook.portal.turns import turn

_ATTEMPTS = 10


def sync_client(client_id: str) -> int:
    """Look at every user of a client that was suspended or activated. Returns how many."""
    users = sorted(memberships.users_of(client_id))
    for sub in users:
        sync_user(sub)
    return len(users)


def sync_user(sub: str) -> bool:
    """Enable or disable the user; returns which.

    Looks again afterwards until nothing changed meanwhile: of two workers that look at different
    times, the one that acts last has then looked last. Raises `Busy`.
    """
    seen = memberships.standing_of(sub)
    for _ in range(_ATTEMPTS):
        pool.set_enabled(sub, enabled=any(seen.values()))
        again = memberships.standing_of(sub)
        if again == seen:
            return any(seen.values())
        seen = again
    raise Busy


def part_with(sub: str) -> str:
    """What becomes of a user who lost a client: "enabled", "disabled", or "gone" with the last.

    Raises `NotYourTurn` while an invitation to the address is being prepared.
    """
    if sync_user(sub):
        return "enabled"
    user = pool.find(sub)
    if user is None:
        return "gone"
    at = now()
    with turn(user.email, new_id(at), at=at):  # not even with another worker on this user
        return "gone" if forget(sub) else "disabled"


def forget(sub: str) -> bool:
    """Delete the user unless they have a client; says whether.

    Only inside the turn of their address, where nobody else makes them a member.
    """
    if memberships.of(sub):
        return False
    pool.delete(sub)
    return True
