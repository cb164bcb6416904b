"""Makes the papers of mails. A mail whose papers cannot be made now comes back to its queue."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from tallybook import batches
from tallybook.documents import queue, working

handler = batches.of_queue_together(
    working.work, try_again_in=queue.try_again_in, names=("client_id", "email_id")
)
