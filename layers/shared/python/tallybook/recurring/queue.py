"""The queue of recurring invoices whose next period has begun."""

import os
from functools import partial

from tallybook import queues

_URL = os.environ["RECURRING_QUEUE_URL"]

send = partial(queues.send, _URL)
try_again_in = partial(queues.try_again_in, _URL)
