"""Why documents cannot be read, as it stands in their rows: in English, for a row knows no reader.

`said` says it in the language of whoever reads it. `echo/parsing` speaks English alone, in a process of its
own: its texts stand here too, so that they can be translated.
"""

from __future__ import annotations

from typing import Final

from echo import languages
from echo.languages import mark
from echo.services import storage

LOST: Final = mark("Echo was stopped while it read this file. Please attach it again.")
FAILED: Final = mark("This file could not be read. Please try again; the log says why.")
WAITING: Final = mark("Many documents are being read. Please attach it again later.")
STOPPED: Final = mark("Reading this file took too long or too much memory, so it was stopped.")
FULL: Final = mark(
    "With it your documents would hold more than %(most)s characters, the most there may be. Delete some "
    "first; deleted ones count until they cannot be restored."
)

PICTURES_FULL: Final = mark(
    "With it your pictures would take more room than there may be. Delete some first; deleted ones count "
    "until they cannot be restored."
)

TEXTS: Final = (
    LOST,
    FAILED,
    WAITING,
    STOPPED,
    FULL,
    PICTURES_FULL,
    storage.DISK_FULL,
    storage.AWAY,
    # ── echo/parsing ──
    mark("The file is empty."),
    mark("There is no text in this file."),
    mark("This is a picture of another kind. Save it as PNG, JPEG, WebP or GIF, and attach that."),
    mark(
        "This is a %(kind)s picture, and its name says something else. Mend its ending, and attach it again."
    ),
    mark("SVG is not taken: it can hold programs. Save it as PNG, and attach that."),
    mark("This is not the picture that its name says."),
    mark("This picture is damaged or cut off."),
    mark("This picture has more than %(most)s million pixels, the most that are read."),
    mark("This is an old Office file. Save it as .docx or PDF, and attach that."),
    mark("This is an RTF file. Save it as .docx or PDF, and attach that."),
    mark("This is a packed archive. Unpack it, and attach the files in it."),
    mark("This is a sound, and sounds are not read here."),
    mark("This is not a text. PDF, Word (.docx), HTML, Markdown, CSV, text and code can be read."),
    mark(
        "Of packed files only Word’s .docx can be read. Save it as .docx or PDF, and attach that."
    ),
    mark("It has %(pages)s pages; at most %(most)s are read."),
    mark("It holds more text than %(most)s characters, the most that is read."),
    mark("This page has more than %(most)s tags, the most that are read."),
    mark("This table cannot be read: %(why)s."),
    mark("It is protected by a password. Save it without one, and attach that."),
    mark("This PDF is damaged or cut off."),
    mark(
        "There is no text in this PDF, only pictures of pages. No model here sees pictures: have its text "
        "recognised by a scanner’s program first."
    ),
    mark("This packed file is damaged."),
    mark("This Word file is damaged."),
    mark("This Word file unpacks to far more than a document has."),
    mark("This file takes more memory to read than it may."),
    mark("This file is damaged, or made so that it cannot be read."),
)


def said(text: str) -> str:
    """Return why a document was not read, in the reader's language."""
    return languages.said(text, TEXTS)
