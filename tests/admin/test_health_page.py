"""The page of health says what is so at this moment; nobody's words stand in its errors."""

from __future__ import annotations

import json
import logging
import socket
import time
from collections.abc import Callable

import pytest
import structlog
from flask import Flask
from flask.testing import FlaskClient

from echo import languages, logs, request_ids
from echo.admin.health import told
from echo.hub_lag import HubLag
from echo.services import health
from echo.services.health import Part, State
from echo.services.turns import Turns
from tests.waiting import until

AsRole = Callable[[str], FlaskClient]


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> logs.LastErrors:
    """A list of errors that holds none of other tests."""
    fresh = logs.LastErrors()
    monkeypatch.setattr("echo.admin.health.logged_errors", fresh)
    monkeypatch.setattr(logging.getLogger(), "handlers", [fresh])
    return fresh


def test_a_server_that_is_well(
    app: Flask, as_role: AsRole, errors: logs.LastErrors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("echo.admin.health._disk", lambda: (50 * 10**9, 100 * 10**9))
    until(lambda: Turns.of(app).engine.health().state == "ready", "the engine is ready")
    page = as_role("admin").get("/admin/health/").text
    assert "scripted answers." in page
    assert "No backup was ever taken" in page
    assert page.count('data-state="bad"') == 0

    assert "One thing needs somebody." in page
    assert "None since Echo was started." in page


def test_what_is_wrong_stands_first(app: Flask, as_role: AsRole) -> None:
    Turns.of(app).engine.stop(timeout=5)
    HubLag.of(app).note(time.monotonic(), 0.3)
    page = as_role("admin").get("/admin/health/").text
    places = [page.index(f'data-part="{name}"') for name in ("Model", "Web server", "Database")]
    assert places == sorted(places)
    assert 'data-part="Model" data-state="bad"' in page
    assert 'data-part="Web server" data-state="warning"' in page
    assert "300 ms at worst" in page
    assert "Start Echo anew" in page


def test_errors_are_shown_without_the_words_that_came_with_them(
    as_role: AsRole, errors: logs.LastErrors
) -> None:
    number = request_ids.begin()
    log = structlog.get_logger("tests")
    try:
        raise ValueError("a secret about walruses")
    except ValueError:
        log.exception("pump failed", message_id="m1")
    logging.getLogger("echo.generation").error("Request %s: %s", "r1", "a secret about walruses")
    page = as_role("admin").get("/admin/health/").text
    assert "pump failed" in page
    assert "ValueError" in page
    assert f'<span class="id">{number}</span>' in page
    assert "Request …: …" in page
    assert "walruses" not in page
    assert errors.count == 2
    assert [one.event for one in errors.newest()] == ["Request …: …", "pump failed"]


def test_an_error_that_is_no_event_is_kept_too(errors: logs.LastErrors) -> None:
    logging.getLogger("tests").error({"why": "a dictionary of somebody else's"})
    assert [(one.logger, one.event) for one in errors.newest()] == [("tests", "")]


def test_only_the_newest_errors_are_kept(errors: logs.LastErrors) -> None:
    for number in range(100):
        logging.getLogger("tests").error("error %d", number)
    logging.getLogger("tests").warning("no error")
    assert errors.count == 100
    assert len(errors.newest()) == logs.KEPT_ERRORS


def test_what_is_not_well_in_another_process_is_told_with_its_name(
    app: Flask, as_role: AsRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [
        [vars(Part("Queue", State.GOOD, "Fine.", process="far:5001"))],
        [vars(Part("Model", State.BAD, "It fails.", "Look there.", "far:5002"))],
    ]
    shared = app.extensions["cluster"]
    monkeypatch.setattr(shared, "is_shared", True, raising=False)
    monkeypatch.setattr(shared, "gather", lambda name, **_values: json.loads(json.dumps(others)))
    for alive, said in (
        ({"a", "b", "c"}, "3 processes serve this Echo."),
        ({"a", "b", "c", "d"}, "1 process does not answer."),
        (None, "Redis does not answer"),
    ):
        monkeypatch.setattr(shared, "alive", lambda alive=alive: alive)
        page = as_role("admin").get("/admin/health/").text
        assert said in page
        assert "far:5002" in page
        assert "It fails." in page
        assert "far:5001" not in page
        assert f"{socket.gethostname()}:" in page


def test_what_a_process_tells_others_of_itself_is_in_the_askers_language(app: Flask) -> None:
    with app.app_context():
        english, german = (told(code) for code in ("en", "de"))
    assert json.loads(json.dumps(english)) == english
    assert {part["name"] for part in english} == {"Model", "Queue", "Web server", "Disk", "Errors"}
    assert english[0]["said"] != german[0]["said"]


def test_numbers_have_the_readers_signs(app: Flask) -> None:
    for language, said in (("en", "12.5 GB of 1,000.0 GB"), ("de", "12,5 GB von 1.000,0 GB")):
        with app.app_context(), languages.spoken(language):
            assert said in health.disk(12_500_000_000, 10**12).said
