"""Fixtures of the attacks: a browser that shares nothing with the test, and a real server to attack."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.live.conftest import server
from tests.live.server import LiveServer, Person
from tests.security.attacks import wires
from tests.web.conftest import ada, ada_browser, client, form_time, signed_in

__all__ = ["ada", "ada_browser", "client", "form_time", "server", "signed_in"]


@pytest.fixture(scope="session")
def member(server: LiveServer) -> Person:
    """Somebody who is signed in on the real server."""
    return server.member("mallory")


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of the test's own, not yet started."""
    server = LiveServer(tmp_path_factory.mktemp("attacked"))
    yield server
    server.kill()


@pytest.fixture(autouse=True)
def wires_are_closed() -> Iterator[None]:
    yield
    while wires.OPENED:
        wires.OPENED.pop().close()
