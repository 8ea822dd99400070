"""What is measured is what has happened: each metric moves by what moves it, and none names anybody."""

from __future__ import annotations

import gc
import re
import time
import weakref
from pathlib import Path
from typing import Any

import eventlet
import pytest
from flask import Flask
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families as families
from sqlalchemy import select

from echo.app import create_app
from echo.extensions import db
from echo.hub_lag import HubLag
from echo.models import ApiCall, User
from echo.services import site_settings
from tests.api.keys import key_of, shows
from tests.conftest import PASSWORD, Tab, settings_for
from tests.contract.test_documents import DOCS, rows
from tests.waiting import until
from tests.watching.conftest import Read
from tests.web.browser import Browser

CONTRACT = {
    "echo_http_requests_total", "echo_http_request_seconds", "echo_socket_connections", "echo_events_total",
    "echo_turns_total", "echo_tokens_total", "echo_first_token_seconds", "echo_token_seconds",
    "echo_queue_waiting", "echo_queue_seconds", "echo_running_sequences", "echo_cache_tokens",
    "echo_engine_restarts_total", "echo_hub_lag_seconds", "echo_database_seconds", "echo_signups_total",
    "echo_logins_total", "echo_build_info",
}  # fmt: skip


def names_in(text: str) -> set[str]:
    """Return the metrics that a page declares, by the names under which they are asked for."""
    return {
        f"{family.name}_total" if family.type == "counter" else family.name
        for family in families(text)
    }


def ask(tab: Tab, text: str) -> dict[str, Any]:
    asked = tab.ask("send_message", {"client_id": text, "text": text})
    assert asked["ok"], asked
    return tab.wait_for("message_finished", asked["reply"]["id"])


def test_every_metric_of_the_contract_is_there_and_documented(client: Browser) -> None:
    shown = names_in(client.get("/metrics").text)
    assert shown >= CONTRACT
    ours = {name for name in shown if name.startswith("echo_")}
    assert ours == set(rows(DOCS / "watching.md", "`/metrics`"))


def test_labels_are_documented(client: Browser, tab: Tab, ada: User, read: Read) -> None:
    ask(tab, "Hi")
    documented = {
        name: set(re.findall(r"`(\w+)`", cells[0]))
        for name, cells in rows(DOCS / "watching.md", "`/metrics`").items()
    }
    for family in families(client.get("/metrics").text):
        for sample in family.samples:
            if sample.name.startswith("echo_"):
                known = documented.get(sample.name) or documented.get(family.name, set())
                assert set(sample.labels) - {"le"} == known, sample.name


def test_an_answer_is_counted_and_timed(tab: Tab, read: Read) -> None:
    end = ask(tab, "Hi")
    assert read("echo_turns_total", status="complete", model="scripted") == 1
    for kind in ("prompt", "cached", "completion"):
        assert read("echo_tokens_total", kind=kind) == end["tokens"][kind]
    assert read("echo_first_token_seconds_count") == 1
    first = end["timing"]["first_token_ms"] / 1000
    assert read("echo_first_token_seconds_sum") == pytest.approx(first, abs=0.002)
    rest = (end["timing"]["total_ms"] / 1000 - first) / (end["tokens"]["completion"] - 1)
    assert read("echo_token_seconds_sum") == pytest.approx(rest, abs=0.002)
    assert 0.003 < rest < 0.5  # the script's four milliseconds, on whatever machine
    assert read("echo_queue_seconds_count") == 1
    assert read("echo_events_total", event="send_message", outcome="ok") == 1
    assert read("echo_running_sequences") == read("echo_queue_waiting") == 0


@pytest.mark.usefixtures("untold")
def test_what_a_server_elsewhere_does_not_tell_is_not_counted(tab: Tab, read: Read) -> None:
    end = ask(tab, "Hi")
    assert (end["status"], end["tokens"]["prompt"], end["tokens"]["cached"]) == (
        "complete",
        None,
        None,
    )
    assert read("echo_tokens_total", kind="completion") == end["tokens"]["completion"] > 0
    assert read("echo_tokens_total", kind="prompt") == 0
    assert read("echo_turns_total", status="complete") == 1


def test_an_answer_that_fails_and_one_that_is_stopped(tab: Tab, read: Read) -> None:
    ask(tab, "break")
    assert read("echo_turns_total", status="failed") == 1
    asked = tab.ask("send_message", {"client_id": "c", "text": "slow"})
    tab.wait_for("receive_message", asked["reply"]["id"])
    assert read("echo_running_sequences") == 1
    tab.ask("stop_message", {"message_id": asked["reply"]["id"]})
    tab.wait_for("message_finished", asked["reply"]["id"])
    assert read("echo_turns_total", status="stopped") == 1
    assert read("echo_turns_total") == 2


def test_the_longest_wait_is_told_while_it_lasts(tab: Tab, read: Read) -> None:
    asked = tab.ask("send_message", {"client_id": "c", "text": "silent"})
    until(lambda: read("echo_running_sequences") == 1, "the answer has begun")
    before = read("echo_longest_wait_seconds", **{"for": "first_word"})
    eventlet.sleep(0.05)
    assert read("echo_longest_wait_seconds", **{"for": "first_word"}) >= before + 0.05
    assert read("echo_longest_wait_seconds", **{"for": "slot"}) == 0
    tab.ask("stop_message", {"message_id": asked["reply"]["id"]})
    tab.wait_for("message_finished", asked["reply"]["id"])
    assert read("echo_longest_wait_seconds") == 0


def test_an_answer_to_a_program_counts_too(client: Browser, ada: User, read: Read) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    answer = client.post("/v1/chat/completions", json=body, headers=shows(key_of(ada)))
    assert answer.status_code == 200
    assert read("echo_turns_total", status="complete", model="scripted") == 1
    assert read("echo_tokens_total", kind="completion") == answer.json["usage"]["completion_tokens"]


def test_an_engine_that_starts_again_is_counted(tab: Tab, read: Read) -> None:
    assert read("echo_engine_restarts_total") == 0
    assert ask(tab, "crash")["status"] == "failed"
    until(lambda: read("echo_engine_restarts_total") == 1, "the restart is told")
    assert read("echo_errors_total") > 0
    until(lambda: read("echo_engine_ready") == 1, "the engine is ready again")


def test_requests_are_counted_by_rule_and_known_method(client: Browser, read: Read) -> None:
    for path in ("/reset/one", "/reset/two", "/no/such/page", "/healthz"):
        client.get(path)
    client.open("/healthz", method="BREW")
    assert read("echo_http_requests_total", route="/reset/<token>", method="GET") == 2
    assert read("echo_http_requests_total", route="none", status="404") == 1
    assert read("echo_http_requests_total", route="/healthz", status="200") == 1
    assert read("echo_http_requests_total", method="other", status="405") == 1
    assert read("echo_http_request_seconds_count", route="/healthz") == 1
    assert 0 < read("echo_http_request_seconds_sum", route="/healthz") < 5


def test_events_are_counted_with_their_outcome(tab: Tab, read: Read) -> None:
    assert read("echo_socket_connections") >= 1
    tab.ask("resume", {"message_id": "nothing", "after_seq": 0})
    tab.ask("an_event_of_nobody", {})
    assert read("echo_events_total", event="resume", outcome="not_found") == 1
    assert read("echo_events_total", event="*", outcome="bad_payload") == 1


def test_tries_to_sign_in_and_new_accounts(
    client: Browser, ada: User, read: Read, form_time: Any
) -> None:
    before = read("echo_logins_total", result="ok")
    sent = {"credentials": "ada", "website": "", "opened_at": form_time()}
    for password in ("wrong", "wrong too", PASSWORD):
        client.post("/login", data={**sent, "password": password})
    assert read("echo_logins_total", result="wrong") == 2
    assert read("echo_logins_total", result="ok") == before + 1
    for _ in range(6):
        client.post("/login", data={**sent, "password": "wrong"})
    assert read("echo_logins_total", result="wrong") == 7
    assert read("echo_logins_total", result="blocked") == 1
    new = {"username": "grace", "email": "grace@example.org", "password": "seven purple walruses"}
    again = {"confirm_password": new["password"], "website": "", "opened_at": form_time()}
    newcomer = Browser(client.application, client.application.response_class, True)
    assert newcomer.post("/signup", data={**new, **again}).status_code == 302
    assert newcomer.post("/signup", data={**new, **again}).status_code != 302
    assert read("echo_signups_total") == 1


def test_statements_are_timed(client: Browser, ada: User, read: Read) -> None:
    before = read("echo_database_seconds_count", statement="select")
    client.get("/readyz")
    assert read("echo_database_seconds_count", statement="select") == before + 1
    assert read("echo_database_seconds_count", statement="insert") >= 1
    assert read("echo_database_seconds_sum") > 0


def test_the_hub_that_was_kept_busy_shows_it(app: Flask, read: Read) -> None:
    lag = HubLag.of(app)
    measuring = eventlet.spawn(lag.run)
    eventlet.sleep(0.05)
    time.sleep(0.6)  # not greenly: nobody else gets a turn
    eventlet.sleep(0.15)
    measuring.kill()
    assert 0.4 < read("echo_hub_lag_seconds") < 5


def test_old_lags_are_forgotten() -> None:
    lag = HubLag()
    worst = []
    for second in range(100):
        lag.note(float(second), 0.9 if second == 50 else 0.1)
        worst.append(lag.worst())
    assert worst == [0.1] * 50 + [0.9] * 16 + [0.1] * 34


def test_nobody_is_named(client: Browser, tab: Tab, ada: User, make_user: Any) -> None:
    """Whatever people do, no word of theirs and no id is a label."""
    asked = ask(tab, "a secret about walruses")
    opened = tab.ask("send_message", {"client_id": "x", "text": "Hi"})
    client.get(f"/c/{opened['conversation_id']}?token=swordfish")
    tab.ask("swordfish", {})
    text = client.get("/metrics").text
    for word in (
        "ada",
        "walruses",
        "swordfish",
        str(opened["conversation_id"]),
        asked["message_id"],
    ):
        assert f'"{word}' not in text
        assert f'{word}"' not in text


def test_both_forms_can_be_read(client: Browser) -> None:
    plain = client.get("/metrics")
    assert plain.content_type.startswith("text/plain")
    open_form = client.get(
        "/metrics", headers={"Accept": "application/openmetrics-text;version=1.0.0"}
    )
    assert open_form.content_type.startswith("application/openmetrics-text")
    read = {f.name for f in openmetrics(open_form.text)}
    assert read == {f.name for f in families(plain.text)}


def test_two_applications_count_apart(tmp_path: Any, client: Browser, read: Read) -> None:
    other = create_app(settings_for(tmp_path / "other"))
    Browser(other, other.response_class, True).get("/healthz")
    assert read("echo_http_requests_total", route="/healthz") == 0


def test_a_title_counts_as_tokens_and_as_no_answer(tab: Tab, read: Read) -> None:
    site_settings.change(None, titles="on")
    end = ask(tab, "Hi")
    written = end["tokens"]["completion"]
    until(lambda: read("echo_tokens_total", kind="completion") > written, "both are counted")
    (call,) = db.session.query(ApiCall)
    assert read("echo_tokens_total", kind="completion") == written + call.completion_tokens
    assert (call.route, read("echo_turns_total")) == ("title", 1)
    assert read("echo_first_token_seconds_count") == 1


def test_an_application_that_is_no_more_is_garbage(tmp_path: Path) -> None:
    """What listens to its database does not hold it: tests have thousands, one after the other."""

    def made(number: int) -> weakref.ref[Flask]:
        folder = tmp_path / str(number)
        folder.mkdir()
        application = create_app(settings_for(folder, engine="local"))
        with application.app_context():
            db.session.execute(select(1))
            db.session.remove()
            db.engine.dispose()
        return weakref.ref(application)

    first, *_ = [made(number) for number in range(3)]  # the last one is still an extension's
    gc.collect()
    assert first() is None
