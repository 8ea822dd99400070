"""The help page: everybody reads what is theirs, searches by address, and every link leads somewhere."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from echo.models import RoleName, User
from echo.services import site_settings
from echo.services.help import entries
from tests.web.browser import Browser

Maker = Callable[..., User]
PLACE = re.compile(r'<a class="help-place" href="([^"]+)"')


def shown(page: str) -> set[str]:
    return set(re.findall(r'<article class="help-entry" id="([\w-]+)"', page))


def test_visitors_read_what_is_for_everybody(client: Browser) -> None:
    page = client.get("/help")
    assert page.status_code == 200
    assert {"sign-up", "forgot-password", "theme"} <= shown(page.text)
    assert not {"dashboard", "audit", "admin-settings"} & shown(page.text)
    assert "/#settings" not in page.text, "dialogs of the chat are no place for a visitor"
    assert "<h2" in page.text


@pytest.mark.parametrize(
    ("role", "sees", "not_yet"),
    [
        (RoleName.USER, "admin-side", "dashboard"),
        (RoleName.ANALYST, "dashboard", "audit"),
        (RoleName.ADMIN, "audit", "admin-downloads"),
        (RoleName.SUPER_ADMIN, "admin-downloads", None),
    ],
)
def test_each_role_reads_its_own(
    role: RoleName,
    sees: str,
    not_yet: str | None,
    make_user: Maker,
    signed_in: Callable[[User], Browser],
) -> None:
    page = signed_in(make_user("somebody", role=role)).get("/help").text
    assert sees in shown(page)
    assert not_yet not in shown(page)


def test_every_place_can_be_opened(make_user: Maker, signed_in: Callable[[User], Browser]) -> None:
    browser = signed_in(make_user("root", role=RoleName.SUPER_ADMIN))
    places = {url.partition("#")[0] for url in PLACE.findall(browser.get("/help").text)}
    assert len(places) > 15
    for url in places:
        answer = browser.get(url, follow_redirects=True)
        # the dashboard waits for its first sums, which the serving process makes
        assert answer.status_code in (200, 503 if url == "/admin/" else 200), url


def test_every_entry_can_be_linked_to(
    make_user: Maker, signed_in: Callable[[User], Browser]
) -> None:
    page = signed_in(make_user("root", role=RoleName.SUPER_ADMIN)).get("/help").text
    assert shown(page) == {entry.id for entry in entries()}
    assert 'href="#change-password"' in page


def test_search_by_address_works_without_a_script(client: Browser) -> None:
    page = client.get("/help?q=forgot password").text
    assert "forgot-password" in shown(page)
    assert len(shown(page)) < 10
    assert 'value="forgot password"' in page
    assert 'role="status"' in page
    assert shown(client.get("/help?q=").text) == shown(client.get("/help").text)


def test_what_is_typed_is_shown_as_text_and_never_breaks_the_page(client: Browser) -> None:
    evil = '"><img src=x onerror=xylophone()>'
    page = client.get("/help", query_string={"q": evil})
    assert page.status_code == 200
    assert "<img src=x" not in page.text
    assert shown(page.text) == set()
    for query in ("x" * 5_000, "💥\u202e", "%", "\x00", " a  b "):
        assert client.get("/help", query_string={"q": query}).status_code == 200


def test_labels_and_keys_are_set_off(client: Browser) -> None:
    page = client.get("/help?q=stop answer").text
    assert "<b>Stop</b>" in page
    assert "<kbd>Esc</kbd>" in page
    assert "**" not in page


def test_texts_follow_the_server(app: Flask, client: Browser) -> None:
    assert "sends no mail" in client.get("/help").text
    site_settings.change(None, signup_mode="invite", retention_days=30)
    page = client.get("/help").text
    assert "An account needs an invitation link" in page
    assert "keeps unused chats for 30 days at most" in page


@pytest.mark.parametrize("path", ["/login", "/signup", "/forgot", "/"])
def test_pages_around_the_chat_lead_to_it(path: str, client: FlaskClient) -> None:
    assert 'href="/help"' in client.get(path).text


def test_the_chat_leads_to_it(ada_browser: Browser, app: Flask) -> None:
    assert 'href="/help"' in ada_browser.get("/").text
    menu = (app.static_folder or "") + "/js/page_controls.js"
    with open(menu) as script:
        assert '{ label: t("Help"), icon: "help", href: "/help" }' in script.read()


def test_it_is_shown_also_where_the_model_is_told_nothing(client: Browser) -> None:
    site_settings.change(None, help="off")
    assert "change-password" in shown(client.get("/help").text)
