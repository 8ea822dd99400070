"""Personas' own pictures: given, taken away, copied and brought back with the persona; who sees them."""

from __future__ import annotations

import io
from collections.abc import Callable
from datetime import timedelta

import pytest
from PIL import Image
from sqlalchemy import func, select

from echo import limits
from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound, TooLong
from echo.extensions import db
from echo.models import AuditEvent, Conversation, Persona, PersonaPicture, RoleName, User
from echo.models.types import new_id
from echo.services.chats import persona_pictures, personas, shared_personas, shelves, wire
from echo.services.people import archive, deletion
from tests.services.test_pictures import bomb, made
from tests.statements import counted

FOX = {"name": "Fox", "emoji": "🦊"}


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root", role=RoleName.ADMIN)


def address(row: Persona) -> str | None:
    db.session.expire_all()
    return wire.persona(row)["picture"]


def kept() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(PersonaPicture.id))) or 0


def test_one_is_given_changed_and_taken_away(ada: User) -> None:
    row = personas.make(ada.id, FOX)
    assert address(row) is None
    personas.change(ada.id, row.id, {}, made("PNG", (300, 200)))
    first = address(row)
    assert row.picture
    assert first == f"/personas/pictures/{row.picture.id}"
    found = personas.picture(ada.id, row.picture.id)
    assert Image.open(io.BytesIO(found.content)).size == (256, 256)
    personas.change(ada.id, row.id, {"name": "Wolf"})  # says nothing of the picture
    assert address(row) == first
    personas.change(ada.id, row.id, {}, made("JPEG"))
    assert address(row) not in (None, first)
    with pytest.raises(NotFound):
        personas.picture(ada.id, str(first).rpartition("/")[2])
    before = row.updated_at
    personas.change(ada.id, row.id, {}, b"")
    assert address(row) is None
    assert row.updated_at > before
    assert kept() == 0


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"<svg xmlns='http://www.w3.org/2000/svg'/>", InvalidInput),
        (made()[:60], InvalidInput),
        (bomb(30_000), TooLong),
        (made() + bytes(limits.PICTURE_BYTES), TooLong),
    ],
)
def test_what_is_no_picture_changes_nothing(
    ada: User, root: User, raw: bytes, error: type[Exception]
) -> None:
    mine = personas.make(ada.id, FOX, made())
    theirs = shared_personas.share(root, FOX, RoleName.USER)
    before = address(mine)
    with pytest.raises(error) as refused:
        personas.change(ada.id, mine.id, {"name": "Wolf"}, raw)
    assert getattr(refused.value, "field", None) == "picture"
    with pytest.raises(error):
        personas.make(ada.id, FOX, raw)
    with pytest.raises(error):
        shared_personas.share(root, FOX, RoleName.USER, raw)
    with pytest.raises(error):
        shared_personas.change(root, theirs, {}, RoleName.USER, None, raw)
    db.session.expire_all()
    assert (mine.name, address(mine), kept()) == ("Fox", before, 1)
    assert len(personas.for_user(ada)) == 2


def test_who_may_use_the_persona_sees_it_and_nobody_else(
    ada: User, root: User, make_user: Callable[..., User]
) -> None:
    bob = make_user("bob")
    mine = personas.make(ada.id, FOX, made())
    theirs = shared_personas.find(shared_personas.share(root, FOX, RoleName.USER, made()))
    few = shared_personas.find(shared_personas.share(root, FOX, RoleName.ADMIN, made()))
    seen = {
        (who.username, row.id): sees(who, row)
        for who in (ada, bob, root)
        for row in (mine, theirs, few)
    }
    assert [key for key, value in seen.items() if value] == [
        ("ada", mine.id), ("ada", theirs.id), ("bob", theirs.id), ("root", theirs.id), ("root", few.id),
    ]  # fmt: skip
    with pytest.raises(NotFound):
        personas.change(bob.id, mine.id, {}, made())
    with pytest.raises(NotFound):
        personas.change(ada.id, theirs.id, {}, b"")
    with pytest.raises(NotFound):
        shared_personas.change(root, mine.id, {}, RoleName.USER, None, b"")
    assert kept() == 3


def sees(who: User, row: Persona) -> bool:
    assert row.picture
    try:
        return personas.picture(who.id, row.picture.id).persona_id == row.id
    except NotFound:
        return False


def test_a_picture_of_nobodys_persona_is_not_looked_at(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        persona_pictures.profile_pictures, "prepare", lambda _raw: pytest.fail("read")
    )
    with pytest.raises(NotFound):
        personas.change(ada.id, new_id(), {}, made())


def test_it_goes_and_comes_back_with_a_deletion_and_its_undo(ada: User) -> None:
    row = personas.make(ada.id, FOX, made())
    before = address(row)
    personas.remove(ada.id, row.id)
    assert not sees(ada, row)
    personas.restore(ada.id, row.id)
    assert (address(row), sees(ada, row)) == (before, True)
    personas.remove(ada.id, row.id)
    row.deleted_at = utc_now() - timedelta(days=8)
    db.session.commit()
    assert personas.purge_deleted() == 1
    assert kept() == 0


def test_a_copy_has_a_copy(ada: User, root: User) -> None:
    theirs = shared_personas.share(root, FOX, RoleName.USER, made())
    copy = personas.copy(ada.id, theirs)
    original = shared_personas.find(theirs)
    assert address(copy) not in (None, address(original))
    assert persona_pictures.content_of(copy) == persona_pictures.content_of(original)
    shared_personas.remove(root, theirs)
    assert sees(ada, copy)
    assert address(personas.copy(ada.id, personas.make(ada.id, FOX).id)) is None


def test_it_is_exported_and_goes_with_the_account(ada: User, root: User) -> None:
    row = personas.make(ada.id, FOX, made())
    shared_personas.share(root, FOX, RoleName.USER, made())
    files = dict(entry for entries in archive._batches(ada) for entry in entries)
    assert files[f"personas/{row.id}.webp"] == persona_pictures.content_of(row)
    assert sum(name.startswith("personas/") for name in files) == 1
    deletion.delete_account(ada)
    assert kept() == 1


def test_an_administrators_change_is_noted_and_seen_by_another(root: User) -> None:
    row = shared_personas.find(shared_personas.share(root, FOX, RoleName.USER))
    for picture in (made(), made("JPEG"), b""):
        seen = shared_personas.version(row)
        shared_personas.change(root, row.id, FOX, RoleName.USER, seen, picture)
        db.session.expire_all()
        with pytest.raises(Conflict, match="Somebody changed"):
            shared_personas.change(root, row.id, FOX, RoleName.USER, seen)
    shared_personas.change(root, row.id, FOX, RoleName.USER, None, b"")  # nothing new
    noted = db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)).all()
    assert [each.detail.get("picture") for each in noted[1:]] == ["changed"] * 3


def test_a_list_of_many_asks_no_more_and_reads_no_picture(ada: User) -> None:
    def asked(count: int) -> int:
        for _ in range(count):
            row = personas.make(ada.id, FOX, made())
            db.session.add(Conversation(user_id=ada.id, title="x", persona_id=row.id))
        db.session.commit()
        db.session.expunge_all()
        with counted() as statements:
            shown, _ = shelves.page(ada.id)
            told = [wire.conversation(row)["persona"] for row in shown]
            listed = [wire.persona_in_short(row) for row in personas.own(ada.id)]
        assert len(told) == len(listed) >= count
        assert all(each and each["picture"] for each in told + listed)
        assert not any("persona_pictures_1.content" in each for each in statements)
        return len(statements)

    assert asked(1) == asked(9)
