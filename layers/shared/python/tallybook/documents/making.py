"""Makes papers and keeps them: each once for what it shows, under a key that follows from that.

So nobody has to write down where a paper is, and two that make it at once do no harm.
"""

import hashlib
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from aws_lambda_powertools import Logger

from tallybook.documents import bucket
from tallybook.documents.logos import logo
from tallybook.documents.subjects import Subject
from tallybook.einvoices.cii import cii
from tallybook.einvoices.facturx import embed
from tallybook.einvoices.ubl import ubl
from tallybook.errors import IsADraft
from tallybook.invoices.einvoice import Terms, warnings
from tallybook.invoices.kinds import Paper
from tallybook.papers.kinds import Look, Receipt
from tallybook.papers.pdf import paper_pdf, receipt_pdf, statement_pdf
from tallybook.settings.models import Settings

# Goes up when papers are to look otherwise: what was made before is made anew then.
_EDITION = 1

logger = Logger()


class Made(NamedTuple):
    """Where a paper is in the bucket, and what its file is called."""

    key: str
    filename: str


def pdf(subject: Subject, settings: Settings, *, at: datetime) -> Made:
    """The paper as PDF. An invoice or credit note that says all that EN 16931 asks is Factur-X."""
    look = _look(settings, at)
    return _kept(subject, "pdf", "application/pdf", look, lambda: _drawn(subject, look))


def e_invoice(subject: Subject) -> Made:
    """The UBL file of an invoice or credit note. Raises `IsADraft`."""
    shown = subject.shown
    if not isinstance(shown, Paper) or shown.number is None:
        raise IsADraft
    return _kept(subject, "xml", "application/xml", None, lambda: ubl(_for_machines(shown)))


def _kept(
    subject: Subject,
    suffix: str,
    content_type: str,
    look: Look | None,
    make: Callable[[], bytes],
) -> Made:
    folder = "documents" if subject.settled else "passing"
    logo_digest = hashlib.sha256(look.logo if look and look.logo else b"").hexdigest()
    bare = look and replace(look, logo=None)
    told = repr((_EDITION, subject.shown, subject.payment, bare, logo_digest))
    digest = hashlib.sha256(told.encode()).hexdigest()[:32]
    key = f"{folder}/{subject.client_id}/{subject.kind}/{subject.id}/{digest}.{suffix}"
    if not bucket.has(key):
        bucket.put(key, make(), content_type)
    return Made(key, f"{subject.name}.{suffix}")


def _look(settings: Settings, at: datetime) -> Look:
    branding, billing = settings.branding, settings.billing
    return Look(
        colour=branding.colour,
        logo=logo(str(branding.logo_url) if branding.logo_url else None, at=at),
        paper=billing.paper,
        locale=billing.locale,
        footer=billing.footer,
    )


def _drawn(subject: Subject, look: Look) -> bytes:
    match subject.shown:
        case Paper() as paper:
            drawn = paper_pdf(paper, look, payment=subject.payment)
            told = _for_machines(paper)
            return embed(drawn, cii(told), told) if _is_e_invoice(told) else drawn
        case Receipt() as receipt:
            return receipt_pdf(receipt, look)
        case statement:
            return statement_pdf(statement, look)


def _for_machines(paper: Paper) -> Paper:
    """BR-CO-25: also a credit note says when its amount is due. It can be used at once."""
    if paper.kind != "credit_note" or paper.due_date or paper.payment_terms:
        return paper
    return replace(paper, due_date=paper.issue_date)


def _is_e_invoice(paper: Paper) -> bool:
    if paper.kind == "estimate" or paper.number is None:
        return False
    terms = Terms(
        due_date=paper.due_date,
        payment_terms=paper.payment_terms,
        exemption_reason=paper.exemption_reason,
    )
    found = warnings(
        paper.document, paper.sums, seller=paper.seller, buyer=paper.buyer, terms=terms
    )
    return not found
