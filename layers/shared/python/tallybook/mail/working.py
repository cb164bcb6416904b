"""Working through a batch of mails: what can be done for all of them together is."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any

from tallybook.dates import now
from tallybook.errors import TemplateNotFound
from tallybook.mail.carrying import Uncarriable, files
from tallybook.mail.composing import Stationery
from tallybook.mail.letters import Letter, Name, is_due, look
from tallybook.mail.rendering import Unrenderable
from tallybook.mail.sending import Post, fail, give, write

type Outcome = dict[str, object] | Exception

_AT_ONCE = 10  # SES takes a tenth of a second to answer


def work(messages: Sequence[dict[str, Any]]) -> list[Outcome]:
    """Send the mails that the messages name; for each what came of it, or why it failed."""
    at = now()
    names: list[Name] = [(each.get("client_id"), str(each.get("email_id"))) for each in messages]
    letters = look(list(dict.fromkeys(names)), at=at)
    judged = {name: _judged(letters.get(name), at) for name in names}
    outcomes: dict[Name, Outcome] = {
        name: each for name, each in judged.items() if not isinstance(each, Letter)
    }
    due = {name: each for name, each in judged.items() if isinstance(each, Letter)}
    if due:
        stationery = Stationery()
        told = dict(zip(names, messages, strict=True))
        written = {name: _written(letter, told[name], stationery) for name, letter in due.items()}
        posts = {name: each for name, each in written.items() if isinstance(each, Post)}
        outcomes |= {name: each for name, each in written.items() if not isinstance(each, Post)}
        with ThreadPoolExecutor(max_workers=_AT_ONCE) as threads:
            outcomes |= zip(posts, threads.map(_given, posts.values()), strict=True)
    return [outcomes[name] for name in names]


# One that fails does not stop the others of the batch, whatever it fails with.


def _judged(letter: Letter | None, at: datetime) -> Letter | Outcome:
    """The letter when it is to be sent now."""
    if letter is None:
        return {"state": "gone"}
    try:
        return letter if is_due(letter, at=at) else {"state": "not due"}
    except Exception as error:  # noqa: BLE001
        return error


def _written(letter: Letter, message: Mapping[str, Any], stationery: Stationery) -> Post | Outcome:
    try:
        return write(letter, stationery, files=files(letter, message))
    except (Unrenderable, TemplateNotFound) as error:
        return _failed(letter, f"The template cannot be used: {error}")
    except Uncarriable as error:
        return _failed(letter, str(error))
    except Exception as error:  # noqa: BLE001
        return error


def _failed(letter: Letter, reason: str) -> Outcome:
    try:
        return {"state": fail(letter, reason)}
    except Exception as again:  # noqa: BLE001
        return again


def _given(post: Post) -> Outcome:
    try:
        return {"state": give(post)}
    except Exception as error:  # noqa: BLE001
        return error
