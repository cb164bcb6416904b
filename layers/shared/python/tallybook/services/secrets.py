"""The secrets that a service's webhooks are signed with: shown to managers, and replaced."""

from datetime import datetime, timedelta

from tallybook.authors import By
from tallybook.clients import presence
from tallybook.dates import timestamp
from tallybook.history.entries import entry
from tallybook.idempotency import Once
from tallybook.services.models import OlderSecret, RotatedSecret, SecretToRotate, WebhookSecret
from tallybook.services.records import ServiceRecord
from tallybook.services.rules import signing
from tallybook.services.signatures import secret
from tallybook.services.store import current
from tallybook.services.telling import next_of, write
from tallybook.transactions import Transaction
from tallybook.versions import until_unchanged


def get(client_id: str, service_id: str, *, at: datetime) -> WebhookSecret:
    """The secrets that sign now. Raises `ClientNotFound` and `ServiceNotFound`."""
    stored = current(client_id, service_id).secrets
    newest, *valid = signing(stored, at)
    until = {each["number"]: each.get("until") for each in stored}
    return WebhookSecret(
        number=newest,
        secret=secret(service_id, newest),
        older=[
            OlderSecret(
                secret=secret(service_id, number),
                until=datetime.fromisoformat(str(until[number])),
            )
            for number in valid
        ],
    )


def rotate(
    client_id: str, service_id: str, how: SecretToRotate, *, by: By, at: datetime, once: Once
) -> RotatedSecret:
    """Replace the secret; the older ones sign as well for so long, and no longer than they did.

    The answer does not hold the secret, because answers are remembered. Raises `ServiceNotFound`.
    """
    until = at + timedelta(hours=how.overlap_hours)

    def attempt() -> RotatedSecret:
        before = current(client_id, service_id)
        after = next_of(before, at)
        number = 1 + int(before.secrets[-1]["number"])
        after.secrets = [*_older(before, until, at), {"number": number}]
        rotated = RotatedSecret(
            client_id=client_id, service_id=service_id, number=number, older_until=until
        )
        transaction = Transaction()
        once.claim(transaction, rotated)
        write(transaction, before, after)
        presence.stays(transaction, client_id)
        text, event = f"Replaced the secret of {after.row['name']}", "webhook.secret_rotated"
        told = {"service_id": service_id, "name": after.row["name"], "number": number}
        transaction.put(entry(client_id, "client", at=at, by=by, text=text, event=event, **told))
        transaction.commit()
        return rotated

    return until_unchanged(attempt)


def _older(service: ServiceRecord, until: datetime, at: datetime) -> list[dict[str, object]]:
    """Those that still sign beside the new one, the oldest first; not more than a few."""
    valid = set(signing(service.secrets, at)[:_MOST_OLDER])
    latest = timestamp(until)
    return [
        {"number": each["number"], "until": min(each.get("until", latest), latest)}
        for each in service.secrets
        if each["number"] in valid and until > at
    ]


_MOST_OLDER = 4  # each is another signature in a header
