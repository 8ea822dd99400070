"""Where a JSON value ends that comes piece by piece. It does not know what it says."""

from __future__ import annotations


class Value:
    """Where a JSON value ends that is an object or an array; what is before it is left out of account."""

    def __init__(self, depth: int = 0) -> None:
        self._depth = depth
        self._in_string = False
        self._escaped = False
        self.ended = False

    def take(self, text: str) -> int:
        """Read on and return how many signs belong to the value."""
        for at, sign in enumerate(text):
            self._one(sign)
            if self.ended:
                return at + 1
        return len(text)

    def _one(self, sign: str) -> None:
        if self._escaped:
            self._escaped = False
        elif self._in_string:
            self._escaped = sign == "\\"
            self._in_string = sign != '"'
        elif sign == '"':
            self._in_string = True
        elif sign in "{[":
            self._depth += 1
        elif sign in "}]":
            self._depth -= 1
            self.ended = self._depth <= 0
