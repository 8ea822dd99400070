"""The list of devices: what it says, and ending the sessions of one, of others, and of nobody else's."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select

from echo import signals
from echo.extensions import db
from echo.models import Device, User
from echo.services.sign_in import device_names, devices
from tests.web.browser import Browser
from tests.web.test_account import is_signed_in

FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:128.0) Gecko/20100101 Firefox/128.0"
IPHONE = (
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Mobile/15E148 Safari/604.1"
)
CHROME = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36"
)


@pytest.mark.parametrize(
    ("user_agent", "title", "kind"),
    [
        (FIREFOX, "Firefox on Windows", "screen"),
        (IPHONE, "Safari on iOS", "phone"),
        (CHROME, "Chrome on macOS", "screen"),
        ("curl/8.4.0", "A program (curl)", "program"),
        ("python-requests/2.32", "A program (python-requests)", "program"),
        ("<script>alert(1)</script>", "A program", "program"),
        ("x" * 300, f"A program ({'x' * 24})", "program"),
        ("", "A program", "program"),
    ],
)
def test_devices_have_names_that_people_know(user_agent: str, title: str, kind: str) -> None:
    found = device_names.readable(user_agent)
    assert (found.title, found.kind) == (title, kind)


def signed_in_by(user: User, user_agent: str, method: str = "password") -> Device:
    token = devices.sign_in(
        user, address="10.1.2.3", user_agent=user_agent, remember=True, method=method
    )
    found = devices.find(token)
    assert found is not None
    return found


def test_list_shows_each_living_device_and_marks_this_one(ada: User, ada_browser: Browser) -> None:
    signed_in_by(ada, FIREFOX, method="google")
    signed_in_by(ada, IPHONE, method="passkey")
    devices.revoke(signed_in_by(ada, CHROME))
    page = ada_browser.get("/profile/devices").text
    assert page.count("This device") == 1
    for words in (
        "Firefox on Windows",
        "with Google",
        "Safari on iOS",
        "with a passkey",
        "10.1.2.3",
    ):
        assert words in page
    assert "Chrome on macOS" not in page
    assert page.index("This device") < page.index("Firefox on Windows")


def heard_ends(work: Callable[[], Any]) -> list[tuple[int, str | None]]:
    """Return whose sockets were told while `work` ran."""
    told: list[tuple[int, str | None]] = []

    def note(user_id: int, device_id: str | None, **_: Any) -> None:
        told.append((user_id, device_id))

    with signals.access_ended.connected_to(note):
        work()
    return told


def test_one_device_is_signed_out_and_the_others_stay(
    ada: User, ada_browser: Browser, signed_in: Any
) -> None:
    other, third = signed_in(ada), signed_in(ada)
    db.session.expire_all()
    row = db.session.scalars(select(Device).order_by(Device.created_at)).all()[1]
    path = f"/profile/devices/{row.id}/revoke"
    told = heard_ends(lambda: ada_browser.ajax(path))
    assert told == [(ada.id, row.id)]
    assert not is_signed_in(other)
    assert is_signed_in(third)
    assert is_signed_in(ada_browser)
    page = ada_browser.post(path)  # without JavaScript, and a second time
    assert (page.status_code, page.location) == (302, "/profile/devices")


def test_own_device_is_a_sign_out(ada: User, ada_browser: Browser) -> None:
    row = db.session.scalars(select(Device)).one()
    response = ada_browser.ajax(f"/profile/devices/{row.id}/revoke")
    assert response.get_json() == {"status": "redirect", "url": "/"}
    assert not is_signed_in(ada_browser)


def test_all_others_are_signed_out(
    ada: User, ada_browser: Browser, signed_in: Any, make_user: Any
) -> None:
    others = [signed_in(ada) for _ in range(3)]
    bob = signed_in(make_user("bob"))
    told = heard_ends(lambda: ada_browser.post("/profile/devices/revoke-others"))
    assert len(told) == 3
    assert [is_signed_in(each) for each in others] == [False] * 3
    assert is_signed_in(ada_browser)
    assert is_signed_in(bob)
    assert "everywhere else" not in ada_browser.get("/profile/devices").text.replace(
        "You are signed out everywhere else.", ""
    )


def test_other_peoples_devices_are_not_found(
    ada: User, ada_browser: Browser, make_user: Any, signed_in: Any
) -> None:
    bob_user = make_user("bob")
    bob = signed_in(bob_user)
    row = db.session.scalars(select(Device).where(Device.user_id == bob_user.id)).one()
    foreign = ada_browser.ajax(f"/profile/devices/{row.id}/revoke")
    absent = ada_browser.ajax("/profile/devices/01ABSENT/revoke")
    assert foreign.status_code == absent.status_code == 404
    assert foreign.get_json() == absent.get_json()
    assert is_signed_in(bob)


def test_forged_posts_end_nothing(csrf_on: None, ada: User, ada_browser: Browser) -> None:
    row = db.session.scalars(select(Device)).one()
    for path in (f"/profile/devices/{row.id}/revoke", "/profile/devices/revoke-others"):
        assert ada_browser.ajax(path).status_code == 400
    assert is_signed_in(ada_browser)
