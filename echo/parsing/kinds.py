"""What a file with text is: told by what it holds, not by what it calls itself. Knows the readers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from echo.parsing import docx, html, pdf, pictures, plain
from echo.parsing.pages import Limits, Page, Refused

Reader = Callable[[bytes, Limits], Iterator[Page]]

# none that a text could begin with: a file of one of those kinds holds NULs, and is no text anyway
MAGIC: Final = (
    (b"II*\0", pictures.OTHER),
    (b"MM\0*", pictures.OTHER),
    (b"\0\0\x01\0", pictures.OTHER),
    (b"\xd0\xcf\x11\xe0", "This is an old Office file. Save it as .docx or PDF, and attach that."),
    (b"{\\rtf", "This is an RTF file. Save it as .docx or PDF, and attach that."),
    (b"\x1f\x8b", "This is a packed archive. Unpack it, and attach the files in it."),
    (b"7z\xbc\xaf", "This is a packed archive. Unpack it, and attach the files in it."),
    (b"Rar!\x1a", "This is a packed archive. Unpack it, and attach the files in it."),
    (b"OggS\0", "This is a sound, and sounds are not read here."),
)
BINARY: Final = (
    "This is not a text. PDF, Word (.docx), HTML, Markdown, CSV, text and code can be read."
)
ZIPPED: Final = (
    "Of packed files only Word’s .docx can be read. Save it as .docx or PDF, and attach that."
)
BY_NAME: Final = {
    "html": ("html", html.read), "htm": ("html", html.read), "xhtml": ("html", html.read),
    "csv": ("csv", plain.read_csv), "tsv": ("csv", plain.read_csv),
    "md": ("markdown", plain.read_markdown), "markdown": ("markdown", plain.read_markdown),
}  # fmt: skip


def of(raw: bytes, name: str) -> tuple[str, Reader]:
    """Return what a file is, in a word, and who reads it; raises Refused."""
    if not raw.strip(b"\0 \t\r\n"):
        raise Refused("The file is empty.")
    if pdf.MARK in raw[: pdf.MARK_WITHIN]:
        return "pdf", pdf.read
    if raw.startswith(b"PK\x03\x04"):
        if docx.is_one(raw):
            return "docx", docx.read
        raise Refused(ZIPPED)
    _refuse_known(raw)
    pictures.refuse_named(name)
    ending = name.rpartition(".")[2].lower()
    if ending in BY_NAME:
        return BY_NAME[ending]
    if raw[:200].lstrip(b"\xef\xbb\xbf \t\r\n").lower().startswith((b"<!doctype html", b"<html")):
        return "html", html.read
    return "text", plain.read


def _refuse_known(raw: bytes) -> None:
    for magic, why in MAGIC:
        if raw.startswith(magic):
            raise Refused(why)
    if raw[4:12] in (b"ftypavif", b"ftypheic"):
        raise Refused(pictures.OTHER)
    if not plain.is_text(raw):
        raise Refused(BINARY)
