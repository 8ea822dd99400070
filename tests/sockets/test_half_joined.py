"""A connection that fails while it is let in is ended and forgotten, not kept half-joined for ever."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.exc import OperationalError

from echo.extensions import socketio
from echo.models import User
from echo.sockets import access
from tests.conftest import Tab


def everybody() -> dict[str, Any]:
    manager = socketio.server.manager
    return {**manager.rooms.get("/", {}), "pending": dict(manager.pending_connect)}


@pytest.mark.parametrize(
    "failure", [OperationalError("select", {}, Exception("gone")), LookupError("x")]
)
def test_a_failure_lets_nobody_in_and_leaves_nothing(
    failure: Exception,
    app: Flask,
    ada: User,
    login: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise failure

    client = app.test_client()
    login(client, ada)
    before = everybody()
    ended: list[str] = []
    with monkeypatch.context() as patched:
        patched.setattr(access, "current_device", fail)
        patched.setattr("echo.sockets.events.end_connection", ended.append)
        tab = Tab(app, client)
        assert not tab.socket.is_connected()
    assert len(ended) == 1  # its client will try again
    assert everybody() == before
    assert Tab(app, client).socket.is_connected()


@pytest.mark.parametrize("when", ["looked up", "joined"])
def test_who_has_gone_meanwhile_is_forgotten(
    when: str,
    app: Flask,
    ada: User,
    login: Callable[..., str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The database answers late; meanwhile the client's connection is found to be dead."""
    client = app.test_client()
    login(client, ada)
    server: Any = socketio.server
    before, known = everybody(), set(server.environ)
    find, join = access.current_device, server.manager.connect

    def gone(then: Callable[..., Any], *args: Any) -> Any:
        for connection in set(server.environ) - known:
            server._handle_eio_disconnect(connection, "ping timeout")
        return then(*args)

    with monkeypatch.context() as patched:
        if when == "looked up":
            patched.setattr(access, "current_device", partial(gone, find))
        else:
            patched.setattr(server.manager, "connect", partial(gone, join))
        Tab(app, client)
    assert everybody() == before


@pytest.mark.usefixtures("app")
def test_who_had_gone_before_is_not_let_in() -> None:
    """A process that stood still reads both at once: that somebody wants in, and that they have gone."""
    before = everybody()
    server: Any = socketio.server
    server._handle_connect("gone", "/", None)
    assert everybody() == before
