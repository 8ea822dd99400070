"""Pages cut into passages that overlap, at paragraphs, lines or sentences. Knows no format."""

from __future__ import annotations

import re
from bisect import bisect
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from echo.parsing.pages import Page
from echo.parsing.terms import hashed, terms
from echo.text import boundary, storable

CHARS: Final = 700
"""About 170 tokens: several fit beside a conversation in a window of 2,048, and one into MiniLM's 256."""
OVERLAP: Final = 120
LEAST: Final = 350  # a passage is not cut shorter for a better border
SECTION_LEAST: Final = 200  # nor for a heading
HEADING_CHARS: Final = 160
HEADING: Final = re.compile(r"^#{1,6} +(\S.*)$", re.MULTILINE)
BORDERS: Final = (
    re.compile(r"\n[ \t]*\n(?=\S)"),
    re.compile(r"\n"),
    re.compile(r"(?<=[.!?…:;])\s|(?<=[。！？])"),
    re.compile(r"\s"),
)


@dataclass(frozen=True)
class Passage:
    """A stretch of a document: `start` and `end` count characters of its whole text."""

    position: int
    page: int | None
    start: int
    end: int
    heading: str
    text: str


def cut(pages: Iterable[Page]) -> Iterator[Passage]:
    """Yield the passages of all pages in order."""
    position = offset = 0
    for page in pages:
        text = tidy(page.text)
        headings = deque(HEADING.finditer(text) if page.has_headings else ())
        above = ""
        for start, end in _spans(text, [found.start() for found in headings]):
            said = text[start:end]
            while headings and headings[0].start() <= start:
                above = headings.popleft()[1].strip(" #*")[:HEADING_CHARS]
            if said.strip():
                yield Passage(position, page.number, offset + start, offset + end, above, said)
                position += 1
        offset += len(text) + 1


def told(passage: Passage, name: str, key: str) -> dict[str, Any]:
    """Return a passage with its terms; it is found by its document's name and its heading too."""
    words = f"{Path(name).stem}\n{passage.heading}\n{passage.text}"
    return {
        "position": passage.position,
        "page": passage.page,
        "start": passage.start,
        "end": passage.end,
        "heading": passage.heading,
        "text": passage.text,
        "terms": [hashed(term, key) for term in terms(words)],
    }


def tidy(text: str) -> str:
    """Return a text without blanks at its lines' ends and without long runs of empty lines."""
    lines = (line.rstrip() for line in storable(text).replace("\r", "\n").split("\n"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip("\n")


def _spans(text: str, sections: list[int]) -> Iterator[tuple[int, int]]:
    """Yield from where to where passages go; where a section begins one does, with no overlap."""
    start = 0
    while start < len(text):
        end = min(len(text), _end(text, start))
        after = bisect(sections, start + SECTION_LEAST)
        if after < len(sections) and sections[after] < end:
            start, former = sections[after], start
            yield former, start
            continue
        yield start, end
        if end >= len(text):
            return
        start = max(start + 1, _begin(text, start, end))


def _end(text: str, start: int) -> int:
    """Return the best border: the last of the strongest kind between the least and the usual length."""
    if len(text) - start <= CHARS:
        return len(text)
    low, high = start + LEAST, start + CHARS
    for border in BORDERS:
        found = [match.end() for match in border.finditer(text, low, high)]
        if found:
            return found[-1]
    return max(boundary(text, high), start + 1)


def _begin(text: str, start: int, end: int) -> int:
    """Return where the next passage begins: some words back, so that what was cut apart is whole in one.

    After an empty line nothing was cut apart.
    """
    if text.endswith("\n\n", 0, end) or text.startswith("#", end):
        return end
    for border in BORDERS[1:]:
        found = [match.end() for match in border.finditer(text, max(start + 1, end - OVERLAP), end)]
        if found and found[0] < end:
            return found[0]
    return end
