"""Fixtures of the tests in which this process sends mails to a real SMTP server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from flask import Flask

from echo import flask_config, hub
from echo.extensions import mail
from echo.services import background
from echo.services import mail as mail_service
from echo.services.sign_in import recovery
from tests.mail_server import MailServer

PUBLIC_URL = "https://chat.example.org"


def use_mail(app: Flask, url: str) -> None:
    """Let an application send its mails to this server."""
    settings = app.extensions["settings"]
    settings.mail_url, settings.public_url = url, PUBLIC_URL
    app.config.update(flask_config._mail_config(settings), MAIL_SUPPRESS_SEND=False)
    mail.init_app(app)


@pytest.fixture
def settle(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Wait until nothing goes on in the background any more."""
    going_on: list[object] = []
    original = background._in_context

    def counted(app: Flask, work: Callable[..., object], args: tuple[Any, ...]) -> None:
        try:
            original(app, work, args)
        finally:
            going_on.remove(work)

    def spawn(_in_context: object, app: Flask, work: Callable[..., object], args: Any) -> None:
        going_on.append(work)
        hub.spawn(counted, app, work, args)

    def wait() -> None:
        with eventlet.Timeout(20):
            while going_on:
                hub.sleep(0.005)

    monkeypatch.setattr(background, "hub", SimpleNamespace(spawn=spawn))
    return wait


@pytest.fixture(scope="session")
def mail_process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    server = MailServer(tmp_path_factory.mktemp("smtp"))
    yield server
    server.stop()


@pytest.fixture
def smtp_server(
    app: Flask,
    mail_process: MailServer,
    settle: Callable[[], None],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[MailServer]:
    """A mail server that the application uses; waiting for its mails lets the application's hub run."""
    monkeypatch.setattr(recovery, "PAUSE_SECONDS", (0.0, 0.0))
    monkeypatch.setattr(mail_service, "PAUSES", (0.01, 0.01, 0.01))
    server = mail_process
    server.pause, server.settle = hub.sleep, settle
    server.start_empty()
    use_mail(app, server.url)
    yield server
    settle()
