"""Bringing the database to this version's form, one process of this folder at a time. Knows no tables."""

from __future__ import annotations

import flask_migrate

from echo import instance_lock
from echo.config import Settings


def upgrade() -> None:
    """Bring the application's database to the newest form; wait while another process does."""
    with instance_lock.migrating(Settings.here().instance):
        flask_migrate.upgrade()
