"""The page of downloads: who may, a fresh proof first, the file itself, and the way without a script."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from echo.admin.downloads import in_words
from echo.clock import utc_now
from echo.errors import StorageUnavailable
from echo.extensions import db
from echo.models import AuditEvent, Device, RoleName, User
from echo.services import downloads
from echo.services.downloads import jobs
from tests.waiting import until
from tests.web.browser import AJAX, Browser

AT = "/admin/downloads"


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[], None]]:
    """Feedback's file is at 40 % until this is called."""
    go: list[bool] = []
    over = [True]

    def make(folder: Any, tell: Callable[[float], None]) -> str:
        over.clear()
        tell(0.4)
        until(lambda: go, what="the test lets it go on")
        over.append(True)
        (folder / "echo-feedback.csv").write_text("id\r\n")
        return "echo-feedback.csv"

    kind = jobs.KINDS["feedback"]
    monkeypatch.setitem(jobs.KINDS, "feedback", jobs.Kind(kind.title, kind.about, make, kind.act))
    yield lambda: go.append(True)
    go.append(True)
    until(lambda: over, what="nobody makes the file any more")


def begin(client: FlaskClient, kind: str = "users") -> Any:
    return client.post(f"{AT}/begin/", data={"kind": kind}, headers=AJAX)


def state(client: FlaskClient, download_id: str) -> Any:
    return client.get(f"{AT}/state/?id={download_id}", headers=AJAX)


def made(client: FlaskClient, kind: str = "users") -> dict[str, Any]:
    """Begin and wait as the page does; return the last state."""
    answer = begin(client, kind)
    assert answer.status_code == 200, answer.text
    return settled(client, answer.json["id"])


def settled(client: FlaskClient, download_id: str) -> dict[str, Any]:
    """Wait until the file is made or is not; return the last state."""

    def look() -> dict[str, Any] | None:
        said = state(client, download_id).json
        return None if said["state"] == "making" else dict(said)

    return until(look, what="the file is made or is not")


def row(page: str, kind: str) -> str:
    found = re.search(rf'<li [^>]*id="download-{kind}".*?</li>', page, re.DOTALL)
    assert found, page
    return unescape(found[0])


def test_each_kind_has_a_row_with_its_button(root: FlaskClient) -> None:
    page = root.get(f"{AT}/").text
    for kind, about in jobs.KINDS.items():
        assert about.title in row(page, kind)
        assert about.about in row(page, kind)
        assert "Make the file" in row(page, kind)
    assert 'href="/admin/downloads/" aria-current="page"' in page
    assert "http-equiv" not in page


def test_file_is_made_shown_and_sent_as_an_attachment(root: FlaskClient, people: Any) -> None:
    said = made(root)
    assert (said["state"], said["name"], said["progress"]) == ("ready", "echo-people.csv", 1.0)
    shown = row(root.get(f"{AT}/").text, "users")
    assert "echo-people.csv" in shown
    link = re.search(r'href="([^"]+/file/[^"]*)"', shown)
    assert link
    answer = root.get(link[1], buffered=True)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"] == "attachment; filename=echo-people.csv"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(answer.data) == said["bytes"] == int(answer.headers["Content-Length"])
    assert all(name in answer.text for name in people)


@pytest.mark.parametrize("kind", list(jobs.KINDS))
def test_each_kind_can_be_fetched(kind: str, root: FlaskClient) -> None:
    said = made(root, kind)
    answer = root.get(f"{AT}/file/?id={said['id']}", buffered=True)
    assert (answer.status_code, len(answer.data)) == (200, said["bytes"])
    acts = db.session.query(AuditEvent.act, AuditEvent.target).all()
    assert [tuple(each) for each in acts] == [(jobs.KINDS[kind].act, kind)]
    assert "downloaded" in (text := root.get("/admin/audit/").text) or "took a backup" in text


def test_page_without_script_shows_progress_and_comes_again(
    root: FlaskClient, held: Callable[[], None]
) -> None:
    answer = root.post(f"{AT}/begin/", data={"kind": "feedback"})
    assert (answer.status_code, answer.location) == (302, f"{AT}/")
    page = until(lambda: "40 %" in (page := root.get(f"{AT}/").text) and page, "it is at 40 %")
    assert '<noscript><meta http-equiv="refresh"' in page
    assert 'value="0.4"' in row(page, "feedback")
    assert "40 %" in row(page, "feedback")
    assert "<form" not in row(page, "feedback")
    assert "Make the file" in row(page, "users")


def test_state_tells_progress_and_the_file_is_not_there_yet(
    root: FlaskClient, held: Callable[[], None]
) -> None:
    download_id = begin(root, "feedback").json["id"]
    said = until(lambda: (said := state(root, download_id).json)["progress"] and said, "it begins")
    assert (said["state"], said["progress"]) == ("making", 0.4)
    early = root.get(f"{AT}/file/?id={download_id}", headers=AJAX)
    assert (early.status_code, early.json["message"]) == (404, "This file is not ready yet.")
    held()
    settled(root, download_id)
    assert root.get(f"{AT}/file/?id={download_id}", buffered=True).data == b"id\r\n"


def test_failure_is_told_with_a_way_on(root: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> str:
        raise StorageUnavailable("pg_dump is not installed on this machine.")

    kind = jobs.KINDS["database"]
    monkeypatch.setitem(jobs.KINDS, "database", jobs.Kind(kind.title, kind.about, fail, kind.act))
    assert made(root, "database")["error"] == "pg_dump is not installed on this machine."
    shown = row(root.get(f"{AT}/").text, "database")
    assert "pg_dump is not installed on this machine." in shown
    assert "Try again" in shown


def test_busy_is_told_in_both_ways(
    root: FlaskClient, held: Callable[[], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jobs, "AT_ONCE", 1)
    begin(root, "feedback")
    refused = begin(root, "users")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    assert "Please try again in a moment" in refused.json["message"]
    page = root.post(f"{AT}/begin/", data={"kind": "users"})
    assert page.status_code == 503
    assert "Other files are being made" in row(page.text, "users")
    assert "Other files are being made" not in row(page.text, "pictures")


def test_unknown_kind(root: FlaskClient) -> None:
    assert begin(root, "passwords").status_code == 400
    page = root.post(f"{AT}/begin/", data={"kind": "passwords"})
    assert (page.status_code, "There is no such download." in page.text) == (400, True)


# --- who may


@pytest.mark.parametrize("role", ["visitor", "user", "analyst", "admin"])
def test_only_super_admins(role: str, as_role: Callable[[str], FlaskClient]) -> None:
    root, client = as_role("super_admin"), as_role(role)
    download_id = made(root)["id"]
    for path in ("/", f"/state/?id={download_id}", f"/file/?id={download_id}"):
        assert client.get(AT + path, headers=AJAX).status_code in (401, 403)
    assert begin(client).status_code in (401, 403)
    assert "Downloads" not in client.get("/admin/", follow_redirects=True).text


def test_another_super_admin_sees_and_fetches_nothing_of_mine(
    app: Flask, root: FlaskClient, make_user: Callable[..., User], login: Callable[..., str]
) -> None:
    download_id = made(root)["id"]
    other = Browser(app, app.response_class, True)
    login(other, make_user("second", role=RoleName.SUPER_ADMIN))
    for path in ("state", "file"):
        assert other.get(f"{AT}/{path}/?id={download_id}", headers=AJAX).status_code == 404
    assert "echo-people.csv" not in other.get(f"{AT}/").text
    for wrong in ("", "../../echo.sqlite3", "x" * 5000):
        assert root.get(f"{AT}/file/?id={wrong}", headers=AJAX).status_code == 404


def test_who_lost_the_role_loses_the_file(root: FlaskClient, people: dict[str, User]) -> None:
    download_id = made(root)["id"]
    people["super_admin"].role_id = people["admin"].role_id
    db.session.commit()
    assert root.get(f"{AT}/file/?id={download_id}", headers=AJAX).status_code == 403


def test_beginning_asks_for_a_fresh_proof(root: FlaskClient) -> None:
    db.session.execute(update(Device).values(confirmed_at=utc_now() - timedelta(minutes=11)))
    db.session.commit()
    assert begin(root).json == {"status": "redirect", "url": "/confirm?next=/"}
    came_from = {"Referer": f"http://localhost{AT}/"}
    asked = root.post(f"{AT}/begin/", data={"kind": "database"}, headers=came_from)
    assert asked.status_code == 302
    assert asked.location.startswith(f"/confirm?next={AT}/&kept=")
    assert downloads.Downloads.here()._all == {}
    assert db.session.query(AuditEvent).count() == 0
    db.session.execute(update(Device).values(confirmed_at=utc_now()))
    db.session.commit()
    assert begin(root).status_code == 200


def test_begin_needs_the_pages_own_mark(app: Flask, root: FlaskClient) -> None:
    app.config.update(WTF_CSRF_ENABLED=True, WTF_CSRF_CHECK_DEFAULT=True)
    assert begin(root).status_code == 400
    assert downloads.Downloads.here()._all == {}


def test_begin_is_no_link(root: FlaskClient) -> None:
    assert root.get(f"{AT}/begin/").status_code == 405


def test_file_is_gone_after_an_hour(root: FlaskClient, people: dict[str, User]) -> None:
    download_id = made(root)["id"]
    download = downloads.Downloads.here().own(people["super_admin"], download_id)
    download.ended_at = (download.ended_at or 0) - jobs.KEPT_SECONDS - 1
    downloads.forget_old()
    answer = root.get(f"{AT}/file/?id={download_id}", headers=AJAX)
    assert (answer.status_code, answer.json["message"]) == (404, jobs.GONE)
    assert "Make the file" in row(root.get(f"{AT}/").text, "users")


@pytest.mark.parametrize(
    ("size", "words"),
    [(0, "0 bytes"), (999, "999 bytes"), (1_000, "1.0 kB"), (12_345_678, "12.3 MB"),
     (5_000_000_000_000, "5,000.0 GB")],
)  # fmt: skip
def test_sizes_in_words(size: int, words: str) -> None:
    assert in_words(size) == words
