"""What the settings show of the account: what holds now, of oneself alone, with text as text."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

from echo.extensions import db
from echo.models import User
from echo.services.chats import personas
from echo.services.prompts import saved
from echo.services.sign_in import devices
from tests.web.browser import AJAX, Browser
from tests.web.test_devices import FIREFOX, signed_in_by


def test_account_says_who_one_is(ada: User, ada_browser: Browser) -> None:
    ada.email = '"<b>"@example.org'
    db.session.commit()
    part = ada_browser.get("/settings/account").text
    assert "<html" not in part
    assert "ada" in part
    assert "0 prompts · 0 characters · 0 chats" in part
    assert "&lt;b&gt;" in part
    assert "<b>" not in part


def test_security_lists_where_one_is_signed_in_and_offers_to_end_others_only(
    ada: User, ada_browser: Browser, make_user: Any
) -> None:
    alone = ada_browser.get("/settings/security").text
    assert "This device" in alone
    assert "<form" not in alone
    signed_in_by(make_user("grace"), FIREFOX)
    assert "Firefox" not in ada_browser.get("/settings/security").text
    other = signed_in_by(ada, FIREFOX)
    part = ada_browser.get("/settings/security").text
    assert f'action="/profile/devices/{other.id}/revoke"' in part
    assert "Sign out everywhere else" in part
    assert part.count("This device") == 1
    assert ada_browser.ajax(f"/profile/devices/{other.id}/revoke").status_code == 200
    assert "Firefox" not in ada_browser.get("/settings/security").text


def test_who_is_signed_out_meanwhile_is_told_so(ada: User, ada_browser: Browser) -> None:
    devices.revoke_all(ada.id, reason="Gone.")
    for path in ("/settings/account", "/settings/security"):
        assert ada_browser.get(path, headers=AJAX).status_code == 401


def test_no_two_things_of_the_chat_page_and_its_panels_have_one_id(
    ada: User, ada_browser: Browser
) -> None:
    """Each panel comes into the page when its tab is opened: a label names what has the id first."""
    saved.make(ada.id, saved.Wording("Explain", "Explain this"))
    personas.make(ada.id, {"name": "Fox"})
    page = ada_browser.get("/").text
    panels = re.findall(r'data-src="([^"]+)"', page)
    assert len(panels) == 5
    text = page + "".join(ada_browser.get(address).text for address in panels)
    ids = Counter(re.findall(r'\sid="([^"]+)"', text))
    assert [name for name, times in ids.items() if times > 1] == []
