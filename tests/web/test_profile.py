"""The profile page: fields, picture, the proof that a new address or password needs, and its cache."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import event, select
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from echo import limits
from echo.clock import utc_now
from echo.extensions import cache, db
from echo.models import Device, Passkey, Picture, RoleName, User
from echo.services.accounts import profile_pictures
from echo.services.chats import retention
from echo.services.people import administration, profile, profile_data
from echo.services.sign_in import password_login
from tests.conftest import PASSWORD
from tests.services.test_pictures import bomb, made
from tests.structure.layers import python_files, relative
from tests.web.browser import AJAX, Browser

GOOD = "seven purple walruses"
REFUSED = [
    (b"<svg xmlns='http://www.w3.org/2000/svg'/>", "not a picture"),
    (made("PNG")[:60], "damaged"),
    (bomb(30_000), "million pixels"),
    (made() + bytes(limits.PICTURE_BYTES), "5 MB"),
]
UNCHANGED = {"username": "ada", "email": "ada@example.org"}


def upload(content: bytes, name: str = "me.png") -> dict[str, Any]:
    return {**UNCHANGED, "picture": (io.BytesIO(content), name)}


def send(browser: Browser, path: str, data: dict[str, Any], ajax: bool = True) -> Any:
    """Post as a browser does; the test client itself would leave a temporary file open."""
    values = {k: FileStorage(*v) if isinstance(v, tuple) else v for k, v in data.items()}
    boundary, body = encode_multipart(values)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return browser.post(path, data=body, content_type=kind, headers=AJAX if ajax else {})


def picture_of(user: User) -> Picture | None:
    db.session.expire_all()
    return db.session.scalar(select(Picture).where(Picture.user_id == user.id))


def age_devices(minutes: int = 11) -> None:
    for device in db.session.scalars(select(Device)):
        device.confirmed_at = utc_now() - timedelta(minutes=minutes)
    db.session.commit()


def with_passkey(user: User) -> None:
    db.session.add(Passkey(user_id=user.id, credential_id=f"id{user.id}", public_key=b"x"))
    db.session.commit()


# ── the picture ─────────────────────────────────────────────────────────────────────────────


def test_picture_is_shown_on_the_pages_to_whoever_is_signed_in(
    ada: User, ada_browser: Browser, client: Browser, make_user: Any, signed_in: Any
) -> None:
    response = ada_browser.ajax("/profile", upload(made()))
    assert response.get_json() == {"status": "ok", "message": "Your profile is saved."}
    picture = picture_of(ada)
    assert picture is not None
    address = f"/pictures/{picture.id}"
    for page in ("/profile", "/", "/profile/devices"):
        assert f'src="{address}"' in ada_browser.get(page).text
    shown = signed_in(make_user("bob")).get(address)
    assert shown.status_code == 200
    assert Image.open(io.BytesIO(shown.data)).size == (256, 256)
    assert client.get(address).status_code == 302
    assert client.get(address).headers["Cache-Control"] == "no-store"


def test_picture_cannot_be_read_as_anything_else(ada: User, ada_browser: Browser) -> None:
    picture = profile_pictures.store(ada.id, made())
    headers = ada_browser.get(f"/pictures/{picture.id}").headers
    assert headers["Content-Type"] == "image/webp"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Disposition"].startswith("inline")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["Cache-Control"] == "private, max-age=31536000, immutable"
    again = ada_browser.get(f"/pictures/{picture.id}", headers={"If-None-Match": headers["ETag"]})
    assert again.status_code == 304
    absent = ada_browser.get("/pictures/01NOTHERE")
    assert (absent.status_code, absent.headers["Cache-Control"]) == (404, "no-store")


@pytest.mark.parametrize(("content", "words"), REFUSED)
def test_bad_picture_is_refused_under_its_field_and_nothing_is_saved(
    content: bytes, words: str, ada: User, ada_browser: Browser
) -> None:
    data = {**upload(content), "username": "another"}
    response = send(ada_browser, "/profile", data)
    assert (response.status_code, response.get_json()["field"]) == (400, "picture")
    assert words in response.get_json()["message"]
    data = {**upload(content), "username": "another"}
    page = send(ada_browser, "/profile", data, ajax=False)
    assert page.status_code == 400
    assert words in page.text
    assert picture_of(ada) is None
    assert ada.username == "ada"


def test_refused_name_keeps_the_old_picture(
    ada: User, ada_browser: Browser, make_user: Any
) -> None:
    make_user("bob")
    response = ada_browser.ajax("/profile", {**upload(made()), "username": "bob"})
    assert response.status_code == 409
    assert picture_of(ada) is None


def test_larger_bodies_are_taken_here_alone(ada_browser: Browser) -> None:
    noise = Image.effect_noise((1800, 1800), 90)
    target = io.BytesIO()
    noise.save(target, "PNG")
    assert limits.REQUEST_BYTES < len(target.getvalue()) < limits.PICTURE_BYTES
    assert send(ada_browser, "/profile", upload(target.getvalue())).status_code == 200
    huge = bytes(limits.PICTURE_REQUEST_BYTES)
    assert send(ada_browser, "/profile", upload(huge)).status_code == 413
    elsewhere = {"opinion": "x", "file": (io.BytesIO(bytes(limits.REQUEST_BYTES)), "x")}
    assert send(ada_browser, "/feedback", elsewhere).status_code == 413


def test_empty_file_field_changes_nothing(ada: User, ada_browser: Browser) -> None:
    profile_pictures.store(ada.id, made())
    kept = picture_of(ada)
    assert ada_browser.ajax("/profile", upload(b"", name="")).status_code == 200
    assert picture_of(ada) is kept


def test_picture_is_removed(ada: User, ada_browser: Browser) -> None:
    profile_pictures.store(ada.id, made())
    assert ada_browser.ajax("/profile/picture/remove").get_json()["status"] == "ok"
    assert picture_of(ada) is None
    page = ada_browser.post("/profile/picture/remove")
    assert (page.status_code, page.location) == (302, "/profile")
    assert "/pictures/" not in ada_browser.get("/profile").text


@pytest.mark.parametrize("field", ["username", "email", "new_password", "password"])
def test_very_long_fields_are_refused(field: str, ada_browser: Browser) -> None:
    response = ada_browser.ajax("/profile", {**UNCHANGED, field: "x" * 10_000})
    assert response.status_code == 400
    assert response.get_json()["field"] in (field, "email")


def test_forged_posts_are_refused(csrf_on: None, ada: User, ada_browser: Browser) -> None:
    profile_pictures.store(ada.id, made())
    for path in ("/profile", "/profile/picture/remove"):
        assert ada_browser.ajax(path, UNCHANGED).status_code == 400
    assert picture_of(ada) is not None


# ── the proof ───────────────────────────────────────────────────────────────────────────────


def test_right_password_is_a_fresh_proof(ada: User, ada_browser: Browser) -> None:
    age_devices()
    values = {**UNCHANGED, "email": "new@example.org", "password": PASSWORD}
    assert ada_browser.ajax("/profile", values).get_json()["status"] == "ok"
    db.session.expire_all()
    device = db.session.scalars(select(Device)).one()
    assert device.confirmed_at is not None
    assert utc_now() - device.confirmed_at < timedelta(minutes=1)


@pytest.mark.parametrize("change", [{"email": "new@example.org"}, {"new_password": GOOD}])
def test_second_factor_is_asked_for_besides_the_password(
    change: dict[str, str], ada: User, ada_browser: Browser
) -> None:
    with_passkey(ada)
    age_devices()
    values = {**UNCHANGED, **change, "password": PASSWORD}
    response = ada_browser.ajax("/profile", values)
    assert response.get_json()["status"] == "redirect"
    assert response.get_json()["url"].startswith("/confirm")
    page = ada_browser.post("/profile", data=values)
    assert page.status_code == 302
    assert page.location.startswith("/confirm")
    db.session.expire_all()
    assert ada.email == "ada@example.org"
    assert password_login.check_password("ada", PASSWORD)
    age_devices(minutes=1)
    assert ada_browser.ajax("/profile", values).get_json()["status"] == "ok"


def test_name_and_picture_need_no_proof(ada: User, ada_browser: Browser) -> None:
    with_passkey(ada)
    age_devices()
    response = ada_browser.ajax("/profile", {**upload(made()), "username": "Ada.L"})
    assert response.get_json()["status"] == "ok"


def test_account_without_a_password_sets_one_after_a_fresh_proof(
    ada: User, ada_browser: Browser
) -> None:
    ada.password_hash = None
    db.session.commit()
    age_devices()
    values = {**UNCHANGED, "new_password": GOOD}
    assert ada_browser.ajax("/profile", values).get_json()["url"].startswith("/confirm")
    age_devices(minutes=1)
    assert ada_browser.ajax("/profile", values).get_json()["status"] == "ok"
    db.session.expire_all()
    assert password_login.check_password("ada", GOOD)


# ── what the page shows, and the cache ──────────────────────────────────────────────────────


@contextmanager
def counted() -> Iterator[list[str]]:
    """Every statement that is run meanwhile."""
    said: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    yield said
    event.remove(db.engine, "before_cursor_execute", note)


def test_numbers_are_those_of_the_rows(app: Flask, ada: User, open_tab: Any) -> None:
    tab = open_tab(ada)
    for text in ("four", "seven!!"):
        reply = tab.ask("send_message", {"text": text, "client_id": text})["reply"]
        tab.wait_for("message_finished", reply["id"])
    data = profile_data.of(ada.id)
    assert (data.prompts, data.characters, data.conversations, data.days_active) == (2, 11, 2, 1)
    assert data.tokens > 0
    assert data.since == ada.created_at


def test_second_reading_asks_the_database_nothing(ada: User) -> None:
    first = profile_data.of(ada.id)
    with counted() as statements:
        assert profile_data.of(ada.id) == first
    assert statements == []
    profile_data.forget(ada.id)
    with counted() as statements:
        profile_data.of(ada.id)
    assert statements


def test_data_are_kept_for_half_a_minute(ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    kept: list[Any] = []
    monkeypatch.setattr(cache, "set", lambda *_a, timeout: kept.append(timeout))
    profile_data.of(ada.id)
    assert kept == [30]


def change_row(user: User, **values: Any) -> None:
    for name, value in values.items():
        setattr(user, name, value)
    db.session.commit()


CHANGES: dict[str, tuple[str, Callable[[User, User], object]]] = {
    "own name": (
        "username",
        lambda ada, _: profile.change_profile(
            ada, username="countess", email=ada.email, new_password="", password="", keep_device=""
        ),
    ),
    "own address": (
        "email",
        lambda ada, _: profile.change_profile(
            ada,
            username=ada.username,
            email="n@example.org",
            new_password="",
            password=PASSWORD,
            keep_device="",
        ),
    ),
    "a proven address": (
        "email_verified",
        lambda ada, _: change_row(ada, email_verified_at=utc_now()),
    ),
    "the first password": ("has_password", lambda ada, _: change_row(ada, password_hash=None)),
    "picture": ("picture_id", lambda ada, _: profile_pictures.store(ada.id, made())),
    "retention": ("retention_days", lambda ada, _: retention.choose(ada.id, 30)),
    "a role, by a super admin": (
        "role",
        lambda ada, root: administration.edit_user(
            root, ada.id, username="ada", email=ada.email, active=True, role=RoleName.ANALYST
        ),
    ),
    "a name, by an administrator": (
        "username",
        lambda ada, root: administration.edit_user(
            root, ada.id, username="lovelace", email=ada.email, active=True, role=None
        ),
    ),
}


@pytest.mark.parametrize("what", CHANGES)
def test_every_kind_of_change_is_seen_at_once(
    what: str, ada: User, make_user: Callable[..., User]
) -> None:
    field, change = CHANGES[what]
    root = make_user("root", role=RoleName.SUPER_ADMIN)
    before = profile_data.of(ada.id)
    others = profile_data.of(root.id)
    change(ada, root)
    after = profile_data.of(ada.id)
    assert getattr(after, field) != getattr(before, field)
    with counted() as statements:
        assert profile_data.of(root.id) == others
    assert statements == []


def test_removed_picture_is_seen_at_once(ada: User) -> None:
    profile_pictures.store(ada.id, made())
    assert profile_data.of(ada.id).picture_id
    profile_pictures.remove(ada.id)
    assert profile_data.of(ada.id).picture_id is None


def test_change_that_is_taken_back_and_a_visit_drop_nothing(ada: User) -> None:
    before = profile_data.of(ada.id)
    ada.username = "other"
    db.session.flush()
    db.session.rollback()
    change_row(ada, last_seen_at=utc_now())
    with counted() as statements:
        assert profile_data.of(ada.id) == before
    assert statements == []


def test_no_statement_changes_people_behind_the_sessions_back() -> None:
    """What `profile_data` relies on. The step of the last code (`totp`) is not shown; what wants to be
    alone with a person's things writes what stands there already."""
    found = [
        relative(path)
        for path in python_files("echo")
        if any(f"{act}({table}" in path.read_text() for act in ("update", "delete", "insert")
               for table in ("User)", "User,", "Picture)"))
    ]  # fmt: skip
    assert found == [
        "echo/services/accounts/accounts.py",
        "echo/services/sign_in/totp.py",
    ]


def test_the_permission_to_train_is_off_until_it_is_given_and_can_be_taken_back(
    ada: User, ada_browser: Browser
) -> None:
    box = '<input id="may_train" name="may_train" type="checkbox" value="y" {}aria-describedby'
    assert box.format(" ") in ada_browser.get("/profile").text
    for sent, stored in (({"may_train": "y"}, True), ({}, False)):
        response = send(ada_browser, "/profile", {**UNCHANGED, **sent})
        assert response.status_code == 200
        db.session.expire_all()
        assert ada.may_train is stored
        assert ("checked" in ada_browser.get("/profile").text) is stored


def test_numbers_are_named_by_how_many_they_are(
    ada: User, ada_browser: Browser, open_tab: Any
) -> None:
    def names() -> list[str]:
        return re.findall(r"<dt>([^<]+)</dt>", ada_browser.get("/profile").text)

    assert names() == ["prompts", "characters", "chats", "tokens", "days active"]
    tab = open_tab(ada)
    reply = tab.ask("send_message", {"text": "four", "client_id": "one"})["reply"]
    tab.wait_for("message_finished", reply["id"])
    profile_data.forget(ada.id)
    assert names() == ["prompt", "characters", "chat", "tokens", "day active"]
