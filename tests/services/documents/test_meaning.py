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

pytestmark = pytest.mark.slow  # each document is read by a process of its own

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


def passages_of(row: Document) -> list[Passage]:
    query = db.session.query(Passage).filter_by(document_id=row.id)
    return query.order_by(Passage.position).all()


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


def test_words_add_to_what_is_near_and_do_not_outweigh_it() -> None:
    held = {1: 1.0, 2: 0.5, 3: 1.0}
    cosines = {4: 0.6, 2: 0.45, 1: 0.44, 3: 0.1}
    scores = ranking.added(held, cosines)
    assert list(scores) == [4, 1, 2, 3]  # all words bring 1 before 2, and 3 before nobody
    assert scores[1] == pytest.approx(0.44 + ranking.SAID)


def test_what_has_no_vector_counts_as_just_near() -> None:
    scores = ranking.added({1: 1.0, 2: 0.2}, {3: 0.5, 4: 0.31, 5: 0.1})
    assert list(scores) == [3, 1, 2, 4, 5]
    assert scores[1] == pytest.approx(ranking.NEAR + ranking.SAID)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
@pytest.mark.parametrize("apart", [False, True])
def test_words_tell_what_share_of_the_question_a_passage_holds(ada: User, apart: bool) -> None:
    row = add(ada, SEA, "sea.md")
    scope = ranking.Scope(ada.id, (row.id,), apart=apart)
    found = ranking.by_words(scope, ranking.wanted("the spine of a bronze ship in burrows"))
    by_heading = {db.session.get_one(Passage, each).heading: found[each] for each in found}
    assert by_heading == {"Keels": 2 / 4, "Puffins": 1 / 4}
    assert next(iter(found.values())) == 2 / 4


def test_far_passages_that_hold_words_keep_their_own_cosine(
    ada: User, embedder: ByHand, monkeypatch: pytest.MonkeyPatch
) -> None:
    """They are not taken for those that have no vector."""
    row = known(ada)
    monkeypatch.setattr(ranking, "RANKED", 1)
    assert headings(search.search(ada.id, NEST, 5).found) == ["Puffins"]
    puffins, keels = (one.id for one in passages_of(row))
    query = struct.pack("<3f", *POINTS["seabirds"])
    cosines = ranking.by_meaning([ranking.Scope(ada.id)], query, {keels})
    assert cosines == pytest.approx({puffins: 0.98, keels: 0.2}, abs=1e-3)


def test_a_passage_has_a_vector_for_each_part_and_is_as_near_as_the_nearest(
    ada: User, embedder: ByHand
) -> None:
    text = "Iron rusts. " * 22 + "Puffins dive. " + "Tin melts. " * 22
    row = known(ada, text)
    (one,) = passages_of(row)
    assert len(meaning.parts("", one.text)) == 3
    assert len(one.vector or b"") == 3 * 2 * len(ELSEWHERE)
    (found,) = search.fitting(ada.id, [row], NEST, 5)
    assert found.score == pytest.approx(0.98, abs=1e-3)


def test_one_vector_of_a_whole_passage_as_it_was_kept_before_is_still_compared(
    ada: User, embedder: ByHand
) -> None:
    row = known(ada)
    puffins, keels = passages_of(row)
    puffins.vector = struct.pack("<3e", 0.26, 0.0, 0.966)  # 0.25 from the question
    keels.vector = struct.pack("<3e", 0.24, 0.0, 0.971)
    db.session.commit()
    (found,) = search.fitting(ada.id, [row], NEST, 5)
    assert found.passage.heading == "Puffins"
    assert found.score == pytest.approx(0.255 + ranking.WHOLE, abs=2e-3)


def test_passages_without_vectors_are_found_beside_those_that_have_them(
    ada: User, embedder: ByHand
) -> None:
    embedder.before = lambda texts: failing(EngineFailed("gone"))
    old = add(ada, "Seabirds nest on the island of Skomer.", "old.txt")
    until(lambda: embedder.asked and embedder.bulk.is_free, "a batch that fails")
    embedder.before = lambda texts: None
    new = add(ada, SEA, "sea.md")
    until(lambda: lacking() == 1, "vectors of the new one")
    found = search.fitting(ada.id, [old, new], NEST, 5)
    assert [one.document.name for one in found] == ["sea.md", "old.txt"]


@pytest.mark.parametrize(
    ("heading", "text", "parts"),
    [
        ("", "One. Two!\n\nThree", ["One. Two! Three"]),
        ("Sea", "a" * 240 + ". Short one.", ["Sea\n" + "a" * 240 + ".", "Sea\nShort one."]),
        ("", "x" * 600, ["x" * 600]),
        ("", "海" * 200 + "。" + "山" * 200 + "。", ["海" * 200 + "。", "山" * 200 + "。"]),
        ("Only", " \n ", ["Only"]),
    ],
)
def test_parts_end_at_sentences_and_carry_their_heading(
    heading: str, text: str, parts: list[str]
) -> None:
    assert meaning.parts(heading, text) == parts


@pytest.mark.parametrize("query", [struct.pack("<2f", 1.0, 0.0), struct.pack("<4f", 1.0, 0, 0, 0)])
def test_vectors_of_another_model_are_not_compared(
    ada: User, embedder: ByHand, query: bytes
) -> None:
    """Nor where some of theirs are as long as some of this one's."""
    known(ada)
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
    assert max(map(len, embedder.asked)) == 2 * meaning.TOGETHER  # each passage has two parts
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
