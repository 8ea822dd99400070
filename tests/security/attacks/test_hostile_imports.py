"""Files with chats that carry along what no export has: what is read beside the hub stays small on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from echo.errors import TooLong
from echo.extensions import db
from echo.limits import IMPORT_MESSAGE_CHARS, SYSTEM_PROMPT_CHARS
from echo.models import Conversation, Message, User
from echo.services.chats import export
from echo.services.chats.imports import keeping
from echo.services.chats.imports.found import Chat
from echo.services.prompts import saved
from tests.security.attacks.costs import cheap
from tests.services.test_imports import chats_in


def told(conversation: dict[str, Any], **more: Any) -> dict[str, Any]:
    """Return an export of Echo's with one question and its answer."""
    question = {"id": "q", "role": "user", "text": "Q"}
    answer = {"id": "a", "parent_id": "q", "role": "assistant", "text": "A", "status": "complete"}
    answer |= more.pop("answer", {})
    return {"conversation": {"title": "T"} | conversation, "messages": [question, answer], **more}


@pytest.fixture
def taken(tmp_path: Path) -> Callable[..., Chat]:
    def take(conversation: dict[str, Any], **more: Any) -> Chat:
        [chat] = chats_in(tmp_path, told(conversation, **more))
        return chat

    return take


def test_of_a_hundred_thousand_settings_the_known_ones_come(
    taken: Callable[..., Chat], make_user: Callable[..., User]
) -> None:
    known = {"temperature": 0.5, "top_k": 7, "system_prompt": "Be brief."}
    chat = taken({"settings": {f"a{n}": n for n in range(100_000)} | known | {"model": "x"}})
    with cheap("keeping", 0.3):
        keeping.keep(make_user("ada").id, [chat])
    assert db.session.query(Conversation).one().settings == known


@pytest.mark.parametrize(
    "value", ["x" * (3 * SYSTEM_PROMPT_CHARS), {"a": 1}, [1], None, True, "a\r\n" * 700]
)
def test_settings_of_an_odd_kind_are_left_out(
    value: Any, taken: Callable[..., Chat], make_user: Callable[..., User]
) -> None:
    chat = taken({"settings": {"system_prompt": value, "temperature": value}})
    keeping.keep(make_user("ada").id, [chat])
    expected = {"system_prompt": "a\n" * 700} if isinstance(value, str) and "\r" in value else {}
    assert db.session.query(Conversation).one().settings == expected


def test_a_folders_name_of_megabytes_is_not_told_again(taken: Callable[..., Chat]) -> None:
    chat = taken({}, folder="f" * 3_000_000)
    assert len(chat.folder) < 1000


def test_what_the_model_had_said_has_a_length_too(
    taken: Callable[..., Chat], make_user: Callable[..., User]
) -> None:
    fits = taken({}, answer={"original_text": "o" * IMPORT_MESSAGE_CHARS})
    assert len(fits.lines[1].original_text or "") == IMPORT_MESSAGE_CHARS
    chat = taken({}, answer={"original_text": "o" * (IMPORT_MESSAGE_CHARS + 1)})
    keeping.keep(make_user("ada").id, [chat])
    answer = db.session.query(Message).filter_by(role="assistant").one()
    assert (answer.text, answer.original_text) == ("A", None)


@pytest.mark.parametrize("row", [1, None, {}, {"name": "x"}, [[]]])
def test_a_million_prompts_are_refused_before_each_is_looked_at(
    row: Any, make_user: Callable[..., User]
) -> None:
    user = make_user("ada")
    with cheap("prompts", 0.1), pytest.raises(TooLong):
        saved.import_all(user.id, [row] * 500_000)
    came = saved.import_all(user.id, [row] * 500)
    assert (came.made, len(came.skipped)) == (0, 500)


def test_a_question_of_thousands_of_answers_is_told_in_proportion(
    tmp_path: Path, make_user: Callable[..., User]
) -> None:
    """Each message told all of its versions, so that a file of a megabyte became an export of a gigabyte."""
    whole = told({})
    answer = whole["messages"].pop()
    whole["messages"] += [answer | {"id": f"a{number}"} for number in range(2_000)]
    keeping.keep(make_user("ada").id, chats_in(tmp_path, whole))
    row = db.session.query(Conversation).one()
    assert row.message_count == 2_001
    assert len(export.as_json(row)) < 5_000_000
