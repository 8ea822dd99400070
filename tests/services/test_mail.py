"""Mails by a real SMTP server: what they hold, and what happens when it is away or refuses."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from flask import Flask
from structlog.testing import capture_logs

from echo import hub
from echo.models import User
from echo.services import mail
from tests.mail_fixtures import PUBLIC_URL, use_mail
from tests.mail_server import MailServer, free_port, link_in

CONTEXT = {"username": "ada", "token": "a-secret-token"}
SECRETS = ("ada", "a-secret-token")


def words_of(logs: list[Any]) -> str:
    return " ".join(str(value) for line in logs for value in line.values())


def test_mail_is_plain_text_with_a_subject_and_a_link(ada: User, smtp_server: MailServer) -> None:
    mail.notify(ada, "reset_password", token="a-secret-token")
    assert smtp_server.mails() == []  # nothing is sent while the request runs
    message = smtp_server.last()
    assert message["To"] == "ada@example.org"
    assert message["From"] == "Echo <echo@chat.example.org>"
    assert message["Subject"] == "Choose a new password"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message.get_content_type() == "text/plain"
    assert link_in(message) == f"{PUBLIC_URL}/reset/a-secret-token"
    assert "If it was not you" in message.get_content()


def test_without_a_server_nothing_is_done(ada: User, settle: Callable[[], None]) -> None:
    assert not mail.is_enabled()
    with capture_logs() as logs:
        mail.notify(ada, "reset_password", token="x")
        settle()
    assert logs == []


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org\nBcc: eve@example.org",
        "ada@example.org\r\n\r\nbody",
        "ada@example.org, eve@example.org",
        "Eve <eve@example.org>",
        "ada@example.org\u2028Bcc: eve@example.org",
        "ada@eve@example.org",
        '"a\nb"@example.org',
        "@example.org",
        "ada@",
        "",
    ],
)
def test_what_is_not_one_plain_address_gets_nothing(
    address: str, app: Flask, smtp_server: MailServer
) -> None:
    with capture_logs() as logs:
        assert not mail.deliver(address, "reset_password", CONTEXT)
    assert [line["event"] for line in logs] == ["mail refused"]
    assert smtp_server.mails() == []


def test_line_break_in_a_value_cannot_become_a_header(app: Flask, smtp_server: MailServer) -> None:
    name = "x\r\nBcc: eve@example.org\r\n\r\nother words"
    assert mail.deliver("ada@example.org", "password_changed", {"username": name})
    message = smtp_server.last()
    assert message["Bcc"] is None
    assert message["Subject"] == "Your password was changed"
    assert "Bcc: eve" in message.get_content()


def test_server_that_comes_back_gets_the_mail(
    ada: User, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    smtp_server.stop()
    monkeypatch.setattr(mail, "PAUSES", (0.01, 0.01, 0.01))
    pauses: list[float] = []

    def start_again(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            smtp_server.start()

    monkeypatch.setattr(mail, "hub", SimpleNamespace(sleep=start_again, run_native=hub.run_native))
    monkeypatch.setattr(smtp_server, "pause", eventlet.sleep)
    assert mail.deliver(ada.email, "password_changed", {"username": "ada"})
    assert pauses == [0.01, 0.01]
    assert len(smtp_server.mails()) == 1


def test_server_that_stays_away_is_logged_without_names_and_tokens(
    app: Flask, ada: User, settle: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    use_mail(app, f"smtp://127.0.0.1:{free_port()}")
    monkeypatch.setattr(mail, "PAUSES", (0.01, 0.01, 0.01))
    with capture_logs() as logs:
        mail.notify(ada, "reset_password", token="a-secret-token")
        settle()
    assert [line["again_in"] for line in logs] == [0.01, 0.01, 0.01, None]
    assert {line["error"] for line in logs} == {"ConnectionRefusedError"}
    assert {line["domain"] for line in logs} == {"example.org"}
    assert not any(secret in words_of(logs) for secret in SECRETS)


def test_final_refusal_is_not_tried_again_and_tells_no_address(
    app: Flask, smtp_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    no_sleep = SimpleNamespace(
        sleep=lambda _: pytest.fail("tried again"), run_native=hub.run_native
    )
    monkeypatch.setattr(mail, "hub", no_sleep)
    smtp_server.stop()
    smtp_server.options = ("-s", "10")  # takes ten bytes: refuses every mail with 552
    monkeypatch.setattr(smtp_server, "pause", eventlet.sleep)
    smtp_server.start()
    with capture_logs() as logs:
        assert not mail.deliver("ada@example.org", "reset_password", CONTEXT)
    assert logs[-1]["event"] == "mail not sent"
    assert logs[-1]["error"].endswith("552")
    assert not any(secret in words_of(logs) for secret in SECRETS)


def test_silent_server_is_given_up_after_the_time_limit(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    listener = eventlet.listen(("127.0.0.1", 0))  # takes the call and says nothing
    try:
        use_mail(app, f"smtp://127.0.0.1:{listener.getsockname()[1]}")
        monkeypatch.setattr(mail, "TIMEOUT_SECONDS", 0.2)
        monkeypatch.setattr(mail, "PAUSES", ())
        with capture_logs() as logs, eventlet.Timeout(5):
            assert not mail.deliver("ada@example.org", "password_changed", {"username": "ada"})
        assert logs[-1]["error"] in ("TimeoutError", "SMTPServerDisconnected")
    finally:
        listener.close()


def test_every_template_has_a_subject_and_says_what_to_do(app: Flask) -> None:
    names = [name for name in app.jinja_env.list_templates() if name.startswith("mail/")]
    assert len(names) >= 5
    for name in names:
        context = {"username": "ada", "address": "ada@example.org", "token": "t", "what": "thing"}
        page = app.jinja_env.get_template(name).render(public_url=PUBLIC_URL, **context)
        subject, empty, *body = page.splitlines()
        assert 10 < len(subject) < 70, name
        assert empty == "", name
        assert "not you" in "\n".join(body), name
