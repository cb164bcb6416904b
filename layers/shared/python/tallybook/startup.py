"""Quick cold starts: the garbage collector rests while a function initialises.

Imports make many objects that stay, and the collector would look at all of them again and again.
A function imports this module before anything else, and calls `is_over` last.
"""

import gc

gc.disable()


def is_over() -> None:
    """Let the collector work again, without ever looking at what was made until now."""
    gc.freeze()
    gc.enable()
