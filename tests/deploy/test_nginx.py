"""deploy/nginx.conf before a real Echo: what must reach it does, at once and unchanged; the rest does not."""

from __future__ import annotations

import copy
import http.client
import json
import re
import socket
from collections.abc import Iterator
from typing import Any

import pytest
import requests
from flask import Flask
from requests.adapters import HTTPAdapter

from echo import request_ids
from echo.extensions import db
from echo.models import Device
from echo.web import error_pages
from tests.deploy.nginx import Nginx
from tests.faults.cutting_proxy import CuttingProxy
from tests.live import accounts
from tests.live.ports import free_port
from tests.live.programs import key_on
from tests.live.server import PASSWORD, PATIENCE, LiveServer, Person
from tests.live.test_http_streams import Program, ended
from tests.live.test_polling import Polling

pytestmark = pytest.mark.live
BROWSER = {"Accept": "text/html", "Accept-Encoding": "gzip, br"}
OWN_PAGE = {**BROWSER, "Sec-Fetch-Site": "same-origin"}


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(tmp_path_factory.mktemp("proxied"), ECHO_TRUSTED_PROXIES="1").start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def processes(echo: LiveServer) -> Iterator[list[CuttingProxy]]:
    """Two ways to the one Echo, which nginx takes for two processes: either of them can die."""
    ways = [CuttingProxy(echo.port), CuttingProxy(echo.port)]
    yield ways
    for way in ways:
        way.close()


def address_of(way: CuttingProxy) -> str:
    return way.url.removeprefix("http://")


@pytest.fixture(scope="module")
def nginx(processes: list[CuttingProxy]) -> Iterator[Nginx]:
    with Nginx(*map(address_of, processes)) as nginx:
        yield nginx


@pytest.fixture(scope="module")
def front(echo: LiveServer, nginx: Nginx) -> LiveServer:
    """The server as people see it: at nginx's address."""
    front = copy.copy(echo)
    front.url, front.port = nginx.url, nginx.port
    return front


@pytest.fixture(scope="module")
def ada(front: LiveServer) -> Person:
    return front.member("ada")


def test_websocket_passes(ada: Person) -> None:
    tab = ada.tab()
    asked = tab.send("brief")
    tab.wait_for("message_finished", asked["reply"]["id"])
    assert tab.text_of(asked["reply"]["id"]) == "A brief answer."
    tab.close()


def test_polling_stays_with_one_process(front: LiveServer, nginx: Nginx) -> None:
    for number in range(3):
        bob = front.member(f"bob{number}")
        bob.http.headers["User-Agent"] = f"polls{number}"
        client = Polling(bob)
        client.say('420["send_message",{"text":"brief","client_id":"polled"}]')
        client.hear_until(lambda heard=client: "message_finished" in str(heard.packets))
        client.say("1")
        ways = nginx.served_by(f'"polls{number}"')
        assert len(ways) > 3
        assert ways.count(ways[0]) == len(ways), ways


def test_browsers_are_shared_out(nginx: Nginx, processes: list[CuttingProxy]) -> None:
    for _ in range(20):
        requests.get(f"{nginx.url}/healthz", headers={"User-Agent": "new"}, timeout=PATIENCE)
    used = {way for ways in nginx.served_by('"new"', 20) for way in ways}
    assert used == {address_of(way) for way in processes}


def test_events_leave_as_they_are_made_and_are_not_packed(ada: Person, nginx: Nginx) -> None:
    headers = {
        "X-CSRFToken": ada.csrf, "Accept": "text/event-stream", "Accept-Encoding": "gzip, br",
    }  # fmt: skip
    asked = {"prompt": "drip"}  # a word every 0.3 seconds, for ten minutes
    answer = ada.http.post(
        f"{nginx.url}/chat", json=asked, headers=headers, stream=True, timeout=PATIENCE
    )
    assert "Content-Encoding" not in answer.headers
    parts = answer.iter_content(None)
    assert next(parts).startswith(b"event: started\n")
    for _ in range(3):
        assert next(parts).count(b"event: ") == 1, "several left at once"
    answer.close()


def test_program_that_hangs_up_before_nginx_stops_its_answer(ada: Person) -> None:
    program = Program(ada, "drip")
    seen, conversation = "", ""
    for name, data in program.events():
        conversation = data.get("conversation_id", conversation)
        seen += data["text"] if name == "message" else ""
        if len(seen.split()) > 2:
            break
    program.hang_up()
    reply = ended(ada, conversation)
    assert reply["status"] == "stopped"
    assert len(reply["text"].split()) <= len(seen.split()) + 3


class FromElsewhere(HTTPAdapter):
    """Comes from another address than the other tests do."""

    def init_poolmanager(self, *how: Any, **more: Any) -> None:
        super().init_poolmanager(*how, source_address=("127.0.0.2", 0), **more)


def test_address_and_scheme_are_the_clients_whatever_it_says(
    echo: LiveServer, nginx: Nginx
) -> None:
    accounts.make(echo.app, "grace", PASSWORD, "user")
    front = copy.copy(echo)
    front.url = nginx.tls_url
    grace = front.person("grace")
    grace.http.verify, grace.http.trust_env = str(nginx.certificate), False
    grace.http.mount("https://", FromElsewhere())
    lies = {"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Proto": "http"}
    grace.http.headers.update({**lies, "Forwarded": "for=203.0.113.9;proto=http"})
    answer = grace.post("/login", credentials="grace", password=PASSWORD)
    assert answer.json()["status"] == "redirect", answer.text
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    flags = {cookie.name: cookie.secure for cookie in grace.http.cookies}
    assert flags == {"echo_session": True, "echo_known": True, "echo_node": False}
    with echo.app.app_context():
        addresses = {row.address for row in db.session.query(Device)}
        assert "127.0.0.2" in addresses
        assert "203.0.113.9" not in addresses
        db.engine.dispose()


@pytest.mark.parametrize(("origin", "status"), [("http://evil.example", 400), ("own", 200)])
def test_host_is_the_one_that_was_asked_for(
    origin: str, status: int, ada: Person, nginx: Nginx
) -> None:
    headers = {"Origin": nginx.url if origin == "own" else origin} | {
        "X-Forwarded-Host": "evil.example"
    }
    address = f"{nginx.url}/socket.io/?EIO=4&transport=polling"
    assert ada.http.get(address, headers=headers, timeout=PATIENCE).status_code == status


def announce(nginx: Nginx, path: str, headers: dict[str, str]) -> tuple[int, str]:
    """Say that 50 MB will come, send a few of them, and return what is answered to that."""
    wire = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=PATIENCE)
    wire.putrequest("POST", path)
    for name, value in {**headers, "Content-Length": "50000000"}.items():
        wire.putheader(name, value)
    wire.endheaders(b"x" * 1000)
    response = wire.getresponse()
    answer = response.status, response.read().decode()
    wire.close()
    return answer


def test_what_is_too_large_is_refused_in_echos_own_words(ada: Person, nginx: Nginx) -> None:
    own = {"Cookie": ada.cookie, "X-CSRFToken": ada.csrf, "Content-Type": "application/json"}
    status, text = announce(nginx, "/chat", own)
    assert (status, json.loads(text)["status"]) == (413, "error")
    key = key_on(ada.server, "large")
    as_program = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    status, text = announce(nginx, "/v1/chat/completions", as_program)
    assert (status, json.loads(text)["error"]["message"]) == (413, "The body is too large.")
    form = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "text/html"}
    status, text = announce(nginx, "/login", form)
    assert status == 413
    assert "Too much at once" in text
    status, text = announce(nginx, "/socket.io/?EIO=4&transport=polling&sid=x", {})
    assert (status, json.loads(text)["message"]) == (413, "This is far too large.")


def test_bodies_that_echo_takes_pass(ada: Person, nginx: Nginx) -> None:
    """nginx by itself would refuse everything beyond a megabyte."""
    headers = {"X-CSRFToken": ada.csrf, "Content-Type": "application/json"}
    body = json.dumps({"prompt": "x" * 1_500_000})
    answer = ada.http.post(f"{nginx.url}/chat", body, headers=headers, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["field"]) == (400, "prompt"), answer.text


def test_body_that_does_not_say_its_length_passes_too(ada: Person, nginx: Nginx) -> None:
    headers = {"X-CSRFToken": ada.csrf, "Content-Type": "application/json"}
    body = iter([b'{"prompt": ', b'"brief"}'])
    answer = ada.http.post(f"{nginx.url}/chat", body, headers=headers, timeout=PATIENCE)
    assert answer.json()["response"] == "A brief answer.", answer.text


@pytest.mark.parametrize(
    "path", ["/metrics", "/metrics?x=1", "//metrics", "/%6detrics", "/./metrics", "/a/../metrics"]
)
def test_metrics_are_nobodys_here(path: str, nginx: Nginx) -> None:
    with socket.create_connection(("127.0.0.1", nginx.port), PATIENCE) as wire:
        named = f"as{abs(hash(path))}"
        wire.sendall(
            f"GET {path} HTTP/1.1\r\nHost: x\r\nUser-Agent: {named}\r\n"
            f"Authorization: Bearer any\r\nConnection: close\r\n\r\n".encode()
        )
        assert b" 404 " in wire.makefile("rb").readline()
    assert nginx.served_by(f'"{named}"') == [["-"]]


def test_pages_are_packed_by_echo_alone(nginx: Nginx) -> None:
    def encoding(path: str, headers: dict[str, str]) -> str | None:
        answer = requests.get(nginx.url + path, headers=headers, timeout=PATIENCE)
        assert answer.status_code == 200
        return answer.headers.get("Content-Encoding")

    assert encoding("/", OWN_PAGE) == "br"
    assert encoding("/?a=b", {**BROWSER, "Sec-Fetch-Site": "cross-site"}) is None


def test_files_come_without_a_cookie_and_pages_with_one(nginx: Nginx) -> None:
    page = requests.get(f"{nginx.url}/", timeout=PATIENCE)
    assert re.search(r"echo_node=[^;]+; path=/; httponly; samesite=lax", str(page.headers), re.I)
    path = re.search(r'"(/static/[^"]+\.css[^"]*)"', page.text)
    assert path
    file = requests.get(nginx.url + path[1], timeout=PATIENCE)
    assert file.status_code == 200
    assert "Set-Cookie" not in file.headers


def test_log_holds_no_secrets(nginx: Nginx) -> None:
    for path in (
        "/reset/onetimelink",
        "/setup/onetimelink",
        "/share/onetimelink",
        "/healthz?key=onetimelink",
    ):
        requests.get(nginx.url + path, headers={"User-Agent": "leaks"}, timeout=PATIENCE)
    asked = [line.split('"')[1] for line in nginx.lines('"leaks"', 3)]
    assert asked == ["GET /reset/*", "GET /setup/*", "GET /share/*", "GET /healthz"]


def test_plain_http_leads_to_tls_where_that_is_switched_on() -> None:
    with Nginx("127.0.0.1:9", marks=("tls", "only-tls")) as nginx:

        def ask(path: str) -> requests.Response:
            return requests.get(nginx.url + path, timeout=PATIENCE, allow_redirects=False)

        led = ask("/c/x?y=z")
        assert (led.status_code, led.headers["Location"]) == (308, "https://127.0.0.1/c/x?y=z")
        assert ask("/.well-known/acme-challenge/x").status_code == 404


def test_process_that_died_is_passed_over(processes: list[CuttingProxy]) -> None:
    dead, living = f"127.0.0.1:{free_port()}", address_of(processes[0])
    with Nginx(dead, living) as nginx:
        for _ in range(20):  # new browsers, of whom half have the dead one
            headers = {"User-Agent": "goes on"}
            answer = requests.get(f"{nginx.url}/healthz", headers=headers, timeout=PATIENCE)
            assert answer.status_code == 200
        tried = nginx.served_by('"goes on"', 20)
    assert {ways[-1] for ways in tried} == {living}
    assert [dead, living] in tried


def test_no_process_at_all_is_said_in_every_form(app: Flask) -> None:
    """As Echo says it in JSON: the same fields, the same code."""
    by_script = {"X-Requested-With": "XMLHttpRequest"}
    with Nginx(f"127.0.0.1:{free_port()}") as nginx:
        page = requests.get(f"{nginx.url}/", timeout=PATIENCE)
        form = requests.post(f"{nginx.url}/login", headers=by_script, timeout=PATIENCE)
        chat = requests.post(f"{nginx.url}/chat", json={}, timeout=PATIENCE)
        program = requests.post(f"{nginx.url}/v1/messages", json={}, timeout=PATIENCE)
    for answer in (page, form, chat, program):
        assert answer.status_code == 503
        assert answer.headers["Retry-After"] == "5"
    assert ">Not available just now</h1>" in page.text
    with app.test_request_context("/chat", headers=by_script):
        request_ids.begin()
        own = error_pages._answer(503, "").get_json()
    for told in (form.json(), chat.json()):
        assert told.keys() == own.keys()
        assert {**told, "message": "", "request_id": own["request_id"]} == own
    assert program.json()["error"]["type"] == "api_error"
