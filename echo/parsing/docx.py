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
from typing import Final
from xml.parsers import expat

from echo.parsing.pages import Limits, Page, Refused

BODY: Final = "word/document.xml"
XML_BYTES: Final = 60_000_000
TAGS: Final = 5_000_000
"""A table of 300 close pages has half of them."""
DEPTH: Final = 1_000
ENTRIES: Final = 10_000
ENTRY: Final = b"PK\x01\x02"  # begins an entry of the list of files
W: Final = "http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
SIGNS: Final = {f"{W}tab": "\t", f"{W}br": "\n", f"{W}cr": "\n"}
HEADING: Final = re.compile(
    r"(?:heading|berschrift|titre|titolo|t[ií]tulo)\s*([1-6])", re.IGNORECASE
)
DAMAGED: Final = "This Word file is damaged."
TOO_MUCH: Final = "This Word file unpacks to far more than a document has."


def is_one(raw: bytes) -> bool:
    """Tell whether a ZIP is a Word file; raises Refused for a damaged one."""
    if raw.count(ENTRY) > ENTRIES:
        raise Refused(TOO_MUCH)
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            return BODY in packed.namelist()
    except (zipfile.BadZipFile, ValueError, OSError) as failure:
        raise Refused("This packed file is damaged.") from failure


def read(raw: bytes, limits: Limits) -> Iterator[Page]:
    """Yield the text of the body: paragraphs, headings, tables row by row."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as packed:
            lines = _Body(limits).lines(_xml(packed))
    except (zipfile.BadZipFile, zlib.error, expat.ExpatError, NotImplementedError) as failure:
        raise Refused(DAMAGED) from failure
    except (KeyError, ValueError, OSError, EOFError, RuntimeError) as failure:
        raise Refused(DAMAGED) from failure
    yield Page(None, "\n".join(lines))


def _xml(packed: zipfile.ZipFile) -> bytes:
    body = packed.getinfo(BODY)
    if body.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Refused(DAMAGED)  # others unpack a piece into any number of bytes
    if body.file_size > XML_BYTES:
        raise Refused(TOO_MUCH)
    with packed.open(body) as source:
        xml = source.read(XML_BYTES)
    if xml.count(b"<") > TAGS:
        raise Refused(TOO_MUCH)
    return xml


class _Body:
    """What is read of a body, without a tree: millions of empty elements take neither memory nor long."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._lines: list[str] = []
        self._chars = 0
        self._path: list[str] = []
        self._open: list[_Paragraph] = []  # the innermost last
        self._cells: list[str] = []
        self._tables = 0
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.buffer_text = True
        self._parser.StartElementHandler = self._start
        self._parser.EndElementHandler = self._end
        self._parser.CharacterDataHandler = self._said
        self._parser.StartDoctypeDeclHandler = _refuse_entities

    def lines(self, xml: bytes) -> list[str]:
        """Return each paragraph outside of tables, and each row of a table."""
        self._parser.Parse(xml, True)
        return self._lines

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        self._path.append(tag)
        if len(self._path) > DEPTH:
            raise Refused(TOO_MUCH)
        if tag == f"{W}p":
            self._open.append(_Paragraph())
        elif tag == f"{W}tbl":
            self._tables += 1
        elif not self._open:
            return
        elif tag in SIGNS:
            self._open[-1].parts.append(SIGNS[tag])
        elif tag == f"{W}pStyle" and self._path[-3:-1] == [f"{W}p", f"{W}pPr"]:
            self._open[-1].style = attributes.get(f"{W}val", "")

    def _said(self, text: str) -> None:
        if self._open and self._path[-1] == f"{W}t":
            self._open[-1].parts.append(text)
            self._count(len(text))

    def _end(self, tag: str) -> None:
        self._path.pop()
        if tag == f"{W}tbl":
            self._tables -= 1
        elif tag == f"{W}tr":
            self._line(" | ".join(self._cells))
            self._cells = []
        elif tag == f"{W}p":
            self._paragraph(self._open.pop())

    def _paragraph(self, ended: _Paragraph) -> None:
        text, level = "".join(ended.parts), _level(ended.style)
        if not self._tables:
            self._line(f"\n{'#' * level} {text}" if level and text.strip() else text)
        elif text.strip():
            self._cells.append(text.strip())

    def _line(self, text: str) -> None:
        self._lines.append(text)
        self._count(1)

    def _count(self, chars: int) -> None:
        self._chars += chars
        self._limits.refuse_chars(self._chars)


class _Paragraph:
    def __init__(self) -> None:
        self.style = ""
        self.parts: list[str] = []


def _refuse_entities(*_: object) -> None:
    raise Refused(DAMAGED)


def _level(style: str) -> int:
    """Return 1 to 6 for a heading, else 0."""
    if style.lower() in ("title", "titel"):
        return 1
    found = HEADING.search(style)
    return int(found[1]) if found else 0
