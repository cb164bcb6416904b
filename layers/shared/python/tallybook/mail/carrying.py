"""The papers that a mail carries, as the renderer made them."""

from collections.abc import Mapping
from typing import Any

from tallybook.documents import bucket
from tallybook.mail.letters import Letter
from tallybook.mail.ses import File

# SES takes mails of 40 MB, with a third more for base 64; many mail servers take 25 MB.
_MOST_BYTES = 18_000_000


class Uncarriable(Exception):
    """The mail cannot be sent with what it is to carry. The text says why."""


def files(letter: Letter, message: Mapping[str, Any]) -> list[File]:
    """What goes with a letter. `message` is what the renderer told of it.

    Raises `Uncarriable`, and ValueError for a letter whose papers nobody made.
    """
    if not letter.record.attachments:
        return []
    if failure := message.get("failure"):
        raise Uncarriable(failure)
    papers = message.get("papers", [])
    if len(papers) != len(letter.record.attachments):
        raise ValueError("The papers of the mail were not made.")
    try:
        found = [File(each["filename"], bucket.get(each["key"]).content) for each in papers]
    except bucket.Gone as gone:
        raise Uncarriable("A paper that it carries is gone.") from gone
    if sum(len(file.content) for file in found) > _MOST_BYTES:
        raise Uncarriable(f"Its papers have more than {_MOST_BYTES // 10**6} MB.")
    return found
