"""Figures become bytes (SVG for pages, PNG to download), tables plain values. Knows nothing of what is shown.

Called by one caller at a time: matplotlib's settings are global while it draws.
"""

from __future__ import annotations

import io
import math
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from typing import Any, Final

import pandas as pd
from matplotlib import rc_context
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextToPath

PNG_DPI: Final = 200

Cell = str | int | float | None


@contextmanager
def drawing() -> Iterator[None]:
    """Draw with outlines of letters and steady names; a letter that no face has is a box, not a warning.

    A picture in a page may use no web font of the page: what is to be seen in a face brings its shapes.
    """
    with _boxes_allowed(), rc_context({"svg.fonttype": "path", "svg.hashsalt": "echo"}):
        yield


@contextmanager
def _boxes_allowed() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", r"Glyph .* missing from")
        warnings.filterwarnings("ignore", "Matplotlib currently does not support .* natively")
        yield


def text_width(text: str, points: float) -> float:
    """Return how wide a text is in letters of this size, in points."""
    with _boxes_allowed():
        size = TextToPath().get_text_width_height_descent(
            text.replace("\\$", "$"), FontProperties(size=points), ismath=False
        )
    return float(size[0])


def to_svg(figure: Figure) -> bytes:
    """Return the figure as SVG, the same bytes for the same figure; its texts are comments too."""
    buffer = io.BytesIO()
    with drawing():
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue()


def to_png(figure: Figure) -> bytes:
    """Return the figure as PNG, the same bytes for the same figure."""
    buffer = io.BytesIO()
    with drawing():
        figure.savefig(buffer, format="png", dpi=PNG_DPI)
    return buffer.getvalue()


def cells(frame: pd.DataFrame) -> list[list[Cell]]:
    """Return the table's lines as plain values: days as ISO texts, what is absent as None.

    A column of whole numbers has no decimals, whatever the frame keeps them as.
    """
    columns = [_whole([_cell(value) for value in frame[name].tolist()]) for name in frame]
    return [list(line) for line in zip(*columns, strict=True)]


def _whole(column: list[Cell]) -> list[Cell]:
    if any(isinstance(value, float) and not value.is_integer() for value in column):
        return column
    return [int(value) if isinstance(value, float) else value for value in column]


def _cell(value: Any) -> Cell:
    if isinstance(value, date):  # a timestamp is one too
        return f"{value:%Y-%m-%d}"
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value if isinstance(value, int | float) else str(value)
