"""What a browser needs to install Echo: the manifest, its icons, and what the pages say of both."""

from __future__ import annotations

import io
import json
import re
from typing import Any

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import select

from echo.clock import iso
from echo.extensions import db
from echo.models import Device, User
from echo.services.sign_in import devices
from echo.web.template_helpers import PAGE_COLOURS
from tests.structure.layers import ROOT
from tests.web.browser import Browser
from tests.web.test_account import credentials


def test_the_manifest_says_what_is_installed(client: Browser) -> None:
    response = client.get("/manifest.webmanifest")
    assert response.status_code == 200
    assert response.mimetype == "application/manifest+json"
    said = json.loads(response.text)
    assert (said["name"], said["display"]) == ("Echo", "standalone")
    assert said["start_url"] == said["scope"] == said["id"] == "/"
    assert said["theme_color"] in PAGE_COLOURS.values()
    assert [(each["name"], each["url"]) for each in said["shortcuts"]] == [
        ("New chat", "/"),
        ("Search chats", "/#search"),
    ]


def test_every_icon_is_there_as_large_as_is_said(client: Browser) -> None:
    icons = json.loads(client.get("/manifest.webmanifest").text)["icons"]
    assert {(each["sizes"], each["purpose"]) for each in icons} == {
        (f"{size}x{size}", purpose) for size in (192, 512) for purpose in ("any", "maskable")
    }
    for each in icons:
        response = client.get(each["src"], buffered=True)
        assert "immutable" in response.headers["Cache-Control"]
        picture = Image.open(io.BytesIO(response.data)).convert("RGBA")
        assert each["sizes"] == "{}x{}".format(*picture.size)
        corner = picture.getpixel((0, 0))
        assert corner[3] == (255 if each["purpose"] == "maskable" else 0), each  # type: ignore[index]


def test_addresses_begin_with_what_the_server_is_mounted_at(app: Flask) -> None:
    """As WSGI servers tell it; nothing that a client sends changes it."""
    client = app.test_client()
    said = json.loads(
        client.get("/manifest.webmanifest", environ_overrides={"SCRIPT_NAME": "/echo"}).text
    )
    assert said["start_url"] == said["scope"] == "/echo/"
    assert all(each["src"].startswith("/echo/static/") for each in said["icons"])
    assert said["shortcuts"][1]["url"] == "/echo/#search"
    forged = client.get("/manifest.webmanifest", headers={"X-Forwarded-Prefix": "/echo"})
    assert json.loads(forged.text)["start_url"] == "/"


@pytest.mark.parametrize("path", ["/", "/login", "/no/such/page"])
def test_every_page_names_the_manifest_and_the_colours_of_both_themes(
    client: Browser, path: str
) -> None:
    page = client.get(path).text
    link = '<link rel="manifest" href="/manifest.webmanifest" crossorigin="use-credentials">'
    assert link in page, "it is fetched with cookies: they say in which language"
    told = re.findall(r'name="theme-color" content="(#\w+)" media="[^"]*: (\w+)\)"', page)
    assert {scheme: colour for colour, scheme in told} == PAGE_COLOURS


def test_the_colours_are_those_of_the_page() -> None:
    tokens = (ROOT / "static" / "css" / "tokens.css").read_text()
    light, dark = re.findall(r"--page: light-dark\((#\w+), (#\w+)\)", tokens)[0]
    assert {"light": light, "dark": dark} == PAGE_COLOURS


# ── the service worker ──────────────────────────────────────────────────────────────────────


def test_the_worker_names_its_release_and_is_never_kept(
    client: Browser, ada_browser: Browser
) -> None:
    page = client.get("/login").text
    release = re.findall(r"tokens\.css\?v=(\w+)", page)[0]
    for browser in (client, ada_browser):
        response = browser.get("/sw.js")
        assert response.mimetype == "text/javascript"
        assert response.text.startswith(f'const RELEASE = "{release}";\n')
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["Service-Worker-Allowed"] == "/"
        assert "connect-src 'self'" in response.headers["Content-Security-Policy"]
    assert "ada" not in ada_browser.get("/sw.js").text


def test_pages_say_whose_they_are(client: Browser, ada: User, ada_browser: Browser) -> None:
    """So that what is stored in the browser goes when it is another's, or nobody's."""
    for path in ("/", "/login", "/no/such/page"):
        assert '<meta name="account" content="">' in client.get(path).text
    for path in ("/", "/profile", "/no/such/page"):
        assert f'<meta name="account" content="{ada.id}">' in ada_browser.get(path).text
    ada_browser.post("/logout")
    assert '<meta name="account" content="">' in ada_browser.get("/").text


@pytest.mark.parametrize("remembered", [False, True])
def test_the_page_knows_how_long_its_session_lasts(
    ada: User, client: Browser, form_time: Any, remembered: bool
) -> None:
    client.ajax("/login", {**credentials(form_time), **({"remember": "y"} if remembered else {})})
    boot = json.loads(re.findall(r'id="boot"[^>]*>(.*?)</script>', client.get("/").text)[0])
    kind = devices.REMEMBERED if remembered else devices.LIFETIME
    assert boot["session"] == {
        "remembered": remembered,
        "idle_seconds": kind.idle.total_seconds(),
        "ends_at": iso(db.session.scalars(select(Device)).one().expires_at),
    }
