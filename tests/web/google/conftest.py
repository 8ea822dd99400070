"""Fixtures of the Google tests: both providers, and an Echo that is configured for one of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from echo.web import google_client
from tests.web.browser import Browser
from tests.web.google.providers import CLIENT_ID, CLIENT_SECRET, EvilProvider, RealProvider

Configure = Callable[[str], None]


@pytest.fixture(scope="session")
def real_process() -> Iterator[RealProvider]:
    provider = RealProvider().start()
    yield provider
    provider.stop()


@pytest.fixture(scope="session")
def evil_server() -> Iterator[EvilProvider]:
    provider = EvilProvider()
    provider.start()
    yield provider
    provider.stop()


@pytest.fixture
def configure(app: Flask) -> Configure:
    """Let Echo use the provider with this discovery document."""

    def bind(discovery: str) -> None:
        settings = app.extensions["settings"]
        settings.google_client_id, settings.google_client_secret = CLIENT_ID, CLIENT_SECRET
        settings.google_discovery_url = discovery
        google_client.init_app(app, settings)

    return bind


@pytest.fixture
def real(real_process: RealProvider, configure: Configure) -> RealProvider:
    """Echo with the real provider, which knows Grace."""
    configure(real_process.discovery)
    claims = {"email": "grace@example.org", "email_verified": True, "name": "Grace Hopper"}
    real_process.knows("grace-sub", **claims)
    return real_process


@pytest.fixture
def evil(evil_server: EvilProvider, configure: Configure) -> Iterator[EvilProvider]:
    """Echo with the provider that cheats."""
    evil_server.reset()
    configure(evil_server.discovery)
    yield evil_server
    evil_server.released.set()


def begin(browser: Browser, path: str = "/login/google") -> str:
    """Click the button; return the provider's address."""
    response = browser.get(path)
    assert response.status_code == 302, response.text
    return str(response.location)


def flashes(response: TestResponse, browser: Browser) -> str:
    """Return what the page says that the response leads to."""
    toasts = browser.get(response.location).text.split('id="toasts"')[1].split("<script")[0]
    return " ".join(re.findall(r'<span class="text">(.*?)</span>', toasts))


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/conversations").status_code == 200
