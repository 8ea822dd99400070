"""Pictures among documents: kept, described, found by what is said of them, given back, removed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image

from echo.clock import utc_now
from echo.errors import Conflict, NotFound, TooLong
from echo.extensions import db
from echo.limits import DESCRIPTION_CHARS
from echo.models import Document, DocumentPicture, Passage, User
from echo.services.accounts import accounts
from echo.services.documents import meaning, pictures, reading, refusals, search, shelf
from echo.services.documents.reader_process import ReaderProcess
from echo.services.people import archive, deletion
from tests.services.documents.test_documents import BIRDS, add, settled, words_of
from tests.services.test_pictures import bomb, opened, saved
from tests.waiting import until

pytestmark = pytest.mark.slow  # each document is read by a process of its own

RAW = saved(Image.new("RGB", (3000, 1500), "teal"), "JPEG")


@pytest.fixture
def bob(make_user: Callable[..., User]) -> User:
    return make_user("bob")


def attached(user: User, raw: bytes = RAW, name: str = "sea.jpg") -> Document:
    return settled(reading.add(user.id, name, lambda path: Path(path).write_bytes(raw)).id)


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_picture_is_kept_described_found_and_removed(app: Flask, ada: User, bob: User) -> None:
    row = attached(ada)
    assert (row.status, row.kind, row.width, row.height) == ("ready", "jpeg", 2048, 1024)
    assert (row.char_count, row.passage_count, row.description) == (0, 0, "")
    assert opened(pictures.own(ada.id, row.id, is_small=False)).size == (2048, 1024)
    assert opened(pictures.own(ada.id, row.id, is_small=True)).size == (480, 240)
    assert list(reading._folder().iterdir()) == []
    with pytest.raises(NotFound):
        pictures.own(bob.id, row.id, is_small=True)
    with pytest.raises(NotFound):
        pictures.describe(bob.id, row.id, "Mine now")

    assert search.search(ada.id, "walrus", 5).found == []
    pictures.describe(ada.id, row.id, "  A walrus on a ship.\n")
    told = shelf.wire(shelf.own(ada.id, row.id))
    assert (told["description"], told["characters"]) == ("A walrus on a ship.", 19)
    assert told["picture"] == {"width": 2048, "height": 1024}
    assert words_of(search.search(ada.id, "walrus", 5)) == ["A walrus on a ship."]
    assert words_of(search.search(ada.id, "sea", 5)) == ["A walrus on a ship."]  # by its name

    pictures.describe(ada.id, row.id, "A puffin.")
    assert search.search(ada.id, "walrus", 5).found == []
    assert words_of(search.search(ada.id, "puffin", 5)) == ["A puffin."]
    pictures.describe(ada.id, row.id, " \u200b ")
    assert (row.description, row.char_count, row.passage_count) == ("", 0, 0)
    assert db.session.query(Passage).count() == 0

    shelf.remove(ada.id, row.id)
    with pytest.raises(NotFound):
        pictures.own(ada.id, row.id, is_small=False)
    row.deleted_at = utc_now() - timedelta(days=8)
    db.session.commit()
    assert shelf.purge_deleted() == 1
    assert db.session.query(DocumentPicture).count() == 0


def test_what_a_description_may_not_be(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    row, text = attached(ada), add(ada, BIRDS)
    with pytest.raises(Conflict, match="no picture"):
        pictures.describe(ada.id, text.id, "x")
    with pytest.raises(NotFound, match="no picture"):
        pictures.own(ada.id, text.id, is_small=False)
    with pytest.raises(TooLong, match="1,000"):
        pictures.describe(ada.id, row.id, "x" * (DESCRIPTION_CHARS + 1))
    pictures.describe(ada.id, row.id, "x" * DESCRIPTION_CHARS)
    monkeypatch.setattr(pictures, "DOCUMENT_CHARS_PER_PERSON", shelf.chars_of(ada.id))
    pictures.describe(ada.id, row.id, "y" * DESCRIPTION_CHARS)  # in the place of the one before
    monkeypatch.setattr(pictures, "DOCUMENT_CHARS_PER_PERSON", shelf.chars_of(ada.id) - 1)
    with pytest.raises(Conflict, match="more than"):
        pictures.describe(ada.id, row.id, "z" * DESCRIPTION_CHARS)
    assert row.description[0] == "y"


def test_a_description_gets_a_meaning_too(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(meaning, "add_vectors", asked.append)
    row = attached(ada)
    until(lambda: asked, "the end of reading")
    asked.clear()
    pictures.describe(ada.id, row.id, "A walrus.")
    assert until(lambda: asked, "vectors that are made") == [row.id]


def test_pictures_that_cannot_be_read_say_why_and_leave_nothing(ada: User) -> None:
    png = saved(Image.new("RGB", (30, 20)), "PNG")
    for raw, name, why in (
        (bomb(30_000), "bomb.png", "more than 64 million pixels"),
        (RAW[:900], "cut.jpg", "damaged"),
        (png, "page.html", "its name says something else"),
        (b"<svg></svg>", "a.svg", "SVG is not taken"),
        (b"plain words", "a.png", "not the picture"),
        (saved(Image.new("RGB", (30, 20)), "TIFF"), "a.tiff", "another kind"),
    ):
        row = attached(ada, raw, name)
        assert (row.status, row.width) == ("failed", None)
        assert why in (row.error or "")
        assert why in shelf.wire(row)["error"]
    assert db.session.query(DocumentPicture).count() == 0
    assert list(reading._folder().iterdir()) == []


def test_a_picture_that_takes_too_much_memory_ends_its_process_alone(app: Flask, ada: User) -> None:
    reader = ReaderProcess.of(app)
    reader.memory = 120_000_000
    row = attached(ada, saved(Image.new("RGBA", (7000, 7000)), "PNG"), "a.png")
    assert row.status == "failed"
    assert "memory" in (row.error or "")
    reader.memory = 1_000_000_000
    assert attached(ada).status == "ready"


def test_pictures_of_one_person_take_no_more_room_than_there_is(
    ada: User, bob: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = attached(ada)
    most = pictures.bytes_of(ada.id)
    kept = pictures.kept(first.id)
    assert kept is not None
    assert most == kept.size_bytes == len(kept.content) + len(kept.preview)
    shelf.remove(ada.id, first.id)  # it can be restored: it counts
    monkeypatch.setattr(pictures, "DOCUMENT_PICTURE_BYTES_PER_PERSON", most + 10)
    assert attached(ada).error == refusals.PICTURES_FULL
    assert attached(bob).status == "ready"


def test_ones_data_holds_the_picture_and_deletion_leaves_none(ada: User) -> None:
    row, text = attached(ada), add(ada, BIRDS)
    pictures.describe(ada.id, row.id, "A walrus.")
    with archive.make(ada) as file, zipfile.ZipFile(file) as packed:
        assert opened(packed.read(f"documents/{row.id}.webp")).size == (2048, 1024)
        assert json.loads(packed.read(f"documents/{row.id}.json"))["description"] == "A walrus."
        assert packed.read(f"documents/{row.id}.txt") == b"A walrus."
        assert f"documents/{text.id}.webp" not in packed.namelist()
    deletion.delete_account(accounts.get(ada.id))
    for table in (Document, Passage, DocumentPicture):
        assert db.session.query(table).count() == 0
