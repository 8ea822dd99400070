"""A text as a model reads it: its tokens. Knows no request."""

from __future__ import annotations

import time
from typing import Final

from echo import hub
from echo.errors import EngineFailed, InvalidInput
from echo.extensions import db
from echo.generation import EngineUnavailable, InvalidRequest
from echo.languages import gettext
from echo.policies import RoleName
from echo.services.serving.models import Models

LOADING_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.05


def tokenize(
    models: Models, role: RoleName, text: str, wanted: str | None
) -> tuple[str, list[int]]:
    """Return which model reads, and the ids of the tokens; a model that is not in memory is loaded first.

    Raises:
        InvalidInput, Forbidden: no such model, or not for this role.
        EngineFailed: it cannot be loaded, or not in time.
    """
    name = models.choose(role, wanted).name
    db.session.commit()  # the connection goes back while a model is loaded
    deadline = time.monotonic() + LOADING_SECONDS
    try:
        _load(models, name)
        while _is_coming(models, name) and time.monotonic() < deadline:
            hub.sleep(LOOK_SECONDS)
        return name, hub.run_native(models.engine.tokenize, text, name)
    except InvalidRequest as refusal:
        raise InvalidInput(refusal.text, field=refusal.field) from refusal
    except EngineUnavailable as away:
        raise EngineFailed(
            gettext("The model cannot read now: %(away)s", away=gettext(str(away))),
            retry_after=10,
        ) from away


def _load(models: Models, name: str) -> None:
    if _state(models, name) == "installed":
        models.engine.load(name)
        hub.sleep(LOOK_SECONDS)


def _is_coming(models: Models, name: str) -> bool:
    return _state(models, name) in ("installed", "loading", "restarting")


def _state(models: Models, name: str) -> str | None:
    return next((each.state for each in models.engine.models() if each.name == name), None)
