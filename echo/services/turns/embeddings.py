"""Texts to vectors for programs: within the day's allowance of tokens, with a row of what it took.

Knows no protocol. Texts that are embedded are no messages: they count as tokens alone.
"""

from __future__ import annotations

import time
from datetime import datetime

import structlog
from flask import current_app
from sqlalchemy.exc import IntegrityError

from echo import errors
from echo.clock import utc_now
from echo.extensions import db
from echo.models import ApiCall, MessageStatus
from echo.services.library import Library, embedding
from echo.services.serving.embedder import Embedded, Embedder, Form
from echo.services.sign_in.programs import Program
from echo.services.storage import transaction
from echo.services.turns import quotas

log = structlog.get_logger()


def embed(
    program: Program, texts: list[str], wanted: str | None, form: Form
) -> tuple[str, Embedded]:
    """Return the model's name and the texts' vectors.

    Raises:
        NotFound: no embedding model is installed, or another one was asked for.
        QuotaExceeded, TooLong, Busy, EngineFailed.
    """
    quotas.refuse_spent(program.user.id)
    library: Library = current_app.extensions["library"]
    known = embedding.MODEL
    folder = embedding.installed(library.folder)
    if folder is None:
        raise errors.NotFound(
            f"No embedding model is installed: python run.py models add {known.name}", field="model"
        )
    if wanted is not None and wanted != known.name:
        raise errors.NotFound(
            f"“{wanted[:64]}” embeds no texts here; {known.name} does.", field="model"
        )
    db.session.commit()  # the connection goes back meanwhile
    began, created_at = time.monotonic(), utc_now()
    found = Embedder.of(current_app).embed(folder, texts, form)
    _note(_row(program, found, 1000 * (time.monotonic() - began), created_at))
    return known.name, found


def _note(row: ApiCall) -> None:
    """Write what it took; vectors are not held back by a database."""
    try:
        transaction(lambda: db.session.add(row))
    except (errors.StorageUnavailable, IntegrityError) as failure:
        log.warning("what a call took is not stored", error=type(failure).__name__)


def _row(program: Program, found: Embedded, milliseconds: float, created_at: datetime) -> ApiCall:
    return ApiCall(
        user_id=program.user.id,
        key_id=program.key_id,
        route=quotas.UNCOUNTED,
        model=embedding.MODEL.name,
        status=MessageStatus.COMPLETE,
        finish_reason="stop",
        prompt_tokens=found.tokens,
        cached_tokens=0,
        completion_tokens=0,
        queue_ms=0,
        total_ms=round(milliseconds),
        created_at=created_at,
    )
