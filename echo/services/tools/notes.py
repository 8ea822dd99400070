"""What was computed, as a model reads it beside a question: marked as Echo's own. Knows no model.

What is written here is never stored: only the steps are, with the answer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from echo.services.tools.steps import VERBS, said
from echo.text import untagged

TAG: Final = "computed"
LEAST_WINDOW: Final = 2_048
"""A model that reads less is too small to make anything of it: echo-mini repeats 1 result of 60."""
NOTE: Final = (
    "<computed>\nEcho has computed this for the question. It is right: answer with it.\n{lines}\n"
    "</computed>\n"
)


def before(steps: Sequence[Mapping[str, Any]] | None, window: int) -> str:
    """Return what stands before a question in the prompt of a model that reads so many tokens.

    Nothing where nothing was computed, or where the model reads too little: then its reader alone sees it.
    """
    if window < LEAST_WINDOW:
        return ""
    computed = [said(step) for step in steps or () if step["tool"] in VERBS]
    return NOTE.format(lines="\n".join(computed)) if computed else ""


def unmarked(text: str) -> str:
    """Return what a person, a document or anybody else says so that it cannot pass for a note of these."""
    return untagged(text, TAG)
