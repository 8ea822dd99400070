"""Meanings beside words: vectors made by hand, an embedding model that fails, passages that are gone."""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask

from echo.errors import Busy, EngineFailed, TooLong
from echo.extensions import db
from echo.models import Conversation, Document, Passage, RoleName, User
from echo.services.documents import collections, in_chats, meaning, ranking, search, shelf
from echo.services.library import embedding
from echo.services.serving.embedder import Embedded, Embedder, Form
from tests.services.documents.test_documents import add
from tests.waiting import until

SEA = (
    "# Puffins\n\nPuffins breed in burrows."
    + " Cliffs." * 40
    + "\n\n# Keels\n\nA keel is the spine of a ship."
    + " Wood." * 60
)
NEST = "Where do seabirds nest?"  # no word of it is in the text
POINTS = {"seabirds": (0.98, 0.2, 0.0), "Puffins": (1.0, 0.0, 0.0), "Keels": (0.0, 1.0, 0.0)}
ELSEWHERE = (0.0, 0.0, 1.0)


class ByHand(Embedder):
    """Gives texts the points above; before it answers it does what a test wants."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[list[str]] = []
        self.before: Callable[[list[str]], object] = lambda texts: None

    def embed(self, folder: Path, texts: list[str], form: Form) -> Embedded:
        with self.turn():
            self.asked.append(texts)
            self.before(texts)
        return Embedded([json.dumps(packed(point_of(text))) for text in texts], 0)


def point_of(text: str) -> tuple[float, ...]:
    return next((point for word, point in POINTS.items() if word in text), ELSEWHERE)


def packed(point: tuple[float, ...]) -> str:
    return base64.b64encode(struct.pack(f"<{len(point)}f", *point)).decode()


@pytest.fixture
def embedder(app: Flask) -> ByHand:
    embedding.MODEL.home(app.extensions["library"].folder).mkdir(parents=True)
    app.extensions["embedder"] = ByHand()
    return app.extensions["embedder"]


def known(user: User, text: str = SEA) -> Document:
    """Return a document whose passages have their vectors."""
    row = add(user, text, "sea.md")
    until(lambda: lacking() == 0, "vectors")
    return row


def lacking() -> int:
    db.session.rollback()
    return db.session.query(Passage).filter(Passage.vector.is_(None)).count()


def headings(found: list[search.Found]) -> list[str]:
    return [one.passage.heading for one in found]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_passage_that_is_near_is_found_without_a_word_of_the_question(
    ada: User, make_user: Callable[..., User], embedder: ByHand
) -> None:
    row = known(ada)
    known(make_user("bob"))
    assert headings(search.fitting(ada.id, [row], NEST, 5)) == ["Puffins"]  # keels are too far
    result = search.search(ada.id, NEST, 5)
    assert (result.by_meaning, headings(result.found)) == (True, ["Puffins", "Keels"])
    assert {one.document.id for one in result.found} == {row.id}


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_others_share_is_found_by_meaning_and_nothing_else_of_theirs(
    ada: User, make_user: Callable[..., User], embedder: ByHand
) -> None:
    root = make_user("root", role=RoleName.ADMIN)
    shared, private = known(root), known(root)
    row = collections.create(root.id, "Sea", [shared.id])
    collections.share(root, row.id, RoleName.USER)
    chat = Conversation(user_id=ada.id, title="Sea")
    db.session.add(chat)
    db.session.commit()
    in_chats.use(chat, [row])
    db.session.commit()
    found = search.fitting(ada.id, in_chats.looked_in(chat, in_chats.NOTHING), NEST, 5)
    assert [(one.document.id, one.passage.heading) for one in found] == [(shared.id, "Puffins")]
    assert private.id != shared.id
    mine = known(ada)
    both = search.fitting(ada.id, [shared, mine], NEST, 5)
    assert {one.document.id for one in both} == {shared.id, mine.id}


def test_one_that_is_far_must_hold_half_of_the_words(ada: User, embedder: ByHand) -> None:
    row = known(ada)
    fits = lambda question: headings(search.fitting(ada.id, [row], question, 5))  # noqa: E731
    assert fits("bronze keel") == ["Keels"]
    assert fits("bronze copper keel") == []
    embedder.before = lambda texts: failing(EngineFailed("gone"))
    assert fits("bronze copper keel") == ["Keels"]  # by words alone one is enough


def test_a_place_in_both_rankings_is_worth_more_than_the_first_in_one() -> None:
    scores = ranking.fused([1, 2, 3], [3, 4])
    assert list(scores) == [3, 1, 2, 4]
    assert scores[3] == pytest.approx(1 / 63 + 1 / 61)


def test_vectors_of_another_model_are_not_compared(ada: User, embedder: ByHand) -> None:
    known(ada)
    query = struct.pack("<2f", 1.0, 0.0)
    assert ranking.by_meaning([ranking.Scope(ada.id)], query) == {}


@pytest.mark.parametrize("failure", [EngineFailed("gone"), Busy("many")])
def test_a_question_without_a_vector_is_looked_up_by_its_words(
    ada: User, embedder: ByHand, failure: Exception
) -> None:
    known(ada)
    embedder.before = lambda texts: failing(failure)
    result = search.search(ada.id, "puffins", 5)
    assert (result.by_meaning, headings(result.found)) == (False, ["Puffins"])


def test_a_document_whose_vectors_fail_is_found_by_its_words(ada: User, embedder: ByHand) -> None:
    embedder.before = lambda texts: failing(EngineFailed("gone"))
    row = add(ada, SEA, "sea.md")
    until(lambda: embedder.asked and embedder.bulk.is_free, "a batch that fails")
    assert (row.status, lacking()) == ("ready", 2)
    assert headings(search.search(ada.id, "puffins", 5).found) == ["Puffins"]


def test_batches_are_small_and_wait_while_others_ask(
    ada: User, embedder: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(meaning, "RETRY_SECONDS", 0.0)
    times = iter(range(100))
    embedder.before = lambda texts: failing(Busy("many")) if next(times) < 2 else None
    known(ada, "\n\n".join(f"# Part {n}\n\n" + "Puffins. " * 50 for n in range(6)))
    assert max(map(len, embedder.asked)) == meaning.TOGETHER
    assert embedder.asked[0] == embedder.asked[1] == embedder.asked[2]  # asked again, none left out


def test_a_text_that_is_too_long_for_the_model_is_cut(ada: User, embedder: ByHand) -> None:
    def limit(texts: list[str]) -> None:
        if max(map(len, texts)) > 100:
            raise TooLong("too long")

    embedder.before = limit
    row = known(ada)
    assert headings(search.fitting(ada.id, [row], NEST, 5)) == ["Puffins"]
    embedder.before = lambda texts: failing(TooLong("too long"))
    assert meaning.of_question("puffins " * 60) is None  # it reads nothing at all


def test_a_document_that_is_deleted_meanwhile_ends_it(ada: User, embedder: ByHand) -> None:
    seen: list[str] = []

    def erase(texts: list[str]) -> None:
        until(lambda: seen, "the document that is ready")
        shelf.erase(Document.user_id == ada.id)

    embedder.before = erase
    seen.append(add(ada, SEA).id)
    until(lambda: embedder.asked and embedder.bulk.is_free, "the end of the vectors")
    assert db.session.query(Passage).count() == db.session.query(Document).count() == 0


def failing(failure: Exception) -> None:
    raise failure
