"""The archive: everything of one person, nothing of another, no secret, and bounded memory."""

from __future__ import annotations

import gc
import io
import json
import tracemalloc
import zipfile
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image
from sqlalchemy import insert, select

from echo.clock import utc_now
from echo.extensions import db
from echo.models import (
    ApiCall,
    Conversation,
    Device,
    Document,
    KeptResponse,
    Message,
    Persona,
    RoleName,
    Share,
    User,
)
from echo.models.types import new_id
from echo.services import audit
from echo.services.people import archive
from tests.services.people import SECRETS, conversation_of, fill


@pytest.fixture
def ada(make_user: Callable[..., User]) -> User:
    user = make_user("walrus_ada")
    fill(user)
    return user


def packed(user: User) -> dict[str, bytes]:
    with archive.make(user) as file, zipfile.ZipFile(file) as found:
        assert found.testzip() is None
        return {name: found.read(name) for name in found.namelist()}


def test_everything_is_in_it(ada: User, make_user: Callable[..., User]) -> None:
    root = make_user("watcher", role=RoleName.SUPER_ADMIN)
    audit.record(audit.Act.CONVERSATION_OPENED, root, subject_id=ada.id, target="conversations/1")
    files = packed(ada)
    shown, deleted = sorted(
        db.session.scalars(select(Conversation)), key=lambda row: row.deleted_at is not None
    )
    call = db.session.scalars(select(ApiCall)).one()
    assert json.loads(files[f"api_calls/{call.id}.json"])[0]["model"] == "walrus-1b"
    kept = db.session.scalars(select(KeptResponse)).one()
    assert json.loads(files[f"responses/{kept.id}.json"])["messages"] == [
        {"role": "user", "text": "walrus?"}, {"role": "assistant", "text": "walrus!"},
    ]  # fmt: skip
    share = db.session.scalars(select(Share)).one()
    copy = json.loads(files[f"shared/{share.id}.json"])
    assert (copy["conversation_id"], copy["shown_to"]) == (shown.id, "public")
    assert [each["text"] for each in copy["messages"]] == ["walrus copy"]
    document = db.session.scalars(select(Document)).one()
    assert json.loads(files[f"documents/{document.id}.json"])["name"] == "walrus.txt"
    persona = db.session.scalars(select(Persona)).one()
    assert json.loads(files["personas.json"])[0]["picture"] == f"personas/{persona.id}.webp"
    assert set(files) == {
        f"documents/{document.id}.json", f"documents/{document.id}.txt",
        "README.txt", f"responses/{kept.id}.json", "account.json", "prompts.json", "personas.json",
        "picture.webp", f"personas/{persona.id}.webp",
        f"conversations/{shown.id}.json", f"conversations/{shown.id}.md",
        f"deleted/{deleted.id}.json", f"deleted/{deleted.id}.md", f"api_calls/{call.id}.json",
        f"shared/{share.id}.json",
    }  # fmt: skip
    assert json.loads(files["prompts.json"])["prompts"] == [
        {"name": "walrus prompt", "text": "Ask a walrus."}
    ]
    account = json.loads(files["account.json"])
    assert account["profile"]["email"] == "walrus_ada@example.org"
    assert account["settings"]["retention_days"] == 90
    [decision] = account["guardrail_decisions"]
    assert (decision["reason"], decision["objection"]) == ("walrus reason", "walrus objection")
    told = account["told_in_all_chats"]
    assert (told["instructions"], told["instructions_on"]) == ("walrus instructions", True)
    assert [(each["text"], each["is_on"]) for each in told["memories"]] == [("walrus memory", True)]
    assert account["sign_in"] == {
        "password": True,
        "google": True,
        "second_factor": True,
        "passkeys": [{**account["sign_in"]["passkeys"][0], "name": "walrus phone"}],
    }
    assert account["devices"][0]["address"] == "203.0.113.77"
    assert [key["name"] for key in account["api_keys"]] == ["walrus script"]
    assert account["feedback"][0]["opinion"] == "walrus opinion"
    assert {each["comment"] for each in account["ratings"]} == {"walrus comment"}
    assert account["folders"][0]["name"] == "walrus folder"
    assert account["folders"][0]["system_prompt"] == "walrus prompt"
    assert account["invitations"][0]["note"] == "walrus note"
    assert account["looks_into_my_conversations"][0]["by"] == "watcher"
    messages = json.loads(files[f"conversations/{shown.id}.json"])["messages"]
    assert [each["text"] for each in messages] == [f"walrus text {n}" for n in (1, 2, 3, 4)]
    assert b"walrus text 4" in files[f"conversations/{shown.id}.md"]
    assert Image.open(io.BytesIO(files["picture.webp"])).size == (256, 256)
    for name in (
        "account.json",
        "conversations/",
        "deleted/",
        "api_calls/",
        "responses/",
        "shared/",
        "picture.webp",
        "prompts.json",
    ):
        assert name.encode() in files["README.txt"]


def test_no_hash_token_or_secret_is_in_it(ada: User) -> None:
    everything = b"\n".join([name.encode() + b"\n" + text for name, text in packed(ada).items()])
    token_hashes = list(db.session.scalars(select(Device.token_hash)))
    for secret in (*SECRETS.values(), ada.password_hash, *token_hashes):
        assert secret
        assert secret.encode() not in everything
    for word in (b"SECRET", b"_hash", b"token_hash", b"$2b$"):
        assert word not in everything


def test_nothing_of_others_is_in_it(ada: User, make_user: Callable[..., User]) -> None:
    bob = make_user("bob")
    conversation_of(bob, word="badger")
    assert not any(b"badger" in text for text in packed(ada).values())
    files = packed(bob)
    assert not any(b"walrus" in text for text in files.values())
    assert set(files) >= {"README.txt", "account.json"}
    assert "picture.webp" not in files


def test_more_conversations_than_one_step_holds(make_user: Callable[..., User]) -> None:
    bob = make_user("bob")
    for _ in range(archive.CONVERSATIONS_PER_STEP * 2 + 1):
        conversation_of(bob, length=1)
    assert len(packed(bob)) == 2 + 2 * (archive.CONVERSATIONS_PER_STEP * 2 + 1)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_account(make_user: Callable[..., User]) -> None:
    user = make_user("talkative")
    conversations, text = 120, "word " * 20_000
    for _ in range(conversations):
        row = Conversation(id=new_id(), user_id=user.id, title="long")
        db.session.add(row)
        db.session.flush()
        values: dict[str, Any] = {
            "id": new_id(), "conversation_id": row.id, "user_id": user.id, "ordinal": 1,
            "role": "user", "text": text, "created_at": utc_now(),
        }  # fmt: skip
        db.session.execute(insert(Message).values(values))
        row.head_id = values["id"]
    db.session.commit()
    db.session.expunge_all()
    user = db.session.get_one(User, user.id)
    usual = gc.get_threshold()
    gc.set_threshold(700)  # what is held is counted, not what waits to be collected
    tracemalloc.start()
    archive.make(user).close()
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    gc.set_threshold(*usual)
    assert most < len(text) * archive.CONVERSATIONS_PER_STEP * 8 < len(text) * conversations


def test_failure_leaves_no_open_file(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_user: User) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(archive, "account", fail)
    with pytest.raises(RuntimeError):
        archive.make(ada)  # an unclosed file is a warning, and warnings are errors
