"""Servers with settings of one's choice, without an application."""

from __future__ import annotations

from typing import Any

from echo.config import Settings
from echo.services.site_settings import SiteSettings


def here(**changed: Any) -> tuple[Settings, SiteSettings]:
    """Return the settings of a server where only these differ, by their names in the environment."""
    site = {name: changed.pop(name) for name in list(changed) if name in SiteSettings.model_fields}
    return Settings(_env_file=None, **changed), SiteSettings(**site)
