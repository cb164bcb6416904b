"""What a person at the terminal is told, in one line, when the local stack cannot go on."""


class Problem(Exception):
    """Something that the person can do something about; its text says what."""
