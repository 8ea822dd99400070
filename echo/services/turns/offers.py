"""The models as people are told of them, with what a conversation of theirs begins with. Knows no request."""

from __future__ import annotations

from typing import Any

from echo.policies import RoleName
from echo.services import site_settings
from echo.services.serving import Models
from echo.services.turns import sampling


def offered(role: RoleName) -> list[dict[str, Any]]:
    """Return the models that somebody of this role may use, each with its defaults."""
    site, offer = site_settings.current(), Models.here()
    told = []
    for view in offer.for_role(role):
        chosen = offer.choose(role, view.name)
        usual = sampling.defaults(site, chosen)
        told.append(
            view.public()
            | {
                "defaults": {name: getattr(usual, name) for name in sampling.NAMES}
                | {"system_prompt": sampling.system_prompt(site, chosen)}
            }
        )
    return told
