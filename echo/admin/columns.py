"""A table's columns, each said once: its name and label, how it reads, what sorts it, where it is shown.

Knows no one table; how single cells read is in `cells.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import Flag, auto
from typing import Any, ClassVar, Final

Cell = Callable[[Any, str], Any]
"""Takes a row and the column's name; returns what stands in the cell."""


class On(Flag):
    """Where a column is shown; `WORDS` is the CSV of super admins: what people wrote in private."""

    LIST = auto()
    DETAILS = auto()
    CSV = auto()
    WORDS = auto()


PAGES: Final = On.LIST | On.DETAILS
EVERYWHERE: Final = PAGES | On.CSV


@dataclass(frozen=True)
class Column:
    """One column; what only CSV shows needs no label (`mark`ed), without `cell` it reads as it is."""

    name: str
    label: str = ""
    cell: Cell | None = None
    on: On = EVERYWHERE
    sort: tuple[str, ...] = ()
    """The columns by which the list is sorted for this one, often itself."""
    is_long: bool = False
    """In the details it is shown whole, with its line breaks."""
    is_minor: bool = False
    """The list leaves it out where the window is narrow."""


class Columns:
    """Mixin, to be named before Flask-Admin's own class, which reads the same from five attributes."""

    columns: ClassVar[tuple[Column, ...]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        formatted = {each.name: _formatter(each.cell) for each in self.columns if each.cell}
        self.column_list = list(self.names_on(On.LIST))
        self.column_details_list = list(self.names_on(On.DETAILS))
        self.column_labels = {each.name: each.label for each in self.columns if each.label}
        self.column_formatters = formatted
        self.column_formatters_detail = {
            name: read for name, read in formatted.items() if name not in self.blocks
        }
        super().__init__(*args, **kwargs)

    def names_on(self, place: On) -> Iterator[str]:
        """Return the names of the columns that are shown in a place, in their order."""
        return (each.name for each in self.columns if place in each.on)

    @property
    def blocks(self) -> set[str]:
        """The columns whose text keeps its line breaks in the details."""
        return {each.name for each in self.columns if each.is_long}

    @property
    def minor(self) -> set[str]:
        """The columns that a narrow list leaves out."""
        return {each.name for each in self.columns if each.is_minor}

    @property
    def sorting(self) -> dict[str, tuple[str, ...]]:
        """The columns that sort, by the name of the one that is shown."""
        return {each.name: each.sort for each in self.columns if each.sort}


def _formatter(cell: Cell) -> Callable[..., Any]:
    return lambda _view, _context, row, name: cell(row, name)
