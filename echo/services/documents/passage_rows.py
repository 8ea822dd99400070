"""A passage as the reading process tells it, as a row of this database. Knows no document."""

from __future__ import annotations

from typing import Any

from echo.extensions import db


def of(document_id: str, said: dict[str, Any]) -> dict[str, Any]:
    """Return the values of a passage's row."""
    terms: list[str] = said["terms"]
    if db.engine.dialect.name == "postgresql":
        terms = [f"{term}:{place}" for place, term in enumerate(terms, 1)]
    return {
        "document_id": document_id,
        "position": said["position"],
        "page": said["page"],
        "start_at": said["start"],
        "end_at": said["end"],
        "heading": said["heading"],
        "text": said["text"],
        "words": " ".join(terms),
    }
