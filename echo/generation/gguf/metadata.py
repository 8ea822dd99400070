"""Typed, checked access to a header's metadata. It does not know what any key is for."""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from .errors import Unreadable, shown

REQUIRED: Final = object()  # as a default: the key must be there


class Metadata:
    """`architecture` is the prefix that a key beginning with a dot stands for."""

    def __init__(self, values: dict[str, Any]) -> None:
        self._values = values
        self.architecture = self.text("general.architecture", REQUIRED) or ""

    def has(self, key: str) -> bool:
        return self._full(key) in self._values

    def is_list(self, key: str) -> bool:
        return isinstance(self._get(key, None), np.ndarray | list)

    def text(self, key: str, default: Any = None) -> str | None:
        value = self._get(key, default)
        if value is not None and not isinstance(value, str):
            raise self._wrong(key, "a text")
        return value

    def flag(self, key: str, default: bool | None = None) -> bool | None:
        value = self._get(key, default)
        if value is not None and not isinstance(value, bool):
            raise self._wrong(key, "true or false")
        return value

    def whole(self, key: str, low: int, high: int, default: Any = REQUIRED) -> int:
        """A whole number from low to high."""
        value = self._get(key, default)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, "one whole number")
        if not low <= value <= high:
            raise self._wrong(key, f"from {low:,} to {high:,}", value)
        return value

    def number(self, key: str, low: float, high: float, default: Any = REQUIRED) -> float:
        """A finite number from low to high."""
        value = self._get(key, default)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(key, "one number")
        if not isfinite(value) or not low <= value <= high:
            raise self._wrong(key, f"from {low:g} to {high:g}", value)
        return float(value)

    def strings(self, key: str) -> list[str]:
        """Only of arrays that the header was asked to keep."""
        value = self._get(key, REQUIRED)
        if not isinstance(value, list):
            raise self._wrong(key, "a list of texts")
        return value

    def count(self, key: str) -> int:
        """How many values an array has."""
        value = self._get(key, REQUIRED)
        count = getattr(value, "count", None) if not isinstance(value, list) else len(value)
        if not isinstance(count, int):
            raise self._wrong(key, "a list of texts")
        return count

    def numbers(self, key: str) -> NDArray[Any] | None:
        value = self._get(key, None)
        if value is not None and not isinstance(value, np.ndarray):
            raise self._wrong(key, "a list of numbers")
        return value

    def _get(self, key: str, default: Any) -> Any:
        full = self._full(key)
        if full not in self._values and default is REQUIRED:
            raise Unreadable(f"it does not say {full}.")
        return self._values.get(full, default)

    def _full(self, key: str) -> str:
        return self.architecture + key if key.startswith(".") else key

    def _wrong(self, key: str, wanted: str, value: Any = None) -> Unreadable:
        found = "" if value is None else f", but {value:,}"
        return Unreadable(f"{shown(self._full(key))} is not {wanted}{found}.")
