"""Which passages fit a query: by words (BM25, or PostgreSQL's own rank), by meaning, and both joined.

Each person's words are terms of their own (`echo/parsing/terms.py`): neither another's passages nor how often
another uses a word is looked at, so that nothing of them shows in what is found, in its order or in its time.
SQLite is asked on a native thread by a connection of its own: a query over many passages would hold the hub.

Sources: S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; G. V.
Cormack, C. L. A. Clarke and S. Büttcher, "Reciprocal Rank Fusion", 2009.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from echo import hub
from echo.extensions import db
from echo.parsing.terms import hashed, terms

QUERY_TERMS: Final = 40
RANKED: Final = 100  # by each way
MEANT_AT_MOST: Final = 20_000  # passages whose meaning is looked at, those of the newest documents
K: Final = 60  # of Cormack, Clarke and Büttcher
SOUGHT: Final = "d.user_id = :owner AND d.status = 'ready' AND d.deleted_at IS NULL"
BY_WORDS: Final = {
    "sqlite": (
        "SELECT p.id FROM passages_fts CROSS JOIN passages p ON p.id = passages_fts.rowid "
        "CROSS JOIN documents d ON d.id = p.document_id "
        f"WHERE passages_fts MATCH :query AND {SOUGHT} {{among}} "
        "ORDER BY bm25(passages_fts), p.id LIMIT :most"
    ),
    "postgresql": (
        "SELECT p.id FROM passages p JOIN documents d ON d.id = p.document_id "
        f"WHERE p.words @@ CAST(:query AS tsquery) AND {SOUGHT} {{among}} "
        "ORDER BY ts_rank_cd(p.words, CAST(:query AS tsquery), 1) DESC, p.id LIMIT :most"
    ),
}
VECTORS: Final = (
    "SELECT p.id, p.vector FROM documents d JOIN passages p ON d.id = p.document_id "
    f"WHERE {SOUGHT} AND p.vector IS NOT NULL {{among}} ORDER BY d.id DESC, p.position LIMIT :most"
)


@dataclass(frozen=True)
class Scope:
    """Whose documents are looked in, and in which of them; None: in all."""

    owner: int
    documents: tuple[str, ...] | None = None

    def sql(self, statement: str) -> str:
        """Return a statement for this scope."""
        if self.documents is None:
            return statement.format(among="")
        names = ", ".join(f":d{number}" for number in range(len(self.documents)))
        return statement.format(among=f"AND d.id IN ({names})")

    def keys(self, terms_: Iterable[str]) -> list[str]:
        """Return what is stored of these terms in the owner's passages."""
        return [hashed(term, str(self.owner)) for term in terms_]

    def values(self) -> dict[str, Any]:
        """Return what the statement's names stand for."""
        chosen = {f"d{number}": each for number, each in enumerate(self.documents or ())}
        return {"owner": self.owner, **chosen}


def wanted(query: str) -> list[str]:
    """Return the first different terms of a query, as many as are looked for: no more are made."""
    found: dict[str, None] = {}
    for term in terms(query):
        found[term] = None
        if len(found) == QUERY_TERMS:
            break
    return list(found)


def by_words(scope: Scope, query_terms: Sequence[str]) -> list[int]:
    """Return the ids of the passages that hold any of these terms, the best first."""
    if not query_terms or scope.documents == ():
        return []
    keys = scope.keys(query_terms)
    either = {"sqlite": " OR ", "postgresql": " | "}[db.engine.dialect.name]
    values = {"query": either.join(f'"{key}"' if either == " OR " else key for key in keys)}
    statement = scope.sql(BY_WORDS[db.engine.dialect.name])
    rows = _asked(statement, {**scope.values(), **values, "most": RANKED})
    return [row[0] for row in rows]


def by_meaning(scope: Scope, vector: bytes | None) -> dict[int, float]:
    """Return the passages that are nearest in meaning, the nearest first, each with its cosine."""
    if vector is None or scope.documents == ():
        return {}
    rows = _asked(scope.sql(VECTORS), {**scope.values(), "most": MEANT_AT_MOST})
    return hub.run_native(_nearest, rows, vector) if rows else {}


def _nearest(rows: Sequence[Any], vector: bytes) -> dict[int, float]:
    import numpy as np  # it would cost a server without the model its memory

    query = np.frombuffer(vector, "<f4")  # [dimensions]
    packed = b"".join(bytes(row[1]) for row in rows)
    vectors = np.frombuffer(packed, "<f2").reshape(len(rows), -1)  # [passages, dimensions]
    if vectors.shape[1] != query.size:  # of another model
        return {}
    cosines = vectors.astype("<f4") @ query
    best = np.argsort(-cosines, kind="stable")[:RANKED]
    return {int(rows[at][0]): float(cosines[at]) for at in best}


def fused(*rankings: Iterable[int]) -> dict[int, float]:
    """Return what stands in any ranking, the best first, each with the sum of 1 / (K + its rank)."""
    scores: dict[int, float] = {}
    for ranking in rankings:
        for rank, each in enumerate(ranking, 1):
            scores[each] = scores.get(each, 0.0) + 1 / (K + rank)
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def _asked(statement: str, values: dict[str, Any]) -> Sequence[Any]:
    if db.engine.dialect.name == "sqlite":
        db.session.commit()  # the connection goes back meanwhile
        return hub.run_native(_asked_apart, str(db.engine.url.database), statement, values)
    return db.session.execute(text(statement), values).all()


def _asked_apart(database: str, statement: str, values: dict[str, Any]) -> Sequence[Any]:
    with closing(sqlite3.connect(database, timeout=5)) as connection:
        connection.execute("PRAGMA query_only=ON")
        found: list[Any] = connection.execute(statement, values).fetchall()
        return found
