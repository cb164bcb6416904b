"""The queue of chunks to work on."""

import os
from functools import partial

from tallybook import queues

QUEUE_URL = os.environ["IMPORT_QUEUE_URL"]

send = partial(queues.send, QUEUE_URL)
try_again_in = partial(queues.try_again_in, QUEUE_URL)
