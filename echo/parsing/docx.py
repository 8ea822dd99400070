"""Word's files to text: a ZIP with one file of XML that matters. Knows nothing of how passages are cut.

Format: ECMA-376, part 1, WordprocessingML. Only the standard library reads it: python-docx brings lxml along
and builds the whole tree, where paragraphs one by one are enough.
"""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from typing import IO, Final
from xml.etree import ElementTree

from echo.parsing.pages import Limits, Page, Refused

BODY: Final = "word/document.xml"
XML_BYTES: Final = 60_000_000
ENTRIES: Final = 10_000
W: Final = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
HEADING: Final = re.compile(
    r"(?:heading|berschrift|titre|titolo|t[ií]tulo)\s*([1-6])", re.IGNORECASE
)
DAMAGED: Final = "This Word file is damaged."


def is_one(raw: bytes) -> bool:
    """Tell whether a ZIP is a Word file; raises Refused for a damaged one."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            return BODY in packed.namelist()
    except (zipfile.BadZipFile, ValueError, OSError) as failure:
        raise Refused("This packed file is damaged.") from failure


def read(raw: bytes, limits: Limits) -> Iterator[Page]:
    """Yield the text of the body: paragraphs, headings, tables row by row."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            if len(packed.infolist()) > ENTRIES or packed.getinfo(BODY).file_size > XML_BYTES:
                raise Refused("This Word file unpacks to far more than a document has.")
            with packed.open(BODY) as source:
                lines, chars = [], 0
                for line in _lines(_Bounded(source)):
                    lines.append(line)
                    chars += len(line) + 1
                    limits.refuse_chars(chars)
    except (zipfile.BadZipFile, zlib.error, ElementTree.ParseError, NotImplementedError) as failure:
        raise Refused(DAMAGED) from failure
    except (KeyError, ValueError, OSError, EOFError, RuntimeError) as failure:
        raise Refused(DAMAGED) from failure
    yield Page(None, "\n".join(lines))


class _Bounded:
    """A file of which no more is read than a document has, and none with entities of its own."""

    def __init__(self, source: IO[bytes]) -> None:
        self._source = source
        self._left = XML_BYTES
        self._before = b""

    def read(self, size: int = -1) -> bytes:
        piece = self._source.read(size)
        self._left -= len(piece)
        if self._left < 0:
            raise Refused("This Word file unpacks to far more than a document has.")
        if b"<!DOCTYPE" in self._before + piece or b"<!ENTITY" in self._before + piece:
            raise Refused(DAMAGED)
        self._before = piece[-10:]
        return piece


def _lines(source: _Bounded) -> Iterator[str]:
    """Yield each paragraph outside of tables, and each row of a table, as soon as it is read."""
    cells: list[str] = []
    depth = 0
    for event, node in ElementTree.iterparse(source, events=("start", "end")):
        if node.tag == f"{W}tbl":
            depth += 1 if event == "start" else -1
        if event == "start":
            continue
        if node.tag == f"{W}tr":
            yield " | ".join(cells)
            cells = []
        elif node.tag == f"{W}p":
            text = _text(node)
            if depth:
                cells += [text.strip()] if text.strip() else []
            else:
                yield f"\n{'#' * _level(node)} {text}" if _level(node) and text.strip() else text
            node.clear()


def _text(paragraph: ElementTree.Element) -> str:
    parts = []
    for node in paragraph.iter():
        if node.tag == f"{W}t":
            parts.append(node.text or "")
        elif node.tag == f"{W}tab":
            parts.append("\t")
        elif node.tag in (f"{W}br", f"{W}cr"):
            parts.append("\n")
    return "".join(parts)


def _level(paragraph: ElementTree.Element) -> int:
    """Return 1 to 6 for a heading, else 0."""
    style = paragraph.find(f"{W}pPr/{W}pStyle")
    name = "" if style is None else style.get(f"{W}val", "")
    if name.lower() in ("title", "titel"):
        return 1
    found = HEADING.search(name)
    return int(found[1]) if found else 0
