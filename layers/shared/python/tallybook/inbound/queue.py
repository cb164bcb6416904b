"""The queue of text messages that come in."""

import os
from functools import partial

from tallybook import queues

QUEUE_URL = os.environ["INBOUND_SMS_QUEUE_URL"]

try_again_in = partial(queues.try_again_in, QUEUE_URL)
