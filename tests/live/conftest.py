"""Fixtures of the live tests: one server for those that leave it whole, own ones for the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.live.server import LiveServer, LiveTab, Person


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that all tests share; none may end it."""
    server = LiveServer(tmp_path_factory.mktemp("live")).start()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def ada(server: LiveServer) -> Person:
    """Somebody on the shared server."""
    return server.member("ada")


@pytest.fixture
def tabs() -> Iterator[Callable[[Person], LiveTab]]:
    """Open tabs that are closed at the end of the test."""
    opened: list[LiveTab] = []

    def open_tab(person: Person) -> LiveTab:
        opened.append(LiveTab(person))
        return opened[-1]

    yield open_tab
    for tab in opened:
        tab.close()


@pytest.fixture
def tab(ada: Person, tabs: Callable[[Person], LiveTab]) -> LiveTab:
    return tabs(ada)


@pytest.fixture
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server of the test's own, not yet started, which it may kill."""
    server = LiveServer(tmp_path_factory.mktemp("own"))
    yield server
    server.kill()
