"""One question is one trace, from the event to its first token; nobody's words are in it."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask import Flask
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from echo import watching
from echo.app import create_app
from echo.config import Settings
from echo.errors import ConfigurationError
from echo.generation import EngineConfig
from echo.models import User
from echo.watching import span_sender
from echo.watching.span_sender import SpanSender
from echo.watching.tracing import Tracing
from tests.api.keys import key_of, shows
from tests.conftest import Tab, settings_for
from tests.waiting import until
from tests.web.browser import Browser


@pytest.fixture
def engine_config() -> EngineConfig:
    """One answer at a time, so that others wait."""
    return EngineConfig(model="scripted", slots=1, restart_pause_seconds=0.01)


class Spans:
    """The spans that have ended, by name."""

    def __init__(self) -> None:
        self.exporter = InMemorySpanExporter()

    def named(self, name: str) -> list[ReadableSpan]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def below(self, parent: ReadableSpan) -> dict[str, ReadableSpan]:
        id_ = parent.context.span_id
        found = self.exporter.get_finished_spans()
        return {span.name: span for span in found if span.parent and span.parent.span_id == id_}


@pytest.fixture
def spans(app: Flask) -> Iterator[Spans]:
    found = Spans()
    app.extensions["tracing"] = Tracing(app, SimpleSpanProcessor(found.exporter))
    yield found
    del app.extensions["tracing"]


def seconds(span: ReadableSpan) -> float:
    return (span.end_time - span.start_time) / 1e9  # type: ignore[operator]


def finish(tab: Tab, text: str) -> dict[str, Any]:
    asked = tab.ask("send_message", {"client_id": text, "text": text})
    assert asked["ok"], asked
    return {**tab.wait_for("message_finished", asked["reply"]["id"]), **asked}


def test_a_question_is_one_trace_to_its_first_token(tab: Tab, spans: Spans) -> None:
    end = finish(tab, "Hi")
    (event,) = spans.named("event send_message")
    turn = spans.below(event)["turn"]
    parts = spans.below(turn)
    assert list(parts) == ["queue", "prefill", "decode"]
    assert len({span.context.trace_id for span in (event, turn, *parts.values())}) == 1
    assert event.parent is None
    assert turn.attributes["echo.id"] == end["reply"]["id"]
    assert turn.attributes["echo.request_id"] == event.attributes["echo.request_id"] != ""
    assert turn.attributes["gen_ai.request.model"] == "scripted"
    assert turn.attributes["gen_ai.usage.output_tokens"] == end["tokens"]["completion"]
    assert turn.attributes["echo.status"] == "complete"
    first = end["timing"]["first_token_ms"] / 1000
    assert seconds(parts["queue"]) + seconds(parts["prefill"]) == pytest.approx(first, abs=0.002)
    (told,) = turn.events
    assert told.name == "first token"
    assert abs(told.timestamp - parts["prefill"].end_time) < 2e6
    assert parts["queue"].end_time == parts["prefill"].start_time
    assert parts["prefill"].end_time == parts["decode"].start_time
    assert turn.start_time - 5e8 < parts["queue"].start_time < parts["decode"].end_time
    assert parts["decode"].end_time <= turn.end_time
    assert turn.end_time > event.end_time


@pytest.mark.usefixtures("untold")
def test_what_a_server_elsewhere_does_not_tell_is_left_out(tab: Tab, spans: Spans) -> None:
    finish(tab, "Hi")
    (turn,) = spans.named("turn")
    assert turn.attributes["gen_ai.usage.output_tokens"] > 0
    assert not {"gen_ai.usage.input_tokens", "echo.cached_tokens"} & set(turn.attributes)


def test_waiting_is_seen(tab: Tab, spans: Spans) -> None:
    first = tab.ask("send_message", {"client_id": "a", "text": "slow"})
    tab.wait_for("receive_message", first["reply"]["id"])
    second = tab.ask("send_message", {"client_id": "b", "text": "Hi"})
    other = second["reply"]["id"]
    tab.ask("stop_message", {"message_id": first["reply"]["id"]})
    end = tab.wait_for("message_finished", other)
    turn = next(one for one in spans.named("turn") if one.attributes["echo.id"] == other)
    queue = spans.below(turn)["queue"]
    assert seconds(queue) == pytest.approx(end["timing"]["queue_ms"] / 1000, abs=0.002)
    stopped = next(one for one in spans.named("turn") if one is not turn)
    assert stopped.attributes["echo.status"] == "stopped"


def test_failures_are_marked(tab: Tab, spans: Spans) -> None:
    finish(tab, "break")
    (turn,) = spans.named("turn")
    assert not turn.status.is_ok
    assert turn.status.description == "engine_failed"
    tab.ask("resume", {"message_id": "nothing", "after_seq": 0})
    (refused,) = spans.named("event resume")
    assert refused.attributes["echo.outcome"] == "not_found"
    assert refused.status.is_ok or refused.status.is_unset


def test_a_program_s_call_is_traced(client: Browser, ada: User, spans: Spans) -> None:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    answer = client.post("/v1/chat/completions", json=body, headers=shows(key_of(ada)))
    (request,) = spans.named("POST /v1/chat/completions")
    assert request.attributes["http.response.status_code"] == 200
    assert request.attributes["echo.request_id"] == answer.headers["X-Request-ID"]
    until(lambda: spans.named("call"), "the call's span has ended")
    assert list(spans.below(spans.below(request)["call"])) == ["queue", "prefill", "decode"]


TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
GIVEN = f"00-{TRACE}-{CALLER}-01"


def asked_with(
    client: Browser, ada: User, spans: Spans, traceparent: str, **more: str
) -> ReadableSpan:
    body = {"messages": [{"role": "user", "content": "Hi"}]}
    headers = {**shows(key_of(ada)), "traceparent": traceparent, **more}
    assert client.post("/v1/chat/completions", json=body, headers=headers).status_code == 200
    (request,) = spans.named("POST /v1/chat/completions")
    return request


def test_a_caller_s_trace_goes_on(client: Browser, ada: User, spans: Spans) -> None:
    request = asked_with(client, ada, spans, GIVEN, tracestate="their=secret")
    assert f"{request.context.trace_id:032x}" == TRACE
    assert request.parent is not None
    assert (f"{request.parent.span_id:016x}", request.parent.is_remote) == (CALLER, True)
    assert not request.context.trace_state
    until(lambda: spans.named("call"), "the call's span has ended")
    (call,) = spans.named("call")
    assert f"{call.context.trace_id:032x}" == TRACE


@pytest.mark.parametrize(
    "traceparent",
    [
        *("", "x", "00", GIVEN.upper().replace("00-", "ff-"), GIVEN.replace(TRACE, "0" * 32)),
        *(GIVEN.replace(CALLER, "0" * 16), f"{GIVEN}-more", f"{GIVEN},{GIVEN}", GIVEN[:-1]),
        *(GIVEN.replace("0af7", "0ag7"), "٠٠" + GIVEN[2:], "9" * 10_000),
    ],
)
def test_what_is_no_traceparent_is_ignored(
    client: Browser, ada: User, spans: Spans, traceparent: str
) -> None:
    request = asked_with(client, ada, spans, traceparent.encode().decode("latin-1"))
    assert request.parent is None
    assert f"{request.context.trace_id:032x}" != TRACE


@pytest.mark.parametrize(("trusted", "is_recorded"), [(0, True), (1, False)])
def test_only_a_trusted_proxy_says_whether_a_trace_is_recorded(
    app: Flask, client: Browser, spans: Spans, monkeypatch: pytest.MonkeyPatch, trusted: int,
    is_recorded: bool,
) -> None:  # fmt: skip
    monkeypatch.setattr(Settings.of(app), "trusted_proxies", trusted)
    client.get("/login", headers={"traceparent": f"{GIVEN[:-2]}00"})
    assert bool(spans.named("GET /login")) is is_recorded


def test_strangers_cannot_have_recorded_what_echo_would_not(
    app: Flask, client: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_always_off")
    found = Spans()
    app.extensions["tracing"] = Tracing(app, SimpleSpanProcessor(found.exporter))
    client.get("/login", headers={"traceparent": GIVEN})
    assert found.exporter.get_finished_spans() == ()
    del app.extensions["tracing"]


def test_nothing_personal_is_told(client: Browser, tab: Tab, ada: User, spans: Spans) -> None:
    finish(tab, "a secret about walruses")
    client.get("/reset/swordfish?next=swordfish")
    client.get("/metrics")
    told = " ".join(span.to_json() for span in spans.exporter.get_finished_spans())
    for word in ("walruses", "swordfish", "A short answer", '"ada"', "/metrics"):
        assert word not in told
    assert "GET /reset/<token>" in told


def test_what_ended_is_forgotten(app: Flask, tab: Tab, spans: Spans) -> None:
    for text in ("Hi", "break"):
        finish(tab, text)
    assert app.extensions["tracing"]._answers == {}


# ── sending ─────────────────────────────────────────────────────────────────────────────────


class Collector:
    """A real HTTP server that takes what an OpenTelemetry collector takes."""

    def __init__(self) -> None:
        self.names: list[str] = []
        self.headers: list[Any] = []
        self.status = 200
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if outer.status == 200 and self.path == "/v1/traces":
                    sent = ExportTraceServiceRequest.FromString(body)
                    for resource in sent.resource_spans:
                        for scope in resource.scope_spans:
                            outer.names += [span.name for span in scope.spans]
                    outer.headers.append(self.headers)
                self.send_response(outer.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Nobody reads it."""

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def collector() -> Iterator[Collector]:
    running = Collector()
    yield running
    running.server.shutdown()
    running.server.server_close()


def trace(sender: SpanSender, *names: str) -> None:
    provider = TracerProvider(shutdown_on_exit=False)
    provider.add_span_processor(sender)
    for name in names:
        provider.get_tracer("test").start_span(name).end()


def test_spans_reach_the_collector(collector: Collector) -> None:
    sender = SpanSender(collector.url + "/", {"X-Scope": "echo"})
    trace(sender, *(str(number) for number in range(1203)))
    sender.send()
    assert collector.names == [str(number) for number in range(1203)]
    assert len(collector.headers) == 3
    assert collector.headers[0]["X-Scope"] == "echo"
    sender.send()
    assert len(collector.headers) == 3


@pytest.mark.parametrize("status", [503, 429])
def test_spans_wait_while_the_collector_is_away(
    collector: Collector, status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(span_sender, "KEPT", 4)
    sender = SpanSender(collector.url, {})
    collector.status = status
    trace(sender, "a", "b", "c")
    sender.send()
    trace(sender, "d", "e")
    assert collector.names == []
    collector.status = 200
    sender.send()
    assert collector.names == ["b", "c", "d", "e"]


def test_a_collector_that_is_not_there_costs_nothing_but_spans() -> None:
    sender = SpanSender("http://127.0.0.1:9", {})
    trace(sender, "a")
    sender.send(timeout=2)
    assert len(sender._waiting) == 1


def test_what_is_refused_for_good_is_not_sent_again(collector: Collector) -> None:
    sender = SpanSender(collector.url, {})
    collector.status = 400
    trace(sender, "a")
    sender.send()
    assert len(sender._waiting) == 0


def test_an_application_traces_where_an_endpoint_is_set(
    tmp_path: Any, collector: Collector
) -> None:
    given = {
        "otlp_endpoint": collector.url,
        "otlp_headers": "Authorization=Bearer%20x, X-Scope=echo",
    }
    app = create_app(settings_for(tmp_path, **given))
    Browser(app, app.response_class, True).get("/help")
    watching.stop(app)
    assert collector.names == ["GET /help"]
    assert collector.headers[0]["Authorization"] == "Bearer x"
    began = time.monotonic()
    watching.stop(app)  # there is nothing left
    assert time.monotonic() - began < 0.3
    plain = create_app(settings_for(tmp_path))
    assert "tracing" not in plain.extensions


def test_without_the_libraries_the_start_says_what_to_do(
    tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "echo.watching.span_sender")
    monkeypatch.delattr("echo.watching.span_sender")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.common.trace_encoder", None)
    with pytest.raises(ConfigurationError, match="make traces"):
        create_app(settings_for(tmp_path, otlp_endpoint="http://127.0.0.1:9"))
