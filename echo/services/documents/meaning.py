"""Vectors of passages' parts and of questions, where the embedding model is installed. Knows no ranking.

Texts are embedded by the process behind `/v1/embeddings`. What it is asked for here costs nobody's allowance:
it is Echo's own work, bounded by how much text a person may keep.
"""

from __future__ import annotations

import base64
import json
import re
from itertools import islice
from pathlib import Path
from typing import Final

import structlog
from flask import current_app
from sqlalchemy import bindparam, select, update

from echo import hub
from echo.errors import Busy, EngineFailed, TooLong
from echo.extensions import db
from echo.languages import gettext
from echo.models import Passage
from echo.services.library import Library, embedding
from echo.services.serving.embedder import Embedder
from echo.services.storage import transaction

log = structlog.get_logger()

TOGETHER: Final = 4
"""Passages in a batch: a question waits for one, which takes a second or two beside other work."""
QUEUE_SECONDS: Final = 24 * 3600.0  # the vectors of a long document take half an hour
RETRY_SECONDS: Final = 2.0
QUESTION_CHARS: Final = 600
LEAST_CHARS: Final = 60
PART_CHARS: Final = 250
"""The vector of a whole passage is about none of the things in it; the nearest part stands for it."""
SENTENCES: Final = re.compile(r"(?<=[.!?…:;])\s+|\n+|(?<=[。！？])")


def model_folder() -> Path | None:
    """Return the folder of the embedding model; None where none is installed."""
    library: Library = current_app.extensions["library"]
    return embedding.MODEL.installed(library.folder)


def of_question(text: str) -> bytes | None:
    """Return a question's vector as 32-bit floats; None where there is no model, or it does not answer."""
    folder = model_folder()
    if folder is None or not text.strip():
        return None
    db.session.commit()  # the connection goes back meanwhile
    try:
        return _vectors(folder, [text[:QUESTION_CHARS]])[0]
    except (Busy, EngineFailed) as failure:
        log.warning("a question is looked up by its words alone", why=failure.code)
        return None


def add_vectors(document_id: str) -> None:
    """Give a document's passages their vectors; where that fails they are found by their words alone."""
    folder = model_folder()
    if folder is None:
        return
    lacking = (
        select(Passage.id, Passage.heading, Passage.text)
        .where(Passage.document_id == document_id, Passage.vector.is_(None))
        .order_by(Passage.id)
        .limit(TOGETHER)
    )
    try:
        with Embedder.of(current_app).bulk.turn(QUEUE_SECONDS):
            while rows := db.session.execute(lacking).all():
                db.session.commit()  # the connection goes back meanwhile
                texts = [parts(row.heading, row.text) for row in rows]
                vectors = map(halved, _patiently(folder, [part for each in texts for part in each]))
                joined = [b"".join(islice(vectors, len(each))) for each in texts]
                _keep([row.id for row in rows], joined)
    except (Busy, EngineFailed) as failure:
        log.warning("passages have no vectors", document=document_id, why=failure.text)


def parts(heading: str, text: str) -> list[str]:
    """Return what of a passage gets a vector each: some sentences or lines, under their heading."""
    found = [""]
    for sentence in filter(str.strip, SENTENCES.split(text)):
        if found[-1] and len(found[-1]) + len(sentence) > PART_CHARS:
            found.append("")
        found[-1] = f"{found[-1]} {sentence.strip()}".strip()
    return [f"{heading}\n{part}".strip() for part in found]


def _keep(ids: list[int], vectors: list[bytes]) -> None:
    """Write vectors down; a passage that is gone meanwhile has none."""
    change = (
        update(Passage).where(Passage.id == bindparam("which")).values(vector=bindparam("found"))
    )
    values = [{"which": which, "found": found} for which, found in zip(ids, vectors, strict=True)]
    transaction(lambda: db.session.connection().execute(change, values))


def _patiently(folder: Path, texts: list[str]) -> list[bytes]:
    while True:
        try:
            return _vectors(folder, texts)
        except Busy:
            hub.sleep(RETRY_SECONDS)


def _vectors(folder: Path, texts: list[str]) -> list[bytes]:
    """Return a vector for each text; one that is longer than the model reads is cut, by halves."""
    embedder = Embedder.of(current_app)
    while True:
        try:
            found = embedder.embed(folder, texts, "base64").vectors
        except TooLong:
            longest = max(range(len(texts)), key=lambda at: len(texts[at]))
            if len(texts[longest]) < LEAST_CHARS:
                raise EngineFailed(gettext("The embedding model reads next to nothing.")) from None
            texts = [text[: max(LEAST_CHARS // 2, len(texts[longest]) * 2 // 3)] for text in texts]
            continue
        return [base64.b64decode(json.loads(vector)) for vector in found]


def halved(vector: bytes) -> bytes:
    """Return 32-bit floats as 16-bit ones."""
    import numpy as np  # it would cost a server without the model its memory

    return np.frombuffer(vector, "<f4").astype("<f2").tobytes()
