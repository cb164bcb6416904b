"""What the function `portal_access` does: it lets people into the portal, and keeps them out.

It alone makes temporary passwords. One exists in this process, in the pool and in the mail; what is
kept of the mail is written a second time with dots in its place, so that no template can put it
there, not even spelled another way.
"""

from contextlib import AbstractContextManager, nullcontext, suppress
from typing import Any

from tallybook import claims
from tallybook.dates import now
from tallybook.errors import ClientNotFound, TemplateNotFound
from tallybook.mail.composing import Stationery
from tallybook.mail.holding import no_longer_held
from tallybook.mail.letters import Letter, is_due, look
from tallybook.mail.rendering import Rendered, Unrenderable
from tallybook.mail.sending import Post, fail, give, kept, write
from tallybook.portal import address, pool
from tallybook.portal.memberships import Superseded, grant, must_be_invited_by
from tallybook.portal.rules import LASTS
from tallybook.portal.syncing import forget, part_with, sync_client, sync_user
from tallybook.portal.turns import turn

_DOTS = "•" * 8


class _Indiscreet(Exception):
    """The template says the password where it would be kept."""


def work(message: dict[str, Any]) -> dict[str, object]:
    """Send an invitation, or look at the users of a client, or at one user.

    The message names a mail and its client, a client that was suspended or activated, or a user
    (`sub`) who lost a client.
    """
    match message:
        case {"client_id": str(client_id), "email_id": str(email_id)}:
            return {"state": _invite(client_id, email_id)}
        case {"client_id": str(client_id)}:
            return {"users": sync_client(client_id)}
        case {"sub": str(sub)}:
            return {"user": part_with(sub)}
    raise ValueError("the message names no mail, client or user")


def _invite(client_id: str, email_id: str) -> str:
    """Send the mail, once at most; returns what became of it.

    Until it is given to the mail service nothing of it has left, so whatever stops the work before
    lets it begin anew, with another password.
    """
    at = now()
    letter = look([(client_id, email_id)], at=at).get((client_id, email_id))
    if letter is None:
        return "gone"
    if not is_due(letter, at=at):
        return "not due"
    try:
        claim_id = claims.take(
            letter.record, "preparing", at=at, also=no_longer_held(letter.record)
        )
    except claims.Lost as lost:
        return str(lost)
    try:
        with _turn_of(letter):
            post, text = _prepared(letter)
            claims.advance(letter.record, claim_id, at=now(), also=kept(post, instead=text))
            return give(post, claim_id)
    except claims.Lost as lost:
        return str(lost)
    except (Superseded, ClientNotFound):
        return fail(letter, "It was taken back, or a newer one took its place.", claim_id)
    except (Unrenderable, TemplateNotFound) as error:
        return fail(letter, f"The template cannot be used: {error}", claim_id)
    except _Indiscreet:
        return fail(letter, "The template says the password where it would be kept.", claim_id)
    except Exception:
        with suppress(claims.Lost):
            claims.release(letter.record, claim_id)
        raise


def _turn_of(letter: Letter) -> AbstractContextManager[None]:
    """Until the mail has left, no other gives its user a password: the last to come is right."""
    if letter.record.template == "login_details":
        return nullcontext()
    return turn(letter.record.row["to"][0], letter.email_id, at=letter.at)


def _prepared(letter: Letter) -> tuple[Post, Rendered]:
    """The mail, and what is kept of it; whom it invites can sign in from now on."""
    record, client_id = letter.record, str(letter.client_id)
    email, holder, stationery = record.row["to"][0], record.contact_id, Stationery()
    extra = {"portal_url": address.URL, "email": email, "days": LASTS.days}
    if record.template == "login_details":
        must_be_invited_by(letter.email_id, client_id, holder)
        post = write(letter, stationery, **extra)
        return post, post.rendered
    user = pool.find(email)
    _must_still_be_invited(letter, user)
    password = pool.new_password() if user is None or user.is_new else None
    # Before anything is changed: a template that cannot be used ends no older password.
    harmless = write(letter, stationery, **extra, password=password and _DOTS)
    post = _with(password, harmless, stationery, extra)
    if post.to:
        sub = _let_in(user, email, password)
        which = {"email_id": letter.email_id, "client_id": client_id, "holder": holder}
        try:
            grant(sub, email, **which, at=letter.at)
        except (Superseded, ClientNotFound):
            forget(sub)
            raise
        sync_user(sub)
    return post, harmless.rendered


def _must_still_be_invited(letter: Letter, user: pool.User | None) -> None:
    """Raises `Superseded`; the user whom a worker made that died then is forgotten."""
    try:
        must_be_invited_by(letter.email_id, str(letter.client_id), letter.record.contact_id)
    except Superseded:
        if user is not None:
            forget(user.sub)
        raise


def _with(
    password: str | None, harmless: Post, stationery: Stationery, extra: dict[str, object]
) -> Post:
    """The mail as it leaves. Raises `_Indiscreet`, which names no cause: that could say it."""
    if password is None:
        return harmless
    try:
        post = write(harmless.letter, stationery, files=(), **extra, password=password)
    except Unrenderable:
        raise _Indiscreet from None
    if post.rendered.subject != harmless.rendered.subject:
        raise _Indiscreet
    return post


def _let_in(user: pool.User | None, email: str, password: str | None) -> str:
    """Give the user the password, unless they have one of their own. Returns the sub."""
    if user is None and password is not None:
        with suppress(pool.UserExists):
            return pool.add(email, password)
        user = pool.find(email)
    if user is None:
        raise pool.UserExists
    if user.is_new and password is not None:
        pool.set_password(user.sub, password)
    return user.sub
