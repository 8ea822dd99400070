"""Lost passwords, proofs of addresses and the end of a block: by real forms and a real SMTP server."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine
from structlog.testing import capture_logs

from echo.clock import utc_now
from echo.errors import WrongCredentials
from echo.extensions import db
from echo.models import Device, OneTimeLink, User
from echo.services.accounts import addresses, one_time_links
from echo.services.accounts.one_time_links import Purpose
from echo.services.people import profile
from echo.services.sign_in import login_delays, password_login
from tests.conftest import PASSWORD, switch
from tests.mail_fixtures import PUBLIC_URL
from tests.mail_server import MailServer, link_in, path_in
from tests.web.browser import Browser

NEW = "seven purple walruses"
GONE = "has been used already or has expired"
ANSWER = "If there is such an account"


@pytest.fixture
def forgot(client: Browser, form_time: Any) -> Callable[..., Any]:
    """Fill in the page for forgotten passwords."""

    def ask(name: str, **kwargs: Any) -> Any:
        data = {"credentials": name, "website": "", "opened_at": form_time()}
        return client.post("/forgot", data=data, **kwargs)

    return ask


def new_password(password: str = NEW, again: str | None = None) -> dict[str, str]:
    return {"password": password, "confirm_password": password if again is None else again}


def sign_up(client: Browser, form_time: Any, **changes: str) -> Any:
    values = {"username": "grace", "email": "grace@example.org", **new_password()}
    hidden = {"website": "", "opened_at": form_time()}
    return client.post("/signup", data={**values, **hidden, **changes})


def flashes(client: Browser) -> str:
    """Return the toasts of the next page."""
    page = client.get("/setup/nothing").text  # any page shows them
    return " ".join(re.findall(r'class="text">([^<]*)<', page))


# ── addresses ───────────────────────────────────────────────────────────────────────────────────


def test_sign_up_sends_a_link_and_only_its_button_proves_the_address(
    client: Browser, form_time: Any, smtp_server: MailServer, fresh: Any
) -> None:
    assert sign_up(client, form_time).status_code == 302
    assert "We sent you a link" in flashes(client)
    mail = smtp_server.last()
    assert mail["To"] == "grace@example.org"
    assert link_in(mail).startswith(f"{PUBLIC_URL}/verify/")
    for _ in range(3):  # programs that look into mails follow links
        page = client.get(path_in(mail))
        assert page.status_code == 200
        assert "grace@example.org" in page.text
    user = db.session.scalars(select(User)).one()
    assert user.email_verified_at is None
    assert client.post(path_in(mail)).location == "/"
    fresh()
    assert user.email_verified_at is not None
    again = client.post(path_in(mail))
    assert (again.status_code, GONE in again.text) == (404, True)


def test_sign_up_works_when_the_mail_server_is_away(
    client: Browser, form_time: Any, smtp_server: MailServer, fresh: Any
) -> None:
    smtp_server.stop()
    with capture_logs() as logs:
        assert sign_up(client, form_time).status_code == 302
        smtp_server.settle()
    assert {line["event"] for line in logs} == {"mail not sent"}
    assert "grace" not in str(logs)
    assert db.session.scalars(select(User)).one().username == "grace"


def test_forged_host_does_not_get_into_the_link(
    client: Browser, form_time: Any, ada: User, forgot: Any, smtp_server: MailServer
) -> None:
    forged = {"Host": "evil.example", "X-Forwarded-Host": "evil.example"}
    forgot("ada", headers=forged)
    mail = smtp_server.last()
    assert "evil" not in mail.as_string()
    assert link_in(mail).startswith(f"{PUBLIC_URL}/reset/")


CRAFTED = [
    "grace@example.org\r\nBcc: eve@example.org",
    "grace@example.org\nBcc: eve@example.org",
    "grace@example.org\u2028Bcc:eve@example.org",
    "grace@example.org,eve@example.org",
    "Grace <grace@example.org>",
    '"a\r\nBcc: eve"@example.org',
]


@pytest.mark.parametrize("address", CRAFTED)
def test_crafted_address_sends_nothing(
    address: str, client: Browser, form_time: Any, forgot: Any, smtp_server: MailServer
) -> None:
    assert sign_up(client, form_time, email=address).status_code == 400
    assert forgot(address).status_code in (302, 400)
    smtp_server.settle()
    assert smtp_server.mails() == []


def change(user: User, **changes: str) -> None:
    values = {"username": user.username, "email": user.email, "new_password": "", "password": ""}
    profile.change_profile(user, **{**values, **changes}, keep_device="")


def test_new_address_waits_for_its_link_and_the_old_one_is_told(
    client: Browser, ada: User, smtp_server: MailServer, fresh: Any
) -> None:
    change(ada, email="lovelace@example.org", password=PASSWORD)
    fresh()
    assert (ada.email, ada.email_verified_at) == ("ada@example.org", None)
    assert addresses.pending(ada.id) == "lovelace@example.org"
    first, second = sorted(smtp_server.wait(2), key=lambda mail: str(mail["To"]))
    assert first["To"] == "ada@example.org"
    assert "lovelace" not in first.as_string()
    assert second["To"] == "lovelace@example.org"
    assert client.post(path_in(second)).status_code == 302
    fresh()
    assert ada.email == "lovelace@example.org"
    assert ada.email_verified_at
    assert addresses.pending(ada.id) is None
    assert password_login.check_password("lovelace@example.org", PASSWORD).id == ada.id


def test_without_mail_a_new_address_counts_at_once_but_unproved(ada: User, fresh: Any) -> None:
    ada.email_verified_at = utc_now()
    db.session.commit()
    change(ada, email="lovelace@example.org", password=PASSWORD)
    fresh()
    assert (ada.email, ada.email_verified_at) == ("lovelace@example.org", None)
    assert addresses.pending(ada.id) is None


def test_link_proves_the_address_it_was_sent_to_and_no_other(
    client: Browser, ada: User, smtp_server: MailServer, fresh: Any
) -> None:
    addresses.send_link(ada)
    old = path_in(smtp_server.last())
    ada.email, ada.email_key = "other@example.org", "other@example.org"
    db.session.commit()
    client.post(old)
    fresh()
    assert ada.email == "ada@example.org"  # the proved one, never "other" as proved


def test_address_that_somebody_took_meanwhile_is_refused_and_the_link_stays(
    client: Browser, ada: User, make_user: Any, smtp_server: MailServer, fresh: Any
) -> None:
    change(ada, email="bob@example.org", password=PASSWORD)
    path = path_in(next(mail for mail in smtp_server.wait(2) if mail["To"] == "bob@example.org"))
    make_user("bob")
    refused = client.ajax(path)
    assert (refused.status_code, refused.get_json()["field"]) == (409, "email")
    assert client.get(path).status_code == 200
    fresh()
    assert ada.email == "ada@example.org"


def test_new_password_stops_a_change_of_address(
    client: Browser, ada: User, smtp_server: MailServer
) -> None:
    change(ada, email="thief@example.org", password=PASSWORD)
    mail = next(mail for mail in smtp_server.wait(2) if mail["To"] == "thief@example.org")
    change(ada, new_password=NEW, password=PASSWORD)
    assert addresses.pending(ada.id) is None
    assert client.post(path_in(mail)).status_code == 404


def test_link_for_an_address_can_be_sent_again_some_times(
    ada_browser: Browser, ada: User, smtp_server: MailServer, limits_on: None
) -> None:
    for count in (1, 2, 3):
        sent = ada_browser.ajax("/profile/verify", environ_overrides=from_address(count))
        assert sent.get_json()["status"] == "ok"
        assert "ada@example.org" in sent.get_json()["message"]
        last = smtp_server.last(count)  # mails on their way overtake each other
    fourth = ada_browser.ajax("/profile/verify", environ_overrides=from_address(4))
    assert fourth.status_code == 429
    assert int(fourth.headers["Retry-After"]) > 60
    assert ada_browser.post(path_in(last)).status_code == 302
    confirmed = ada_browser.ajax("/profile/verify", environ_overrides=from_address(5))
    assert confirmed.status_code == 400


def from_address(number: int) -> dict[str, str]:
    return {"REMOTE_ADDR": f"10.2.0.{number}"}


def test_without_mail_no_link_is_promised(ada_browser: Browser, client: Browser) -> None:
    assert ada_browser.ajax("/profile/verify").status_code == 400
    assert client.post("/profile/verify").status_code == 302  # a visitor: to the login


# ── a lost password ─────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("name", ["ada", "ADA@example.org", "\u212ada@example.org"])
def test_link_goes_to_the_stored_address_whatever_was_typed(
    name: str, make_user: Any, forgot: Any, smtp_server: MailServer
) -> None:
    make_user("ada")
    make_user("kda")  # the Kelvin sign is folded to a plain k
    forgot(name)
    mail = smtp_server.last()
    assert mail["To"] in ("ada@example.org", "kda@example.org")
    assert (mail["To"] == "kda@example.org") is name.startswith("\u212a")


def test_forgotten_password_from_the_page_to_the_new_one(
    client: Browser,
    ada: User,
    signed_in: Callable[[User], Browser],
    forgot: Any,
    smtp_server: MailServer,
    fresh: Any,
) -> None:
    elsewhere = signed_in(ada)
    assert "Forgot your password?" in client.get("/login").text
    asked = forgot("ada")
    assert (asked.status_code, asked.location) == (302, "/login")
    assert ANSWER in flashes(client)
    path = path_in(smtp_server.last())
    page = client.get(path)
    assert "ada" in page.text
    weak = client.ajax(path, new_password("password1"))
    assert (weak.status_code, weak.get_json()["field"]) == (400, "password")
    differs = client.ajax(path, new_password(NEW, "another"))
    assert (differs.status_code, differs.get_json()["field"]) == (400, "confirm_password")
    named = client.ajax(path, new_password("ada@example.org"))
    assert named.status_code == 400
    done = client.post(path, data=new_password())
    assert (done.status_code, done.location) == (302, "/login")
    fresh()
    assert ada.email_verified_at  # the link came to this address
    assert password_login.check_password("ada", NEW).id == ada.id
    assert elsewhere.ajax("/profile/verify").status_code == 401
    assert client.get("/login").status_code == 200  # nobody was signed in by the link
    assert smtp_server.last(2)["Subject"] == "Your password was changed"
    for answer in (client.get(path), client.post(path, data=new_password("another fine word"))):
        assert (answer.status_code, GONE in answer.text) == (404, True)


def test_new_password_ends_blocks_and_voids_every_link(
    client: Browser, ada: User, forgot: Any, smtp_server: MailServer
) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            password_login.check_password("ada", "wrong")
    forgot("ada")
    mails = {str(mail["Subject"]): path_in(mail) for mail in smtp_server.wait(2)}
    assert client.post(mails["Choose a new password"], data=new_password()).status_code == 302
    assert not login_delays.is_blocked(ada.id)
    assert client.post(mails["Sign-in to your account is paused"]).status_code == 404
    assert db.session.scalar(select(func.count()).select_from(OneTimeLink)) == 0


def test_link_is_void_after_a_password_change_elsewhere(
    client: Browser, ada: User, forgot: Any, smtp_server: MailServer
) -> None:
    forgot("ada")
    path = path_in(smtp_server.last())
    change(ada, new_password=NEW, password=PASSWORD)
    assert client.get(path).status_code == 404


def test_newer_link_ends_the_older(
    client: Browser, ada: User, forgot: Any, smtp_server: Any
) -> None:
    forgot("ada")
    old = path_in(smtp_server.last(1))
    forgot("ada")
    new = path_in(smtp_server.last(2))
    assert client.get(old).status_code == 404
    assert client.get(new).status_code == 200


@pytest.mark.parametrize("path", ["/reset", "/verify", "/unlock"])
@pytest.mark.parametrize("kind", ["used", "expired", "foreign", "unknown", "switched off"])
def test_link_that_is_good_for_nothing_says_so(
    path: str, kind: str, client: Browser, ada: User
) -> None:
    purposes = {
        "/reset": Purpose.RESET_PASSWORD,
        "/verify": Purpose.VERIFY_EMAIL,
        "/unlock": Purpose.UNLOCK,
    }
    purpose = purposes.pop(path)
    foreign = next(iter(purposes.values()))
    lifetime = timedelta(seconds=-1) if kind == "expired" else None
    token = one_time_links.make(
        foreign if kind == "foreign" else purpose, ada.id, email=ada.email, lifetime=lifetime
    )
    if kind == "used":
        one_time_links.use_up(token, purpose)
    if kind == "switched off":
        switch(ada, False)
    address = f"{path}/{'x' if kind == 'unknown' else ''}{token}"
    for answer in (client.get(address), client.post(address, data=new_password())):
        assert answer.status_code == 404
        assert GONE in answer.text
    assert db.session.get_one(User, ada.id).email_verified_at is None


def test_administrators_link_opens_the_same_page_and_proves_no_address(
    client: Browser, ada: User, fresh: Any
) -> None:
    token = one_time_links.make(Purpose.RESET_PASSWORD, ada.id, lifetime=timedelta(hours=24))
    assert client.post(f"/reset/{token}", data=new_password()).location == "/login"
    fresh()
    assert ada.email_verified_at is None
    assert password_login.check_password("ada", NEW)


def test_link_sent_to_a_former_address_proves_nothing_about_the_new_one(
    client: Browser, ada: User, fresh: Any
) -> None:
    token = one_time_links.make(Purpose.RESET_PASSWORD, ada.id, email="former@example.org")
    client.post(f"/reset/{token}", data=new_password())
    fresh()
    assert ada.email_verified_at is None


def test_without_mail_the_page_says_whom_to_ask(client: Browser, ada: User, forgot: Any) -> None:
    page = client.get("/forgot")
    assert page.status_code == 200
    assert "ask the people who run it" in page.text
    assert 'name="credentials"' not in page.text
    assert forgot("ada").status_code == 403


@pytest.fixture
def statements(app: Flask) -> Iterator[list[str]]:
    """Every SQL statement while the test runs."""
    seen: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        seen.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    yield seen
    event.remove(Engine, "before_cursor_execute", note)


def test_answer_is_the_same_and_nobody_is_looked_up_before_it(
    app: Flask, ada: User, forgot: Any, smtp_server: MailServer, statements: list[str]
) -> None:
    answers = []
    for name in ("ada", "ada@example.org", "nobody", "nobody@example.org"):
        statements.clear()
        answer = forgot(name, headers={"X-Requested-With": "XMLHttpRequest"})
        answers.append((answer.status_code, answer.text, sorted(answer.headers.keys())))
        # the hub has not run: whatever depends on the account comes later
        assert [each for each in statements if "site_settings" not in each] == []
    assert len({str(answer) for answer in answers}) == 1
    smtp_server.wait(2)
    assert any("FROM users" in each for each in statements)


def test_account_gets_three_mails_in_an_hour_and_an_address_asks_ten_times_a_minute(
    client: Browser, ada: User, forgot: Any, smtp_server: MailServer, limits_on: None
) -> None:
    for number in range(10):
        asked = forgot("ada", environ_overrides=from_address(1))
        assert asked.status_code == 302, number
    assert forgot("ada", environ_overrides=from_address(1)).status_code == 429
    assert forgot("ada", environ_overrides=from_address(2)).status_code == 302
    smtp_server.wait(3)


def test_forgot_takes_no_get_data_and_needs_a_name(client: Browser, forgot: Any) -> None:
    assert forgot("").status_code == 400
    assert forgot("x" * 300).status_code == 400
    assert client.post("/forgot", data={"credentials": "ada"}).status_code == 400  # no spam trap


@pytest.mark.parametrize(
    "path", ["/forgot", "/reset/x", "/verify/x", "/unlock/x", "/profile/verify"]
)
def test_each_form_needs_the_csrf_token(
    path: str, ada: User, ada_browser: Browser, smtp_server: MailServer, csrf_on: None
) -> None:
    purposes = {"reset": Purpose.RESET_PASSWORD, "verify": Purpose.VERIFY_EMAIL}
    kind = path.split("/")[1]
    if path.endswith("/x"):
        purpose = purposes.get(kind, Purpose.UNLOCK)
        path = path[:-1] + one_time_links.make(purpose, ada.id, email=ada.email)
    refused = ada_browser.post(path, data={"credentials": "ada", **new_password()})
    assert refused.status_code == 400
    assert "reload" in refused.text
    assert db.session.scalar(select(Device.revoked_at)) is None


# ── the end of a block ──────────────────────────────────────────────────────────────────────────


def test_unlock_link_opens_a_page_whose_button_ends_the_block(
    client: Browser, ada: User, form_time: Any, smtp_server: MailServer, limits_on: None
) -> None:
    def log_in(number: int, password: str) -> Any:
        data = {"credentials": "ada", "password": password, "opened_at": form_time(), "website": ""}
        return client.ajax("/login", data, environ_overrides=from_address(number))

    while log_in(1, "wrong").get_json()["field"] is None or not login_delays.is_blocked(ada.id):
        pass  # one try a second is heard
    blocked = log_in(1, PASSWORD)
    while blocked.get_json()["field"] is None:
        blocked = log_in(1, PASSWORD)
    assert blocked.status_code == 429
    assert 0 < int(blocked.headers["Retry-After"]) <= 60
    message = blocked.get_json()["message"]
    assert "passkey" in message
    assert "Forgot your password?" in message
    path = path_in(smtp_server.last())
    assert "ada" in client.get(path).text
    assert login_delays.is_blocked(ada.id)
    assert client.post(path).location == "/login"
    assert log_in(200, PASSWORD).status_code == 200
    assert client.get(path).status_code == 404


def test_who_is_signed_in_notices_no_block(
    ada: User, ada_browser: Browser, smtp_server: MailServer
) -> None:
    for _ in range(5):
        with pytest.raises(WrongCredentials):
            password_login.check_password("ada", "wrong")
    assert ada_browser.ajax("/profile/verify").status_code == 200


# ── accounts without a password, and names ──────────────────────────────────────────────────────


def test_account_without_a_password_gets_its_first_one_after_a_fresh_proof(ada: User) -> None:
    ada.password_hash = None
    db.session.commit()
    values = {"username": "ada", "email": ada.email, "password": "", "new_password": NEW}
    with pytest.raises(WrongCredentials):
        profile.change_profile(ada, **values, keep_device="")
    profile.change_profile(ada, **values, keep_device="", confirmed=True)
    assert password_login.check_password("ada", NEW).id == ada.id
    with pytest.raises(WrongCredentials):  # from now on the password is asked for
        profile.change_profile(
            ada, **{**values, "new_password": PASSWORD}, keep_device="", confirmed=True
        )


LOOK_ALIKES = [
    "аda",
    "ａｄａ",
    "a\u200bda",
    "ad\u0430",
    "ada\u202e",
    "𝐚𝐝𝐚",
    "adа",
    "ada\ufeff",
    "áda",
]


@pytest.mark.parametrize("name", LOOK_ALIKES)
def test_names_that_only_look_like_another_are_refused(
    name: str, client: Browser, ada: User, form_time: Any
) -> None:
    hidden = {"website": "", "opened_at": form_time()}
    values = {"username": name, "email": "eve@example.org", **new_password(), **hidden}
    refused = client.ajax("/signup", values)
    assert (refused.status_code, refused.get_json()["field"]) == (400, "username")
    assert "letters a-z" in refused.get_json()["message"]
