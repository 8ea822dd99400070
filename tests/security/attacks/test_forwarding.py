"""Headers that only proxies may speak: from anybody else nothing reads them, the sockets least of all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask
import pytest
import requests
import websocket
from flask import Flask

from echo.app import create_app
from echo.extensions import client_network, network_of
from echo.sockets.origins import OwnOrigins
from tests.conftest import PATIENCE, settings_for
from tests.live.server import LiveServer
from tests.web.browser import Browser

EVIL = "https://evil.example"
FORGED = {
    "X-Forwarded-Host": "evil.example",
    "X-Forwarded-Proto": "https",
    "X-Forwarded-For": "203.0.113.9",
    "X-Forwarded-Port": "443",
    "X-Forwarded-Prefix": "/evil",
    "X-Forwarded-Server": "evil.example",
    "Forwarded": "host=evil.example;proto=https;for=203.0.113.9",
    "X-Real-IP": "203.0.113.9",
    "X-Script-Name": "/evil",
    "X-Original-URL": "/admin/",
    "X-HTTP-Method-Override": "DELETE",
}


def handshake(server: LiveServer, transport: str, **headers: str) -> int:
    """Return the status that a page of some origin meets."""
    url = f"{server.url}/socket.io/?EIO=4&transport={transport}"
    if transport == "polling":
        return requests.get(url, headers=headers, timeout=PATIENCE).status_code
    origin = headers.pop("Origin", None)
    named = [f"{name}: {value}" for name, value in headers.items()]
    try:
        wire = websocket.create_connection(
            url.replace("http", "ws"), header=named, origin=origin, timeout=PATIENCE
        )
    except websocket.WebSocketBadStatusException as refusal:
        return int(refusal.status_code)
    wire.close()
    return 101


@pytest.mark.parametrize("transport", ["polling", "websocket"])
def test_forged_host_is_no_origin(transport: str, server: LiveServer) -> None:
    assert handshake(server, transport, Origin=EVIL, **FORGED) == 400
    for name, value in FORGED.items():
        assert handshake(server, transport, Origin=EVIL, **{name: value}) == 400, name
    good = {"polling": 200, "websocket": 101}[transport]
    assert handshake(server, transport, Origin=server.url, **FORGED) == good


@pytest.mark.parametrize(
    "origin",
    [
        EVIL, "null", "file://", "http://127.0.0.1", "http://127.0.0.1.evil.example", "http://evil.example@{host}",
        "https://{host}", "http://{host}.evil.example", "http://{host}/", "{host}", "http://{host} {evil}",
    ],
)  # fmt: skip
def test_no_spelling_of_another_origin_is_accepted(origin: str, server: LiveServer) -> None:
    host = server.url.removeprefix("http://")
    spelled = origin.format(host=host, evil=EVIL)
    assert handshake(server, "polling", Origin=spelled) == 400
    assert handshake(server, "websocket", Origin=spelled) == 400


def app_behind(folder: Path, proxies: int, **settings: Any) -> Flask:
    app = create_app(settings_for(folder, trusted_proxies=proxies, **settings))

    def seen() -> dict[str, Any]:
        request = flask.request
        return {
            "network": client_network(),
            "secure": request.is_secure,
            "host": request.host,
            "root": request.script_root,
            "method": request.method,
            "left": sorted(
                name
                for name in request.environ
                if "FORWARDED" in name or name.startswith("HTTP_X_")
            ),
        }

    app.view_functions["health.healthz"] = seen
    return app


@pytest.fixture
def direct(tmp_path: Path) -> Iterator[Browser]:
    app = app_behind(tmp_path, 0)
    return Browser(app, app.response_class, True)


@pytest.fixture
def behind_one(tmp_path: Path) -> Iterator[Browser]:
    app = app_behind(tmp_path, 1)
    return Browser(app, app.response_class, True)


def test_without_a_proxy_nothing_forged_arrives(direct: Browser) -> None:
    assert direct.get("/healthz", headers=FORGED).get_json() == {
        "network": "127.0.0.1", "secure": False, "host": "localhost", "root": "", "method": "GET", "left": [],
    }  # fmt: skip


def test_one_trusted_proxy_is_believed_in_its_own_words_alone(behind_one: Browser) -> None:
    """It appends what it saw to what the client claimed: only the last word is its own."""
    said = {
        **FORGED,
        "X-Forwarded-For": "203.0.113.9, 198.51.100.7",
        "X-Forwarded-Proto": "http, https",
        "X-Forwarded-Host": "evil.example, chat.example.org",
    }
    assert behind_one.get("/healthz", headers=said).get_json() == {
        "network": "198.51.100.7", "secure": True, "host": "chat.example.org", "root": "", "method": "GET",
        "left": [],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("said", "network"),
    [
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("198.51.100.7:4711", "198.51.100.7:4711"),
        ("unknown", "unknown"),
        ("a:b:c", "a:b:c"),
        ("[2001:db8::1]:99", "[2001:db8::1]:99"),
        ("x" * 5000, "x" * 64),
        ("fe80::1%eth0", "fe80::/64"),
    ],
)
def test_whatever_a_proxy_calls_an_address_something_is_counted(
    said: str, network: str, behind_one: Browser
) -> None:
    assert network_of(said) == network
    answer = behind_one.get("/healthz", headers={"X-Forwarded-For": said})
    assert (answer.status_code, answer.get_json()["network"]) == (200, network)


def test_origins_are_the_address_asked_for_and_the_public_one(tmp_path: Path) -> None:
    own = OwnOrigins(settings_for(tmp_path, public_url="https://chat.example.org"))
    asked = {"wsgi.url_scheme": "http", "HTTP_HOST": "10.0.0.5:5000"}
    assert own("https://chat.example.org", asked)
    assert own("http://10.0.0.5:5000", asked)
    for other in (None, "", "null", EVIL, "https://10.0.0.5:5000", "https://chat.example.org.evil"):
        assert not own(other, asked)
    nowhere = OwnOrigins(settings_for(tmp_path))
    assert not nowhere("", {"wsgi.url_scheme": "http"})
    assert not nowhere("https://chat.example.org", asked)
