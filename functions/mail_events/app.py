"""Takes down what the mail service tells of mails: accepted, delivered, bounced, complained."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from tallybook import batches
from tallybook.mail import events, events_queue

handler = batches.of_queue(
    events.work, try_again_in=events_queue.try_again_in, names=("eventType",)
)
