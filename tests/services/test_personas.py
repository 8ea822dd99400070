"""Personas: a person's own with their bounds, everybody's by role, and chats that are begun with one."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, select
from sqlalchemy.exc import IntegrityError

from echo.clock import utc_now
from echo.errors import Conflict, EchoError, InvalidInput, NotFound, TooLong
from echo.extensions import db
from echo.limits import PERSONA_NAME_CHARS, PERSONA_WHAT_CHARS, PERSONAS_MAX, SYSTEM_PROMPT_CHARS
from echo.models import AuditEvent, Conversation, Persona, RoleName, User
from echo.models.types import new_id
from echo.services.chats import (
    conversations,
    export,
    persona_values,
    personas,
    shared_personas,
    shelves,
    wire,
)
from echo.services.people import archive, deletion
from echo.services.turns import Question, Turns, beginnings
from tests.statements import counted

FOX: dict[str, Any] = {
    "name": "Fox",
    "description": "Clever and short",
    "system_prompt": "You are a fox.",
    "settings": {"temperature": 0.5, "top_k": 5},
    "emoji": "🦊",
    "colour": 3,
}


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root", role=RoleName.ADMIN)


def names(user: User) -> list[str]:
    return [row.name for row in personas.own(user.id)]


def shared(root: User, role: RoleName = RoleName.USER, **values: Any) -> Persona:
    return shared_personas.find(shared_personas.share(root, {**FOX, **values}, role))


def begun(user: User, persona_id: str, **settings: Any) -> Conversation:
    question = Question("Hi", persona_id=persona_id, settings=settings or None)
    return Turns.here().ask(user.id, question).conversation


# ── one's own ───────────────────────────────────────────────────────────────────────────────


def test_one_is_made_changed_copied_deleted_and_restored(ada: User) -> None:
    row = personas.make(ada.id, {**FOX, "name": "  The\nfox "})
    plain = personas.make(ada.id, {"name": "ärger"})
    assert names(ada) == ["The fox", "ärger"]
    assert {name: getattr(plain, name) for name in persona_values.USUAL} == persona_values.USUAL
    personas.change(ada.id, row.id, {"colour": 4, "settings": {"top_k": None, "top_p": 1}})
    assert (row.colour, row.settings, row.emoji) == (4, {"top_p": 1.0}, "🦊")
    other = personas.copy(ada.id, row.id)
    assert (other.name, other.settings, other.id != row.id) == (
        "The fox, copy",
        {"top_p": 1.0},
        True,
    )
    personas.remove(ada.id, row.id)
    assert names(ada) == ["The fox, copy", "ärger"]
    with pytest.raises(NotFound):
        personas.change(ada.id, row.id, {"name": "x"})
    personas.restore(ada.id, row.id)
    assert names(ada) == ["The fox", "The fox, copy", "ärger"]
    with pytest.raises(NotFound):
        personas.restore(ada.id, row.id)


@pytest.mark.parametrize(
    ("change", "error", "field"),
    [
        ({"name": " \u200b"}, InvalidInput, "name"),
        ({"name": "x" * (PERSONA_NAME_CHARS + 1)}, InvalidInput, "name"),
        ({"description": "x" * (PERSONA_WHAT_CHARS + 1)}, TooLong, "description"),
        ({"system_prompt": "x" * (SYSTEM_PROMPT_CHARS + 1)}, InvalidInput, "system_prompt"),
        ({"model": ""}, InvalidInput, "model"),
        ({"settings": {"temperature": 9}}, InvalidInput, "temperature"),
        ({"settings": {"model": "x"}}, InvalidInput, "model"),
        ({"settings": {"system_prompt": "x"}}, InvalidInput, "system_prompt"),
        ({"emoji": "fox"}, InvalidInput, "emoji"), ({"emoji": "🦊🦊"}, InvalidInput, "emoji"),
        ({"colour": 0}, InvalidInput, "colour"), ({"colour": 7}, InvalidInput, "colour"),
    ],
)  # fmt: skip
def test_what_is_none_is_refused(ada: User, change: dict[str, Any], error: Any, field: str) -> None:
    row = personas.make(ada.id, FOX)
    for act in (
        lambda: personas.make(ada.id, {**FOX, **change}),
        lambda: personas.change(ada.id, row.id, {"name": "Other", **change}),
    ):
        with pytest.raises(error) as refused:
            act()
        assert refused.value.field == field
    assert names(ada) == ["Fox"]


def test_anothers_is_not_found_by_anything(ada: User, root: User) -> None:
    row = personas.make(ada.id, FOX)
    for act in (
        lambda: personas.usable(root.id, row.id),
        lambda: personas.change(root.id, row.id, {"name": "Mine"}),
        lambda: personas.copy(root.id, row.id),
        lambda: personas.remove(root.id, row.id),
        lambda: personas.restore(root.id, row.id),
        lambda: shared_personas.find(row.id),
        lambda: shared_personas.change(root, row.id, FOX, RoleName.USER),
        lambda: shared_personas.remove(root, row.id),
        lambda: begun(root, row.id),
        lambda: beginnings.of(root.id, row.id, None),
        lambda: begun(ada, "nothing\0"),
    ):
        with pytest.raises(NotFound):
            act()
    assert (names(root), names(ada)) == ([], ["Fox"])
    assert db.session.scalars(select(Conversation)).all() == []


def test_there_is_a_bound_for_a_person_and_one_for_everybody(ada: User, root: User) -> None:
    for table in ({"user_id": ada.id}, {"least_role": "user"}):
        rows = [
            {"id": new_id(), "name": f"n{n}", "emoji": "🦊", **table} for n in range(PERSONAS_MAX)
        ]
        db.session.execute(insert(Persona), rows)
    db.session.commit()
    one = personas.own(ada.id)[0]
    for act in (
        lambda: personas.make(ada.id, FOX),
        lambda: personas.copy(ada.id, one.id),
        lambda: shared(root),
    ):
        with pytest.raises(Conflict, match="50"):
            act()
    personas.remove(ada.id, one.id)
    personas.make(ada.id, FOX)
    with pytest.raises(Conflict, match="50"):
        personas.restore(ada.id, one.id)


def test_what_is_deleted_goes_for_good_after_some_days(ada: User) -> None:
    kept, gone = personas.make(ada.id, FOX), personas.make(ada.id, FOX)
    chat = begun(ada, gone.id)
    personas.remove(ada.id, gone.id)
    assert personas.purge_deleted() == 0
    gone.deleted_at = utc_now() - conversations.KEPT_AFTER_DELETE - timedelta(minutes=1)
    db.session.commit()
    assert personas.purge_deleted() == 1
    db.session.expire_all()
    assert db.session.scalars(select(Persona.id)).all() == [kept.id]
    assert db.session.get_one(Conversation, chat.id).persona_id is None


@pytest.mark.parametrize("both", [{}, {"user_id": 1, "least_role": "user"}])
def test_a_persona_is_somebodys_or_a_roles(ada: User, both: dict[str, Any]) -> None:
    row = {"user_id": ada.id, "least_role": "user"} if both else {}
    with pytest.raises(IntegrityError):
        db.session.execute(insert(Persona).values(id=new_id(), name="x", emoji="🦊", **row))
    db.session.rollback()


# ── everybody's ─────────────────────────────────────────────────────────────────────────────


def test_those_of_a_role_reach_it_and_those_above(root: User, ada: User) -> None:
    for role in (RoleName.USER, RoleName.ADMIN):
        shared(root, role, name=f"for {role}")
    seen = {role: [row.name for row in personas.shared(role)] for role in RoleName}
    assert seen[RoleName.USER] == seen[RoleName.ANALYST] == ["for user"]
    assert seen[RoleName.ADMIN] == seen[RoleName.SUPER_ADMIN] == ["for admin", "for user"]
    theirs = personas.shared(RoleName.ADMIN)[0]
    with pytest.raises(NotFound):
        begun(ada, theirs.id)
    assert begun(root, theirs.id).persona_id == theirs.id


def test_one_of_everybodys_is_used_and_copied_but_not_changed_by_people(
    ada: User, root: User
) -> None:
    row = shared(root)
    assert personas.usable(ada.id, row.id).name == "Fox"
    for act in (personas.remove, personas.restore, lambda *who: personas.change(*who, FOX)):
        with pytest.raises(NotFound):
            act(ada.id, row.id)
    copied = personas.copy(ada.id, row.id)
    assert (copied.user_id, copied.least_role, copied.name) == (ada.id, None, "Fox, copy")


def test_each_act_is_noted_without_its_words(root: User) -> None:
    row = shared(root, system_prompt="first walrus")
    seen = shared_personas.version(row)
    changed = {**FOX, "system_prompt": "second walrus"}
    shared_personas.change(root, row.id, changed, RoleName.ADMIN, seen)
    shared_personas.change(root, row.id, changed, RoleName.ADMIN)  # nothing new
    with pytest.raises(Conflict, match="Somebody changed"):
        shared_personas.change(root, row.id, FOX, RoleName.USER, seen)
    shared_personas.remove(root, row.id)
    with pytest.raises(NotFound):
        shared_personas.remove(root, row.id)
    noted = list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    acts = ["persona.shared", "persona.changed", "persona.removed"]
    assert [each.act for each in noted] == acts
    assert noted[1].detail == {"system_prompt": "changed", "least_role": ["user", "admin"]}
    assert all(each.target == f"personas/{row.id}" for each in noted)
    assert "walrus" not in str([each.detail for each in noted])


@pytest.mark.parametrize(
    "change",
    [{"name": "x"}, {"settings": {"top_k": 6}}, {"colour": 4}, {"emoji": "🐋"}, {"model": "m"}],
)
def test_every_change_is_seen_by_who_changes_meanwhile(root: User, change: dict[str, Any]) -> None:
    row = shared(root)
    seen = shared_personas.version(row)
    shared_personas.change(root, row.id, {**FOX, **change}, RoleName.USER)
    assert shared_personas.version(row) != seen


# ── chats ───────────────────────────────────────────────────────────────────────────────────


def test_a_chat_begins_with_a_copy_of_what_the_persona_is_then(ada: User) -> None:
    row = personas.make(ada.id, FOX)
    chat = begun(ada, row.id, top_k=7)
    kept = {"temperature": 0.5, "top_k": 7, "system_prompt": "You are a fox."}
    assert chat.settings == kept
    picture = {"id": row.id, "name": "Fox", "emoji": "🦊", "colour": 3, "picture": None}
    assert wire.conversation(chat)["persona"] == picture
    personas.change(ada.id, row.id, {"name": "Wolf", "system_prompt": "You are a wolf."})
    assert chat.settings == kept
    assert wire.conversation(chat)["persona"] == {**picture, "name": "Wolf"}


def test_a_list_of_many_asks_no_more_than_a_list_of_one(ada: User) -> None:
    def asked(count: int) -> int:
        for number in range(count):
            begun(ada, personas.make(ada.id, {"name": f"Number {number}"}).id)
        db.session.expunge_all()
        with counted() as statements:
            shown, _ = shelves.page(ada.id)
            told = [wire.conversation(row)["persona"] for row in shown]
        assert len(told) >= count
        assert all(told)
        return len(statements)

    assert asked(1) == asked(9)


def test_a_page_takes_along_a_few_without_what_is_long(ada: User) -> None:
    for number in range(4):
        personas.make(ada.id, {"name": f"Own {number}", "system_prompt": "long"})
        db.session.add(Persona(id=new_id(), name=f"All {number}", emoji="🦊", least_role="user"))
    db.session.commit()
    db.session.expunge_all()
    with counted() as statements:
        first = [wire.persona_in_short(row) for row in personas.first_of(ada, 6)]
    names = ["Own 0", "Own 1", "Own 2", "Own 3", "All 0", "All 1"]
    assert [each["name"] for each in first] == names
    assert not any("system_prompt" in each for each in statements)
    assert [wire.persona_in_short(row) for row in personas.for_user(ada)[:6]] == first
    assert len(personas.first_of(ada, 2)) == 2


def test_an_answer_is_headed_by_its_persona_in_a_file_too(ada: User) -> None:
    row = personas.make(ada.id, FOX)
    chat = begun(ada, row.id)
    assert "\n## Fox\n" in export.as_markdown(chat)
    personas.remove(ada.id, row.id)
    assert "\n## Echo\n" in export.as_markdown(chat)


def test_what_the_asker_puts_back_is_the_models_own(ada: User) -> None:
    row = personas.make(ada.id, FOX)
    assert begun(ada, row.id, temperature=None).settings == {
        "top_k": 5,
        "system_prompt": "You are a fox.",
    }


def test_a_chat_that_is_there_takes_no_persona(ada: User) -> None:
    chat = conversations.create(ada.id, "Plain", {})
    asked = Question("Hi", conversation_id=chat.id, persona_id=personas.make(ada.id, FOX).id)
    Turns.here().ask(ada.id, asked)
    assert (chat.persona_id, chat.settings) == (None, {})


def test_a_model_that_is_not_here_is_left_out(ada: User) -> None:
    here, gone = (personas.make(ada.id, {**FOX, "model": name}) for name in ("scripted", "gone-7b"))
    assert begun(ada, here.id).settings["model"] == "scripted"
    assert "model" not in begun(ada, gone.id).settings
    with pytest.raises(EchoError):  # one that is asked for by its name is not
        begun(ada, here.id, model="gone-7b")


def test_a_chat_shows_its_persona_while_there_is_one_for_its_owner(ada: User, root: User) -> None:
    own, theirs = personas.make(ada.id, FOX), shared(root)
    chats = [begun(ada, own.id), begun(ada, theirs.id)]
    shown = lambda: [wire.conversation(chat)["persona"] is not None for chat in chats]  # noqa: E731
    assert shown() == [True, True]
    personas.remove(ada.id, own.id)
    shared_personas.change(root, theirs.id, FOX, RoleName.ANALYST)
    assert shown() == [False, False]
    personas.restore(ada.id, own.id)
    shared_personas.change(root, theirs.id, FOX, RoleName.USER)
    assert shown() == [True, True]
    shared_personas.remove(root, theirs.id)
    db.session.expire_all()
    assert shown() == [True, False]
    assert chats[1].settings["system_prompt"] == "You are a fox."


def test_everything_of_ones_own_is_exported_and_goes_with_the_account(
    ada: User, root: User
) -> None:
    personas.make(ada.id, FOX)
    personas.remove(ada.id, personas.make(ada.id, {"name": "Gone"}).id)
    shared(root, name="Everybody's")
    found = json.loads(dict(archive_of(ada))["personas.json"])
    assert [each["name"] for each in found] == ["Fox", "Gone"]
    assert found[0].items() >= FOX.items()
    deletion.delete_account(ada)
    assert [row.name for row in db.session.scalars(select(Persona))] == ["Everybody's"]


def archive_of(user: User) -> list[tuple[str, bytes]]:
    return [entry for entries in archive._batches(user) for entry in entries]


def test_a_chat_whose_persona_goes_for_good_while_it_begins_keeps_what_it_had(
    ada: User, root: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = shared(root)
    turns = Turns.here()
    find = turns.requests.around

    def slowly(*args: Any, **how: Any) -> Any:
        found = find(*args, **how)
        shared_personas.remove(root, row.id)
        return found

    requests = type(turns.requests)
    monkeypatch.setattr(requests, "around", lambda _self, *args, **how: slowly(*args, **how))
    chat = begun(ada, row.id)
    assert (chat.persona_id, chat.settings["system_prompt"]) == (None, "You are a fox.")
    assert wire.conversation(chat)["persona"] is None
