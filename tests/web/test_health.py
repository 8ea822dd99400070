"""Alive and ready are two questions; the second says which part is not."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from echo.extensions import db
from echo.generation import Script, ScriptedReply
from tests.waiting import until
from tests.web.browser import Browser


@pytest.fixture
def script() -> Script:
    return Script(default=ScriptedReply(text="Never.", crash_after=0, first_delay_ms=0))


def wait_for_the_model(client: Browser) -> None:
    until(lambda: client.get("/readyz").get_json()["engine"] != "loading", "the model is loaded")


def test_alive_and_ready(client: Browser) -> None:
    wait_for_the_model(client)
    assert client.get("/healthz").get_json() == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.get_json() == {"status": "ok", "database": "ok", "engine": "ok", "restarts": 0}


def test_database_that_is_gone_is_told(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_the_model(client)

    def gone(*_: Any, **__: Any) -> None:
        raise OperationalError("select 1", {}, Exception("gone"))

    monkeypatch.setattr(db.session, "execute", gone)
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["database"] == "unavailable"
    assert ready.get_json()["engine"] == "ok"
    assert client.get("/healthz").status_code == 200


def test_engine_that_was_stopped_is_told(app: Flask, client: Browser) -> None:
    app.extensions["turns"].engine.stop(timeout=5)
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["engine"] == "stopped"
    assert client.get("/healthz").status_code == 200


def test_engine_that_failed_for_good_is_told_and_refuses(
    app: Flask, client: Browser, open_tab: Any, make_user: Any
) -> None:
    tab = open_tab(make_user("ada"))
    for number in range(3):  # three quick failures end the engine
        asked = tab.ask("send_message", {"client_id": f"c{number}", "text": "Hi"})
        assert asked["ok"], asked
        tab.wait_for("message_finished", asked["reply"]["id"])
    ready = client.get("/readyz")
    assert ready.status_code == 503
    assert ready.get_json()["engine"] == "failed"
    refused = tab.ask("send_message", {"client_id": "c9", "text": "Hi"})
    assert refused["error"]["code"] == "engine_failed"
    assert refused["error"]["retry_after"] > 0
