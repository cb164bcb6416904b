"""A mail as it came in, read: who it is from, what it says, what is attached.

Whatever the bytes are, there is a result: what cannot be read is missing from it.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from email.policy import EmailPolicy
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any

from tallybook.inbound.decoding import clean, cut, decoded, one_line
from tallybook.inbound.markup import MOST_CHARACTERS, text_of
from tallybook.inbound.rules import addresses_in
from tallybook.inbound.verdicts import Verdicts, is_automatic, verdicts

MOST_TEXT = 200_000  # characters that are looked at: what is quoted stands behind what is new
_MOST_BYTES = 4 * MOST_CHARACTERS
_MOST_HEADER = 10_000
_MOST_OF_CONTENT = 2_000  # of a header of a part: the time to read one grows with its square
_LONGEST = {"subject": 250, "name": 200, "address": 320, "id": 500}
# A mail of millions of lines or thousands of parts was made to break programs: only its beginning
# is read, which takes no more time than any other mail.
_MOST_LINES, _MOST_BOUNDARIES, _BEGINNING = 1_000_000, 1_000, 256 * 1024
_DEEPEST = 20
_ANGLED = re.compile(r"<([^<>\s]{1,320})>")
_ADDRESS = re.compile(r"[^\s<>,;:()@\"]{1,64}@[^\s<>,;:()@\"]{1,255}")
_MOST_ATTACHMENTS = 50
# What the email package is known to raise where a mail breaks the rules of its syntax.
_BROKEN = (
    *(MessageError, ValueError, LookupError, TypeError, AttributeError, AssertionError),
    *(RecursionError, OverflowError, NotImplementedError),
)


class _Forgiving(EmailPolicy):
    """The package's policy, for headers of any length and with any fault."""

    def header_fetch_parse(self, name: str, value: str) -> Any:
        is_of_content = name.lower().startswith("content-")
        whole = _in_utf8(str(value))
        return _header(name, whole[: _MOST_OF_CONTENT if is_of_content else _MOST_HEADER])


def _in_utf8(raw: str) -> str:
    """A header that says things in bare UTF-8, as RFC 6532 allows; the package does not ask."""
    if raw.isascii():
        return raw
    try:
        return raw.encode("utf-8", "surrogateescape").decode()
    except UnicodeError:
        return raw


@lru_cache(maxsize=64)  # the package reads them again each time that it is asked
def _header(name: str, value: str) -> Any:
    try:
        return _STRICT.header_fetch_parse(name, value)
    except _BROKEN:
        return " ".join(value.encode("ascii", "replace").decode().split())


_STRICT = EmailPolicy()
_POLICY = _Forgiving()


@dataclass(frozen=True)
class Attachment:
    """`size` in bytes; None where it is not known."""

    name: str | None
    content_type: str
    size: int | None


@dataclass(frozen=True)
class ReceivedMail:
    """A mail. `sender` is the address of From, with its domain as it was written."""

    sender: str | None
    sender_name: str | None
    ambiguous: bool  # more than one address is named: another may have been verified than is shown
    subject: str
    sent_at: datetime | None
    message_id: str | None
    in_reply_to: str | None
    automatic: bool
    verdicts: Verdicts
    text: str
    attachments: list[Attachment] = field(default_factory=list)


def read(raw: bytes) -> ReceivedMail:
    message = _parsed(_harmless(raw))
    reader = _Headers(message)
    senders = reader.addresses("From")
    name, sender = senders[0] if senders else ("", "")
    named = set().union(*map(addresses_in, reader.raw("From")))
    attachments: list[Attachment] = []
    text = _text(message, attachments, 0)
    return ReceivedMail(
        sender=sender[: _LONGEST["address"] + 1] or None,
        sender_name=one_line(name, _LONGEST["name"]) or None,
        ambiguous=not {address.casefold() for _, address in senders}
        == named
        <= {sender.casefold()},
        subject=one_line(reader.first("Subject") or "", _LONGEST["subject"]),
        sent_at=reader.date(),
        message_id=one_line(reader.first("Message-ID") or "", _LONGEST["id"]) or None,
        in_reply_to=one_line(reader.first("In-Reply-To") or "", _LONGEST["id"]) or None,
        automatic=is_automatic(reader.first),
        verdicts=verdicts(reader.first),
        text=cut(clean(text), MOST_TEXT),
        attachments=attachments[:_MOST_ATTACHMENTS],
    )


def _harmless(raw: bytes) -> bytes:
    if raw.count(b"\n") + raw.count(b"\r") > _MOST_LINES or raw.count(b"\n--") > _MOST_BOUNDARIES:
        return raw[:_BEGINNING]
    return raw


def _parsed(raw: bytes) -> EmailMessage:
    """The message; of one that is broken beyond reading, its headers."""
    parser = BytesParser(policy=_POLICY)
    for content, headers_only in ((raw, False), (raw[:_BEGINNING], True)):
        try:
            message = parser.parsebytes(content, headersonly=headers_only)
        except _BROKEN:
            continue
        if isinstance(message, EmailMessage):
            return message
    return EmailMessage(policy=_POLICY)


class _Headers:
    """Headers of a message, decoded, however broken they are."""

    def __init__(self, message: EmailMessage) -> None:
        self._message = message

    def first(self, name: str) -> str | None:
        return next(self._all(name), None)

    def _all(self, name: str) -> Iterator[str]:
        for key, raw in self._message.raw_items():
            if key.lower() == name.lower():
                yield str(_POLICY.header_fetch_parse(name, raw))

    def addresses(self, name: str) -> list[tuple[str, str]]:
        """The names and addresses of every mailbox."""
        return [each for raw in self.raw(name) for each in _mailboxes(name, raw)]

    def raw(self, name: str) -> list[str]:
        """All headers of the name, encoded as they are."""
        found = [raw for key, raw in self._message.raw_items() if key.lower() == name.lower()]
        return [_in_utf8(str(raw))[:_MOST_HEADER] for raw in found]

    def date(self) -> datetime | None:
        try:
            moment = parsedate_to_datetime(self.first("Date") or "")
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
        except _BROKEN:
            return None


def _mailboxes(name: str, raw: str) -> list[tuple[str, str]]:
    """The mailboxes of a header, the one in angle brackets first."""
    try:
        parsed = _POLICY.header_fetch_parse(name, raw).addresses
        found = [(each.display_name or "", each.addr_spec) for each in parsed]
    except _BROKEN:
        found = []
    found = [(shown, each) for shown, each in found if "@" in each and each.isprintable()]
    angled = [each for each in _ANGLED.findall(raw) if "@" in each and each.isprintable()]
    if angled and not {address for _, address in found} & set(angled):
        return [("", angled[-1]), *found]
    return found or [("", each) for each in _ADDRESS.findall(raw)[:1] if each.isprintable()]


def _text(part: EmailMessage, attachments: list[Attachment], depth: int) -> str:
    """The text of a part; what is none of it goes to `attachments`."""
    kind = _content_type(part)
    if kind.startswith("multipart/") and part.is_multipart() and depth < _DEEPEST:
        parts = [(each, _text(each, attachments, depth + 1)) for each in _parts(part)]
        said = [(_content_type(each), text) for each, text in parts if text.strip()]
        if kind == "multipart/alternative":
            plain = [text for each, text in said if each == "text/plain"]
            return (plain or [text for _, text in said[-1:]] or [""])[0]
        return "\n\n".join(text for _, text in said)
    if kind in ("text/plain", "text/html") and not _is_attached(part):
        content = decoded(_content(part)[:_MOST_BYTES], _charset(part))
        return content if kind == "text/plain" else text_of(content[:MOST_CHARACTERS])
    if depth or not kind.startswith(("text/", "multipart/")):
        attachments.append(Attachment(_filename(part), kind, _size(part)))
    return ""


def _parts(part: EmailMessage) -> list[EmailMessage]:
    payload = part.get_payload()
    return [each for each in payload if isinstance(each, EmailMessage)]


def _is_attached(part: EmailMessage) -> bool:
    try:
        disposition = part.get_content_disposition()
    except _BROKEN:
        disposition = None
    return disposition == "attachment" or _filename(part) is not None


def _content(part: EmailMessage) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except _BROKEN:
        return b""
    return content if isinstance(content, bytes) else b""


def _content_type(part: EmailMessage) -> str:
    try:
        kind = part.get_content_type()
    except _BROKEN:
        return "text/plain"
    return kind if _KIND.fullmatch(kind) else "application/octet-stream"


_KIND = re.compile(r"[a-z0-9!#$&^_.+-]{1,127}/[a-z0-9!#$&^_.+-]{1,127}")


def _charset(part: EmailMessage) -> str | None:
    try:
        return part.get_content_charset()
    except _BROKEN:
        return None


def _filename(part: EmailMessage) -> str | None:
    try:
        name = part.get_filename()
    except _BROKEN:
        name = None
    if name is None and part.get_content_maintype() == "message":
        (inner, *_) = [*_parts(part), EmailMessage(policy=_POLICY)]
        name = _Headers(inner).first("Subject")
    return one_line(name, _LONGEST["name"]).replace("/", "_") or None if name else None


def _size(part: EmailMessage) -> int | None:
    return None if part.is_multipart() else len(_content(part))
