"""HTML to text: what a reader would see, without scripts and styles. Knows nothing of passages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final

from echo.parsing.pages import Limits, Page, Refused
from echo.parsing.plain import decoded

SILENT: Final = frozenset(
    {"script", "style", "noscript", "template", "svg", "iframe", "object", "math"}
)
BLOCKS: Final = re.compile(
    "address|article|aside|blockquote|br|dd|div|dl|dt|fieldset|figcaption|figure|footer|form|header|hr|li|main|"
    "nav|ol|p|pre|section|table|tbody|thead|title|tr|ul"
)
HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
SOURCE_PER_CHAR: Final = 10
"""Characters of source a character of text may take: a page that could hold too much is not read first."""
TAGS: Final = 1_000_000
SPACES: Final = re.compile(r"[ \t\f\v\xa0]+")
DECLARED: Final = re.compile(rb"<meta[^>]{0,200}charset=[\"']?([\w-]{1,40})", re.IGNORECASE)


def read(raw: bytes, limits: Limits) -> Iterator[Page]:
    """Yield the page's text, its headings marked as Markdown marks them."""
    source = _source(raw)
    limits.refuse_chars(len(source) // SOURCE_PER_CHAR)
    if source.count("<") > TAGS:
        raise Refused(f"This page has more than {TAGS:,} tags, the most that are read.")
    reader = _Reader()
    reader.feed(source)
    if not reader.rawdata.startswith("<"):  # a tag or comment that never ends shows nothing
        reader.close()
    lines = (SPACES.sub(" ", line).strip() for line in "".join(reader.parts).split("\n"))
    text = re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
    limits.refuse_chars(len(text))
    yield Page(None, text)


def _source(raw: bytes) -> str:
    declared = DECLARED.search(raw[:2_000])
    if declared and not raw.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        try:
            return raw.decode(declared[1].decode("ascii"), "replace").replace("\0", "\ufffd")
        except (LookupError, UnicodeError):
            pass  # an encoding that nobody knows
    return decoded(raw)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self._silent: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in SILENT:
            if tag not in self._silent:  # the outermost one's end is the end of all in it
                self._silent.append(tag)
        elif tag in HEADINGS:
            self.parts.append(f"\n\n{'#' * HEADINGS[tag]} ")
        elif tag in ("td", "th"):
            self.parts.append(" ")
        elif BLOCKS.fullmatch(tag):
            self.parts.append("\n\n" if tag in ("p", "section", "table") else "\n")

    def handle_endtag(self, tag: str) -> None:
        if tag in SILENT and tag in self._silent:
            del self._silent[self._silent.index(tag) :]
        elif tag in HEADINGS:
            self.parts.append("\n\n")
        elif BLOCKS.fullmatch(tag):
            self.parts.append("\n")

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.parts.append(data)
