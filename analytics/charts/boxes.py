"""Upright bars as one shape: ten times faster than one artist for each bar. Knows no scale."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection

FILLED: Final = 0.72  # of a step's width is bar, the rest is gap


def draw_boxes(
    axes: Axes, places: Sequence[float], below: Any, above: Any, width: float, **style: Any
) -> PolyCollection:
    """Draw a box at each place from `below` to `above`; the axes' limits are the caller's matter."""
    middle = np.asarray(places, dtype=float)
    low, high = np.broadcast_to(below, middle.shape), np.broadcast_to(above, middle.shape)
    left, right = middle - width / 2, middle + width / 2
    corners = np.stack([left, low, left, high, right, high, right, low], axis=1)
    shown = list(corners.reshape(-1, 4, 2)[high > low])
    boxes = PolyCollection(shown, linewidth=0, **style)
    axes.add_collection(boxes, autolim=False)
    return boxes
