"""Every failure keeps its own status, as a page for people and as JSON for programs."""

from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError
from structlog.testing import capture_logs

from echo import errors
from echo.extensions import db
from tests.web.browser import AJAX, Browser

JSON = {"Accept": "application/json"}


def fail(error: Exception) -> Any:
    def view(**_: Any) -> None:
        raise error

    return view


def assert_both(client: Browser, method: str, path: str, status: int, **options: Any) -> None:
    page = client.open(path, method=method, **options)
    assert (page.status_code, page.mimetype) == (status, "text/html")
    assert "<html" in page.text
    assert str(status) in page.text
    for headers in (AJAX, JSON):
        answer = client.open(path, method=method, headers=headers, **options)
        assert (answer.status_code, answer.mimetype) == (status, "application/json")
        body = answer.get_json()
        assert body["status"] == "error"
        assert len(body["message"]) > 5


def test_404(client: Browser) -> None:
    assert_both(client, "GET", "/no/such/page", 404)


def test_404_for_paths_of_any_kind(client: Browser) -> None:
    for path in ("/%00", "/\ud7ff", "/" + "a" * 5000, "/static/../run.py", "/static/none.js"):
        assert client.get(path).status_code == 404, path


def test_405(client: Browser) -> None:
    assert_both(client, "GET", "/logout", 405)
    assert_both(client, "DELETE", "/", 405)


def test_413(client: Browser) -> None:
    assert_both(client, "POST", "/signup", 413, data={"username": "x" * 3_000_000})


def test_500_tells_nothing_of_the_inside(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = RuntimeError("secret detail of the inside")
    monkeypatch.setitem(app.view_functions, "home.index", fail(secret))
    assert_both(client, "GET", "/", 500)
    assert "secret" not in client.get("/").text


def test_one_time_links_are_not_written_down_when_their_page_fails(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the log could use them."""
    monkeypatch.setitem(app.view_functions, "recovery.reset", fail(RuntimeError("broken")))
    with capture_logs() as logs:
        assert client.get("/reset/abcdefgh-token").status_code == 500
    (record,) = [each for each in logs if each["event"] == "request failed"]
    assert record["rule"] == "/reset/<token>"
    assert "abcdefgh" not in str(logs)


TREE = [
    (errors.InvalidInput, 400),
    (errors.TooLong, 400),
    (errors.NotFound, 404),
    (errors.Forbidden, 403),
    (errors.SignedOut, 401),
    (errors.WrongCredentials, 401),
    (errors.Conflict, 409),
    (errors.RateLimited, 429),
    (errors.QuotaExceeded, 429),
    (errors.Busy, 503),
    (errors.EngineFailed, 503),
    (errors.StorageUnavailable, 503),
]


@pytest.mark.parametrize(("kind", "status"), TREE)
def test_each_error_of_the_tree_keeps_status_words_and_field(
    kind: type[errors.EchoError],
    status: int,
    app: Flask,
    client: Browser,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    error = kind("<b>Do this</b> instead.", field="thing", retry_after=7.4)
    monkeypatch.setitem(app.view_functions, "home.index", fail(error))
    assert_both(client, "GET", "/", status)
    answer = client.get("/", headers=JSON)
    assert answer.get_json() == {
        "status": "error",
        "code": error.code,
        "field": "thing",
        "message": "<b>Do this</b> instead.",
        **({"request_id": answer.headers["X-Request-ID"]} if status >= 500 else {}),
    }
    assert answer.headers["Retry-After"] == "7"
    assert "&lt;b&gt;Do this" in client.get("/").text


def test_page_links_home(client: Browser) -> None:
    assert 'href="/"' in client.get("/no/such/page").text


def test_signed_out_page_leads_to_the_login(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(app.view_functions, "home.index", fail(errors.SignedOut("Bye.")))
    assert 'href="/login"' in client.get("/").text


@pytest.mark.parametrize(
    "words", ["database or disk is full", "disk I/O error", "database is locked"]
)
def test_a_database_that_fails_is_told_without_asking_it(
    words: str, app: Flask, ada_browser: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page about it asked who reads it, failed by that, and nothing was answered at all."""

    def away(*_: Any, **__: Any) -> None:
        raise OperationalError("select 1", {}, Exception(words))

    monkeypatch.setattr(db.session, "execute", away)
    monkeypatch.setattr(db.session, "scalar", away)
    monkeypatch.setattr(db.session, "scalars", away)
    monkeypatch.setattr(db.session, "get", away)
    with capture_logs() as logs:
        assert_both(ada_browser, "GET", "/profile", 503)
        assert_both(ada_browser, "POST", "/feedback", 503, data={"opinion": "x" * 20})
    assert {entry["event"] for entry in logs} == {"the database failed"}
    assert ("disk is full" in ada_browser.get("/profile").text) is ("full" in words)
