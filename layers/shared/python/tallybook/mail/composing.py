"""Writing a mail: its template, with what the firm, the client and the mail's cause give it."""

from collections.abc import Mapping

from tallybook.clients.records import ClientRecord
from tallybook.mail import templates
from tallybook.mail.letterhead import client_of, letterhead
from tallybook.mail.pixel import pixel
from tallybook.mail.queueing import named
from tallybook.mail.records import EmailRecord
from tallybook.mail.rendering import Rendered, Source, render
from tallybook.settings import store as settings_store
from tallybook.settings.models import Settings


class Stationery:
    """The firm's templates and settings, read once for the mails of one batch."""

    def __init__(self) -> None:
        self.settings: Settings = settings_store.get()
        self._sources: dict[str, Source] = {}

    def write(
        self, record: EmailRecord, client: ClientRecord | None, extra: Mapping[str, object]
    ) -> Rendered:
        """The mail as it will be read. Raises `Unrenderable`, and `TemplateNotFound`."""
        context: dict[str, object] = {**record.context, **extra, "firm": letterhead(self.settings)}
        if client is not None:
            context["client"] = client_of(client, record.context)
        if "subject" in record.row:
            context.setdefault("subject", record.row["subject"])
        return render(self._source(record.template), context, pixel=_pixel(record))

    def _source(self, name: str) -> Source:
        if name not in self._sources:
            self._sources[name] = templates.effective(name)
        return self._sources[name]


def _pixel(record: EmailRecord) -> str | None:
    """None for a mail to the firm itself: nobody needs to know whether it reads its mail."""
    client_id, email_id = named(record)
    return pixel(client_id, email_id) if client_id else None
