"""Which passages fit a query: by words (BM25, or PostgreSQL's own rank), by meaning, and both added up.

Each person's words are terms of their own (`echo/parsing/terms.py`): neither another's passages nor how often
another uses a word is looked at, so that nothing of them shows in what is found, in its order or in its time.
SQLite is asked on a native thread by a connection of its own: a query over many passages would hold the hub.

What others share is looked in `apart`: an index finds and weighs a word in all that its owner has, also in
what they do not share. There only the shared documents' passages are read, and only they are counted.

Sources: S. Robertson and H. Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond", 2009; S.
Bruch, S. Gai and A. Ingber, "An Analysis of Fusion Functions for Hybrid Retrieval", 2022 (scores added, not
ranks); G. V. Cormack, C. L. A. Clarke and S. Büttcher, "Reciprocal Rank Fusion", 2009.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
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
COMPARED: Final = 8192  # vectors at a time: as 32-bit floats they take twice the memory
NEAR: Final = 0.3
"""The cosine from which a passage is about a question: MiniLM gives unrelated sentences less."""
WHOLE: Final = 0.05
"""What a passage with one vector gets added: the nearest of several parts is nearer than their whole."""
SAID: Final = 0.15
"""What holding all words of a question is worth, as a cosine; from 0.1 to 0.25 it makes little difference."""
K: Final = 60  # of Cormack, Clarke and Büttcher
SOUGHT: Final = "d.user_id = :owner AND d.status = 'ready' AND d.deleted_at IS NULL"
BY_WORDS: Final = {
    "sqlite": (
        "SELECT found.id, passages.words FROM (SELECT p.id, bm25(passages_fts) AS score "
        "FROM passages_fts CROSS JOIN passages p ON p.id = passages_fts.rowid "
        "CROSS JOIN documents d ON d.id = p.document_id "
        f"WHERE passages_fts MATCH :query AND {SOUGHT} {{among}} "
        "ORDER BY score, p.id LIMIT :most) found "  # without their words: they would be sorted too
        "CROSS JOIN passages ON passages.id = found.id ORDER BY score, found.id"
    ),
    "postgresql": (
        "SELECT p.id, p.words FROM passages p JOIN documents d ON d.id = p.document_id "
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
        f"ON d.id = p.document_id WHERE {SOUGHT} {{among}}) SELECT id, words FROM shared "
        "WHERE words @@ CAST(:query AS tsquery) "
        "ORDER BY ts_rank_cd(words, CAST(:query AS tsquery), 1) DESC, id LIMIT :most"
    ),
}
VECTORS: Final = (  # which ones first: vectors that are sorted take most of the time
    "SELECT id, vector FROM passages WHERE id IN (SELECT p.id FROM documents d JOIN passages p "
    f"ON d.id = p.document_id WHERE {SOUGHT} AND p.vector IS NOT NULL {{among}} "
    "ORDER BY d.id DESC, p.position LIMIT :most)"
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


def by_words(scope: Scope, query_terms: Sequence[str]) -> dict[int, float]:
    """Return the passages that hold any of these terms, the best first, each with the share that it holds."""
    if not query_terms or scope.documents == ():
        return {}
    keys = scope.keys(query_terms)
    either = {"sqlite": " OR ", "postgresql": " | "}[db.engine.dialect.name]
    if scope.apart and either == " OR ":
        asked = str(db.engine.url.database), scope.sql(APART["sqlite"]), scope.values()
        db.session.commit()  # the connection goes back meanwhile
        return hub.run_native(_weighed_apart, asked, keys)
    values = {"query": either.join(f'"{key}"' if either == " OR " else key for key in keys)}
    statement = scope.sql((APART if scope.apart else BY_WORDS)[db.engine.dialect.name])
    rows = _asked(statement, {**scope.values(), **values, "most": RANKED})
    return {row[0]: sum(key in row[1] for key in keys) / len(keys) for row in rows}


def _weighed_apart(asked: tuple[str, str, dict[str, Any]], keys: Sequence[str]) -> dict[int, float]:
    """Rank as `bm25` does, by what stands in these passages alone. Runs on a native thread."""
    sought, count, lengths = set(keys), 0, 0
    held: dict[int, bm25.Held] = {}
    for passage_id, words in _rows_apart(*asked):
        stored = words.split()
        count, lengths = count + 1, lengths + len(stored)
        if found := sought.intersection(stored):
            held[passage_id] = {key: stored.count(key) for key in found}, len(stored)
    best = bm25.ranked(held, count, lengths)[:RANKED]
    return {each: len(held[each][0]) / len(keys) for each in best}


def by_meaning(
    scopes: Iterable[Scope], vector: bytes | None, also: Container[int] = ()
) -> dict[int, float]:
    """Return the cosines of the passages that are nearest in meaning, the nearest first, and of `also`."""
    found: dict[int, float] = {}
    for scope in scopes:
        if vector is not None and scope.documents != ():
            rows = _asked(scope.sql(VECTORS), {**scope.values(), "most": MEANT_AT_MOST})
            found |= hub.run_native(_nearest, rows, vector, also) if rows else {}
    return _best(found.items(), also)


def _best(cosines: Iterable[tuple[int, float]], also: Container[int]) -> dict[int, float]:
    ordered = sorted(cosines, key=lambda item: -item[1])
    return dict(one for at, one in enumerate(ordered) if at < RANKED or one[0] in also)


def _nearest(rows: Sequence[Any], vector: bytes, also: Container[int]) -> dict[int, float]:
    """Compare with each passage by the nearest of its parts. Runs on a native thread."""
    import numpy as np  # it would cost a server without the model its memory

    query = np.frombuffer(vector, "<f4")  # [dimensions]
    counts, left = np.divmod([len(row[1]) for row in rows], 2 * query.size)  # [passages]
    packed = b"".join(bytes(row[1]) for row in rows)
    if left.any():  # of another model
        return {}
    vectors = np.frombuffer(packed, "<f2").reshape(-1, query.size)  # [parts, dimensions]
    if not np.allclose(np.linalg.norm(vectors[: counts[0]], axis=1), 1, atol=0.01):
        return {}  # pieces of another model's
    blocks = (vectors[at : at + COMPARED] for at in range(0, len(vectors), COMPARED))
    products = np.concatenate([block.astype("<f4") @ query for block in blocks])  # [parts]
    cosines = np.maximum.reduceat(products, np.cumsum(counts) - counts)  # [passages]
    cosines[counts == 1] += WHOLE
    return _best(((int(row[0]), float(at)) for row, at in zip(rows, cosines, strict=True)), also)


def added(held: Mapping[int, float], cosines: Mapping[int, float]) -> dict[int, float]:
    """Return passages by their cosine and the share of words that they hold, the best first.

    What has no vector, since it was read before the model was there, counts as one that is just near.
    """
    both = {**held, **cosines}
    scores = {each: cosines.get(each, NEAR) + SAID * held.get(each, 0.0) for each in both}
    return dict(sorted(scores.items(), key=lambda item: -item[1]))


def fused(*rankings: Iterable[int]) -> dict[int, float]:
    """Return what stands in any ranking, the best first, each with the sum of 1 / (K + its rank).

    It joins what words found of several owners: BM25's own scores cannot be compared.
    """
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
