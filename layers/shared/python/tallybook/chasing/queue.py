"""The queue of clients to look at."""

import os
from functools import partial

from tallybook import queues

_URL = os.environ["CHASE_QUEUE_URL"]

send = partial(queues.send, _URL)
try_again_in = partial(queues.try_again_in, _URL)
