"""Which language a page comes in: the account's, the browser's choice, what the browser asks for."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from echo.languages import COOKIE, LANGUAGES
from echo.models import User
from tests.web.browser import Browser


def html(browser: Browser, path: str = "/login", accept: str | None = None) -> str:
    headers = {"Accept-Language": accept} if accept else {}
    return str(browser.get(path, headers=headers).text)


def choose(browser: Browser, code: str, then: str = "/help") -> int:
    return browser.post(f"/language?next={then}", data={"language": code}).status_code


@pytest.mark.parametrize(
    ("accept", "code"),
    [
        (None, "en"),
        ("de", "de"),
        ("de-CH,fr;q=0.8", "de"),
        ("fr;q=0.3, es;q=0.9", "es"),
        ("zh-Hant-TW", "zh"),
        ("AR", "ar"),
        ("tlh, xx;q=0.9", "en"),
        ("tlh, hi;q=0.2", "hi"),
        ("*", "en"),
        (";;;,=\u00e9", "en"),
        ("../../etc/passwd", "en"),
    ],
)
def test_a_visitor_reads_what_the_browser_asks_for(client: Browser, accept: str, code: str) -> None:
    assert f'<html lang="{code}"' in html(client, accept=accept)


def test_a_choice_holds_in_this_browser_whatever_it_asks_for(client: Browser) -> None:
    assert choose(client, "fr") == 302
    assert '<html lang="fr" dir="ltr">' in html(client, accept="de")
    choose(client, "")
    assert '<html lang="de"' in html(client, accept="de")


def test_an_accounts_choice_holds_in_every_browser(
    ada: User, signed_in: Callable[[User], Browser]
) -> None:
    here, elsewhere = signed_in(ada), signed_in(ada)
    choose(here, "ar")
    elsewhere.set_cookie(COOKIE, "fr")  # of somebody who read here before
    assert '<html lang="ar" dir="rtl">' in html(elsewhere, "/help", "de")
    choose(elsewhere, "")
    assert '<html lang="de"' in html(elsewhere, "/help", "de")


def test_an_unknown_language_is_refused_and_nothing_changes(
    ada: User, ada_browser: Browser
) -> None:
    choose(ada_browser, "de")
    for wrong in ("tlh", "de ", "../de", "DE", "\x00", "e" * 5000):
        answer = ada_browser.post(
            "/language", data={"language": wrong}, headers={"Accept": "application/json"}
        )
        assert answer.status_code == 400, wrong
    assert '<html lang="de"' in html(ada_browser, "/help")


def test_a_cookie_that_names_no_language_counts_for_nothing(client: Browser) -> None:
    client.set_cookie(COOKIE, "../../tlh")
    assert '<html lang="en"' in html(client)


@pytest.mark.parametrize("target", ["//elsewhere.example", "https://elsewhere.example", "/\\x"])
def test_choosing_leads_nowhere_else(client: Browser, target: str) -> None:
    answer = client.post(f"/language?next={target}", data={"language": "de"})
    assert answer.headers["Location"] == "/"


def test_pages_say_their_language_to_caches(client: Browser) -> None:
    answer = client.get("/login", headers={"Accept-Language": "es"})
    assert answer.headers["Content-Language"] == "es"
    assert "Accept-Language" in answer.headers["Vary"]


def test_the_pages_list_every_language_by_its_own_name(client: Browser) -> None:
    page = html(client)
    assert all(language.name in page for language in LANGUAGES.values())
