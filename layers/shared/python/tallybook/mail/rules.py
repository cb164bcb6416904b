"""What may be mailed, and what the mail service's events say of a mail.

Events come late, twice and in any order, so the state of a mail is worked out from all that is
known of it and never from the order in which it came to be known.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tallybook.dates import timestamp

type Evidence = dict[str, Any]
"""{"send": fact, "reject": fact, "to": {address: {"delivery" | "bounce" | …: fact}}}

A fact is {"at": when, "detail": what, "hard": whether an address is to be given up}.
"""

# The types of events that the configuration set publishes, and where each says whom it is about:
# docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html
_OF_ADDRESSES = {
    "Delivery": ("delivery", "recipients"),
    "DeliveryDelay": ("delivery_delay", "delayedRecipients"),
    "Bounce": ("bounce", "bouncedRecipients"),
    "Complaint": ("complaint", "complainedRecipients"),
}
_SECTIONS = {"DeliveryDelay": "deliveryDelay"}
_LONGEST_DETAIL = 300


@dataclass(frozen=True)
class Event:
    """One event of the mail service. `addresses` are the recipients it is about, folded."""

    type: str
    at: str
    addresses: tuple[str, ...]
    details: Mapping[str, str | None]
    hard: bool
    client_id: str | None
    email_id: str


class NotOurs(ValueError):
    """An event that is about no mail of this system."""


def folded(address: str) -> str:
    """The address as one compares it: without case, its domain as mail servers write it.

    The standard leaves the case of the part before the @ to its server (RFC 5321, 2.4); none that
    people use tells addresses apart by it.
    """
    local, _, domain = address.rpartition("@")
    return f"{local.casefold()}@{_ascii_domain(domain)}"


def addressee(first_name: str | None, last_name: str | None) -> dict[str, dict[str, str]]:
    """What the context of a mail to a contact says of it: who is greeted in the client's place.

    Nothing of a contact without a name.
    """
    if not (first_name or last_name):
        return {}
    return {"addressee": {"first_name": first_name or "", "last_name": last_name or ""}}


def mailable(addresses: Iterable[str]) -> tuple[list[str], list[str]]:
    """The addresses that the mail service can take, and those that it cannot.

    SES takes domains in any script, and before the @ only ASCII.
    """
    distinct = list({folded(address): address for address in addresses}.values())
    taken = [address for address in distinct if address.rpartition("@")[0].isascii()]
    return taken, [address for address in distinct if address not in taken]


def ascii_address(address: str) -> str:
    """A mailable address as mail servers write it: "anna@xn--mller-kva.de"."""
    local, _, domain = address.rpartition("@")
    return f"{local}@{_ascii_domain(domain)}"


def _ascii_domain(domain: str) -> str:
    if domain.isascii():
        return domain.lower()
    import idna  # seldom needed

    return idna.encode(domain, uts46=True).decode()


def event_of(message: Mapping[str, Any]) -> Event:
    """The event that the mail service published. Raises `NotOurs`."""
    kind, mail = message.get("eventType"), message.get("mail") or {}
    tags = mail.get("tags") or {}
    email_id = next(iter(tags.get("email_id", [])), None)
    if not isinstance(kind, str) or not email_id:
        raise NotOurs(f"eventType {kind!r}, email_id {email_id!r}")
    client_id = next(iter(tags.get("client_id", [])), None)
    section = message.get(_SECTIONS.get(kind, kind.lower())) or {}
    at = str(section.get("timestamp") or mail.get("timestamp"))
    if section.get("complaintFeedbackType") == "not-spam":  # RFC 6650: taken out of the spam
        raise NotOurs("it was marked as no spam")
    if kind in _OF_ADDRESSES:
        name, member = _OF_ADDRESSES[kind]
        details = {
            folded(_address(each)): _detail(section, each) for each in section.get(member, [])
        }
        hard = section.get("bounceType") == "Permanent" or name == "complaint"
        return Event(name, at, tuple(details), details, hard, client_id, email_id)
    if kind in ("Send", "Reject"):
        reason = section.get("reason")
        return Event(kind.lower(), at, (), {"": reason}, False, client_id, email_id)
    raise NotOurs(f"eventType {kind!r}")


def _address(recipient: Any) -> str:
    """A delivery lists addresses, other events list objects."""
    return str(recipient["emailAddress"] if isinstance(recipient, dict) else recipient)


def _detail(section: Mapping[str, Any], recipient: Any) -> str | None:
    """Why, in the words of the servers: "Permanent, General: smtp; 550 5.1.1 user unknown"."""
    kinds = ("bounceType", "bounceSubType", "delayType", "complaintFeedbackType")
    kind = ", ".join(str(section[name]) for name in kinds if section.get(name))
    said = recipient.get("diagnosticCode") if isinstance(recipient, dict) else None
    said = said or section.get("smtpResponse")
    return ": ".join(filter(None, (kind, said)))[:_LONGEST_DETAIL] or None


def with_event(evidence: Evidence, event: Event) -> Evidence:
    """What is known when the event is, too. The order of events does not matter."""
    after: Evidence = {**evidence, "to": dict(evidence.get("to", {}))}
    if not event.addresses:
        told: dict[str, Any] = {"at": event.at, "detail": event.details.get("")}
        after[event.type] = _earlier(after.get(event.type), told)
    for address in event.addresses:
        fact = {"at": event.at, "detail": event.details[address], "hard": event.hard}
        known = dict(after["to"].get(address, {}))
        known[event.type] = _earlier(known.get(event.type), fact)
        after["to"][address] = known
    return after


def _earlier(one: dict[str, Any] | None, other: dict[str, Any]) -> dict[str, Any]:
    """The fact to keep of two: a bounce for good rather than one for now, else the first."""
    return min(
        filter(None, (one, other)),
        key=lambda fact: (not fact.get("hard"), fact["at"], fact.get("detail") or ""),
    )


def bounced(known: Mapping[str, Any]) -> bool:
    """Whether an address's mail came back.

    A bounce for now, such as an absence note, says nothing of a mail that was delivered.
    """
    return "bounce" in known and (known["bounce"]["hard"] or "delivery" not in known)


def status_of(own: str, evidence: Evidence, sent_to: Iterable[str]) -> str:
    """The state of a mail: what the mail service told of it, else what we know ourselves.

    `sent_to` are the addresses that it was given to the mail service for, folded.
    """
    known = evidence.get("to", {})
    if any("complaint" in each for each in known.values()):
        return "complained"
    if any(bounced(each) for each in known.values()):
        return "bounced"
    if "reject" in evidence:
        return "failed"
    addresses = list(sent_to) or list(known)
    if addresses and all("delivery" in known.get(address, {}) for address in addresses):
        return "delivered"
    return "sent" if known or "send" in evidence else own


def delivered_at(evidence: Evidence) -> str | None:
    """When the last of the servers took it, of those that did."""
    moments = [
        each["delivery"]["at"] for each in evidence.get("to", {}).values() if "delivery" in each
    ]
    return max(moments, default=None)


def grounds(evidence: Evidence) -> dict[tuple[str, str], dict[str, Any]]:
    """Why no mail should go to addresses any more: each one's "bounce" or "complaint", or both."""
    return {
        (address, reason): known[reason]
        for address, known in evidence.get("to", {}).items()
        for reason in ("bounce", "complaint")
        if reason in known and known[reason]["hard"]
    }


def given_up(evidence: Evidence) -> dict[str, tuple[str, dict[str, Any]]]:
    """The addresses that no mail should go to any more: the reason that weighs most, the fact."""
    # A complaint comes behind a bounce, and so takes its place.
    return {address: (reason, fact) for (address, reason), fact in grounds(evidence).items()}


def row_fields(row: Mapping[str, Any], at: datetime) -> dict[str, Any]:
    """The fields of a mail in a list, from what is stored of it (`EmailRow`).

    One that a worker left half-way is unknown: nothing says whether it has gone.
    """
    status = row["status"]
    if status == "sending" and row.get("sending_until", "") < timestamp(at):
        status = "unknown"
    moments = ("held_at", "sent_at", "delivered_at", "first_opened_at")
    return {name: row.get(name) for name in (*moments, "subject", "by")} | {
        **{name: row[name] for name in ("email_id", "to", "template", "created_at")},
        "status": status,
        "opened": True if row.get("opens") else None,
        "open_count": row.get("opens", 0),
        "machine_open_count": row.get("machine_opens", 0),
    }


def events_of(evidence: Evidence) -> list[dict[str, Any]]:
    """What the mail service told, in the order of time (`MailEvent`)."""
    told = [(name, None, fact) for name, fact in evidence.items() if name != "to"]
    told += [
        (name, address, fact)
        for address, known in evidence.get("to", {}).items()
        for name, fact in known.items()
    ]
    listed = [
        {"type": name, "at": fact["at"], "address": address, "detail": fact.get("detail")}
        for name, address, fact in told
    ]
    return sorted(listed, key=lambda each: (each["at"], each["type"], each["address"] or ""))


# Programs that load images nobody looks at: scanners of mail servers, and Apple's, which loads
# everything when a mail comes in and gives no more than this of its name.
_MACHINES = re.compile(
    r"barracuda|mimecast|proofpoint|fireeye|symantec|trend ?micro|safelinks|microsoft office "
    r"existence|bot\b|crawl|spider|scan|preview|facebookexternalhit|slack|whatsapp|telegram|"
    r"python|curl|wget|java/|go-http|okhttp|headless|monitor",
    re.IGNORECASE,
)
_ONLY_THE_ENGINE = {"", "mozilla/5.0"}


def is_machine(user_agent: str) -> bool:
    """Whether who loaded an image is probably no person. Gmail's and Yahoo's proxies are for one.

    They fetch the image when the mail is opened, and keep it afterwards.
    """
    name = user_agent.strip()
    return name.casefold() in _ONLY_THE_ENGINE or bool(_MACHINES.search(name))
