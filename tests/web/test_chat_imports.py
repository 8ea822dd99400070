"""An import that goes on after the answer: begun, looked at, refused, stopped and put away over HTTP."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from echo import limits
from echo.extensions import db
from echo.models import ChatImport, User
from echo.services.chats.imports import runs
from tests.services.test_import_runs import export_of
from tests.waiting import until
from tests.web.browser import AJAX, Browser

PATH = "/profile/import"


def send(browser: Browser, raw: bytes) -> Any:
    head = 'Content-Disposition: form-data; name="file"; filename="conversations.json"'
    body = b"--x\r\n" + head.encode() + b"\r\n\r\n" + raw + b"\r\n--x--\r\n"
    kind = "multipart/form-data; boundary=x"
    return browser.post(PATH, data=body, content_type=kind, headers=AJAX)


def settled(browser: Browser) -> dict[str, Any]:
    def look() -> dict[str, Any] | None:
        told: dict[str, Any] = browser.get(PATH).get_json()
        return None if told["goes_on"] else told

    return until(look, "the end of the import")


def going_on(app: Flask, user: User) -> None:
    """Let an import of this person's go on in another process."""
    app.extensions["cluster"].alive = lambda: {"other"}
    db.session.add(ChatImport(user_id=user.id, state="keeping", kept=3, total=9, node="other"))
    db.session.commit()


def test_it_is_answered_at_once_and_told_until_it_is_put_away(ada_browser: Browser) -> None:
    assert ada_browser.get(PATH).get_json() == {"state": None}
    answer = send(ada_browser, export_of(3))
    assert answer.status_code == 202
    assert answer.get_json()["goes_on"] is True
    told = settled(ada_browser)
    assert (told["state"], told["kept"], told["total"]) == ("done", 3, 3)
    assert told["chats"][0] == {
        "title": "Chat 0",
        "messages": 1,
        "folder": None,
        "archived": False,
    }
    assert (told["skipped"], told["skipped_count"]) == ([], 0)
    assert len(ada_browser.get("/api/conversations").get_json()["data"]) == 3
    assert ada_browser.ajax(f"{PATH}/forget").get_json() == {"state": None}


def test_a_second_one_meanwhile_is_refused(app: Flask, ada: User, ada_browser: Browser) -> None:
    going_on(app, ada)
    refused = send(ada_browser, export_of(1))
    assert (refused.status_code, refused.get_json()["code"]) == (409, "conflict")
    assert "going on already" in refused.get_json()["message"]
    assert ada_browser.ajax(f"{PATH}/forget").get_json()["kept"] == 3  # it is no report yet
    told = ada_browser.ajax(f"{PATH}/stop").get_json()
    assert (told["state"], told["is_stopping"], told["total"]) == ("keeping", True, 9)


def test_one_that_was_cut_is_told(app: Flask, ada: User, ada_browser: Browser) -> None:
    going_on(app, ada)
    app.extensions["cluster"].alive = lambda: set()
    told = ada_browser.get(PATH).get_json()
    assert (told["state"], told["goes_on"], told["kept"]) == ("cut", False, 3)


def test_what_cannot_be_taken_is_named(
    ada_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    nothing = ada_browser.ajax(PATH)
    assert (nothing.status_code, nothing.get_json()["field"]) == (400, "file")
    large = send(ada_browser, b" " * (limits.REQUEST_BYTES + 1_000))
    assert large.status_code == 202
    assert settled(ada_browser)["error"]
    assert send(ada_browser, b" " * (limits.IMPORT_REQUEST_BYTES + 1)).status_code == 413
    monkeypatch.setattr(runs, "IMPORT_BYTES", 10)
    assert send(ada_browser, b"x" * 11).get_json()["code"] == "too_long"


def test_another_persons_is_not_seen(
    app: Flask, ada: User, make_user: Callable[..., User], signed_in: Callable[[User], Browser]
) -> None:
    going_on(app, ada)
    bob_browser = signed_in(make_user("bob"))
    assert bob_browser.get(PATH).get_json() == {"state": None}
    bob_browser.ajax(f"{PATH}/stop")
    db.session.expire_all()
    assert runs._newest(ada.id).stop_asked is False  # type: ignore[union-attr]
