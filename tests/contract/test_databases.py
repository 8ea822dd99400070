"""Migrations and turns on SQLite and on a real PostgreSQL."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_migrate
import pytest
import sqlalchemy
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from flask import Flask

from echo.app import create_app
from echo.extensions import bcrypt, db, is_compared, limiter
from echo.generation import Engine, EngineConfig, Script, ScriptedReply
from echo.models import Conversation, Feedback, Message, Role, RoleName
from echo.services.accounts import accounts
from echo.services.chats import conversations, export, search, shelves
from echo.services.sign_in import devices, first_admin
from echo.sockets import hub_bridge
from tests.conftest import PASSWORD, Tab, settings_for

ANSWER = "one two three four five six seven"


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    return "" if request.param == "sqlite" else str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def app(url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Flask]:
    """An application on a database that its migrations have made from nothing."""
    script = Script(default=ScriptedReply(text=ANSWER, delay_ms=5, first_delay_ms=1))
    box: dict[str, Engine] = {}

    def build(app: Flask, _settings: Any) -> Engine:
        wake = app.extensions["wakeup"].post
        box["engine"] = Engine.scripted(script, EngineConfig(model="scripted"), wake)
        return box["engine"]

    monkeypatch.setattr("echo.engines.build", build)
    monkeypatch.setattr(bcrypt, "_log_rounds", 4)
    app = create_app(settings_for(tmp_path, database_url=url))
    app.config.update(TESTING=True, WTF_CSRF_ENABLED=False)
    monkeypatch.setattr(limiter, "enabled", False)
    box["engine"].start()
    hub_bridge.start(app.extensions["turns"], app.extensions["wakeup"])
    with app.app_context():
        flask_migrate.upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()
    box["engine"].stop(timeout=5)


def test_migrations_from_nothing_give_the_models(app: Flask) -> None:
    with db.engine.connect() as connection:
        opts = {"compare_type": True, "include_object": is_compared}
        context = MigrationContext.configure(connection, opts=opts)
        assert compare_metadata(context, db.metadata) == []
    assert {role.name for role in db.session.scalars(sqlalchemy.select(Role))} == set(RoleName)


def test_migrations_go_down_and_up_again(app: Flask) -> None:
    db.session.remove()
    flask_migrate.downgrade(revision="base")
    left = set(sqlalchemy.inspect(db.engine).get_table_names()) - {"alembic_version"}
    assert left == set()
    flask_migrate.upgrade()
    flask_migrate.upgrade()  # a second time changes nothing
    assert "messages" in sqlalchemy.inspect(db.engine).get_table_names()


def open_tab(app: Flask) -> Tab:
    user = accounts.sign_up("ada", "ada@example.org", PASSWORD)
    client = app.test_client()
    token = devices.sign_in(user, address="::1", user_agent="test", remember=False)
    with client.session_transaction() as session:
        session["device"] = token
    return Tab(app, client)


def test_turn_streams_is_stored_and_searched(app: Flask) -> None:
    tab = open_tab(app)
    asked = tab.ask("send_message", {"client_id": "c1", "text": "50% <b>ünï</b>\0 \ud800"})
    reply = asked["reply"]["id"]
    end = tab.wait_for("message_finished", reply)
    assert (end["status"], tab.text_of(reply)) == ("complete", ANSWER)
    again = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    assert again["message"]["id"] == asked["message"]["id"]
    other = tab.ask("regenerate_message", {"message_id": reply})
    tab.wait_for("message_finished", other["reply"]["id"])
    assert tab.ask("rate_message", {"message_id": reply, "rating": -1, "reasons": ["other"]})["ok"]
    assert tab.ask("select_branch", {"message_id": reply})["head_id"] == reply
    user_id = db.session.get_one(Message, reply).user_id
    found = search.search(user_id, "50% <b>Ünï".lower())
    assert [each.id for each in found.results] == [asked["conversation_id"]]
    assert search.search(user_id, "5_%").results == []
    rows, more = shelves.page(user_id)
    assert (len(rows), more) == (1, None)
    assert ANSWER in export.as_markdown(rows[0])
    conversations.remove(user_id, rows[0].id)
    conversations.restore(user_id, rows[0].id)


def test_stop_continue_and_resume_keep_the_pieces(app: Flask) -> None:
    tab = open_tab(app)
    asked = tab.ask("send_message", {"client_id": "c1", "text": "Hi"})
    reply = asked["reply"]["id"]
    tab.wait_for("receive_message", reply)
    tab.ask("stop_message", {"message_id": reply})
    end = tab.wait_for("message_finished", reply)
    all_of_it = tab.ask("resume", {"message_id": reply, "after_seq": 0})
    assert (all_of_it["text"], all_of_it["seq"]) == (tab.text_of(reply), end["seq"])


def test_one_time_link_works_once(app: Flask) -> None:
    token = first_admin.new_token()
    assert first_admin.redeem(token, "root", "root@example.org", PASSWORD).is_super_admin
    assert not first_admin.is_needed()


@pytest.mark.parametrize(
    "words", ["привет", "ПРИВЕТ", "école", "E\u0301COLE", "straße", "STRASSE", "50%_"]
)
def test_search_means_the_same_on_both(app: Flask, words: str) -> None:
    """In the chats and in every table of the administrators' side."""
    boss = accounts.sign_up("ada", "ada@example.org", PASSWORD, RoleName.SUPER_ADMIN)
    said = "Привет aus der École, Straße 50%_"
    chat = Conversation(user_id=boss.id, title=said)
    db.session.add(chat)
    db.session.flush()
    for number, text in enumerate((said, "nothing of the kind, 500_")):
        message = {
            "conversation_id": chat.id,
            "user_id": boss.id,
            "ordinal": number,
            "role": "user",
        }
        db.session.add(Message(**message, text=text))
    db.session.add(Feedback(user_id=boss.id, opinion=said, category="idea"))
    db.session.commit()
    (hit,) = search.search(boss.id, words).results
    assert hit.message_id is not None
    client = app.test_client()
    token = devices.sign_in(boss, address="::1", user_agent="test", remember=False)
    with client.session_transaction() as session:
        session["device"] = token
    for table in ("messages", "conversations", "feedback"):
        page = client.get(f"/admin/{table}/", query_string={"search": words}).text
        assert page.count('class="row-acts"') == 1, table
        page = client.get(f"/admin/{table}/", query_string={"search": f"{words} absent"}).text
        assert page.count('class="row-acts"') == 0, table
