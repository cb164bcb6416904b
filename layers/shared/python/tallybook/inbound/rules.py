"""The rules of what comes in: how senders are compared, and what words of a text mean. Pure."""

import re
import unicodedata
from typing import Literal

type Kind = Literal["email", "sms"]

# A path of SMTP has at most 254 characters; what is longer is no address of anybody's.
_LONGEST_ADDRESS = 320
_E164 = re.compile(r"\+?([1-9][0-9]{3,14})(?:;ext=[0-9]+)?")
_BESIDE = re.compile(r'"(?:\\.|[^"\\])*"|\((?:\\.|[^()\\])*\)')  # quotes and comments
_BETWEEN_WORDS = re.compile(r"[\s<>,;:()\"]+")

# What carriers and AWS End User Messaging take as the wish to get no more messages, and how
# clients here would say it.
_OPT_OUT = {"stop", "stopall", "unsubscribe", "cancel", "end", "quit", "arret", "arrêt"}
_OPT_OUT |= {"abmelden", "stopp", "baja", "annulla", "afmelden"}


def reached_at(way: str) -> str | None:
    """An address or number in the form that all its spellings share; None when it is neither.

    Addresses without case, their domain in Unicode; numbers as E.164 without the extension.

    >>> reached_at("Anna@XN--MLLER-KVA.example")
    'anna@müller.example'
    """
    number = _E164.fullmatch(way)
    if number:
        return f"+{number[1]}"
    local, at, domain = way.strip().rpartition("@")
    if not (at and local and domain) or len(way) > _LONGEST_ADDRESS:
        return None
    place = unicodedata.normalize("NFC", f"{local.casefold()}@{in_unicode(domain)}")
    return place if place.isprintable() else None


def is_within(address: str, domain: str) -> bool:
    """Whether the address is at the domain or at one below it."""
    place = in_unicode(address.rpartition("@")[2])
    above = in_unicode(domain)
    return "." in above and f".{place}".endswith(f".{above}")


def in_unicode(domain: str) -> str:
    """A domain name in the form that all its spellings share."""
    labels = domain.casefold().rstrip(".").split(".")
    return unicodedata.normalize("NFC", ".".join(map(_unicode, labels)))


def addresses_in(header: str) -> set[str]:
    """Whatever looks like an address in a header, without case; quotes and comments left aside.

    >>> addresses_in('"a@x.example" <b@y.example> c@z.example@v.example')
    {'b@y.example', 'c@z.example@v.example'}
    """
    words = _BETWEEN_WORDS.split(_BESIDE.sub(" ", header))
    return {word.casefold() for word in words if "@" in word}


def _unicode(label: str) -> str:
    """A label of a domain name: "xn--mller-kva" is how mail programs write "müller"."""
    if not label.startswith("xn--"):
        return label
    try:
        return label.removeprefix("xn--").encode("ascii").decode("punycode")
    except UnicodeError:
        return label


def wants_no_more(message: str) -> bool:
    """Whether a text message is one of the words that mean: write to me no more."""
    return message.strip(" .!\r\n\t\"'").casefold() in _OPT_OUT
