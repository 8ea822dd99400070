"""Prompts that people keep: their own, bounded, taken along; shared ones by role, each act noted."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from echo.errors import Conflict, InvalidInput, NotFound, TooLong
from echo.extensions import db
from echo.limits import PROMPT_CHARS, PROMPT_NAME_CHARS, PROMPTS_MAX
from echo.models import AuditEvent, RoleName, SavedPrompt, SharedPrompt, User
from echo.services.prompts import saved, sharing
from echo.services.prompts.saved import Wording


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    return make_user("ada")


@pytest.fixture
def root(make_user: Callable[..., User]) -> User:
    return make_user("root", role=RoleName.ADMIN)


def names(user: User) -> list[str]:
    return [row.name for row in saved.own(user.id)]


def test_a_prompt_is_kept_changed_and_deleted(ada: User) -> None:
    row = saved.make(ada.id, saved.checked("  To\nchild ", " Explain {{x}}.\r\n"))
    saved.make(ada.id, Wording("äpfel", "Apples"))
    assert names(ada) == ["To child", "äpfel"]
    assert row.text == "Explain {{x}}."
    saved.change(ada.id, row.id, Wording("Zeal", "With zeal."))
    assert saved.find(ada.id, row.id).text == "With zeal."
    assert saved.remove(ada.id, row.id) == Wording("Zeal", "With zeal.")
    assert names(ada) == ["äpfel"]


def test_anothers_is_not_found(ada: User, root: User) -> None:
    row = saved.make(ada.id, Wording("Mine", "Secret"))
    for act in (
        lambda: saved.find(root.id, row.id),
        lambda: saved.change(root.id, row.id, Wording("a", "b")),
        lambda: saved.remove(root.id, row.id),
        lambda: saved.find(ada.id, "nothing\0"),
    ):
        with pytest.raises(NotFound):
            act()
    assert names(root) == []
    assert names(ada) == ["Mine"]


@pytest.mark.parametrize(
    ("name", "text", "error", "field"),
    [
        (" \u200b", "x", InvalidInput, "name"), (None, "x", InvalidInput, "name"),
        ("x", "", InvalidInput, "text"), ("x", ["y"], InvalidInput, "text"),
        ("x" * (PROMPT_NAME_CHARS + 1), "x", TooLong, "name"),
        ("x", "x" * (PROMPT_CHARS + 1), TooLong, "text"),
    ],
)  # fmt: skip
def test_what_is_no_prompt_is_refused(name: Any, text: Any, error: Any, field: str) -> None:
    with pytest.raises(error) as refused:
        saved.checked(name, text)
    assert refused.value.field == field


def test_what_is_exported_is_imported_elsewhere_and_not_twice(ada: User, root: User) -> None:
    for name in ("One", "Two"):
        saved.make(ada.id, Wording(name, f"{name} {{{{x}}}}"))
    taken = saved.exported(ada.id)
    assert saved.import_all(root.id, taken) == saved.Imported(2, [])
    assert saved.exported(root.id) == taken
    again = saved.import_all(root.id, taken)
    assert (again.made, [name for name, _ in again.skipped]) == (0, ["One", "Two"])
    assert names(root) == ["One", "Two"]


def test_lists_of_other_programs_are_read_and_what_is_none_is_told(ada: User) -> None:
    rows = [
        {"command": "/sum", "title": "Sum up", "content": "Sum up {{text}}"},
        {"command": "/only", "content": "x"}, {"name": "no text"}, "nothing", None, 7,
        {"name": {"a": 1}, "text": "x"}, {"name": "x" * 61, "text": "x"},
    ]  # fmt: skip
    came = saved.import_all(ada.id, rows)
    assert came.made == 2
    assert names(ada) == ["/only", "Sum up"]
    assert [name for name, _ in came.skipped] == [f"Number {number}" for number in range(3, 9)]
    for nothing in ({}, {"prompts": "x"}, "x", 7, None):
        with pytest.raises(InvalidInput, match="no list"):
            saved.import_all(ada.id, nothing)


def test_there_is_a_bound(ada: User) -> None:
    rows = [{"name": f"n{number}", "text": "x"} for number in range(PROMPTS_MAX + 1)]
    came = saved.import_all(ada.id, rows)
    assert (came.made, came.skipped) == (PROMPTS_MAX, [(f"n{PROMPTS_MAX}", saved.full())])
    with pytest.raises(Conflict, match="200"):
        saved.make(ada.id, Wording("one more", "x"))
    assert len(names(ada)) == PROMPTS_MAX


def test_shared_prompts_reach_a_role_and_those_above_it(root: User) -> None:
    for role in (RoleName.USER, RoleName.ADMIN):
        sharing.share(root, Wording(f"for {role}", "x"), role)
    seen = {role: [row.name for row in saved.shared(role)] for role in RoleName}
    assert seen[RoleName.USER] == seen[RoleName.ANALYST] == ["for user"]
    assert seen[RoleName.ADMIN] == seen[RoleName.SUPER_ADMIN] == ["for admin", "for user"]


def test_each_act_of_sharing_is_noted_without_its_words(root: User) -> None:
    sharing.share(root, Wording("A", "first walrus"), RoleName.USER)
    row = db.session.scalars(select(SharedPrompt)).one()
    seen = sharing.version(row)
    sharing.change(root, row.id, Wording("A", "second walrus"), RoleName.ADMIN, seen)
    sharing.change(root, row.id, Wording("A", "second walrus"), RoleName.ADMIN)  # nothing new
    with pytest.raises(Conflict, match="Somebody changed"):
        sharing.change(root, row.id, Wording("A", "third"), RoleName.USER, seen)
    sharing.remove(root, row.id)
    with pytest.raises(NotFound):
        sharing.remove(root, row.id)
    noted = list(db.session.scalars(select(AuditEvent).order_by(AuditEvent.id)))
    assert [each.act for each in noted] == ["prompt.shared", "prompt.changed", "prompt.removed"]
    assert noted[1].detail == {"text": "changed", "least_role": ["user", "admin"]}
    assert all(each.target == f"shared_prompts/{row.id}" for each in noted)
    assert "walrus" not in str([each.detail for each in noted])
    assert db.session.scalars(select(SavedPrompt)).all() == []
