"""`/metrics` is read from the machine itself or with the token; a proxy on the machine is not the machine."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from echo.app import create_app
from echo.errors import ConfigurationError
from tests.conftest import settings_for
from tests.web.browser import Browser

TOKEN = "gnSUf3-of-numbers-alone"
PROXIED = (
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "Forwarded",
    "X-Real-IP",
    "Via",
    "CF-Connecting-IP",
)
Make = Callable[..., Browser]


@pytest.fixture(scope="module")
def echo_with(tmp_path_factory: pytest.TempPathFactory) -> Make:
    """Return a browser of an application with these settings, made once for all tests."""
    folder = tmp_path_factory.mktemp("watched")

    @cache
    def make(**settings: Any) -> Browser:
        app = create_app(settings_for(folder, **settings))
        return Browser(app, app.response_class, False)

    return make


def status(
    browser: Browser, address: str = "127.0.0.1", host: str = "localhost:5000", **how: str
) -> int:
    headers = {name.replace("_", "-"): value for name, value in how.items()}
    answer = browser.get(
        "/metrics",
        base_url=f"http://{host}",
        headers=headers,
        environ_base={"REMOTE_ADDR": address},
    )
    if answer.status_code != 200:
        assert "echo_turns_total" not in answer.text
        assert answer.get_json()["status"] == "error"
    return answer.status_code


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.0.1", "::1", "::ffff:127.0.0.1"])
@pytest.mark.parametrize("host", ["localhost:5000", "127.0.0.1:5000", "[::1]:5000"])
def test_the_machine_itself_reads(echo_with: Make, address: str, host: str) -> None:
    assert status(echo_with(), address, host) == 200


@pytest.mark.parametrize("address", ["192.168.1.7", "203.0.113.9", "2001:db8::1", "", "nobody"])
def test_others_do_not(echo_with: Make, address: str) -> None:
    assert status(echo_with(), address) == 403
    assert status(echo_with(metrics_token=TOKEN), address) == 401


@pytest.mark.parametrize("proxies", [0, 1, 2])
@pytest.mark.parametrize("header", PROXIED)
def test_what_a_proxy_passes_on_is_not_the_machines(
    echo_with: Make, proxies: int, header: str
) -> None:
    """Whatever it says, be it that its client is this machine: an address may be claimed."""
    browser = echo_with(trusted_proxies=proxies)
    for said in ("203.0.113.9", "127.0.0.1", "for=127.0.0.1", "127.0.0.1, 127.0.0.1"):
        assert status(browser, **{header: said}) == 403
    assert status(browser) == 200  # past the proxy


def test_a_page_of_another_site_does_not(echo_with: Make) -> None:
    """By a name that leads to 127.0.0.1 it is its own site's, and its script could read the answer."""
    assert status(echo_with(), host="rebound.example:5000") == 403
    assert status(echo_with(), host="localhost.evil.example") == 403


@pytest.mark.parametrize(
    ("public", "expected"),
    [
        ("https://chat.example.org", 403),
        ("http://chat.example.org", 403),
        ("http://192.168.1.5:5000", 200),
        ("", 200),
    ],
)
def test_a_proxy_that_was_not_mentioned(echo_with: Make, public: str, expected: int) -> None:
    assert status(echo_with(public_url=public)) == expected
    assert status(echo_with(public_url=public, trusted_proxies=1)) == 200


def test_the_token_opens_from_anywhere(echo_with: Make) -> None:
    browser = echo_with(metrics_token=TOKEN, trusted_proxies=1)
    for scheme in ("Bearer", "bearer"):
        given = {"Authorization": f"{scheme} {TOKEN}"}
        assert status(browser, "203.0.113.9", "chat.example.org", **given) == 200
        assert status(browser, X_Forwarded_For="203.0.113.9", **given) == 200


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", f"Basic {TOKEN}", TOKEN,
              "Bearer \u00fc\u00fc", "Bearer echo_sk_" + "a" * 40],
)  # fmt: skip
def test_nothing_else_does(echo_with: Make, shown: str) -> None:
    browser = echo_with(metrics_token=TOKEN)
    assert status(browser, "203.0.113.9", Authorization=shown) == 401
    without = echo_with()
    assert status(without, "203.0.113.9", Authorization=shown) == 403
    assert status(without, "203.0.113.9", Authorization="Bearer ") == 403


def test_the_answer_says_what_to_show(echo_with: Make) -> None:
    far = {"REMOTE_ADDR": "203.0.113.9"}
    refused = echo_with(metrics_token=TOKEN).get("/metrics", environ_base=far)
    assert refused.headers["WWW-Authenticate"] == "Bearer"
    assert "ECHO_METRICS_TOKEN" in refused.get_json()["message"]
    assert TOKEN not in refused.text
    assert (
        "ECHO_METRICS_TOKEN" in echo_with().get("/metrics", environ_base=far).get_json()["message"]
    )


@pytest.mark.parametrize("token", ["short", "with some spaces in it", "ü" * 20])
def test_a_token_that_cannot_be_used_stops_the_start(tmp_path: Path, token: str) -> None:
    with pytest.raises(ConfigurationError, match="metrics_token"):
        settings_for(tmp_path, metrics_token=token)
