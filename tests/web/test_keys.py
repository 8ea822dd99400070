"""The page of keys: making one after a fresh proof, seeing it once, revoking; and keys in addresses."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from echo.clock import utc_now
from echo.extensions import db
from echo.models import ApiKey, Device, User
from echo.services.sign_in import api_keys
from echo.web.keys import IN_AN_ADDRESS
from tests.api.keys import key_of
from tests.web.browser import Browser

WISH = {"name": "  My script ", "chat": "y", "days": "30"}


def shown(page: str) -> list[str]:
    return re.findall(r'value="(echo_sk_\w+)"', page)


def test_a_key_is_made_shown_once_and_revoked(ada: User, ada_browser: Browser) -> None:
    assert "Make your first key" in ada_browser.get("/profile/keys").text
    made = ada_browser.ajax("/profile/keys", WISH).get_json()
    assert made["status"] == "redirect"
    (key,) = shown(ada_browser.get(made["url"]).text)
    row = api_keys.find(key)
    assert row is not None
    assert (row.name, row.scope_names, row.user_id) == ("My script", "chat", ada.id)
    assert row.expires_at is not None
    assert timedelta(days=29) < row.expires_at - utc_now() < timedelta(days=31)
    again = ada_browser.get(made["url"]).text
    assert (shown(again), "My script" in again, f"…{key[-4:]}" in again) == ([], True, True)
    ada_browser.post(f"/profile/keys/{row.id}/revoke")
    db.session.expire_all()
    assert api_keys.find(key) is None
    assert "My script" not in ada_browser.get("/profile/keys").text


def test_without_scripts_the_form_leads_to_the_same_page(ada_browser: Browser) -> None:
    answer = ada_browser.post("/profile/keys", data={**WISH, "read": "y", "days": ""})
    assert answer.status_code == 302
    (key,) = shown(ada_browser.get(answer.location).text)
    row = api_keys.find(key)
    assert row is not None
    assert (row.scope_names, row.expires_at) == ("chat read", None)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"name": ""}, "name"), ({"name": "x" * 61}, "name"), ({"name": "a\nb"}, "name"),
        ({"days": "0"}, "days"), ({"days": "4000"}, "days"), ({"chat": ""}, "scopes"),
    ],
)  # fmt: skip
def test_a_wrong_wish_is_refused(
    change: dict[str, str], field: str, ada: User, ada_browser: Browser
) -> None:
    wish = {
        name: value for name, value in {**WISH, **change}.items() if (name, value) != ("chat", "")
    }
    answer = ada_browser.ajax("/profile/keys", wish)
    assert (answer.status_code, answer.get_json()["field"]) == (400, field)
    page = ada_browser.post("/profile/keys", data=wish)
    assert (page.status_code, page.mimetype) == (400, "text/html")
    assert api_keys.living(ada.id) == []


def test_a_stolen_session_makes_no_key(ada: User, ada_browser: Browser) -> None:
    db.session.query(Device).update({"confirmed_at": utc_now() - timedelta(minutes=11)})
    db.session.commit()
    answer = ada_browser.ajax("/profile/keys", WISH).get_json()
    assert answer["url"].startswith("/confirm")
    assert db.session.query(ApiKey).count() == 0


PLACES = (
    "/?key={}",
    "/chat?api_key={}",
    "/{}",
    "/profile?{}=1",
    "/help?q=x%20{}",
    "/v1/models?key={}",
)


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("working", [True, False])
def test_a_key_in_an_address_is_refused(
    place: str, working: bool, app: Flask, client: Browser, make_user: Callable[..., User]
) -> None:
    key = key_of(make_user("eve")) if working else api_keys.PREFIX + "x"
    answer = client.get(place.format(key), headers={"Accept": "application/json"})
    assert answer.status_code == 400
    assert IN_AN_ADDRESS[:40] in answer.text
    assert key not in answer.text
