"""People and feedback as CSV, read some at a time. Secrets are never read here. Knows no page."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from sqlalchemy import func, select
from sqlalchemy.orm import InstrumentedAttribute

from echo import csv_lines, hub
from echo.extensions import db
from echo.models import Feedback, Role, User
from echo.services.downloads.making import Progress
from echo.services.storage import in_batches

PER_STEP: Final = 1_000

USER_COLUMNS: Final = {
    "id": User.id,
    "username": User.username,
    "email": User.email,
    "role": Role.name,
    "active": User.active,
    "email_verified_at": User.email_verified_at,
    "created_at": User.created_at,
    "last_seen_at": User.last_seen_at,
}
FEEDBACK_COLUMNS: Final = {
    "id": Feedback.id,
    "user_id": Feedback.user_id,
    "category": Feedback.category,
    "rating": Feedback.rating,
    "opinion": Feedback.opinion,
    "created_at": Feedback.created_at,
    "state": Feedback.state,
    "answer": Feedback.answer,
    "answered_at": Feedback.answered_at,
}


def users(folder: Path, tell: Progress) -> str:
    """Write every account but its secrets into `folder` and return the file's name."""
    query = select(*USER_COLUMNS.values()).select_from(User).join(Role)
    return _write(folder / "echo-people.csv", list(USER_COLUMNS), query, User.id, tell)


def feedback(folder: Path, tell: Progress) -> str:
    """Write every opinion into `folder` and return the file's name."""
    query = select(*FEEDBACK_COLUMNS.values())
    return _write(folder / "echo-feedback.csv", list(FEEDBACK_COLUMNS), query, Feedback.id, tell)


def _write(
    path: Path,
    names: Sequence[str],
    query: Any,
    key: InstrumentedAttribute[int],
    tell: Progress,
) -> str:
    total = db.session.scalar(select(func.count(key))) or 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(csv_lines.heading(names))
        written = 0
        for rows in in_batches(query, PER_STEP):
            file.write(csv_lines.lines(rows))
            written += len(rows)
            tell(min(written / total, 1.0))
            hub.sleep()
    return path.name
