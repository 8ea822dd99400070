"""PDF to pages of text, by pypdf. Knows nothing of how passages are cut."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from typing import Final

from pypdf import PdfReader
from pypdf.errors import PyPdfError

from echo.parsing.pages import Limits, Page, Refused

MARK: Final = b"%PDF-"
MARK_WITHIN: Final = 1_024  # readers take what comes before it for a wrapping
LOCKED: Final = "It is protected by a password. Save it without one, and attach that."
DAMAGED: Final = "This PDF is damaged or cut off."
SCANNED: Final = (
    "There is no text in this PDF, only pictures of pages. No model here sees pictures: have its text "
    "recognised by a scanner’s program first."
)
FAULTS: Final = (
    *(PyPdfError, OSError, ValueError, LookupError, ArithmeticError, TypeError, AttributeError),
    *(RecursionError, EOFError, AssertionError, NotImplementedError),
)
"""What a damaged or hostile file makes the library raise."""

logging.getLogger("pypdf").setLevel(logging.CRITICAL)


def read(raw: bytes, limits: Limits) -> Iterator[Page]:
    """Yield each page that has text."""
    reader = _opened(raw)
    limits.refuse_pages(_count(reader))
    chars = damaged = 0
    for number in range(1, _count(reader) + 1):
        try:
            text = reader.pages[number - 1].extract_text()
        except FAULTS:
            damaged += 1
            continue
        chars += len(text.strip())
        limits.refuse_chars(chars)
        if text.strip():
            yield Page(number, text, has_headings=False)
    if not chars:
        raise Refused(DAMAGED if damaged else SCANNED)


def _opened(raw: bytes) -> PdfReader:
    try:
        reader = PdfReader(io.BytesIO(raw), strict=False)
        locked = reader.is_encrypted and not reader.decrypt("")
    except FAULTS as failure:
        raise Refused(DAMAGED) from failure
    except ImportError as failure:  # ciphers that need a library which is not there
        raise Refused(LOCKED) from failure
    if locked:
        raise Refused(LOCKED)
    return reader


def _count(reader: PdfReader) -> int:
    try:
        return len(reader.pages)
    except FAULTS as failure:
        raise Refused(DAMAGED) from failure
