"""Takes in text messages, which AWS End User Messaging puts into a queue by way of a topic."""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from typing import Any

from tallybook import batches
from tallybook.dates import now
from tallybook.inbound import queue
from tallybook.inbound.messages import of_sms
from tallybook.inbound.taking import take_in


def _take_in(notice: dict[str, Any]) -> dict[str, object]:
    at = now()
    return take_in(of_sms(notice, at=at), now=at)


handler = batches.of_queue(_take_in, try_again_in=queue.try_again_in, names=("inboundMessageId",))
