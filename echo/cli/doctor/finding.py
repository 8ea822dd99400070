"""What a check has found. Knows no check."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

State = Literal["ok", "warning", "problem"]


@dataclass(frozen=True)
class Finding:
    """One sentence about a part; `do` says what helps, where something is wrong."""

    part: str
    state: State
    said: str
    do: str = ""
