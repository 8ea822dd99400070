"""Texts to vectors for programs: within the day's allowance of tokens, with a row of what it took.

Knows no protocol. Texts that are embedded are no messages: they count as tokens alone.
"""

from __future__ import annotations

import time

from flask import current_app

from echo import errors
from echo.clock import utc_now
from echo.extensions import db
from echo.languages import gettext
from echo.services.library import Library, embedding
from echo.services.serving.embedder import Embedded, Embedder, Form
from echo.services.sign_in.programs import Program
from echo.services.turns import quotas, side_calls


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
    folder = known.installed(library.folder)
    if folder is None:
        raise errors.NotFound(
            gettext(
                "No embedding model is installed: python run.py models add %(known)s",
                known=known.name,
            ),
            field="model",
        )
    if wanted is not None and wanted != known.name:
        raise errors.NotFound(
            gettext(
                "“%(name)s” embeds no texts here; %(known)s does.",
                name=wanted[:64],
                known=known.name,
            ),
            field="model",
        )
    db.session.commit()  # the connection goes back meanwhile
    began, created_at = time.monotonic(), utc_now()
    found = Embedder.of(current_app).embed(folder, texts, form)
    seconds = time.monotonic() - began
    side_calls.note(
        quotas.EMBEDDINGS,
        known.name,
        program.user.id,
        program.key_id,
        seconds=seconds,
        created_at=created_at,
        tokens=found.tokens,
    )
    return known.name, found
