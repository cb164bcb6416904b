"""The queue of mails whose papers are to be made."""

import os
from functools import partial

from tallybook import queues

_URL = os.environ["DOCUMENT_QUEUE_URL"]

send = partial(queues.send, _URL)
try_again_in = partial(queues.try_again_in, _URL)
