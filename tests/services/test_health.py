"""Each part of the server is judged at its bounds, in words that say what to do."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from echo.clock import utc_now
from echo.extensions import db
from echo.models import AuditEvent
from echo.services import audit, health
from echo.services.audit import Act
from echo.services.health import Part, State

GB = 10**9
GOOD, WARNING, BAD = State.GOOD, State.WARNING, State.BAD


def judged(part: Part) -> State:
    """Return the state; what is not good says what to do, what is good does not."""
    assert bool(part.do) is (part.state is not GOOD), part
    assert part.said.endswith("."), part
    return part.state


@pytest.mark.parametrize(
    ("state", "restarts", "error", "expected", "words"),
    [
        ("ready", 0, None, GOOD, "mini answers."),
        ("ready", 1, None, WARNING, "once"),
        ("ready", 3, None, WARNING, "3 times"),
        ("loading", 0, None, WARNING, "being loaded"),
        ("restarting", 1, "out of memory.", BAD, "started again: out of memory."),
        ("failed", 3, "no such file", BAD, "does not answer: no such file."),
        ("stopped", 0, None, BAD, "does not answer."),
    ],
)
def test_the_engine(state: str, restarts: int, error: Any, expected: State, words: str) -> None:
    part = health.engine(state, "mini", restarts, error)
    assert judged(part) is expected
    assert words in part.said


@pytest.mark.parametrize(
    ("slot", "first_word", "expected", "words"),
    [
        (0, 0, GOOD, "1 answer being written, 4 waiting"),
        (30, 300, GOOD, "Nobody waits long"),
        (31, 31, WARNING, "31 seconds"),
        (61, 301, BAD, "5 minutes"),
    ],
)
def test_the_queue(slot: float, first_word: float, expected: State, words: str) -> None:
    part = health.queue(4, 1, slot, first_word)
    assert judged(part) is expected
    assert words in part.said


@pytest.mark.parametrize(
    ("seconds", "expected"), [(0, GOOD), (0.2, GOOD), (0.21, WARNING), (0.5, WARNING), (0.51, BAD)]
)
def test_the_hub(seconds: float, expected: State) -> None:
    assert judged(health.hub_lag(seconds)) is expected


@pytest.mark.parametrize(
    ("free", "size", "expected"),
    [
        (15 * GB, 100 * GB, GOOD), (14 * GB, 100 * GB, WARNING), (4 * GB, 100 * GB, BAD),
        (100 * GB, 1000 * GB, GOOD), (2 * GB, 5 * GB, GOOD), (0.9 * GB, 5 * GB, BAD), (0, 5 * GB, BAD),
    ],
)  # fmt: skip
def test_the_disk(free: float, size: int, expected: State) -> None:
    assert judged(health.disk(int(free), size)) is expected


def test_mail() -> None:
    then = utc_now() - timedelta(minutes=7)
    assert judged(health.mail(False, None, None)) is GOOD
    assert judged(health.mail(True, None, None)) is GOOD
    assert "7 minutes ago" in health.mail(True, then, None).said
    failed = health.mail(True, then, "TimeoutError")
    assert judged(failed) is BAD
    assert "TimeoutError" in failed.said


def test_errors() -> None:
    assert judged(health.errors(0, None)) is GOOD
    assert judged(health.errors(2, utc_now() - timedelta(minutes=61))) is GOOD
    assert judged(health.errors(2, utc_now() - timedelta(minutes=59))) is WARNING
    assert "1 error in" in health.errors(1, utc_now()).said


def test_the_database(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    assert judged(health.database()) is GOOD
    monkeypatch.setattr(health, "SLOW_DATABASE_SECONDS", -1.0)
    assert judged(health.database()) is WARNING


def test_backups(app: Flask) -> None:
    assert judged(health.backups()) is WARNING
    audit.record(Act.BACKUP_TAKEN, None, target="database")
    assert judged(health.backups()) is GOOD
    db.session.query(AuditEvent).update({AuditEvent.at: utc_now() - timedelta(days=8)})
    db.session.commit()
    old = health.backups()
    assert judged(old) is WARNING
    assert "8 days ago" in old.said


def test_what_needs_somebody_comes_first() -> None:
    parts = [Part(state, state, ".") for state in (GOOD, WARNING, BAD, GOOD)]
    assert [part.state for part in health.worst_first(parts)] == [BAD, WARNING, GOOD, GOOD]
