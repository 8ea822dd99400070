"""The models as people are told of them, with what a conversation of theirs begins with. Knows no request."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from echo.services import site_settings
from echo.services.serving import Models, ModelView
from echo.services.turns import sampling


def offered(views: Iterable[ModelView]) -> list[dict[str, Any]]:
    """Return these models as people are told of them, each with its defaults."""
    site, models = site_settings.current(), Models.here()
    told = []
    for view in views:
        chosen = models.chosen(view.name, view.settled)
        usual = sampling.defaults(site, chosen)
        told.append(
            view.public()
            | {
                "defaults": {name: getattr(usual, name) for name in sampling.NAMES}
                | {"system_prompt": sampling.system_prompt(site, chosen)}
            }
        )
    return told
