"""The row of a call that is no answer: texts were embedded, sound was written down. Knows neither."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import structlog
from sqlalchemy.exc import IntegrityError

from echo import errors
from echo.extensions import db
from echo.models import ApiCall, MessageStatus
from echo.services.storage import transaction

log = structlog.get_logger()

REASONS: Final = {
    MessageStatus.COMPLETE: "stop",
    MessageStatus.STOPPED: "cancelled",
    MessageStatus.FAILED: "failed",
}


def note(
    route: str,
    model: str,
    user_id: int,
    key_id: str | None,
    *,
    seconds: float,
    created_at: datetime,
    tokens: int = 0,
    status: MessageStatus = MessageStatus.COMPLETE,
) -> None:
    """Write what it took; what was found is not held back by a database."""
    row = ApiCall(
        user_id=user_id,
        key_id=key_id,
        route=route,
        model=model,
        status=status,
        finish_reason=REASONS[status],
        prompt_tokens=tokens,
        cached_tokens=0,
        completion_tokens=0,
        queue_ms=0,
        total_ms=round(1000 * seconds),
        created_at=created_at,
    )
    try:
        transaction(lambda: db.session.add(row))
    except (errors.StorageUnavailable, IntegrityError) as failure:
        log.warning("what a call took is not stored", error=type(failure).__name__)
