"""Documents from the upload to what is found in them: limits, hostile files, rights, both databases."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from echo import limits
from echo.clock import utc_now
from echo.extensions import db
from echo.models import Conversation, Document, Passage, User
from echo.parsing.passages import tidy
from echo.services.accounts import accounts
from echo.services.documents import ranking, reading, refusals, search, shelf
from echo.services.documents.reader_process import ReaderProcess
from echo.services.people import archive, deletion
from tests.parsing import made
from tests.waiting import until

pytestmark = pytest.mark.slow  # each document is read by a process of its own

BIRDS = (
    "# Puffins\n\nPuffins breed in burrows on cliffs. "
    + "They dive. " * 20
    + "\n\n# Gulls\n\nGulls eat chips. "
    + "They fly. " * 90
)
SHIPS = "Ships have keels. A walrus once sat on one.\n" * 3


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user("bob")


@pytest.fixture
def upload(client: FlaskClient, login: Callable[..., str]) -> Callable[..., Any]:
    def send(user: User, raw: bytes | str, name: str = "birds.md", **fields: str) -> Any:
        login(client, user)
        return sent(client, raw, name, **fields)

    return send


def sent(client: FlaskClient, raw: bytes | str, name: str, token: str = "", **fields: str) -> Any:
    content = io.BytesIO(raw.encode() if isinstance(raw, str) else raw)
    boundary, body = encode_multipart({"file": FileStorage(content, name), **fields})
    headers = {"Content-Type": f'multipart/form-data; boundary="{boundary}"', "X-CSRFToken": token}
    return client.post("/api/documents", data=body, headers=headers)


def settled(document_id: str) -> Document:
    """Return a document once it is ready or failed."""

    def row() -> Document | None:
        db.session.rollback()
        db.session.expire_all()
        found = db.session.get_one(Document, document_id)
        return None if found.status in reading.UNREAD else found

    return until(row, "a document that is read")


def add(user: User, text: str, name: str = "a.txt") -> Document:
    """Read a document at once."""
    row = reading.add(user.id, name, lambda path: Path(path).write_text(text))
    return settled(row.id)


def words_of(found: search.Search) -> list[str]:
    return [one.passage.text for one in found.found]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_an_upload_is_read_and_found_until_it_is_deleted(
    app: Flask, client: FlaskClient, ada: User, bob: User, upload: Callable[..., Any]
) -> None:
    answer = upload(ada, BIRDS)
    told = answer.get_json()
    assert (answer.status_code, told["name"], told["status"]) == (201, "birds.md", "waiting")
    row = settled(told["id"])
    assert (row.status, row.kind, row.page_count, row.passage_count) == (
        "ready",
        "markdown",
        None,
        3,
    )
    add(ada, SHIPS, "ships.txt")
    add(bob, "Bob keeps puffins as well, and bagpipes.")

    ask = lambda **body: client.post("/api/documents/search", json=body)  # noqa: E731
    first, *_ = ask(query="Where do PUFFINS breed?").get_json()["passages"]
    assert (first["name"], first["heading"], first.get("page")) == ("birds.md", "Puffins", None)
    assert "burrows" in first["text"]
    assert ask(query="Where do puffins breed?").get_json()["by"] == ["words"]
    assert ask(query="bagpipes").get_json()["passages"] == []
    assert len(ask(query="fly ships gulls", limit=1).get_json()["passages"]) == 1
    assert ask(query=" ", limit=1).status_code == 400

    assert client.delete(f"/api/documents/{row.id}").status_code == 204
    assert ask(query="puffins").get_json()["passages"] == []
    assert client.get(f"/api/documents/{row.id}").status_code == 404
    assert client.post(f"/api/documents/{row.id}/restore").status_code == 200
    assert len(ask(query="puffins").get_json()["passages"]) == 1
    assert [each["name"] for each in client.get("/api/documents").get_json()["data"]] == [
        "ships.txt", "birds.md",
    ]  # fmt: skip


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_what_is_removed_for_good_leaves_the_index_too(ada: User) -> None:
    row = add(ada, BIRDS)
    shelf.remove(ada.id, row.id)
    assert shelf.purge_deleted() == 0
    row.deleted_at = utc_now() - timedelta(days=8)
    db.session.commit()
    assert shelf.purge_deleted() == 1
    assert db.session.query(Passage).count() == 0
    if db.engine.dialect.name == "sqlite":
        check = "INSERT INTO passages_fts (passages_fts, rank) VALUES ('integrity-check', 1)"
        db.session.execute(db.text(check))
        db.session.commit()


def test_the_order_and_scores_do_not_tell_of_others_words(ada: User, bob: User) -> None:
    """BM25 weighs a word by how many passages hold it: only one's own may count.

    Both words weigh the same, so that the first passage is first; were the others' counted, it would not be.
    """
    add(ada, "\n\n".join(["The keel creaks." + " Wood." * 80, "The walrus sleeps." + " Ice." * 80]))
    before = [(one.passage.id, one.score) for one in search.search(ada.id, "walrus keel", 9).found]
    for _ in range(3):
        add(bob, "\n\n".join(["keel " * 60] * 8))
    after = [(one.passage.id, one.score) for one in search.search(ada.id, "walrus keel", 9).found]
    assert after == before
    assert len(before) == 2


def test_a_page_uploads_more_than_another_form_may_hold(
    app: Flask, client: FlaskClient, ada: User, login: Callable[..., str]
) -> None:
    """The CSRF check reads the form first, within the limit that holds then."""
    app.config.update(WTF_CSRF_ENABLED=True, WTF_CSRF_CHECK_DEFAULT=True)
    login(client, ada)
    token = client.get("/profile").text.split('name="csrf-token" content="')[1].split('"')[0]
    large = b"x" * (limits.REQUEST_BYTES + 1_000)
    assert sent(client, large, "a.txt").status_code == 400  # without the token
    told = sent(client, large, "a.txt", token)
    assert told.status_code == 201
    assert settled(told.get_json()["id"]).size_bytes == len(large)


def test_files_that_cannot_be_read_say_why(ada: User, upload: Callable[..., Any]) -> None:
    for raw, name, why in (
        (b"\x89PNG\r\n\x1a\n0000", "shot.png", "picture is damaged"),
        (b"abc\0def", "a.exe", "not a text"),
        (made.pdf(""), "scan.pdf", "only pictures of pages"),
    ):
        row = settled(upload(ada, raw, name).get_json()["id"])
        assert row.status == "failed"
        assert why in (row.error or "")
    assert list((reading._folder()).iterdir()) == []


def test_a_reader_that_takes_too_long_is_ended_and_the_next_file_is_read(
    app: Flask, ada: User
) -> None:
    reader = ReaderProcess.of(app)
    reader.seconds = 0.05
    row = add(ada, BIRDS)
    assert row.status == "failed"
    assert "too long" in (row.error or "")
    reader.seconds = 60.0
    assert add(ada, BIRDS).status == "ready"


def test_a_reader_that_takes_too_much_memory_is_ended(app: Flask, ada: User) -> None:
    ReaderProcess.of(app).memory = 1_000_000  # less than it has by then: it gets no more
    failed = add(ada, "x " * 900_000)
    assert failed.status == "failed"
    assert "memory" in (failed.error or "")
    assert db.session.query(Passage).count() == 0


def test_what_is_too_large_or_too_many_is_refused(
    ada: User, upload: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert upload(ada, b"x" * (limits.DOCUMENT_BYTES + 1)).status_code == 400
    assert upload(ada, b"x" * (limits.DOCUMENT_REQUEST_BYTES + 1)).status_code == 413
    assert upload(ada, "x", "\u202e.").status_code == 400
    assert upload(ada, "x", conversation_id="nobody's").status_code == 404
    assert upload(ada, "x", "\u3164").status_code == 400
    monkeypatch.setattr(shelf, "DOCUMENTS_PER_PERSON", 1)
    add(ada, BIRDS)
    assert upload(ada, "x").status_code == 409
    monkeypatch.setattr(shelf, "DOCUMENTS_PER_PERSON", 5)
    monkeypatch.setattr(reading, "DOCUMENT_CHARS_PER_PERSON", 10)
    assert upload(ada, "x").status_code == 409
    monkeypatch.setattr(reading, "DOCUMENTS_WAITING", 0)
    assert upload(ada, "x").status_code == 429


def test_limits_hold_for_what_is_restored_and_for_what_is_read_at_once(
    ada: User, client: FlaskClient, login: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    first = add(ada, BIRDS)
    shelf.remove(ada.id, first.id)
    second = add(ada, BIRDS)
    login(client, ada)
    monkeypatch.setattr(shelf, "DOCUMENTS_PER_PERSON", 1)
    assert client.post(f"/api/documents/{first.id}/restore").status_code == 409
    shelf.remove(ada.id, second.id)
    assert client.post(f"/api/documents/{first.id}/restore").status_code == 200
    monkeypatch.setattr(shelf, "DOCUMENTS_PER_PERSON", 5)
    monkeypatch.setattr(reading, "DOCUMENT_CHARS_PER_PERSON", shelf.chars_of(ada.id) + 5)
    third = add(ada, "More than five.")
    assert third.status == "failed"
    assert str(third.error).startswith("With it your documents would hold more than ")


def test_the_end_of_a_text_offers_no_later_one(ada: User) -> None:
    row = Document(user_id=ada.id, name="a", size_bytes=1, status="ready", passage_count=41)
    db.session.add(row)
    db.session.flush()
    for at in range(41):
        text = {"text": "x", "words": "", "start_at": at, "end_at": at + 1, "heading": ""}
        db.session.add(Passage(document_id=row.id, position=at, **text))
    db.session.commit()
    assert shelf.stretch(row, 9).later == 39
    assert shelf.stretch(row, 10).later is None
    assert (shelf.stretch(row, 30).earlier, shelf.stretch(row, 31).earlier) == (None, 1)
    assert shelf.whole_text(row.id) == "x" * 41


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("C:\\Users\\ada\\a.txt", "a.txt"),
        ("../../etc/passwd", "passwd"),
        ("annual\u202efdp.exe", "annualfdp.exe"),
        ("a\0b\n c.txt", "a\ufffdb c.txt"),
        ("x" * 300 + ".pdf", "x" * 195 + "….pdf"),
    ],
)
def test_names_are_shown_without_what_deceives(name: str, shown: str) -> None:
    assert reading.shown_name(name) == shown


def test_what_a_dead_process_was_reading_says_so(ada: User) -> None:
    row = Document(user_id=ada.id, name="a", size_bytes=1, status="reading", node="gone")
    db.session.add(row)
    db.session.commit()
    assert reading.fail_lost() == 1
    assert settled(row.id).error == refusals.LOST


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_question_gets_the_passages_that_fit_or_none(ada: User) -> None:
    row = add(ada, BIRDS, "coast.md")
    fits = lambda text: search.fitting(ada.id, [row], text, 3)  # noqa: E731
    assert "burrows" in fits("Where do puffins breed?")[0].passage.text
    assert [one.passage.heading for one in fits("A GULL?")] == ["Gulls", "Gulls"]
    assert len(fits("What is on the coasts?")) == 3  # by the document's name
    assert fits("How is the weather in Madrid?") == []
    assert [one.passage.position for one in fits("Summarise this document, please.")] == [0, 1, 2]
    assert search.fitting(ada.id, [], "Where do puffins breed?", 3) == []


def test_of_a_long_question_no_more_is_stemmed_than_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert ranking.wanted("The dogs and the DOG, a walrus") == ["dog", "walrus"]

    def endless(_: str) -> Iterator[str]:
        yield from ("x", "x", *map(str, range(ranking.QUERY_TERMS - 1)))
        pytest.fail("one more was asked for")

    monkeypatch.setattr(ranking, "terms", endless)
    assert len(ranking.wanted("")) == ranking.QUERY_TERMS


def test_documents_belong_to_chats_of_their_owner(
    client: FlaskClient, ada: User, upload: Callable[..., Any]
) -> None:
    chat = Conversation(user_id=ada.id, title="Birds")
    db.session.add(chat)
    db.session.commit()
    row = settled(upload(ada, BIRDS, conversation_id=chat.id).get_json()["id"])
    listed = client.get(f"/api/conversations/{chat.id}/documents").get_json()["data"]
    assert [each["id"] for each in listed] == [row.id]
    assert shelf.chats_of([row]) == {row.id: [chat]}
    path = f"/api/conversations/{chat.id}/documents"
    assert client.post(path, json={"document_id": row.id}).get_json()["data"] == listed
    assert client.delete(f"{path}/{row.id}").status_code == 204
    assert shelf.of_conversation(chat.id) == []


def test_ones_data_holds_the_text_and_deletion_leaves_none(ada: User) -> None:
    row = add(ada, BIRDS, "birds.md")
    with archive.make(ada) as file, zipfile.ZipFile(file) as packed:
        assert packed.read(f"documents/{row.id}.txt").decode() == tidy(BIRDS)
        assert json.loads(packed.read(f"documents/{row.id}.json"))["name"] == "birds.md"
    deletion.delete_account(accounts.get(ada.id))
    assert db.session.query(Document).count() == db.session.query(Passage).count() == 0


def test_a_page_goes_on_where_the_one_before_ended_though_that_document_is_deleted(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shelf, "DOCUMENTS_PER_PAGE", 2)
    made_ids = [add(ada, "text", f"{number}.txt").id for number in range(3)]
    rows, following = shelf.page(ada.id)
    shelf.remove(ada.id, rows[-1].id)
    assert [row.id for row in shelf.page(ada.id, following)[0]] == [made_ids[0]]
