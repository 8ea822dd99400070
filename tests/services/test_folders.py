"""Folders and the archive: nothing is lost with a folder, undo brings back, order, prompts, limits."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.limits import CONVERSATIONS_PER_PAGE, FOLDER_NAME_CHARS, FOLDERS_MAX
from echo.models import Conversation, Folder, Message, User
from echo.services.chats import conversations, folders, search, shelves
from echo.services.chats.shelves import ARCHIVE, LIST, Shelf
from echo.services.turns import Question, Turns
from tests.services.people import conversation_of


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


def listed(user: User, shelf: Shelf = LIST) -> set[str]:
    return {row.id for row in shelves.page(user.id, shelf=shelf)[0]}


def inside(folder: Folder) -> Shelf:
    return Shelf(folder_id=folder.id)


def names(user: User) -> list[str]:
    return [row.name for row in folders.of(user.id)]


# ── where a conversation stands ─────────────────────────────────────────────────────────────


def test_a_conversation_stands_in_one_place(ada: User) -> None:
    work = folders.create(ada.id, "Work")
    row = conversation_of(ada)
    assert (listed(ada), listed(ada, inside(work))) == ({row.id}, set())
    conversations.change(ada.id, row.id, folder_id=work.id)
    assert (listed(ada), listed(ada, inside(work))) == (set(), {row.id})
    conversations.change(ada.id, row.id, archived=True)
    assert (listed(ada), listed(ada, inside(work)), listed(ada, ARCHIVE)) == (
        set(),
        set(),
        {row.id},
    )
    assert listed(ada, shelves.EVERYTHING) == set()
    conversations.change(ada.id, row.id, archived=False)
    assert (listed(ada, inside(work)), listed(ada, ARCHIVE)) == ({row.id}, set())
    conversations.change(ada.id, row.id, folder_id="")
    assert listed(ada) == {row.id} == listed(ada, shelves.EVERYTHING)


def test_a_pinned_one_comes_first_in_its_folder(ada: User) -> None:
    work = folders.create(ada.id, "Work")
    made = [conversation_of(ada, folder_id=work.id) for _ in range(3)]
    conversations.pin(ada.id, made[0].id, True)
    assert shelves.page(ada.id, shelf=inside(work))[0][0].id == made[0].id
    assert listed(ada) == set()


def test_a_long_folder_comes_page_by_page(ada: User) -> None:
    work = folders.create(ada.id, "Work")
    total = CONVERSATIONS_PER_PAGE + 3
    db.session.add_all(
        Conversation(user_id=ada.id, title=str(n), folder_id=work.id) for n in range(total)
    )
    db.session.commit()
    first, more = shelves.page(ada.id, shelf=inside(work))
    rest, end = shelves.page(ada.id, more, inside(work))
    assert len({row.id for row in first + rest}) == total
    assert end is None


def test_what_is_archived_is_found_and_is_not_the_newest(ada: User) -> None:
    kept = conversation_of(ada, updated_at=utc_now() - timedelta(days=1))
    put_away = conversation_of(ada, word="needle")
    conversations.change(ada.id, put_away.id, archived=True)
    assert conversations.newest_id(ada.id) == kept.id
    found = search.search(ada.id, "needle").results
    assert [(each.id, each.place) for each in found] == [(put_away.id, "Archived")]
    work = folders.create(ada.id, "Work")
    conversations.change(ada.id, put_away.id, archived=False, folder_id=work.id)
    assert search.search(ada.id, "needle").results[0].place == "Work"
    assert search.search(ada.id, "walrus").results[0].place == ""


def test_nobody_puts_anything_into_anothers_folder(
    ada: User, make_user: Callable[..., User]
) -> None:
    foreign = folders.create(make_user("bob").id, "Bob's")
    row = conversation_of(ada)
    gone = folders.create(ada.id, "Gone")
    folders.remove(ada.id, gone.id)
    for folder_id in (foreign.id, gone.id, "nothing", "\0"):
        for act in (
            lambda at=folder_id: conversations.change(ada.id, row.id, folder_id=at),
            lambda at=folder_id: conversations.create(ada.id, "A", {}, at),
            lambda at=folder_id: shelves.page(ada.id, shelf=Shelf(folder_id=at)),
            lambda at=folder_id: folders.change(ada.id, at, name="Mine"),
            lambda at=folder_id: folders.remove(ada.id, at),
        ):
            with pytest.raises(NotFound):
                act()
    with pytest.raises(NotFound):
        conversations.change(ada.id, row.id, title="Other", folder_id=foreign.id)
    assert conversations.own(ada.id, row.id).title == "walrus title"


# ── folders ─────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["", "  ", "\u200b", "x" * (FOLDER_NAME_CHARS + 1)])
def test_a_folder_has_a_name_that_can_be_seen(ada: User, name: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        folders.create(ada.id, name)
    assert refusal.value.field == "name"
    assert names(ada) == []


def test_folders_keep_the_order_that_they_are_given(ada: User) -> None:
    made = {name: folders.create(ada.id, name).id for name in "ABCD"}
    folders.change(ada.id, made["D"], position=0)
    assert names(ada) == list("DABC")
    folders.change(ada.id, made["A"], position=3, name="Z")
    assert names(ada) == list("DBCZ")
    folders.change(ada.id, made["B"], position=FOLDERS_MAX)
    assert names(ada) == list("DCZB")
    folders.create(ada.id, "E")
    assert names(ada)[-1] == "E"


def test_so_many_folders_and_no_more(ada: User) -> None:
    made = [folders.create(ada.id, str(n)) for n in range(FOLDERS_MAX)]
    with pytest.raises(Conflict):
        folders.create(ada.id, "one more")
    folders.remove(ada.id, made[0].id)
    folders.create(ada.id, "instead")
    with pytest.raises(Conflict):
        folders.restore(ada.id, made[0].id)


def test_a_deleted_folder_keeps_its_conversations_and_comes_back_with_them(ada: User) -> None:
    work = folders.create(ada.id, "Work", "Be brief.")
    lying = [conversation_of(ada, folder_id=work.id) for _ in range(3)]
    put_away = conversation_of(ada, folder_id=work.id, archived_at=utc_now())
    folders.remove(ada.id, work.id)
    assert names(ada) == []
    assert listed(ada) == {row.id for row in lying}
    other = folders.create(ada.id, "Other")
    conversations.change(ada.id, lying[0].id, folder_id=other.id)
    conversations.remove(ada.id, lying[1].id)
    back = folders.restore(ada.id, work.id)
    assert (back.name, back.system_prompt, back.held) == ("Work", "Be brief.", [])
    assert listed(ada, inside(work)) == {lying[2].id}
    assert listed(ada, inside(other)) == {lying[0].id}
    db.session.expire_all()
    assert conversations.own(ada.id, put_away.id).folder_id == work.id
    conversations.restore(ada.id, lying[1].id)
    assert lying[1].id in listed(ada, inside(work))
    with pytest.raises(NotFound):
        folders.restore(ada.id, work.id)


def test_a_folder_that_is_deleted_with_its_conversations_comes_back_with_them(ada: User) -> None:
    work = folders.create(ada.id, "Work")
    lying = [conversation_of(ada, folder_id=work.id) for _ in range(2)]
    put_away = conversation_of(ada, folder_id=work.id, archived_at=utc_now())
    earlier = conversation_of(ada, folder_id=work.id, deleted_at=utc_now() - timedelta(hours=1))
    outside = conversation_of(ada)
    folders.remove(ada.id, work.id, with_conversations=True)
    assert listed(ada) == {outside.id}
    assert listed(ada, ARCHIVE) == {put_away.id}
    folders.restore(ada.id, work.id)
    assert listed(ada, inside(work)) == {row.id for row in lying}
    db.session.expire_all()
    assert db.session.get_one(Conversation, earlier.id).deleted_at is not None


def test_an_old_deleted_folder_is_gone_for_good(ada: User) -> None:
    work, kept = folders.create(ada.id, "Work"), folders.create(ada.id, "Kept")
    row = conversation_of(ada, folder_id=work.id)
    folders.remove(ada.id, work.id)
    assert folders.purge_deleted() == 0
    work.deleted_at = utc_now() - timedelta(days=8)
    db.session.commit()
    assert folders.purge_deleted() == 1
    assert [each.id for each in db.session.scalars(select(Folder))] == [kept.id]
    assert listed(ada) == {row.id}


def test_the_prompt_of_a_folder_holds_where_the_conversation_has_none(ada: User) -> None:
    work = folders.create(ada.id, "Work", "Be\r\nbrief.")
    row = conversation_of(ada)
    assert folders.prompt_of(row) is None
    conversations.change(ada.id, row.id, folder_id=work.id)
    assert folders.prompt_of(row) == "Be\nbrief."
    for own in ("", "Mine."):
        conversations.change_settings(ada.id, row.id, {"system_prompt": own})
        assert folders.prompt_of(row) == own
    conversations.change_settings(ada.id, row.id, {"system_prompt": None})
    folders.change(ada.id, work.id, system_prompt="  ")
    assert folders.prompt_of(row) is None


def test_the_model_reads_the_prompt_of_the_folder(ada: User) -> None:
    work = folders.create(ada.id, "Work", "Speak like a walrus.")
    row = conversation_of(ada, folder_id=work.id)
    requests = Turns.here().requests
    assert requests.around(row, ada.id).system.endswith("Speak like a walrus.")
    conversations.change_settings(ada.id, row.id, {"system_prompt": "Mine."})
    assert requests.around(row, ada.id).system.endswith("Mine.")


def test_a_chat_whose_folder_went_while_it_began_stands_in_the_list(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = folders.create(ada.id, "Work")
    turns = Turns.here()
    find = turns.requests.around

    def slowly(*args: Any, **how: Any) -> Any:
        found = find(*args, **how)
        folders.remove(ada.id, work.id)
        return found

    monkeypatch.setattr(
        type(turns.requests), "around", lambda _self, *args, **how: slowly(*args, **how)
    )
    asked = turns.ask(ada.id, Question("Hi", folder_id=work.id))
    assert asked.conversation.folder_id is None
    assert asked.conversation.id in listed(ada, LIST)


def test_a_chat_that_was_deleted_while_its_question_came_says_so(
    ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = conversation_of(ada)
    turns = Turns.here()
    find = turns.requests.around

    def slowly(*args: Any, **how: Any) -> Any:
        found = find(*args, **how)
        with db.engine.begin() as elsewhere:
            gone = update(Conversation).where(Conversation.id == row.id)
            elsewhere.execute(gone.values(deleted_at=utc_now()))
        return found

    monkeypatch.setattr(
        type(turns.requests), "around", lambda _self, *args, **how: slowly(*args, **how)
    )
    before = db.session.query(Message).count()
    with pytest.raises(NotFound):
        turns.ask(ada.id, Question("Hi", conversation_id=row.id))
    assert db.session.query(Message).count() == before
    assert not turns.live
