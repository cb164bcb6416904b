"""Elements of XML, written as they nest: what has nothing to say leaves no element.

Tags are written with their prefix, and the root declares the prefixes, so that a reader finds
`cbc:ID` and no `ns0:ID`. The standard library writes a document in a millisecond or two; nothing
that would have to be shipped is needed.
"""

import re
from xml.etree.ElementTree import Element, tostring

# What XML 1.0 has no way to write, not even escaped: control characters, halves of surrogates.
_UNWRITABLE = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def cleaned(text: str | None) -> str | None:
    """`text` without what XML cannot hold and without blanks around it; None if nothing is left."""
    return _UNWRITABLE.sub("", text or "").strip() or None


def node(tag: str, *children: Element | None, **attributes: str) -> Element:
    """An element that is there even when it holds nothing."""
    element = Element(tag, attributes)
    element.extend(child for child in children if child is not None)
    return element


def group(tag: str, *children: Element | None) -> Element | None:
    """An element around those of `children` that are there; None if there are none."""
    element = node(tag, *children)
    return element if len(element) else None


def leaf(tag: str, text: str | None, **attributes: str | None) -> Element | None:
    """An element with text; None if there is no text. A blank attribute is left out."""
    content = cleaned(text)
    if content is None:
        return None
    written = {name: cleaned(value) for name, value in attributes.items()}
    element = Element(tag, {name: value for name, value in written.items() if value})
    element.text = content
    return element


def document(root: Element) -> bytes:
    written: bytes = tostring(root, encoding="utf-8", xml_declaration=True)
    return written
