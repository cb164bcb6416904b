"""What SES found out about a mail, by the headers that it puts above those of the sender.

A sender can write such headers too, but only below: the first of each name is the one of SES.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

type Header = Callable[[str], str | None]
"""The first header of a name."""

_METHOD = re.compile(r"(?:^|;)\s*(spf|dkim|dmarc)\s*=\s*([a-z]{1,20})", re.IGNORECASE)
_BY_SES = "amazonses.com"
_MECHANICAL = ("bulk", "auto_reply", "auto-reply", "list", "junk")


@dataclass(frozen=True)
class Verdicts:
    """`authentication` is what SES says of spf, dkim and dmarc: pass, fail, none, …"""

    spam: bool
    virus: bool
    authentication: dict[str, str]

    @property
    def sender_is_false(self) -> bool:
        """Whether the domain of the sender's address says that the mail is not from it."""
        return self.authentication.get("dmarc") == "fail"


def verdicts(header: Header) -> Verdicts:
    return Verdicts(
        spam=_failed(header("X-SES-Spam-Verdict")),
        virus=_failed(header("X-SES-Virus-Verdict")),
        authentication=_authentication(header("Authentication-Results") or ""),
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


def _authentication(results: str) -> dict[str, str]:
    server, _, found = results.partition(";")
    if server.strip().lower().split(" ")[0] != _BY_SES:
        return {}
    plain = re.sub(r'\([^()]*\)|"[^"]*"', " ", " ".join(found.split()))  # no comments, no quotes
    methods: dict[str, str] = {}
    for method, result in _METHOD.findall(plain):
        name, said = method.lower(), result.lower()
        # Of several signatures one that is right is enough; of DMARC there is one result, and
        # whoever sneaks in a second one, in the address of an envelope, gains nothing.
        if methods.get(name) != ("fail" if name == "dmarc" else "pass"):
            methods[name] = said
    return methods
