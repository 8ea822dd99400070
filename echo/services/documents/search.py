"""Passages for a question: found, judged whether they fit, and told with where they stand. Knows no model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import select, tuple_
from sqlalchemy.orm import undefer

from echo.errors import InvalidInput
from echo.extensions import db
from echo.languages import gettext
from echo.models import Document, Passage
from echo.parsing.terms import terms
from echo.services.documents import meaning, ranking
from echo.services.documents.ranking import Scope
from echo.text import is_blank

COVERED: Final = 0.5
"""The share of a question's words that a passage must hold where its meaning is another."""
OVERVIEW: Final = 6
ABOUT_ALL: Final = frozenset(terms(Path(__file__).with_name("about_all.list").read_text("utf-8")))
"""Words of questions that are about a document as a whole."""


@dataclass(frozen=True)
class Found:
    """A passage and its document; `score` says how well it fits among what was found with it."""

    passage: Passage
    document: Document
    score: float

    def wire(self) -> dict[str, Any]:
        """Return it as programs are told."""
        told: dict[str, Any] = {
            "document_id": self.document.id,
            "name": self.document.name,
            "position": self.passage.position,
            "text": self.passage.text,
            "score": round(self.score, 6),
        }
        if self.passage.page is not None:
            told["page"] = self.passage.page
        if self.passage.heading:
            told["heading"] = self.passage.heading
        return told


@dataclass(frozen=True)
class Search:
    """What was found, the best first; `by_meaning` says that meanings were compared, not words alone."""

    found: list[Found]
    by_meaning: bool


def search(user_id: int, query: str, limit: int) -> Search:
    """Look through all of a person's documents; raises InvalidInput for a query that shows nothing."""
    if is_blank(query):
        raise InvalidInput(gettext("Write what to look for."), field="query")
    vector = meaning.of_question(query)
    scopes = [Scope(user_id)]
    scores, _ = _ranked(scopes, ranking.wanted(query), vector)
    return Search(_told(scopes, scores, limit), vector is not None)


def fitting(user_id: int, documents: Sequence[Document], question: str, limit: int) -> list[Found]:
    """Return the passages of these documents that fit a question, the best first; none where none does.

    The person may use all of them: those of others are looked in owner by owner, by words keyed by each. A
    question about the documents as a whole gets passages from all over them.
    """
    asked = ranking.wanted(question)
    if ABOUT_ALL.issuperset(asked):
        return _all_over(documents, min(limit, OVERVIEW))
    scopes = _scopes(user_id, documents)
    scores, cosines = _ranked(scopes, asked, meaning.of_question(question))
    found = _told(scopes, scores, 2 * limit)
    telling = [term for term in asked if term not in ABOUT_ALL]
    keys = {scope.owner: scope.keys(telling) for scope in scopes}
    fits = (one for one in found if _fits(one.passage, keys[one.document.user_id], cosines))
    return list(fits)[:limit]


def _scopes(user_id: int, documents: Sequence[Document]) -> list[Scope]:
    """Return where to look, one for each owner of these documents."""
    owners = dict.fromkeys(row.user_id for row in documents)
    ids = {owner: tuple(row.id for row in documents if row.user_id == owner) for owner in owners}
    return [Scope(owner, ids[owner], apart=owner != user_id) for owner in owners]


def _ranked(
    scopes: Sequence[Scope], asked: list[str], vector: bytes | None
) -> tuple[dict[int, float], dict[int, float]]:
    """Return the scores of passages, and the cosines of those whose meaning is known.

    Where meanings are compared they lead, and words add to them. By words alone those of each owner have a
    ranking of their own.
    """
    by_words = [ranking.by_words(scope, asked) for scope in scopes]
    held = {each: share for found in by_words for each, share in found.items()}
    near = ranking.by_meaning(scopes, vector, held)
    return ranking.added(held, near) if near else ranking.fused(*by_words), near


def _told(scopes: Sequence[Scope], scores: dict[int, float], limit: int) -> list[Found]:
    owners = [scope.owner for scope in scopes]
    ids = list(scores)[:limit]
    rows = db.session.execute(
        select(Passage, Document)
        .join(Document, Document.id == Passage.document_id)
        .where(Passage.id.in_(ids), Document.user_id.in_(owners), Document.deleted_at.is_(None))
        .options(undefer(Passage.words))
    )
    by_id = {passage.id: Found(passage, row, scores[passage.id]) for passage, row in rows}
    return [by_id[each] for each in ids if each in by_id]


def _fits(passage: Passage, telling: list[str], cosines: dict[int, float]) -> bool:
    """Judge by meaning where meanings were compared; by words alone, one that says something is enough."""
    if cosines.get(passage.id, 0.0) >= ranking.NEAR:
        return True
    held = sum(key in passage.words for key in telling)
    least = COVERED * len(telling) if cosines else 0
    return held >= max(1, least)


def _all_over(documents: Sequence[Document], limit: int) -> list[Found]:
    """Return the beginning of each document, and passages at equal steps through it."""
    share = max(1, limit // max(1, len(documents)))
    wanted = [(row.id, position) for row in documents[:limit] for position in _steps(row, share)]
    query = select(Passage).where(tuple_(Passage.document_id, Passage.position).in_(wanted))
    passages = {(one.document_id, one.position): one for one in db.session.scalars(query)}
    by_id = {row.id: row for row in documents}
    return [Found(passages[key], by_id[key[0]], 0.0) for key in wanted if key in passages]


def _steps(row: Document, count: int) -> Iterable[int]:
    """Return at most so many positions at equal steps."""
    return range(0, row.passage_count, max(1, row.passage_count // count))[:count]
