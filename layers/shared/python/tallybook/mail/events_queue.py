"""The queue of what the mail service tells."""

import os
from functools import partial

from tallybook import queues

_URL = os.environ["MAIL_EVENTS_QUEUE_URL"]

try_again_in = partial(queues.try_again_in, _URL)
