"""What every answer carries: over every route, for visitors and for those who are signed in."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from echo.app import create_app
from echo.forms import spam_trap
from tests.conftest import PASSWORD, settings_for
from tests.security.conftest import Somebody
from tests.security.test_matrix import ask, in_worlds, rules
from tests.security.world import World
from tests.web.browser import Browser

FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(self), geolocation=(), payment=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = {
    "default-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "object-src": "'none'",
    "base-uri": "'none'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
}
SANDBOXED = {"default-src": "'none'", "sandbox": ""}  # of what people upload: nothing runs there
COOKIE = "echo_session"
GOES = ("www-authenticate", "server", "x-powered-by", "access-control-allow-origin")


def policy_of(response: Any) -> dict[str, str]:
    parts = response.headers["Content-Security-Policy"].split("; ")
    return {name: value for name, _, value in (part.partition(" ") for part in parts)}


def answers(app: Flask, person: Somebody, login: Any, things: World) -> Iterator[tuple[str, Any]]:
    """Yield the answer of every route and method, and of some that lead nowhere."""
    for rule, method, world in in_worlds(rules(app), things, person, login):
        yield f"{method} {rule.rule}", ask(person.browser, app, world, rule, method)
    for path in ("/nowhere", "/static/nowhere.js", "/c/%00", "/admin/nowhere"):
        yield path, person.browser.get(path)
    yield "405", person.browser.delete("/login")
    yield "413", person.browser.post("/login", data=b"x" * 3_000_000)


@pytest.mark.parametrize("kind", ["visitor", "owner", "super_admin"])
def test_every_answer_has_every_header(
    kind: str,
    app: Flask,
    things: World,
    somebody: Callable[[str], Somebody],
    login: Callable[..., str],
) -> None:
    person, nonces, count = somebody(kind), [], 0
    for what, response in answers(app, person, login, things):
        count += 1
        for name, value in FIXED.items():
            assert response.headers.get(name) == value, (what, name)
        of_programs = re.search(r" /(v1|api|chat)\b", what)
        asks_for_a_key = [("WWW-Authenticate", "Bearer")] if of_programs else []
        told = [pair for pair in response.headers if pair[0].lower() in GOES]
        assert told in ([], asks_for_a_key), what
        assert "Strict-Transport-Security" not in response.headers, what
        nonces += [each for each in [check_policy(what, response)] if each]  # pictures have none
        check_cache(what, response)
        check_cookies(what, response)
    assert count > 60
    assert len(set(nonces)) == len(nonces), "a nonce is used once"


def check_policy(what: str, response: Any) -> str | None:
    policy = policy_of(response)
    if policy == SANDBOXED:
        assert response.mimetype.startswith("image/")
        return None
    source = re.fullmatch(r"'self' 'nonce-([\w-]{20,})'", policy.pop("script-src"))
    assert source, what
    assert policy.pop("style-src") == source[0], what
    assert policy == POLICY, what
    if response.mimetype == "text/html":
        for tag in re.findall(r"<(?:script|style)\b[^>]*>", response.text):
            assert f'nonce="{source[1]}"' in tag or 'src="/static/' in tag, (what, tag)
        assert not re.search(r"<[^>]+\s(?:on\w+|style)=", response.text), what
    return source[1]


def check_cache(what: str, response: Any) -> None:
    """Nothing that a person alone may see stays in a cache, but pictures in the person's own browser."""
    kept = response.headers.get("Cache-Control", "")
    if "/static/" in what:
        assert "Cookie" not in response.headers.get("Vary", ""), what
        return
    if re.search(r" (/personas)?/pictures/|/picture$", what) and response.status_code == 200:
        assert re.fullmatch(r"private, max-age=\d+, immutable", kept), what
        assert "Cookie" in response.headers["Vary"], what
    else:
        assert kept == "no-store", what


def check_cookies(what: str, response: Any) -> None:
    for cookie in response.headers.getlist("Set-Cookie"):
        assert "/static/" not in what, what
        assert cookie.startswith(f"{COOKIE}="), what
        assert "; HttpOnly" in cookie, what
        assert "; SameSite=Lax" in cookie, what
        assert "; Path=/" in cookie, what
        assert "Domain=" not in cookie, what
        assert "Secure" not in cookie, what


def test_static_file_for_somebody_signed_in_is_the_same_as_for_anybody(
    app: Flask, somebody: Callable[[str], Somebody]
) -> None:
    """What caches share between people must not tell them apart (and does not touch the session)."""
    visitor, owner = somebody("visitor").browser, somebody("owner").browser
    with owner.session_transaction() as session:
        session.permanent = True  # "remember me": the cookie is sent anew with each page
    assert "Set-Cookie" in owner.get("/profile/devices").headers
    one, other = (b.get("/static/img/favicon.svg", buffered=True) for b in (visitor, owner))
    assert one.data == other.data
    for response in (one, other):
        assert "Set-Cookie" not in response.headers
        assert "Cookie" not in response.headers.get("Vary", "")


# ── HTTPS ───────────────────────────────────────────────────────────────────────────────────

BY_PROXY = {"X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.9"}


def log_in(browser: Browser, **how: Any) -> Any:
    data = {
        "credentials": "owner",
        "password": PASSWORD,
        "website": "",
        "opened_at": spam_trap.new_time(),
    }
    return browser.ajax("/login", data, **how)


def is_secured(response: Any) -> bool:
    cookies = response.headers.getlist("Set-Cookie")
    assert cookies
    secure = [("; Secure" in cookie) for cookie in cookies]
    assert len(set(secure)) == 1
    assert secure[0] is ("Strict-Transport-Security" in response.headers)
    return secure[0]


def test_https_alone_secures_cookie_and_host(app: Flask, owner: Any) -> None:
    plain, direct = (Browser(app, app.response_class, True) for _ in range(2))
    assert not is_secured(log_in(plain))
    secured = log_in(direct, base_url="https://localhost")
    assert is_secured(secured)
    assert secured.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_header_of_a_proxy_counts_only_where_one_is_trusted(
    app: Flask, owner: Any, tmp_path: Path, database_url: str
) -> None:
    assert not is_secured(log_in(Browser(app, app.response_class, True), headers=BY_PROXY))
    behind = create_app(settings_for(tmp_path, trusted_proxies=1, database_url=database_url))
    behind.config.update(TESTING=True, WTF_CSRF_ENABLED=False, WTF_CSRF_CHECK_DEFAULT=False)
    with behind.app_context():
        assert is_secured(log_in(Browser(behind, behind.response_class, True), headers=BY_PROXY))
        assert not is_secured(log_in(Browser(behind, behind.response_class, True)))
        # of several addresses only the last, which the trusted proxy itself wrote, counts
        forged = {"X-Forwarded-Proto": "https, http"}
        assert not is_secured(log_in(Browser(behind, behind.response_class, True), headers=forged))
