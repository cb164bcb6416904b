"""Content-Disposition (RFC 6266): a download is saved under a name, and shown by no browser."""

from urllib.parse import quote


def attachment(filename: str) -> str:
    """The header's value. A name in another script than Latin is given twice (RFC 8187)."""
    shown = "".join(character if character.isprintable() else " " for character in filename)
    plain = shown.encode("ascii", "replace").decode().replace('"', "'").replace("\\", "_")
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(shown, safe='')}"
