"""What every reader gives and may refuse with. Knows no format."""

from __future__ import annotations

from dataclasses import dataclass


class Refused(Exception):
    """A document that is not read, and why, in words for the person."""


@dataclass(frozen=True)
class Page:
    """A stretch of text that no passage goes beyond; `number` None where the format has no pages.

    Where it `has_headings`, a line that begins with one to six `#` and a blank is one in any format.
    """

    number: int | None
    text: str
    has_headings: bool = True


@dataclass(frozen=True)
class Limits:
    """What a document may have at most."""

    pages: int
    chars: int

    def refuse_pages(self, count: int) -> None:
        """Raise Refused for more pages than are read."""
        if count > self.pages:
            raise Refused(f"It has {count:,} pages; at most {self.pages:,} are read.")

    def refuse_chars(self, count: int) -> None:
        """Raise Refused for more text than is read."""
        if count > self.chars:
            raise Refused(
                f"It holds more text than {self.chars:,} characters, the most that is read."
            )
