"""Making the papers of mails that wait for them, and handing the mails on to the mailer."""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Any

from tallybook.dates import now
from tallybook.documents import making
from tallybook.documents.subjects import find
from tallybook.errors import InvalidFields, NotFound
from tallybook.mail import queue as mail_queue
from tallybook.mail.attachments import from_stored
from tallybook.mail.letters import Letter, look
from tallybook.settings import store as settings_store
from tallybook.settings.models import Settings

type Message = dict[str, Any]
"""{client_id, email_id}; for the mailer also `papers`, a list of {key, filename}, or `failure`."""
type Outcome = dict[str, object] | Exception


def work(messages: Sequence[Message]) -> list[Outcome]:
    """Make what the mails carry; for each what came of it, or why it failed.

    A mail that is gone is dropped. One whose paper shows what is not there any more is handed on,
    too: the mailer says that it failed.
    """
    at, settings = now(), settings_store.get()
    names = [(each.get("client_id"), str(each.get("email_id"))) for each in messages]
    letters = look(list(dict.fromkeys(names)), at=at)
    return [_handed_on(letters.get(name), settings, at) for name in names]


def _handed_on(letter: Letter | None, settings: Settings, at: datetime) -> Outcome:
    if letter is None:
        return {"state": "gone"}
    try:
        mail_queue.send([_for_the_mailer(letter, settings, at)])
    except Exception as error:  # noqa: BLE001 - the others of the batch go on
        return error
    return {"state": "handed on"}


def _for_the_mailer(letter: Letter, settings: Settings, at: datetime) -> Message:
    message: Message = {"client_id": letter.client_id, "email_id": letter.email_id}
    made = partial(making.pdf, settings=settings, at=at)
    client_id = letter.client_id or ""
    wanted = [from_stored(each) for each in letter.record.attachments or []]
    try:
        papers = [made(find(client_id, each, settings, at=at)) for each in wanted]
    except (NotFound, InvalidFields) as error:
        return message | {"failure": f"A paper that it carries cannot be made: {error.detail}"}
    return message | {"papers": [paper._asdict() for paper in papers]}
