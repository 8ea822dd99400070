"""Export, retention, deletion and the looks of others: the pages."""

from __future__ import annotations

import io
import json
import re
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Conversation, Device, Role, RoleName, User
from echo.services import audit
from echo.services.people import archive, deletion
from tests.conftest import PASSWORD
from tests.web.browser import Browser
from tests.web.test_account import is_signed_in


def conversation(user: User, title: str = "About walruses") -> Conversation:
    row = Conversation(user_id=user.id, title=title)
    db.session.add(row)
    db.session.commit()
    return row


# ── export ──────────────────────────────────────────────────────────────────────────────────


def test_download_is_a_zip_of_ones_own(ada: User, ada_browser: Browser, make_user: Any) -> None:
    conversation(make_user("bob"), "Not hers")
    row = conversation(ada)
    response = ada_browser.get("/profile/export?ticket=12x34")
    assert response.mimetype == "application/zip"
    assert int(response.headers["Content-Length"]) == len(response.data)
    assert 'filename="echo-ada-' in response.headers["Content-Disposition"]
    assert response.headers["Cache-Control"] == "no-store"
    assert ada_browser.get_cookie("echo_export").value == "12x34"  # type: ignore[union-attr]
    packed = zipfile.ZipFile(io.BytesIO(response.data))
    assert packed.testzip() is None
    names = {"README.txt", "account.json"}
    names |= {f"conversations/{row.id}.{end}" for end in ("json", "md")}
    assert set(packed.namelist()) == names
    assert json.loads(packed.read("account.json"))["profile"]["username"] == "ada"


def test_the_page_says_what_the_zip_holds(ada_browser: Browser) -> None:
    page = ada_browser.get("/profile/data").text
    listed = page.split('<ul class="contents">')[1].split("</ul>")[0]
    for told in re.findall(r"<code>([^<]+)</code>", listed):
        assert told.rstrip("/") in archive.README or told == "README.txt", told
    ones_own = ("account.json", "conversations/", "documents/", "prompts.json", "personas.json")
    for name in (*ones_own, "shared/", "picture.webp"):
        assert f"<code>{name}</code>" in listed


@pytest.mark.parametrize("ticket", ["", "a;b", "x" * 41, "a=b", "%0d%0aSet-Cookie"])
def test_odd_tickets_become_no_cookie(ticket: str, ada_browser: Browser) -> None:
    response = ada_browser.get("/profile/export", query_string={"ticket": ticket})
    assert response.status_code == 200
    assert "echo_export" not in response.headers.get("Set-Cookie", "")


# ── retention ───────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(("sent", "stored"), [("30", 30), ("90", 90), ("365", 365), ("", None)])
def test_retention_is_chosen(
    sent: str, stored: int | None, ada: User, ada_browser: Browser, fresh: Any
) -> None:
    ada.retention_days = 7
    db.session.commit()
    response = ada_browser.ajax("/profile/retention", {"retention_days": sent})
    assert response.get_json()["status"] == "ok"
    fresh()
    assert ada.retention_days == stored
    page = ada_browser.post("/profile/retention", data={"retention_days": sent})
    assert (page.status_code, page.location) == (302, "/profile/data")


@pytest.mark.parametrize("sent", ["0", "-1", "1", "7", "nonsense", "30.0", "None", None])
def test_other_times_are_refused(sent: str | None, ada: User, ada_browser: Browser) -> None:
    data = {} if sent is None else {"retention_days": sent}
    response = ada_browser.ajax("/profile/retention", data)
    assert (response.status_code, response.get_json()["field"]) == (400, "retention_days")
    assert ada_browser.post("/profile/retention", data=data).status_code == 400
    assert ada.retention_days is None


def test_the_shorter_limit_counts_and_is_told(app: Flask, ada: User, ada_browser: Browser) -> None:
    assert "kept until you delete them" in ada_browser.get("/profile/data").text
    ada_browser.ajax("/profile/retention", {"retention_days": "90"})
    assert "nobody has used for 90 days" in ada_browser.get("/profile/data").text
    app.extensions["settings"].retention_days = 60
    page = ada_browser.get("/profile/data").text
    assert "nobody has used for 60 days" in page
    assert "at most 60 days" in page
    assert page.count("disabled") == 2  # 90 days and a year


# ── deletion ────────────────────────────────────────────────────────────────────────────────


def test_account_is_deleted_after_its_name_was_typed(ada: User, ada_browser: Browser) -> None:
    number = ada.id
    response = ada_browser.ajax("/profile/delete", {"username": " ADA "})
    assert response.get_json() == {"status": "redirect", "url": "/"}
    assert "Your account is deleted" in ada_browser.get("/").text
    assert not is_signed_in(ada_browser)
    db.session.expire_all()
    assert db.session.get(User, number) is None


def test_deletion_works_as_a_page(ada: User, ada_browser: Browser) -> None:
    page = ada_browser.post("/profile/delete", data={"username": "ada"})
    assert (page.status_code, page.location) == (302, "/")
    assert not is_signed_in(ada_browser)


@pytest.mark.parametrize("typed", ["", "bob", "ada@example.org", "deleted/1", "x" * 10_000])
def test_wrong_name_deletes_nothing(typed: str, ada: User, ada_browser: Browser) -> None:
    response = ada_browser.ajax("/profile/delete", {"username": typed})
    assert (response.status_code, response.get_json()["field"]) == (400, "username")
    page = ada_browser.post("/profile/delete", data={"username": typed})
    assert page.status_code == 400
    assert "<details open>" in page.text
    assert is_signed_in(ada_browser)


def test_deletion_needs_a_fresh_proof(ada: User, ada_browser: Browser) -> None:
    row = db.session.scalars(select(Device)).one()
    row.confirmed_at = utc_now() - timedelta(minutes=11)
    db.session.commit()
    response = ada_browser.ajax("/profile/delete", {"username": "ada"})
    assert response.get_json()["url"].startswith("/confirm")
    assert is_signed_in(ada_browser)


def test_last_super_admin_stays(make_user: Any, signed_in: Any) -> None:
    root = make_user("root", role=RoleName.SUPER_ADMIN)
    browser = signed_in(root)
    response = browser.ajax("/profile/delete", {"username": "root"})
    assert response.status_code == 400
    assert "last super admin" in response.get_json()["message"]
    make_user("second", role=RoleName.SUPER_ADMIN)
    assert browser.ajax("/profile/delete", {"username": "root"}).status_code == 200


def test_name_and_address_are_free_again(ada: User, ada_browser: Browser, make_user: Any) -> None:
    ada_browser.ajax("/profile/delete", {"username": "ada"})
    db.session.expire_all()
    assert make_user("ada").username == "ada"


def test_forged_posts_change_nothing(csrf_on: None, ada: User, ada_browser: Browser) -> None:
    for path, data in (
        ("/profile/delete", {"username": "ada"}),
        ("/profile/retention", {"retention_days": "30"}),
    ):
        assert ada_browser.ajax(path, data).status_code == 400
    assert is_signed_in(ada_browser)
    assert ada.retention_days is None


def test_nobody_can_be_named_like_a_deleted_account(form_time: Any, client: Browser) -> None:
    data = {
        "username": f"{deletion.MARK}1",
        "email": f"{deletion.MARK}1",
        "password": PASSWORD,
        "confirm_password": PASSWORD,
        "website": "",
        "opened_at": form_time(),
    }
    assert client.ajax("/signup", data).status_code == 400
    data["username"] = "honest"
    assert client.ajax("/signup", data).get_json()["field"] == "email"


# ── who looked ──────────────────────────────────────────────────────────────────────────────


def test_looks_of_others_are_shown_to_whom_they_concern(
    ada: User, ada_browser: Browser, make_user: Any, signed_in: Any
) -> None:
    assert "Nobody has looked" in ada_browser.get("/profile/looks").text
    root = make_user("watcher", role=RoleName.SUPER_ADMIN)
    audit.record(audit.Act.CONVERSATION_OPENED, root, subject_id=ada.id, target="conversations/01X")
    audit.record(audit.Act.USER_EDITED, root, subject_id=ada.id)
    page = ada_browser.get("/profile/looks").text
    assert "watcher" in page
    assert "opened one of your chats" in page
    assert page.count('class="row"') == 1
    assert "Nobody has looked" in signed_in(make_user("bob")).get("/profile/looks").text


def test_look_of_somebody_who_is_gone_is_still_shown(
    ada: User, ada_browser: Browser, make_user: Any
) -> None:
    admin = make_user("brief", role=RoleName.ADMIN)
    audit.record(audit.Act.MESSAGE_OPENED, admin, subject_id=ada.id, target="messages/01X")
    deletion.delete_account(admin)
    assert "whose account is gone" in ada_browser.get("/profile/looks").text


def test_roles_table_is_untouched_by_a_deletion(ada: User, ada_browser: Browser) -> None:
    ada_browser.ajax("/profile/delete", {"username": "ada"})
    db.session.expire_all()
    assert len(list(db.session.scalars(select(Role)))) == len(RoleName)
