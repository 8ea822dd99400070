"""The picture of a new account: from Google's picture servers alone, small, and never in the way."""

from __future__ import annotations

import io
import re
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import eventlet
import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select
from werkzeug.wrappers import Response

from echo.errors import InvalidInput, TooLong
from echo.extensions import db
from echo.models import Picture, User
from echo.services.sign_in import google_pictures
from echo.web import google_login
from tests.waiting import PATIENCE, SOON
from tests.web.browser import Browser
from tests.web.google.conftest import begin, is_signed_in
from tests.web.google.providers import EvilProvider

GOOD = "https://lh3.googleusercontent.com/a/ACg8ocJ_x-y=s96-c"

TRICKS = [
    "",
    "lh3.googleusercontent.com/a",
    "//lh3.googleusercontent.com/a",
    "http://lh3.googleusercontent.com/a",
    "ftp://lh3.googleusercontent.com/a",
    "file:///etc/passwd",
    "https://lh3.googleusercontent.com",
    "https://lh3.googleusercontent.com.evil.org/a",
    "https://lh3.googleusercontent.com@evil.org/a",
    "https://user@lh3.googleusercontent.com/a",
    "https://user:password@lh3.googleusercontent.com/a",
    "https://evil.org/https://lh3.googleusercontent.com/a",
    "https://evil.org#@lh3.googleusercontent.com/a",
    "https://evil.org\\@lh3.googleusercontent.com/a",
    "https://lh3.googleusercontent.com\\@evil.org/a",
    "https://lh3.googleusercontent.com/\\evil.org/a",
    "https://lh3.googleusercontent.com?@evil.org/a",
    "https://lh3.googleusercontent.com#@evil.org/a",
    "https://lh3.googleusercontent.com:443/a",
    "https://lh3.googleusercontent.com:8080/a",
    "https://lh3.googleusercontent.com:443@evil.org/a",
    "https://lh3.googleusercontent.com./a",
    "https://lh3。googleusercontent。com/a",
    "https://lh3．googleusercontent．com/a",
    "https://lh3.googleusercontent.com／a",
    "https://lh3.googleusercontent.com%2f.evil.org/a",
    "https://lh3.googleusercontent.com%00.evil.org/a",
    "https://ｌh3.googleusercontent.com/a",
    "https://lh٣.googleusercontent.com/a",
    "https://evillh3.googleusercontent.com/a",
    "https://evil.lh3.googleusercontent.com/a",
    "https://1.2.3.4.bc.googleusercontent.com/a",
    "https://script.googleusercontent.com/a",
    "https://googleusercontent.com/a",
    "https://lh3.google.com/a",
    "https://lh3xgoogleusercontent.com/a",
    "https://127.0.0.1/a",
    "https://[::1]/a",
    "https://169.254.169.254/latest/meta-data",
    f" {GOOD}",
    f"{GOOD}\n",
    f"{GOOD}\r\nHost: evil.org",
    f"\t{GOOD}",
    "https://lh3.googleusercontent.com/a b",
    "https://lh3.goog\nleusercontent.com/a",
    "HTTPS://lh3.googleusercontent.com/a",
    "https:/lh3.googleusercontent.com/a",
    "https:lh3.googleusercontent.com/a",
    "https:///lh3.googleusercontent.com/a",
]


@pytest.mark.parametrize("address", TRICKS)
def test_other_addresses_are_not_read(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def touched(*_args: Any, **_kwargs: Any) -> None:
        raise AssertionError("an address was read that is not Google's")

    monkeypatch.setattr("requests.get", touched)
    assert not google_pictures.is_trusted(address)
    with pytest.raises(InvalidInput):
        google_pictures.fetch(address)


@pytest.mark.parametrize("number", [3, 4, 5, 6])
def test_picture_servers_are_trusted(number: int) -> None:
    assert google_pictures.is_trusted(GOOD.replace("lh3", f"lh{number}"))
    assert google_pictures.is_trusted(f"https://lh{number}.googleusercontent.com/")


@pytest.fixture
def server(evil_server: EvilProvider, monkeypatch: pytest.MonkeyPatch) -> Iterator[EvilProvider]:
    """A picture server here, which is trusted for once."""
    evil_server.reset()
    trust(monkeypatch, evil_server)
    yield evil_server
    evil_server.released.set()


def trust(monkeypatch: pytest.MonkeyPatch, server: EvilProvider) -> None:
    monkeypatch.setattr(google_pictures, "ADDRESS", re.compile(re.escape(server.url) + "/p.*"))


def picture_bytes() -> bytes:
    target = io.BytesIO()
    Image.new("RGB", (96, 96), "purple").save(target, "PNG")
    return target.getvalue()


def test_picture_is_read(server: EvilProvider) -> None:
    server.replies = {"/picture": Response(picture_bytes(), mimetype="image/png")}
    assert google_pictures.fetch(f"{server.url}/picture") == picture_bytes()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirects_are_not_followed(status: int, server: EvilProvider) -> None:
    headers = {"Location": f"{server.url}/p/other"}
    server.replies = {"/picture": Response("", status=status, headers=headers)}
    with pytest.raises(InvalidInput, match=str(status)):
        google_pictures.fetch(f"{server.url}/picture")
    assert server.asked == ["/picture"]


@pytest.mark.parametrize("status", [204, 206, 403, 404, 500])
def test_other_answers_are_not_taken(status: int, server: EvilProvider) -> None:
    server.replies = {"/picture": Response(b"x", status=status)}
    with pytest.raises(InvalidInput):
        google_pictures.fetch(f"{server.url}/picture")


@pytest.mark.parametrize("announced", [True, False])
def test_reading_stops_at_two_megabytes(announced: bool, server: EvilProvider) -> None:
    sent: list[int] = []

    def pieces() -> Iterator[bytes]:
        while len(sent) < 1000:
            sent.append(1)
            yield b"\0" * 100_000

    headers = {"Content-Length": "100000000"} if announced else {}
    server.replies = {"/picture": Response(pieces(), headers=headers, direct_passthrough=True)}
    with pytest.raises(TooLong):
        google_pictures.fetch(f"{server.url}/picture")
    assert len(sent) < 500, "the rest must not be read"


def test_compressed_answer_is_not_unpacked(server: EvilProvider) -> None:
    headers = {"Content-Encoding": "gzip"}
    server.replies = {"/picture": Response(b"not gzip at all", headers=headers)}
    assert google_pictures.fetch(f"{server.url}/picture") == b"not gzip at all"


def test_reading_stops_when_it_takes_too_long(
    server: EvilProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(google_pictures, "TOTAL_SECONDS", 0.2)

    def drops() -> Iterator[bytes]:
        while not server.released.wait(0.05):
            yield b"\0"

    server.replies = {"/picture": Response(drops())}
    before = time.monotonic()
    with pytest.raises(TooLong):
        google_pictures.fetch(f"{server.url}/picture")
    assert time.monotonic() - before < SOON


def come_with_picture(browser: Browser, evil: EvilProvider, address: Any) -> None:
    evil.claims = {"picture": address}
    assert browser.get(evil.agree(begin(browser))).location == "/"
    assert is_signed_in(browser)


def wait_for_picture(patience: float = PATIENCE) -> Picture | None:
    """Let the background work; it runs in this process's hub."""
    with eventlet.Timeout(patience):
        while not (found := db.session.scalar(select(Picture))):
            db.session.rollback()
            eventlet.sleep(0.01)
    return found


def test_new_account_has_its_picture(
    client: Browser, evil: EvilProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust(monkeypatch, evil)
    evil.replies = {"/picture": Response(picture_bytes(), mimetype="image/png")}
    come_with_picture(client, evil, f"{evil.url}/picture")
    assert "/picture" not in evil.asked, "nobody waits for it"
    picture = wait_for_picture()
    assert picture is not None
    assert picture.user_id == db.session.scalars(select(User.id)).one()
    with Image.open(io.BytesIO(picture.content)) as stored:
        assert stored.format == "WEBP"


BAD_PICTURES = [
    Response(b"<svg onload='alert(1)'/>", mimetype="image/svg+xml"),
    Response(b"", mimetype="image/png"),
    Response(b"x" * 3_000_000),
    Response("", status=302, headers={"Location": "http://127.0.0.1:1/"}),
    Response("", status=500),
]


@pytest.mark.parametrize("reply", BAD_PICTURES)
def test_bad_picture_is_in_nobodys_way(
    reply: Response,
    client: Browser,
    evil: EvilProvider,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done: list[bool] = []
    work = google_pictures.keep

    def keep(*args: Any) -> None:
        work(*args)
        done.append(True)

    monkeypatch.setattr(google_pictures, "keep", keep)
    trust(monkeypatch, evil)
    evil.replies = {"/picture": reply}
    come_with_picture(client, evil, f"{evil.url}/picture")
    with eventlet.Timeout(PATIENCE):
        while not done:
            eventlet.sleep(0.01)
    assert db.session.scalar(select(Picture)) is None
    assert is_signed_in(client)


@pytest.mark.parametrize("address", [None, 7, ["a"], "https://evil.org/a", "http://127.0.0.1:1/"])
def test_other_pictures_are_not_even_tried(
    address: Any, client: Browser, evil: EvilProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []
    monkeypatch.setattr(
        google_login, "hub", SimpleNamespace(spawn=lambda *work: tried.append(work))
    )
    come_with_picture(client, evil, address)
    assert tried == []


def test_own_picture_is_not_replaced(app: Flask, server: EvilProvider, make_user: Any) -> None:
    user = make_user("ada")
    own = google_pictures.profile_pictures.store(user.id, picture_bytes()).id
    server.replies = {"/picture": Response(picture_bytes())}
    google_pictures.keep(app, user.id, f"{server.url}/picture")
    assert google_pictures.profile_pictures.id_of(user.id) == own
