"""What is well with the server and what is not, in words, with what to do. Judges nothing itself."""

from __future__ import annotations

import shutil
import socket
from dataclasses import asdict
from typing import Any

from flask import Flask, current_app
from flask_admin import BaseView, expose

from echo import cluster, languages
from echo.admin.access import Guarded
from echo.admin.pages import Page
from echo.config import Settings
from echo.hub_lag import HubLag
from echo.languages import mark
from echo.logs import logged_errors
from echo.services import health, mail
from echo.services.chats import failures
from echo.services.health import Part, State
from echo.services.turns import Turns, longest_waits


def init_app(app: Flask) -> None:
    """Let the other processes ask how this one is."""
    cluster.of(app).on("health", told)


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
            process=this_process() if cluster.here().is_shared else "",
        )


def look() -> list[Part]:
    """Return every part as it is at this moment, and what is not well in the other processes."""
    shared = [health.database(), _mail(), health.backups()]
    return [*_of_process(), *shared, *(_elsewhere() if cluster.here().is_shared else ())]


def _of_process() -> list[Part]:
    return [
        *_of_engine(Turns.here()),
        health.hub_lag(HubLag.of(current_app).worst()),
        health.disk(*_disk()),
        _errors(),
    ]


def told(language: str) -> list[dict[str, str]]:
    """Return this process' own parts for the page that another process shows."""
    with languages.spoken(language):
        return [asdict(part) | {"process": this_process()} for part in _of_process()]


def _elsewhere() -> list[Part]:
    """Return how many processes answer, and of the others what needs somebody."""
    heard = cluster.here().gather("health", language=languages.here().code)
    alive = cluster.here().alive()
    parts = [Part(**values | {"state": State(values["state"])}) for one in heard for values in one]
    return [
        health.processes(1 + len(heard), None if alive is None else len(alive)),
        *(part for part in parts if part.state is not State.GOOD),
    ]


def this_process() -> str:
    """Return by which name those who look after the machines know this process."""
    return f"{socket.gethostname()}:{Settings.here().port}"


def _of_engine(turns: Turns) -> list[Part]:
    state, counters = turns.engine.health(), turns.engine.counters()
    waits = longest_waits(turns)
    return [
        health.engine(state.state, state.model, state.restarts, failures.said(state.error or "")),
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
