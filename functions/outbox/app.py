"""Takes what a change in the table causes elsewhere to the queue of that work, or to the bus.

Fed by the table's stream, so nothing is lost between a change and its effect (DESIGN.md, section
1). A record that is sent twice does no harm: whoever does the work claims it.
"""

import tallybook.startup  # noqa: F401 # isort: skip - first, or it saves nothing

from tallybook import batches
from tallybook.outbox import routing

handler = batches.of_stream_together(routing.work)
