"""What is well with the server and what is not, in words, with what to do. Judges nothing itself."""

from __future__ import annotations

import shutil
from typing import Any

from flask import current_app
from flask_admin import BaseView, expose

from echo.admin.access import Guarded
from echo.admin.pages import Page
from echo.hub_lag import HubLag
from echo.languages import mark
from echo.logs import logged_errors
from echo.services import health, mail
from echo.services.health import Part, State
from echo.services.turns import Turns, longest_waits


class HealthPage(Guarded, Page, BaseView):
    """One page; what needs somebody stands at its top."""

    routes = ("index",)

    def __init__(self) -> None:
        super().__init__(name=mark("Health"), endpoint="admin_health", url="health")

    @expose("/")
    def index(self) -> Any:
        """Look at every part now."""
        parts = health.worst_first(look())
        return self.render(
            "admin/health.html",
            parts=parts,
            needing=sum(part.state is not State.GOOD for part in parts),
            errors=logged_errors.newest(),
        )


def look() -> list[Part]:
    """Return every part as it is at this moment."""
    return [
        *_of_engine(Turns.here()),
        health.hub_lag(HubLag.of(current_app).worst()),
        health.database(),
        health.disk(*_disk()),
        _mail(),
        health.backups(),
        _errors(),
    ]


def _of_engine(turns: Turns) -> list[Part]:
    state, counters = turns.engine.health(), turns.engine.counters()
    waits = longest_waits(turns)
    return [
        health.engine(state.state, state.model, state.restarts, state.error),
        health.queue(counters.queued, counters.running, waits.slot, waits.first_word),
    ]


def _disk() -> tuple[int, int]:
    disk = shutil.disk_usage(current_app.instance_path)
    return disk.free, disk.total


def _mail() -> Part:
    last = mail.last_try()
    return health.mail(mail.is_enabled(), last and last.at, last and last.failure)


def _errors() -> Part:
    newest = logged_errors.newest()
    return health.errors(logged_errors.count, newest[0].at if newest else None)
