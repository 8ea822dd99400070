"""Figures become bytes: SVG for pages, PNG to download. Knows nothing of what is drawn.

Called on a native thread by one caller at a time: matplotlib's settings are global while it draws.
"""

from __future__ import annotations

import io
from typing import Final

from matplotlib import rc_context
from matplotlib.figure import Figure

PNG_DPI: Final = 200
MEASURED_FACE: Final = b"'DejaVu Sans'"  # wider than the faces that a browser puts in its place
SHOWN_FACES: Final = b"Inter, system-ui, 'Segoe UI', 'DejaVu Sans'"


def to_svg(figure: Figure) -> bytes:
    """Return the figure as SVG with real text, the same bytes for the same figure."""
    buffer = io.BytesIO()
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "echo"}):
        figure.savefig(buffer, format="svg", metadata={"Date": None})
    return buffer.getvalue().replace(MEASURED_FACE, SHOWN_FACES)


def to_png(figure: Figure) -> bytes:
    """Return the figure as PNG."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PNG_DPI)
    return buffer.getvalue()
