"""XML as text that every reader takes: in ASCII, and without the characters that XML cannot hold."""

import re
from typing import Final
from xml.etree import ElementTree as ET

_NOT_XML: Final = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML cannot hold, not even as numbers."""


def render_xml(root: ET.Element) -> str:
    """A document, indented; what XML cannot hold is replaced."""
    ET.indent(root)
    text = _NOT_XML.sub("\ufffd", ET.tostring(root, encoding="unicode"))
    return '<?xml version="1.0" encoding="US-ASCII"?>\n' + text.encode("ascii", "xmlcharrefreplace").decode("ascii")
