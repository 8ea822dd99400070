"""Headers and cookies that every answer carries, and pages without inline code."""

import re
from typing import Any

import pytest
from flask import Flask

from echo.models import User
from tests.web.browser import Browser
from tests.web.routes import paths

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}
PAGES = ("/", "/signup", "/login", "/nowhere")
OWN_PAGES = ("/", "/profile", "/conversations", "/conversations?q=a")


def policy_of(response: Any) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)


@pytest.mark.parametrize("who", ["visitor", "ada"])
def test_every_answer_has_every_header(
    app: Flask, who: str, client: Browser, ada_browser: Browser
) -> None:
    browser = client if who == "visitor" else ada_browser
    for path in [*paths(app, "GET"), *paths(app, "POST"), "/nowhere"]:
        for method in ("GET", "POST"):
            response = browser.open(path, method=method, buffered=True)
            for name, value in HEADERS.items():
                assert response.headers.get(name) == value, (path, name)
            policy = policy_of(response)
            assert "unsafe" not in str(policy), path
            assert policy["object-src"] == policy["frame-ancestors"] == "'none'"
            assert policy["default-src"] == "'self'"
            if not path.startswith("/static"):
                assert response.headers["Cache-Control"] == "no-store", path


def test_nonce_is_new_each_time_and_no_inline_code_escapes_it(
    client: Browser, ada_browser: Browser
) -> None:
    nonces = []
    for browser, pages in ((client, PAGES), (ada_browser, OWN_PAGES)):
        for path in pages:
            response = browser.get(path)
            nonces.append(re.search("'nonce-(.+?)'", str(policy_of(response)))[1])
            for tag in re.findall(r"<(?:script|style)\b[^>]*>", response.text):
                assert "src=" in tag or f'nonce="{nonces[-1]}"' in tag, (path, tag)
            assert not re.search(r"<[^>]+\s(?:on\w+|style)=", response.text), path
            assert "javascript:" not in response.text
    assert len(set(nonces)) == len(nonces)


def test_pages_fetch_nothing_from_elsewhere(client: Browser, ada_browser: Browser) -> None:
    for browser, pages in ((client, PAGES), (ada_browser, OWN_PAGES)):
        for path in pages:
            sources = re.findall(r'(?:src|href|action)="([^"]*)"', browser.get(path).text)
            foreign = [url for url in sources if re.match(r"(?:https?:)?//", url)]
            assert foreign == [], path


def test_session_cookie_is_closed_to_scripts_and_other_sites(
    client: Browser, ada: User, form_time: Any
) -> None:
    data = {
        "credentials": "ada",
        "password": "correct horse battery",
        "website": "",
        "opened_at": form_time(),
    }
    plain = client.ajax("/login", data).headers["Set-Cookie"]
    assert "HttpOnly" in plain
    assert "SameSite=Lax" in plain
    assert "Secure" not in plain
    client.post("/logout")
    secure = client.ajax("/login", data, base_url="https://localhost")
    cookies = secure.headers.getlist("Set-Cookie")
    assert all("Secure" in cookie for cookie in cookies)
    assert secure.headers["Strict-Transport-Security"]


def test_no_cookie_but_the_session(client: Browser, ada_browser: Browser) -> None:
    for browser in (client, ada_browser):
        for path in (*PAGES, *OWN_PAGES):
            for cookie in browser.get(path).headers.getlist("Set-Cookie"):
                assert cookie.startswith("echo_session=")


def test_versioned_static_file_is_kept_for_ever_and_others_are_not(client: Browser) -> None:
    path = "/static/img/favicon.svg"
    assert "immutable" in client.get(f"{path}?v=1", buffered=True).headers["Cache-Control"]
    assert "immutable" not in client.get(path, buffered=True).headers["Cache-Control"]
