"""What a model may be called, and what one is called when nobody says. It knows no model."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import reduce
from typing import Final

from echo.errors import InvalidInput
from echo.languages import gettext, number
from echo.limits import MODEL_NAME_MAX, MODEL_NAME_PATTERN

RESERVED: Final = ("auto",)
"""Words that stand for something else where a model's name may stand."""


def checked(name: str) -> str:
    """Return the name; raises InvalidInput for one that no model may have."""
    if name.casefold() in RESERVED:
        raise InvalidInput(
            gettext("“%(name)s” has a meaning of its own. Choose another name.", name=name),
            field="name",
        )
    if len(name) > MODEL_NAME_MAX or not re.fullmatch(MODEL_NAME_PATTERN, name):
        raise InvalidInput(
            gettext(
                "“%(name)s” is no name for a model: letters, digits and _ . - are, up to "
                "%(most)s, and the first is a letter or a digit.",
                name=name,
                most=number(MODEL_NAME_MAX),
            ),
            field="name",
        )
    return name


def proposed(text: str) -> str:
    """Return a name made of a file's or folder's; raises InvalidInput when nothing is left of it."""
    return checked(re.sub(r"[^A-Za-z0-9_.\-]+", "-", text).strip("-._")[:MODEL_NAME_MAX])


def joined(names: Iterable[str]) -> str:
    """Return “a and b and c”."""
    return reduce(
        lambda first, second: gettext("%(first)s and %(second)s", first=first, second=second), names
    )
