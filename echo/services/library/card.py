"""`echo.json` beside a model: the prompt and sampling that suit it. It knows no site's settings."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import structlog
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from echo.limits import GENERATION_RANGES, SYSTEM_PROMPT_CHARS

log = structlog.get_logger()
FILE: Final = "echo.json"


class Card(BaseModel):
    """What whoever made or tuned a model recommends for it."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    system_prompt: str | None = Field(default=None, max_length=SYSTEM_PROMPT_CHARS)
    sampling: dict[str, float] = Field(default_factory=dict)


NO_CARD: Final = Card()


def read(folders: list[Path]) -> Card:
    """Return the first card of these folders; a broken one is logged and counts as none."""
    for folder in folders:
        try:
            card = Card.model_validate_json((folder / FILE).read_bytes())
        except FileNotFoundError:
            continue
        except (OSError, ValidationError) as failure:
            log.warning("a model's card cannot be read", folder=str(folder), why=str(failure))
            return NO_CARD
        return card.model_copy(update={"sampling": _usable(card.sampling)})
    return NO_CARD


def write(folder: Path, card: Card) -> None:
    """Put a card beside a model that was made of the one it belongs to; an empty one is left out."""
    if card != NO_CARD:
        (folder / FILE).write_text(card.model_dump_json(indent=1) + "\n", encoding="utf-8")


def _usable(sampling: dict[str, float]) -> dict[str, float]:
    """Return what is known here and within its range."""
    ranges = {name: GENERATION_RANGES.get(name) for name in sampling}
    return {
        name: value
        for name, value in sampling.items()
        if (limit := ranges[name]) is not None and limit.low <= value <= limit.high
    }
