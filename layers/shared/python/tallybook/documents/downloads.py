"""Papers for whoever asks now: made if need be, and a link to each."""

from datetime import datetime

from tallybook.documents import bucket, making
from tallybook.documents.making import Made
from tallybook.documents.subjects import find
from tallybook.imports.models import Link
from tallybook.mail.attachments import Attachment
from tallybook.settings import store as settings_store


def pdf(client_id: str, wanted: Attachment, *, at: datetime) -> Link:
    """Raises what `subjects.find` raises."""
    settings = settings_store.get()
    return _link(making.pdf(find(client_id, wanted, settings, at=at), settings, at=at), at)


def e_invoice(client_id: str, wanted: Attachment, *, at: datetime) -> Link:
    """The UBL of an invoice or credit note. Raises `IsADraft`, and what `subjects.find` raises."""
    subject = find(client_id, wanted, settings_store.get(), at=at)
    return _link(making.e_invoice(subject), at)


def _link(made: Made, at: datetime) -> Link:
    url, expires_at = bucket.link(made.key, made.filename, at)
    return Link.model_construct(url=url, expires_at=expires_at)
