"""Every page that visitors and members open, in a German of brackets: no text is kept from translators."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

import pytest
from babel.dates import format_skeleton
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Document, Feedback, RoleName, User, Visibility
from echo.scopes import Scope
from echo.services import audit, mail, site_settings
from echo.services.accounts import accounts, one_time_links
from echo.services.accounts.one_time_links import Purpose
from echo.services.audit import Act
from echo.services.documents import refusals
from echo.services.prompts import memories
from echo.services.sharing import links, shares
from echo.services.sign_in import api_keys, first_admin, kept_forms, second_factor
from echo.services.sign_in.api_keys import Wish
from echo.services.sign_in.kept_forms import KeptForm
from tests.conftest import PASSWORD
from tests.mail_server import MailServer
from tests.services.people import conversation_of, fill
from tests.web import routes
from tests.web.browser import Browser
from tests.web.pseudo import GERMAN, leaks

Maker = Callable[..., User]
LONG_AGO = utc_now() - timedelta(days=400)


def month_of(moment: datetime) -> str:
    return str(format_skeleton("yMMMM", moment, locale="de"))


OWN = (
    "ada@example.org", "ada", "watcher", "walrus.pending@example.org", "walrus.txt", "scripted",
    *(f"walrus {what}" for what in ("title", "folder", "prompt", "phone", "script", "memory", "copy")),
    *(f"walrus {what}" for what in ("shared", "opinion", "answer", "instructions", "text 1", "text 2")),
    "walrus text 3", "walrus text 4", "walrus persona", "walrus reason", "walrus objection",
    "walrus collection",
    "Ask a walrus.", "walrus", month_of(LONG_AGO),
)  # fmt: skip
"""What the people of these tests have written, what their model is called, and a month, which Babel says."""
HTML = "text/html"


def addresses(app: Flask, **known: str) -> list[str]:
    """Return the address of every page of the route table that is no administrator's."""
    return [
        path
        for path in routes.paths(app, "GET", **known)
        if not path.startswith(("/admin", "/static"))
    ]


def leaks_of(browser: Browser, paths: Iterable[str], surely: Iterable[str] = ()) -> str:
    """Return what leaks on each page that opens, as those of `surely` must.

    Redirects lead to others of them; refusals are said by services.
    """
    found = {}
    for path in (*paths, *surely):
        answer = browser.get(path, headers=GERMAN)
        assert answer.status_code == 200 or path not in surely, path
        if answer.status_code == 200 and answer.mimetype == HTML:
            found[path] = leaks(answer.text, OWN)
    return "\n".join(f"{path}: {text}" for path, texts in found.items() for text in texts)


def opened(answer: TestResponse) -> list[str]:
    assert answer.mimetype == HTML
    return leaks(answer.text, OWN)


def everything(user: User) -> None:
    """Give somebody whatever the pages can show: one of each, read and unread, new and long over."""
    fill(user)
    feedback = db.session.scalars(select(Feedback)).one()
    feedback.answered_at = utc_now()
    for status, pages in (("ready", 3), ("failed", None), ("reading", None)):
        row = Document(user_id=user.id, name="walrus.txt", size_bytes=5000, status=status)
        row.page_count, row.char_count = pages, 1200
        row.error = refusals.LOST if status == "failed" else None
        db.session.add(row)
    for days in (0, 1, 4):
        conversation_of(user, pinned=days == 4, updated_at=utc_now() - timedelta(days=days))
    conversation_of(user, updated_at=LONG_AGO)
    memories.add(user.id, "walrus memory", is_on=False)
    api_keys.make(user, Wish("walrus script", list(Scope), 30))
    watcher = accounts.sign_up("watcher", "watcher@example.org", PASSWORD, RoleName.SUPER_ADMIN)
    for act in (Act.CONVERSATION_OPENED, Act.MESSAGE_OPENED, Act.MESSAGES_LISTED):
        audit.record(act, watcher, subject_id=user.id, target="conversations/01X")
    db.session.commit()


def known_things(user: User) -> dict[str, str]:
    """Return arguments for the addresses of what this person has."""
    chat = conversation_of(user)
    share = shares.share(user.id, chat.id, shares.Wish(Visibility.PUBLIC, None, True)).row
    ready = db.session.scalars(select(Document.id).where(Document.status == "ready")).one()
    token = links.token_of(share) or ""
    return {"conversation_id": chat.id, "document_id": ready, "token": token}


def mailed_links(user: User) -> list[str]:
    """Return the addresses that links of mails lead to."""
    pages = {
        "reset": Purpose.RESET_PASSWORD,
        "unlock": Purpose.UNLOCK,
        "verify": Purpose.VERIFY_EMAIL,
    }
    return [
        f"/{page}/{one_time_links.make(purpose, user.id, email=user.email)}"
        for page, purpose in pages.items()
    ]


def test_every_page_that_a_visitor_opens(
    pseudo_german: Flask, client: Browser, make_user: Maker
) -> None:
    setup = first_admin.new_token()
    surely = [f"/setup/{setup}", "/help?q=chat", "/help?q=xyzzyx", *mailed_links(make_user("ada"))]
    assert leaks_of(client, addresses(pseudo_german), surely) == ""


def test_every_page_of_a_member_who_has_nothing(pseudo_german: Flask, ada_browser: Browser) -> None:
    surely = ["/", "/profile", "/profile/data", "/documents", "/profile/looks", "/conversations"]
    assert leaks_of(ada_browser, addresses(pseudo_german), surely) == ""


def test_every_page_of_a_member_who_has_everything(
    pseudo_german: Flask, make_user: Maker, signed_in: Callable[[User], Browser]
) -> None:
    ada = make_user("ada", role=RoleName.ADMIN)
    everything(ada)
    known = known_things(ada)
    kept = kept_forms.keep(ada.id, KeptForm("/profile", [("username", "ada")]))
    surely = [
        f"/c/{known['conversation_id']}",
        f"/conversations/{known['conversation_id']}/row",
        f"/share/{known['token']}",
        "/conversations?q=walrus text 4",
        "/conversations?q=xyzzyx",
        f"/documents/{known['document_id']}?at=0",
        f"/profile/security?setup={second_factor.begin_totp(ada)}",
        f"/profile/security?codes={second_factor.renew_codes(ada)}",
        f"/profile/keys?made={api_keys.keep_to_show(ada, 'ada')}",
        f"/confirm/go-on?kept={kept}",
    ]
    assert leaks_of(signed_in(ada), addresses(pseudo_german, **known), surely) == ""


@pytest.mark.parametrize("mode", ["open", "invite", "closed"])
def test_what_depends_on_the_site(
    mode: str, pseudo_german: Flask, make_user: Maker, client: Browser, ada_browser: Browser
) -> None:
    site_settings.change(
        None, signup_mode=mode, contributors="on", retention_days=30, banner="walrus"
    )
    settings = pseudo_german.extensions["settings"]
    settings.google_client_id, settings.mail_url = "an-id", "smtp://127.0.0.1:1"
    assert leaks_of(client, [], ["/", "/login", "/signup", "/forgot"]) == ""
    own = ["/profile", "/profile/data", "/profile/security", "/settings/account", "/confirm"]
    assert leaks_of(ada_browser, [], own) == ""


def test_the_second_step(pseudo_german: Flask, client: Browser, make_user: Maker) -> None:
    make_user("ada", totp_secret="a secret")
    client.post("/login", data={"credentials": "ada", "password": PASSWORD}, headers=GERMAN)
    assert leaks_of(client, [], ["/login/second"]) == ""


@pytest.mark.parametrize("path", ["/signup", "/login", "/forgot", "/profile"])
def test_refusals_of_forms(path: str, pseudo_german: Flask, ada_browser: Browser) -> None:
    wrong = {
        "username": "a",
        "email": "b",
        "password": "c",
        "confirm_password": "d",
        "opened_at": "e",
    }
    browser = ada_browser if path == "/profile" else Browser(pseudo_german, use_cookies=True)
    for sent in (wrong, {}):
        answer = browser.post(path, data=sent, headers=GERMAN)
        assert "⟦" in answer.text, "something was refused"
        assert opened(answer) == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/no/such/page"), ("PUT", "/login"), ("GET", "/share/1")]
)
def test_pages_of_errors(method: str, path: str, pseudo_german: Flask, client: Browser) -> None:
    assert opened(client.open(path, method=method, headers=GERMAN)) == []


def test_the_manifest_says_the_readers_language(pseudo_german: Flask, client: Browser) -> None:
    said = json.loads(client.get("/manifest.webmanifest", headers=GERMAN).text)
    assert (said["lang"], said["dir"]) == ("de", "ltr")
    assert [each["name"] for each in said["shortcuts"]] == ["⟦New chat⟧", "⟦Search chats⟧"]
    arabic = json.loads(client.get("/manifest.webmanifest", headers={"Accept-Language": "ar"}).text)
    assert (arabic["lang"], arabic["dir"]) == ("ar", "rtl")


def test_what_a_library_refuses_is_in_the_catalogue(
    pseudo_german: Flask, ada_browser: Browser
) -> None:
    for sent in ({"rating": "x", "category": "idea"}, {"category": "walrus"}):
        opinion = {"opinion": "Long enough an opinion", **sent}
        answer = ada_browser.ajax("/feedback", opinion, headers=GERMAN)
        assert answer.status_code == 400
        assert answer.json["message"].startswith("⟦")


def test_what_a_library_refuses_follows_the_language(app: Flask, ada_browser: Browser) -> None:
    said = {
        code: ada_browser.ajax(
            "/feedback",
            {"opinion": "Long enough an opinion", "category": "idea", "rating": "x"},
            headers={"Accept-Language": code},
        ).json["message"]
        for code in ("en", "de", "fr", "es", "ar", "zh")
    }
    assert said["en"] == "Not a valid integer value."
    assert len(set(said.values())) == len(said), said


# ── mails ───────────────────────────────────────────────────────────────────────────────────

MAILS = sorted(path.stem for path in Path("templates/mail").glob("*.txt"))
CONTEXT = {"token": "t", "name": "k", "text": "1", "what": "Saved.", "address": "ada@example.org"}
ADDRESS = re.compile(r"https://\S+")


def words_of(message: EmailMessage) -> str:
    return f"{message['Subject']}\n{message.get_content()}"


@pytest.mark.parametrize("template", MAILS)
def test_a_mail_is_in_its_readers_language(
    template: str, pseudo_german: Flask, smtp_server: MailServer, make_user: Maker
) -> None:
    """Whoever causes it: nobody asks here, so that the usual language is English."""
    mail.notify(make_user("ada", language="de"), template, **CONTEXT)
    mail.notify(make_user("bob"), template, **CONTEXT)
    smtp_server.settle()
    to_ada, to_bob = sorted(smtp_server.mails(), key=lambda each: str(each["To"]))
    assert leaks(ADDRESS.sub("", words_of(to_ada))) == []
    assert "⟦" not in words_of(to_bob)


def test_leaks_are_found() -> None:
    page = """<html lang="de"><head><title>⟦Help⟧ · Echo</title><style>p {}</style></head><body>
    <p title="Plain">⟦Said by <b>ada</b>⟧ at once</p><img alt="⟦Seen⟧"><template><i>hidden</i></template>
    <noscript>no script</noscript><code>code</code><option lang="fr">Français</option><p>ada 12</p></body>"""
    assert leaks(page, ["ada"]) == [
        "<p title> Plain", "<p> at once", "<i> hidden", "<noscript> no script",
    ]  # fmt: skip
