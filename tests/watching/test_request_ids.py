"""One number for each request and event, in its answer and its lines of log, where nothing secret stands."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from echo import logs, request_ids
from echo.app import create_app
from echo.config import Settings
from echo.models import User
from echo.services import background
from echo.watching.access_log import AccessLog
from tests.api.keys import key_of, shows
from tests.conftest import Tab, settings_for
from tests.waiting import until
from tests.web.browser import Browser

NUMBER = re.compile(r"[0-9a-f]{16}")
GIVEN = "c0ffee00c0ffee00c0ffee00c0ffee00"
JSON = {"Accept": "application/json"}


class Log:
    """The lines as they are written with ECHO_LOG_FORMAT=json.

    Green threads of an earlier test whose database on PostgreSQL is gone print their failure among them.
    """

    def __init__(self, stream: io.StringIO) -> None:
        self.stream = stream

    def lines(self, **fields: Any) -> list[dict[str, Any]]:
        written = self.stream.getvalue().splitlines()
        found = [json.loads(line) for line in written if line.startswith("{")]
        return [line for line in found if fields.items() <= line.items()]

    def told_by_engine(self, text: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line["event"].startswith(text)]


@pytest.fixture
def log(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[Log]:
    stream = io.StringIO()
    monkeypatch.setattr("sys.stderr", stream)
    logs.configure("INFO", "json")
    Settings.of(app).access_log = "on"
    app.extensions["access_log"] = AccessLog(app)
    yield Log(stream)
    monkeypatch.undo()
    logs.configure("WARNING", "console")


def app_behind(folder: Path, proxies: int) -> Browser:
    app = create_app(settings_for(folder, trusted_proxies=proxies))
    return Browser(app, app.response_class, True)


def number_of(answer: Any) -> str:
    assert len(answer.headers.getlist("X-Request-ID")) == 1
    return str(answer.headers["X-Request-ID"])


def test_every_answer_has_a_number_of_its_own(client: Browser) -> None:
    paths = (
        "/",
        "/",
        "/healthz",
        "/no/such/page",
        "/static/img/favicon.svg",
        "/metrics",
        "/profile",
    )
    seen = [number_of(client.get(path, buffered=True)) for path in paths]
    assert all(map(NUMBER.fullmatch, seen))
    assert len(set(seen)) == len(paths)


def test_a_number_is_taken_from_a_trusted_proxy_alone(tmp_path: Path) -> None:
    claimed = {"X-Request-ID": GIVEN}
    assert number_of(app_behind(tmp_path, 1).get("/healthz", headers=claimed)) == GIVEN
    assert number_of(app_behind(tmp_path, 0).get("/healthz", headers=claimed)) != GIVEN


@pytest.mark.parametrize(
    "claimed",
    ["", "short", "a" * 65, "with a space in it", 'quote"quote"', "=a=formula", "ünïcödë-ünïcödë"],
)
def test_what_has_not_the_form_is_not_taken(tmp_path: Path, claimed: str) -> None:
    answer = app_behind(tmp_path, 1).get("/healthz", headers={"X-Request-ID": claimed})
    assert NUMBER.fullmatch(number_of(answer))


def test_a_failure_names_its_number(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch, log: Log
) -> None:
    def fail() -> None:
        raise RuntimeError("broken")

    monkeypatch.setitem(app.view_functions, "help.index", fail)
    page, told = client.get("/help"), client.get("/help", headers=JSON)
    assert f"<code>{number_of(page)}</code>" in page.text
    assert told.get_json()["request_id"] == number_of(told)
    for answer in (page, told):
        (line,) = log.lines(event="request failed", request_id=number_of(answer))
        assert "RuntimeError: broken" in line["exception"]


def test_what_is_no_failure_names_none(client: Browser) -> None:
    missing = client.get("/no/such/page")
    assert number_of(missing) not in missing.text
    assert "request_id" not in client.get("/no/such/page", headers=JSON).get_json()


def test_an_event_carries_its_number_through_to_the_engine(log: Log, tab: Tab) -> None:
    numbers = set()
    for text in ("Hi", "break"):
        asked = tab.ask("send_message", {"client_id": text, "text": text})
        reply = asked["reply"]["id"]
        tab.wait_for("message_finished", reply)
        (engine,) = log.told_by_engine(f"Request {reply} ended")
        (answer,) = log.lines(event="answer", id=reply)
        number = answer["request_id"]
        (event,) = log.lines(event="event", request_id=number)
        assert (event["socket_event"], event["outcome"]) == ("send_message", "ok")
        assert engine["request_id"] == number
        numbers.add(number)
    assert len(numbers) == 2
    (failed,) = log.lines(event="answer", status="failed")
    assert failed["error"] == "engine_failed"
    assert len(log.lines(level="error", request_id=failed["request_id"])) == 1


def test_a_crash_names_whose_answers_it_ended(log: Log, tab: Tab) -> None:
    asked = tab.ask("send_message", {"client_id": "c", "text": "crash"})
    tab.wait_for("message_finished", asked["reply"]["id"])
    (engine,) = log.told_by_engine(f"Request {asked['reply']['id']} ended")
    assert engine["level"] == "warning"
    (answer,) = log.lines(event="answer")
    assert engine["request_id"] == answer["request_id"]


def test_a_program_finds_its_call_in_the_log(client: Browser, ada: User, log: Log) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    answer = client.post("/v1/chat/completions", json=body, headers=shows(key_of(ada)))
    number = number_of(answer)
    until(lambda: log.lines(event="answer", request_id=number), "the answer is in the log")
    (engine,) = log.told_by_engine("Request ")
    assert engine["request_id"] == number
    (request,) = log.lines(event="request", request_id=number)
    assert (request["route"], request["status"]) == ("/v1/chat/completions", 200)


def test_work_in_the_background_has_the_number_of_who_began_it(app: Flask) -> None:
    seen: list[str] = []
    number = request_ids.begin()
    background.run(lambda: seen.append(request_ids.current()))
    request_ids.begin()
    until(lambda: seen, "the work is done")
    assert seen == [number]


def test_a_failing_event_names_its_number(
    tab: Tab, log: Log, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr("echo.sockets.payloads.resume", fail)
    error = tab.ask("resume", {"message_id": "m", "after_seq": 0})["error"]
    assert log.lines(event="event failed", request_id=error["request_id"])


def test_no_secret_is_written(
    client: Browser, ada: User, log: Log, login: Callable[..., str]
) -> None:
    key = key_of(ada)
    secret = "swordfish"
    for path in (f"/reset/{secret}", f"/setup/{secret}", f"/verify/{secret}", f"/unlock/{secret}",
                 f"/resett/{secret}", f"/signup?invite={secret}", f"/login?next=/reset/{secret}",
                 f"/authorize/google?code={secret}&state={secret}", f"/v1/models?key={key}",
                 f"/v1/models/{secret}", f"/static/{secret}"):  # fmt: skip
        client.get(
            path, headers={"Referer": f"http://localhost/reset/{secret}", "User-Agent": secret}
        )
    client.get("/v1/models", headers=shows(key))
    client.post("/login", data={"credentials": secret, "password": secret})
    token = login(client, ada)
    client.get("/profile")
    client.open("/healthz", method=secret.upper())
    written = log.stream.getvalue()
    assert len(log.lines(event="request")) >= 12
    for word in (secret, key, key[8:], token, "ada@", '"ada"'):
        assert word.lower() not in written.lower(), word
    assert log.lines(event="request", route="/reset/<token>")


def test_what_says_nothing_is_not_written(client: Browser, log: Log) -> None:
    for path in ("/healthz", "/readyz", "/metrics", "/static/img/favicon.svg"):
        client.get(path, buffered=True)
    assert log.lines(event="request") == []


@pytest.mark.parametrize("wanted", ["on", "off"])
def test_the_log_can_be_switched_off(tmp_path: Path, log: Log, wanted: str) -> None:
    app = create_app(settings_for(tmp_path / "quiet", access_log=wanted))
    Browser(app, app.response_class, True).get("/help")
    assert bool(log.lines(event="request")) is (wanted == "on")
