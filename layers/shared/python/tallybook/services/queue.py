"""The queue of services whose webhooks are to be sent: {client_id, service_id}."""

import os
from functools import partial

from tallybook import queues

_URL = os.environ["WEBHOOK_QUEUE_URL"]

send = partial(queues.send, _URL)
try_again_in = partial(queues.try_again_in, _URL)
