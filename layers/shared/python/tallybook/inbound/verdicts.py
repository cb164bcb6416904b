"""What SES found out about a mail, by the headers that it puts above those of the sender.

A sender can write such headers too, but only below: the first of each name is the one of SES.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tallybook.inbound.rules import is_within

type Header = Callable[[str], str | None]
"""The first header of a name."""

_METHOD = re.compile(r"\s*(spf|dkim|dmarc)\s*=\s*([a-z]{1,20})", re.IGNORECASE)
_COMPARED = re.compile(r"\sheader\.from\s*=\s*(\S{1,255})", re.IGNORECASE)
_BESIDE = re.compile(r'\([^()]*\)|"(?:\\.|[^"\\])*"')  # comments and quotes
_BY_SES = "amazonses.com"
_MECHANICAL = ("bulk", "auto_reply", "auto-reply", "list", "junk")


@dataclass(frozen=True)
class Verdicts:
    """`authentication` is what SES says of spf, dkim and dmarc: pass, fail, none, …

    `domains` are those that it says to be the sender's: one, unless somebody sneaked in another.
    """

    spam: bool
    virus: bool
    authentication: dict[str, str]
    domains: frozenset[str]

    def vouch_for(self, sender: str | None) -> bool:
        """Whether it is this sender whose domain was asked, and it did not say: not from me."""
        if sender is None or not self.domains or self.authentication.get("dmarc") == "fail":
            return False
        return all(is_within(sender, domain) for domain in self.domains)


def verdicts(header: Header) -> Verdicts:
    clauses = _clauses(header("Authentication-Results") or "")
    return Verdicts(
        spam=_failed(header("X-SES-Spam-Verdict")),
        virus=_failed(header("X-SES-Virus-Verdict")),
        authentication=_authentication(clauses),
        domains=frozenset(_domains(clauses)),
    )


def is_automatic(header: Header) -> bool:
    """Whether a program sent the mail (RFC 3834): an absence, a receipt, a newsletter, a bounce."""
    submitted = (header("Auto-Submitted") or "no").partition(";")[0].strip().lower()
    precedence = (header("Precedence") or "").strip().lower()
    content_type = (header("Content-Type") or "").strip().lower()
    return (
        submitted != "no"
        or precedence in _MECHANICAL
        or (header("Return-Path") or "-").strip() in ("", "<>")
        or content_type.startswith("multipart/report")
        or any(header(name) is not None for name in ("X-Autoreply", "X-Autorespond", "List-Id"))
    )


def _failed(verdict: str | None) -> bool:
    return (verdict or "").strip().upper() == "FAIL"


def _clauses(results: str) -> list[str]:
    """What SES says of each method: "dmarc=pass header.from=acme.example"."""
    server, _, found = results.partition(";")
    if server.strip().lower().split(" ")[0] != _BY_SES:
        return []
    return _BESIDE.sub(" ", " ".join(found.split())).split(";")


def _domains(clauses: list[str]) -> Iterator[str]:
    """The domains that DMARC was asked about: of the address in From, as SES has read it."""
    for clause in clauses:
        found = _METHOD.match(clause)
        if found and found[1].lower() == "dmarc":
            yield from _COMPARED.findall(clause)


def _authentication(clauses: list[str]) -> dict[str, str]:
    methods: dict[str, str] = {}
    for found in filter(None, map(_METHOD.match, clauses)):
        name, said = found[1].lower(), found[2].lower()
        # Of several signatures one that is right is enough; of DMARC there is one result, and
        # whoever sneaks in a second one, in the address of an envelope, gains nothing.
        if methods.get(name) != ("fail" if name == "dmarc" else "pass"):
            methods[name] = said
    return methods
