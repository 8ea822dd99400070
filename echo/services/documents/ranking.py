"""Which passages fit a query: by words (BM25, or PostgreSQL's own rank), by meaning, and both joined.

Each person's words are terms of their own (`echo/parsing/terms.py`): neither another's passages nor how often
another uses a word is looked at, so that nothing of them shows in what is found, in its order or in its time.
SQLite is asked on a native thread by a connection of its own: a query over many passages would hold the hub.

What others share is looked in `apart`: an index finds and weighs a word in all that its owner has, also in
what they do not share. There only the shared documents' passages are read, and only they are counted.

Sources: S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; G. V.
Cormack, C. L. A. Clarke and S. Büttcher, "Reciprocal Rank Fusion", 2009.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import text

from echo import hub
from echo.extensions import db
from echo.parsing.terms import hashed, terms
from echo.services.documents import bm25

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
APART: Final = {
    # no index of words is used: it knows passages of documents that are not shared
    "sqlite": (
        "SELECT p.id, p.words FROM documents d CROSS JOIN passages p ON d.id = p.document_id "
        f"WHERE {SOUGHT} {{among}}"
    ),
    "postgresql": (
        "WITH shared AS MATERIALIZED (SELECT p.id, p.words FROM passages p JOIN documents d "
        f"ON d.id = p.document_id WHERE {SOUGHT} {{among}}) SELECT id FROM shared "
        "WHERE words @@ CAST(:query AS tsquery) "
        "ORDER BY ts_rank_cd(words, CAST(:query AS tsquery), 1) DESC, id LIMIT :most"
    ),
}
VECTORS: Final = (
    "SELECT p.id, p.vector FROM documents d JOIN passages p ON d.id = p.document_id "
    f"WHERE {SOUGHT} AND p.vector IS NOT NULL {{among}} ORDER BY d.id DESC, p.position LIMIT :most"
)


@dataclass(frozen=True)
class Scope:
    """Whose documents are looked in, and in which of them; None: in all. `apart`: for somebody else."""

    owner: int
    documents: tuple[str, ...] | None = None
    apart: bool = False

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
    if scope.apart and either == " OR ":
        asked = str(db.engine.url.database), scope.sql(APART["sqlite"]), scope.values()
        db.session.commit()  # the connection goes back meanwhile
        return hub.run_native(_weighed_apart, asked, keys)
    values = {"query": either.join(f'"{key}"' if either == " OR " else key for key in keys)}
    statement = scope.sql((APART if scope.apart else BY_WORDS)[db.engine.dialect.name])
    rows = _asked(statement, {**scope.values(), **values, "most": RANKED})
    return [row[0] for row in rows]


def _weighed_apart(asked: tuple[str, str, dict[str, Any]], keys: Sequence[str]) -> list[int]:
    """Rank as `bm25` does, by what stands in these passages alone. Runs on a native thread."""
    sought, count, lengths = set(keys), 0, 0
    held: dict[int, bm25.Held] = {}
    for passage_id, words in _rows_apart(*asked):
        stored = words.split()
        count, lengths = count + 1, lengths + len(stored)
        if found := sought.intersection(stored):
            held[passage_id] = {key: stored.count(key) for key in found}, len(stored)
    return bm25.ranked(held, count, lengths)[:RANKED]


def by_meaning(scopes: Iterable[Scope], vector: bytes | None) -> dict[int, float]:
    """Return the passages that are nearest in meaning, the nearest first, each with its cosine."""
    found: dict[int, float] = {}
    for scope in scopes:
        if vector is not None and scope.documents != ():
            rows = _asked(scope.sql(VECTORS), {**scope.values(), "most": MEANT_AT_MOST})
            found |= hub.run_native(_nearest, rows, vector) if rows else {}
    return dict(sorted(found.items(), key=lambda item: -item[1])[:RANKED])


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
    return list(_rows_apart(database, statement, values))


def _rows_apart(database: str, statement: str, values: dict[str, Any]) -> Iterator[Any]:
    with closing(sqlite3.connect(database, timeout=5)) as connection:
        connection.execute("PRAGMA query_only=ON")
        yield from connection.execute(statement, values)
