"""What the serving process does beside serving: expiries each minute, deletions each hour, and such.

Knows when, not what: each job is a service's function, and one that fails is logged and tried again.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import structlog
from flask import Flask

from echo import cluster, hub
from echo.services import downloads
from echo.services.accounts import one_time_links
from echo.services.chats import conversations, folders, kept_responses, personas, retention
from echo.services.chats.imports import runs
from echo.services.documents import collections, reading, shelf
from echo.services.guardrails import decisions
from echo.services.numbers import rollups
from echo.services.people import deletion
from echo.services.sharing import shares
from echo.services.sign_in import devices, login_delays
from echo.services.turns import Turns

log = structlog.get_logger()

QUARTER_MINUTE: Final = 15.0
MINUTE: Final = 60.0
HOUR: Final = 3600.0
LOOK_SECONDS: Final = 5.0
LEASE_SECONDS: Final = 60.0  # an hour's work takes seconds; who leads asks again each time it looks


@dataclass
class Job:
    """A function to be called again and again; `due` is a moment of the monotonic clock.

    Of several processes that serve one Echo one does it, unless it is to be done `everywhere`.
    """

    work: Callable[[], object]
    period: float
    due: float = 0.0
    everywhere: bool = False


def jobs() -> list[Job]:
    """Return all jobs, each due at once."""
    return [
        Job(reap_replies, QUARTER_MINUTE, everywhere=True),
        Job(devices.end_expired, MINUTE),
        Job(rollups.refresh, MINUTE),
        Job(reading.fail_lost, MINUTE, everywhere=True),  # only this process knows what it reads
        Job(downloads.forget_old, MINUTE, everywhere=True),  # of this process' folder
        Job(conversations.purge_deleted, HOUR),
        Job(folders.purge_deleted, HOUR),
        Job(personas.purge_deleted, HOUR),
        Job(shelf.purge_deleted, HOUR),
        Job(collections.purge_deleted, HOUR),
        Job(reading.remove_leftovers, HOUR, everywhere=True),
        Job(devices.forget_old, HOUR),
        Job(one_time_links.forget_expired, HOUR),
        Job(login_delays.forget_old, HOUR),
        Job(retention.sweep, HOUR),
        Job(kept_responses.forget_old, HOUR),
        Job(shares.forget_expired, HOUR),
        Job(runs.forget_old, HOUR),
        Job(decisions.forget_old, HOUR),
        Job(deletion.resume, HOUR),
    ]


def reap_replies() -> None:
    Turns.here().reap()


def run(app: Flask) -> None:
    """Do what is due, for ever; to be spawned by the serving process."""
    waiting = jobs()
    while True:
        leads = cluster.of(app).leads("housekeeping", LEASE_SECONDS)
        for job in waiting:
            if job.due <= time.monotonic() and (leads or job.everywhere):
                _do(app, job)
        hub.sleep(LOOK_SECONDS)


def _do(app: Flask, job: Job) -> None:
    job.due = time.monotonic() + job.period
    with app.app_context():
        try:
            job.work()
        except Exception:
            log.exception("housekeeping failed", job=f"{job.work.__module__}.{job.work.__name__}")
