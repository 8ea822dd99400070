"""Settings of generation as people and programs give them, looked at as they are stored. Knows no rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from echo.errors import InvalidInput
from echo.languages import gettext
from echo.limits import GENERATION_RANGES, MODEL_NAME_CHARS, SYSTEM_PROMPT_CHARS
from echo.text import one_newline, storable

WHOLE_NUMBERS: Final = ("top_k", "max_new_tokens")


def checked(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with their types settled; None, which puts the model's default back, stays.

    Raises:
        InvalidInput: an unknown name, a wrong type or a value out of its range (`field` names it).
    """
    return {name: _checked(name, value) for name, value in values.items()}


def without_none(settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return those that differ from the model's defaults."""
    return {name: value for name, value in settings.items() if value is not None}


def _checked(name: str, value: Any) -> Any:
    if value is None:
        return None
    return {"system_prompt": _system_prompt, "model": _model}.get(name, _number)(name, value)


def _system_prompt(name: str, value: Any) -> str:
    value = one_newline(value)
    if not isinstance(value, str) or len(value) > SYSTEM_PROMPT_CHARS:
        said = gettext(
            "The system prompt is a text of at most %(most)s characters.", most=SYSTEM_PROMPT_CHARS
        )
        raise InvalidInput(said, field=name)
    return storable(value)


def _model(name: str, value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= MODEL_NAME_CHARS:
        raise InvalidInput(gettext("A model is chosen by its name."), field=name)
    return storable(value)


def _number(name: str, value: Any) -> float | int:
    limits = GENERATION_RANGES.get(name)
    if limits is None:
        said = gettext("There is no setting called “%(name)s”.", name=str(name)[:40])
        raise InvalidInput(said, field=str(name)[:40])
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not limits.low <= value <= limits.high:
        bounds = {"least": limits.low, "most": limits.high}
        said = gettext("%(name)s is a number from %(least)s to %(most)s.", name=name, **bounds)
        raise InvalidInput(said, field=name)
    if name not in WHOLE_NUMBERS:
        return float(value)
    if value != int(value):
        raise InvalidInput(gettext("%(name)s is a whole number.", name=name), field=name)
    return int(value)
