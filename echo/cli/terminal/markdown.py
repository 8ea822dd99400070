"""An answer's Markdown for a terminal while it still grows: which of its blocks will change no more.

A terminal cannot change what has scrolled out of it. So whole blocks are written once, and only the last one,
which may still become another (a line a heading, a row a table), is drawn again and again.
"""

from __future__ import annotations

import re
from typing import Final

from markdown_it import MarkdownIt
from rich.console import Console, ConsoleOptions, RenderResult
from rich.markdown import Markdown
from rich.segment import Segment

CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
"""What a terminal would obey instead of showing it: escape sequences begin with one of these."""
CODE_COLOURS: Final = "ansi_dark"  # the terminal's own, whether it is dark or light
# what looks like HTML is text here: rich would leave it out
_parser: Final = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"])


def clean(text: str) -> str:
    """Return a text of which a terminal obeys nothing but new lines and tabs."""
    return CONTROLS.sub("", text)


def rendered(text: str) -> Markdown:
    """Return Markdown as rich draws it."""
    drawn = Markdown(text, code_theme=CODE_COLOURS)
    drawn.parsed = _parser.parse(text)
    return drawn


def settled(text: str) -> int:
    """Return how many first characters of a growing text are blocks that change no more."""
    lines = text[: text.rfind("\n") + 1].split("\n")
    tokens = _parser.parse("\n".join(lines))
    starts = [one.map[0] for one in tokens if one.level == 0 and one.nesting >= 0 and one.map]
    return sum(len(line) + 1 for line in lines[: starts[-1]]) if starts else 0


class Tail:
    """The last lines of a text, as many as the terminal has beside the one that is typed in.

    `spaced`: something stands above it.
    """

    def __init__(self, text: str, spaced: bool = False) -> None:
        self._text = text
        self._spaced = spaced

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        lines = console.render_lines(rendered(self._text), options, pad=False)
        if self._spaced:
            lines.insert(0, [])
        for line in lines[-max(1, console.size.height - 2) :]:
            yield from line
            yield Segment.line()
