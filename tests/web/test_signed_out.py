"""What a browser is told to forget: the drafts of who was signed out, never of a session that ran out."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Device, User
from echo.services.people import deletion
from echo.services.sign_in import devices
from tests.web.browser import Browser
from tests.web.test_account import credentials


def named(browser: Browser, path: str = "/login") -> str | None:
    """Whose drafts the page takes out of the browser."""
    found = re.search(r'<meta name="signed-out" content="([^"]+)">', browser.get(path).text)
    return found[1] if found else None


def test_browser_forgets_who_signed_out_until_somebody_signs_in(
    ada: User, ada_browser: Browser, form_time: Any
) -> None:
    assert named(ada_browser, "/") is None
    ada_browser.post("/logout")
    for path in ("/", "/login", "/no/such/page"):
        assert named(ada_browser, path) == str(ada.id)
    ada_browser.ajax("/login", credentials(form_time))
    assert named(ada_browser, "/") is None


def test_signed_out_from_elsewhere_while_no_page_was_open(ada: User, ada_browser: Browser) -> None:
    devices.revoke_all(ada.id, reason="Signed out by an administrator.")
    assert named(ada_browser) == str(ada.id)


@pytest.mark.parametrize("collected", [False, True])
@pytest.mark.parametrize("over", ["expires_at", "last_seen_at"])
def test_session_that_ran_out_takes_nothing_away(
    over: str, collected: bool, ada_browser: Browser
) -> None:
    device = db.session.scalars(select(Device)).one()
    setattr(device, over, utc_now() - timedelta(hours=13))
    db.session.commit()
    if collected:
        assert devices.end_expired() == 1
    assert ada_browser.get("/profile").status_code == 302
    assert named(ada_browser) is None


def test_account_that_is_gone_leaves_nothing(ada: User, ada_browser: Browser) -> None:
    deletion.delete_account(ada)
    assert named(ada_browser) == devices.EVERYBODY


def test_visitor_who_never_signed_in_is_told_nothing(client: Browser) -> None:
    assert named(client) is None


def test_only_another_person_who_signs_in_over_it_makes_the_browser_forget_the_former(
    ada: User, ada_browser: Browser, make_user: Callable[..., User], form_time: Any
) -> None:
    ada_browser.ajax("/login", credentials(form_time))
    assert named(ada_browser, "/") is None
    make_user("grace")
    ada_browser.ajax("/login", credentials(form_time, credentials="grace"))
    assert named(ada_browser, "/") == str(ada.id)


def test_page_that_was_asked_for_too_fast_asks_again_by_itself(
    client: Browser, limits_on: None, form_time: Any
) -> None:
    looks = [client.get("/login") for _ in range(30)]
    posts = [client.post("/login", data=credentials(form_time)) for _ in range(4)]
    for answers, asks_again in ((looks, True), (posts, False)):
        refused = [each.text for each in answers if each.status_code == 429]
        assert refused
        assert all(('data-again="1"' in text) is asks_again for text in refused)


def test_form_that_another_tab_shows_works_after_the_sign_out_and_signing_in_makes_a_new_token(
    ada: User, ada_browser: Browser, form_time: Any, csrf_on: None
) -> None:
    page = ada_browser.get("/help").text  # of before, in another tab
    found = re.search(r'name="csrf-token" content="([^"]+)"', page)
    assert found
    before = secret_of_forms(ada_browser)
    ada_browser.post("/logout", data={"csrf_token": found[1]})
    answer = ada_browser.ajax("/login", {**credentials(form_time), "csrf_token": found[1]})
    assert answer.get_json()["status"] == "redirect"
    ada_browser.get("/help")
    assert secret_of_forms(ada_browser) not in (None, before)


def secret_of_forms(browser: Browser) -> str | None:
    with browser.session_transaction() as session:
        return session.get("csrf_token")
