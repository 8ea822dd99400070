"""Sign-up, login, logout, profile and setup: as page and as AJAX, right and wrong."""

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from echo.errors import WrongCredentials
from echo.extensions import db
from echo.models import Device, RoleName, User
from echo.services.accounts import accounts
from echo.services.sign_in import devices, first_admin, password_login
from tests.conftest import PASSWORD
from tests.web.browser import Browser

GOOD = "seven purple walruses"


def account(form_time: Callable[[], str], **changes: Any) -> dict[str, Any]:
    values = {
        "username": "grace",
        "email": "grace@example.org",
        "password": GOOD,
        "confirm_password": GOOD,
        "website": "",
        "opened_at": form_time(),
    }
    return {**values, **changes}


def credentials(form_time: Callable[[], str], **changes: Any) -> dict[str, Any]:
    values = {"credentials": "ada", "password": PASSWORD, "website": "", "opened_at": form_time()}
    return {**values, **changes}


def is_signed_in(browser: Browser) -> bool:
    return browser.get("/profile").status_code == 200


def test_sign_up_as_page_signs_in_and_greets(client: Browser, form_time: Any) -> None:
    page = client.get("/signup")
    assert page.status_code == 200
    assert 'name="opened_at"' in page.text
    response = client.post("/signup", data=account(form_time))
    assert (response.status_code, response.location) == (302, "/")
    assert is_signed_in(client)


def test_sign_up_as_ajax_says_where_to_go(client: Browser, form_time: Any) -> None:
    response = client.ajax("/signup", account(form_time))
    assert response.status_code == 200
    assert response.get_json() == {"status": "redirect", "url": "/"}
    assert is_signed_in(client)
    user = db.session.scalars(select(User)).one()
    assert user.role_name is RoleName.USER
    assert GOOD not in (user.password_hash or "")


BAD_SIGNUPS = [
    ({"username": ""}, "username", 400),
    ({"username": "ab"}, "username", 400),
    ({"username": "a" * 31}, "username", 400),
    ({"username": "ada lovelace"}, "username", 400),
    ({"username": "ada\n"}, None, 200),  # white space around a name is cut off
    ({"username": "<b>ada</b>"}, "username", 400),
    ({"username": "ädä"}, "username", 400),
    ({"username": "ad\0a"}, "username", 400),
    ({"email": ""}, "email", 400),
    ({"email": "nobody"}, "email", 400),
    ({"email": "a@b"}, "email", 400),
    ({"email": "a@example.org\nBcc: b@example.org"}, "email", 400),
    ({"email": "a" * 250 + "@example.org"}, "email", 400),
    ({"password": "short", "confirm_password": "short"}, "password", 400),
    ({"password": "x" * 129, "confirm_password": "x" * 129}, "password", 400),
    ({"password": "password1", "confirm_password": "password1"}, "password", 400),
    ({"password": "grace1906", "confirm_password": "grace1906", "username": "grace1906"}, None, 0),
    ({"confirm_password": "another thing entirely"}, "confirm_password", 400),
    ({"confirm_password": ""}, "confirm_password", 400),
]


@pytest.mark.parametrize(("changes", "field", "status"), BAD_SIGNUPS)
def test_sign_up_checks_each_field(
    changes: dict[str, str], field: str | None, status: int, client: Browser, form_time: Any
) -> None:
    response = client.ajax("/signup", account(form_time, **changes))
    answer = response.get_json()
    if status == 200:
        assert answer["status"] == "redirect", answer
        return
    assert response.status_code == 400, answer
    assert answer["status"] == "error"
    assert answer["field"] == (field or "password")
    assert answer["message"]
    assert not db.session.scalar(select(func.count()).select_from(User))


def test_missing_fields_are_refused_as_page_with_the_words_kept(client: Browser) -> None:
    response = client.post("/signup", data={"username": "grace", "email": "not an address"})
    assert response.status_code == 400
    assert response.mimetype == "text/html"
    assert "grace" in response.text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"username": "ADA", "email": "new@example.org"}, "username"),
        ({"email": "Ada@Example.org"}, "email"),
    ],
)
def test_names_and_addresses_are_unique_without_case(
    changes: dict[str, str], field: str, client: Browser, ada: User, form_time: Any
) -> None:
    response = client.ajax("/signup", account(form_time, **changes))
    assert response.status_code == 409
    assert response.get_json()["field"] == field
    page = client.post("/signup", data=account(form_time, **changes))
    assert page.status_code == 409
    assert response.get_json()["message"] in page.text


def test_closed_sign_up_is_refused(app: Flask, client: Browser, form_time: Any) -> None:
    app.extensions["settings"].signup = "closed"
    response = client.ajax("/signup", account(form_time))
    assert response.status_code == 403
    assert response.get_json()["status"] == "error"


@pytest.mark.parametrize("name", ["ada", " ADA ", "ada@example.org", "Ada@Example.ORG"])
def test_log_in_with_name_or_address(name: str, client: Browser, ada: User, form_time: Any) -> None:
    assert not is_signed_in(client)
    response = client.ajax("/login", credentials(form_time, credentials=name))
    assert response.get_json() == {"status": "redirect", "url": "/"}
    assert is_signed_in(client)


def test_log_in_as_page(client: Browser, ada: User, form_time: Any) -> None:
    assert 'name="credentials"' in client.get("/login").text
    response = client.post("/login", data=credentials(form_time))
    assert (response.status_code, response.location) == (302, "/")
    assert client.get("/login").status_code == 302


def test_wrong_password_and_unknown_account_get_the_same_words(
    client: Browser, ada: User, make_user: Callable[..., User], form_time: Any
) -> None:
    make_user("offline", active=False)
    answers = [
        client.ajax("/login", credentials(form_time, **changes))
        for changes in (
            {"password": "wrong horse battery"},
            {"credentials": "nobody"},
            {"credentials": "nobody@example.org"},
            {"credentials": "offline"},
        )
    ]
    assert {answer.status_code for answer in answers} == {401}
    assert len({answer.text for answer in answers}) == 1
    assert answers[0].get_json()["field"] == "credentials"
    assert not is_signed_in(client)


def test_unknown_account_costs_a_password_check_too(
    app: Flask, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked = []
    original = accounts.passwords.bcrypt.check_password_hash
    monkeypatch.setattr(
        accounts.passwords.bcrypt,
        "check_password_hash",
        lambda hashed, word: checked.append(hashed) or original(hashed, word),
    )
    for name in ("ada", "nobody"):
        with pytest.raises(WrongCredentials):
            password_login.check_password(name, "wrong")
    assert len(checked) == 2


@pytest.mark.parametrize(
    ("changes", "field"),
    [({"credentials": ""}, "credentials"), ({"password": ""}, "password")],
)
def test_log_in_names_the_missing_field(
    changes: dict[str, str], field: str, client: Browser, form_time: Any
) -> None:
    response = client.ajax("/login", credentials(form_time, **changes))
    assert (response.status_code, response.get_json()["field"]) == (400, field)


def test_log_in_drops_the_former_session(client: Browser, ada: User, form_time: Any) -> None:
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
    client.ajax("/login", credentials(form_time))
    with client.session_transaction() as session:
        assert "planted" not in session


def test_remembered_session_lasts_and_the_other_ends_with_the_browser(
    client: Browser, ada: User, form_time: Any
) -> None:
    brief = client.ajax("/login", credentials(form_time))
    assert "Expires" not in brief.headers["Set-Cookie"]
    client.post("/logout")
    long = client.ajax("/login", credentials(form_time, remember="y"))
    assert "Expires" in long.headers["Set-Cookie"]


def test_log_out_is_a_post_and_ends_the_device(ada_browser: Browser, fresh: Any) -> None:
    assert ada_browser.get("/logout").status_code == 405
    cookie = ada_browser.get_cookie("echo_session")
    assert cookie is not None
    response = ada_browser.ajax("/logout")
    assert response.get_json() == {"status": "redirect", "url": "/"}
    assert not is_signed_in(ada_browser)
    ada_browser.set_cookie("echo_session", cookie.value)  # a stolen copy is worth nothing
    assert not is_signed_in(ada_browser)
    fresh()
    assert db.session.scalars(select(Device)).one().revoked_at


def test_visitor_is_sent_to_log_in_and_a_program_is_told(client: Browser) -> None:
    page = client.get("/profile")
    assert (page.status_code, page.location) == (302, "/login?next=/profile")
    response = client.ajax("/profile", {})
    assert (response.status_code, response.get_json()["status"]) == (401, "error")


def test_profile_changes_the_name(ada: User, ada_browser: Browser, fresh: Any) -> None:
    assert "ada@example.org" in ada_browser.get("/profile").text
    data = {"username": "Ada.L", "email": "ada@example.org"}
    response = ada_browser.ajax("/profile", data)
    assert (response.status_code, response.get_json()["status"]) == (200, "ok")
    fresh()
    assert ada.username == "Ada.L"
    page = ada_browser.post("/profile", data={**data, "username": "ada2"})
    assert (page.status_code, page.location) == (302, "/profile")


@pytest.mark.parametrize(
    ("data", "status", "field"),
    [
        ({"username": "x"}, 400, "username"),
        ({"email": "nonsense"}, 400, "email"),
        ({"username": "BOB"}, 409, "username"),
        ({"email": "Bob@example.org"}, 409, "email"),
        ({"email": "new@example.org"}, 401, "password"),
        ({"email": "new@example.org", "password": "wrong"}, 401, "password"),
        ({"new_password": GOOD}, 401, "password"),
        ({"new_password": "short", "password": PASSWORD}, 400, "new_password"),
        ({"new_password": "password1", "password": PASSWORD}, 400, "new_password"),
    ],
)
def test_profile_refuses(
    data: dict[str, str],
    status: int,
    field: str,
    ada: User,
    ada_browser: Browser,
    make_user: Callable[..., User],
    fresh: Any,
) -> None:
    make_user("bob")
    values = {"username": "ada", "email": "ada@example.org", **data}
    response = ada_browser.ajax("/profile", values)
    assert (response.status_code, response.get_json()["field"]) == (status, field)
    fresh()
    assert (ada.username, ada.email) == ("ada", "ada@example.org")
    assert ada_browser.post("/profile", data=values).status_code == status


def test_new_password_signs_the_other_devices_out(
    ada: User, ada_browser: Browser, signed_in: Callable[[User], Browser], fresh: Any
) -> None:
    other = signed_in(ada)
    values = {"username": "ada", "email": "ada@example.org"}
    response = ada_browser.ajax("/profile", {**values, "new_password": GOOD, "password": PASSWORD})
    assert response.status_code == 200, response.text
    assert is_signed_in(ada_browser)
    assert not is_signed_in(other)
    fresh()
    assert password_login.check_password("ada", GOOD).id == ada.id


def test_setup_link_makes_the_first_super_admin_once(client: Browser, fresh: Any) -> None:
    path = f"/setup/{first_admin.new_token()}"
    assert client.get(path).status_code == 200
    weak = {"username": "root", "email": "root@example.org", "password": "12345678"}
    refused = client.ajax(path, {**weak, "confirm_password": "12345678"})
    assert refused.status_code == 400  # and the link is still good
    data = {**weak, "password": GOOD, "confirm_password": GOOD}
    assert client.ajax(path, data).get_json() == {"status": "redirect", "url": "/"}
    fresh()
    assert password_login.check_password("root", GOOD).is_super_admin
    assert client.get(path).status_code == 404
    assert client.ajax(path, {**data, "username": "two"}).status_code == 404


def test_the_sign_in_page_says_how_to_begin_while_nobody_is_a_super_admin(
    client: Browser, make_user: Callable[..., User], ada: User
) -> None:
    link = first_admin.new_token()
    for path in ("/login", "/login?next=/profile"):
        page = client.get(path).text
        assert first_admin.COMMAND in page
        assert link not in page
    assert first_admin.COMMAND in client.get("/setup/gone").text  # so does a link that is no more
    make_user("boss", role=RoleName.ADMIN)
    assert first_admin.COMMAND in client.get("/login").text
    make_user("root", role=RoleName.SUPER_ADMIN)
    assert first_admin.COMMAND not in client.get("/login").text


@pytest.mark.parametrize("token", ["wrong", "%00", "x" * 500])
def test_setup_with_a_wrong_token_is_nothing(token: str, client: Browser) -> None:
    first_admin.new_token()
    assert client.get(f"/setup/{token}").status_code == 404


def test_expired_device_is_signed_out(ada: User, ada_browser: Browser) -> None:
    row = db.session.scalars(select(Device)).one()
    row.expires_at = row.created_at
    db.session.commit()
    assert not is_signed_in(ada_browser)
    assert devices.find(None) is None


@pytest.mark.parametrize("name", ["admin", "Adm1n", "ECHO", "the.admin", "..."])
def test_nobody_signs_up_or_renames_themselves_as_echo(
    client: Browser, ada_browser: Browser, form_time: Any, name: str
) -> None:
    signed_up = client.ajax("/signup", account(form_time, username=name))
    renamed = ada_browser.ajax("/profile", {"username": name, "email": "ada@example.org"})
    for answer in (signed_up, renamed):
        assert (answer.status_code, answer.get_json()["field"]) == (400, "username")
    assert not is_signed_in(client)


def test_either_spelling_of_a_mailbox_signs_in(client: Browser, form_time: Any) -> None:
    made = client.ajax("/signup", account(form_time, email="grace@müller.de"))
    assert made.status_code == 200
    client.post("/logout")
    typed = credentials(form_time, credentials="Grace@xn--mller-kva.de", password=GOOD)
    assert client.ajax("/login", typed).status_code == 200
    assert is_signed_in(client)
