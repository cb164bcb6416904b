"""The rules of what comes in: how senders are compared, and what words of a text mean. Pure."""

import re
import unicodedata
from typing import Literal

type Kind = Literal["email", "sms"]

# A path of SMTP has at most 254 characters; what is longer is no address of anybody's.
_LONGEST_ADDRESS = 320
_E164 = re.compile(r"\+?([1-9][0-9]{3,14})(?:;ext=[0-9]+)?")

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
    labels = ".".join(map(_unicode, domain.casefold().rstrip(".").split(".")))
    place = unicodedata.normalize("NFC", f"{local.casefold()}@{labels}")
    return place if place.isprintable() else None


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
