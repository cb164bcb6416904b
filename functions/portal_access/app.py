"""Lets people into the portal and keeps them out: invitations, suspended clients, lost access.

The one function that may administer the portal's user pool, and that knows temporary passwords.
"""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from tallybook import batches
from tallybook.portal import access, queue

handler = batches.of_queue(
    access.work, try_again_in=queue.try_again_in, names=("client_id", "email_id", "sub")
)
