"""What administrators do with an account beside editing it, and that each act leaves its row."""

import re
from datetime import timedelta

import pytest

from echo.clock import utc_now
from echo.errors import Conflict, Forbidden, InvalidInput
from echo.extensions import db
from echo.models import AuditEvent, Device, OneTimeLink, RoleName, User
from echo.services.accounts import accounts, one_time_links
from echo.services.accounts.one_time_links import Purpose
from echo.services.people import administration
from echo.services.sign_in import login_delays, password_login
from echo.services.tokens import digest
from tests.conftest import PASSWORD

NEW_PASSWORD = "seven purple walruses"


def acts():
    db.session.expire_all()
    found = db.session.query(AuditEvent).order_by(AuditEvent.id)
    return [(row.act, row.actor_id, row.subject_id, row.detail) for row in found]


def post(client, act, user, **data):
    return client.post(f"/admin/users/{act}/?id={user.id}", data=data)


def shown_link(page):
    return re.search(r'id="link" value="http://localhost([^"]+)"', page.text).group(1)


# --- a link for a new password


def test_a_reset_link_is_shown_once_and_works(root, people, app):
    page = post(root, "reset-link", people["user"])
    assert page.status_code == 200
    path = shown_link(page)
    token = path.removeprefix("/reset/")
    link = db.session.query(OneTimeLink).one()
    assert (link.purpose, link.user_id) == (Purpose.RESET_PASSWORD, people["user"].id)
    assert link.token_hash == digest(token)
    lifetime = link.expires_at - utc_now()
    assert timedelta(hours=23, minutes=59) < lifetime <= timedelta(hours=24)
    assert "no-store" in page.headers["Cache-Control"]
    fields = {"password": NEW_PASSWORD, "confirm_password": NEW_PASSWORD}
    assert app.test_client().post(path, data=fields).status_code == 302
    db.session.expire_all()
    assert password_login.check_password("the_user", NEW_PASSWORD).id == people["user"].id
    me = people["super_admin"].id
    assert acts() == [("user.reset_link_made", me, people["user"].id, {})]


def test_a_second_link_ends_the_first(root, people):
    first = shown_link(post(root, "reset-link", people["user"])).removeprefix("/reset/")
    post(root, "reset-link", people["user"])
    with pytest.raises(one_time_links.NotFound):
        one_time_links.check(first, Purpose.RESET_PASSWORD)


def test_the_link_uses_the_public_address(root, people, app):
    app.extensions["settings"].public_url = "https://chat.example.org"
    page = post(root, "reset-link", people["user"])
    assert 'value="https://chat.example.org/reset/' in page.text


# --- unlock, sign out


def test_unlock(root, people):
    user = people["user"]
    for _try in range(5):
        login_delays.failed(login_delays.key_of_account(user.id))
    assert "has to wait" in root.get(f"/admin/users/details/?id={user.id}").text
    assert post(root, "unlock", user).status_code == 302
    assert not login_delays.is_blocked(user.id)
    assert "no wait" in root.get(f"/admin/users/details/?id={user.id}").text
    assert acts() == [("user.unlocked", people["super_admin"].id, user.id, {})]


def test_sign_out_everywhere(root, people, as_role):
    phone, desk = as_role("user"), as_role("user")
    assert ">2</dd>" in root.get(f"/admin/users/details/?id={people['user'].id}").text
    assert post(root, "sign-out", people["user"]).status_code == 302
    assert [client.get("/profile").status_code for client in (phone, desk)] == [302, 302]
    assert acts()[0][0] == "user.signed_out"
    assert root.get("/profile").status_code == 200


@pytest.mark.parametrize("act", ["reset-link", "unlock", "sign-out"])
@pytest.mark.parametrize("whose", ["admin", "super_admin"])
def test_a_plain_admin_does_nothing_to_administrators(act, whose, people, as_role):
    client, device = as_role("admin"), as_role(whose)
    assert post(client, act, people[whose]).status_code == 403
    assert acts() == []
    assert db.session.query(OneTimeLink).count() == 0
    assert device.get("/profile").status_code == 200
    page = client.get(f"/admin/users/details/?id={people[whose].id}").text
    assert "Sign out everywhere" not in page


@pytest.mark.parametrize("act", ["reset-link", "unlock", "sign-out", "delete"])
def test_nobody_is_not_found(act, root):
    assert root.post(f"/admin/users/{act}/?id=99999").status_code == 404


@pytest.mark.parametrize("act", ["reset-link", "unlock", "sign-out"])
def test_a_link_that_is_followed_does_nothing(act, root, people):
    assert root.get(f"/admin/users/{act}/?id={people['user'].id}").status_code == 405
    assert acts() == []


def test_facts_without_secrets(root, people):
    user = people["user"]
    user.totp_secret = "encrypted-and-secret"
    user.google_sub = "109876543210987654321"
    user.email_verified_at = utc_now()
    db.session.commit()
    page = root.get(f"/admin/users/details/?id={user.id}").text
    for words in (">authenticator<", ">connected<", ">confirmed<", ">none<"):
        assert words in page
    for secret in (user.totp_secret, user.google_sub, user.password_hash):
        assert secret not in page


# --- deleting


def test_deleting_asks_for_the_name(root, people):
    user = people["user"]
    number = user.id
    assert "for good" in root.get(f"/admin/users/delete/?id={number}").text
    for typed in ("", "the_admin", "THE_USER"):
        assert post(root, "delete", user, typed=typed).status_code == 400
    assert db.session.get(User, number) is not None
    assert post(root, "delete", user, typed="the_user").status_code == 302
    db.session.expire_all()
    assert db.session.get(User, number) is None
    assert [row[:3] for row in acts()] == [("user.deleted", people["super_admin"].id, number)]


def test_only_super_admins_delete(as_role, people):
    client = as_role("admin")
    assert post(client, "delete", people["user"], typed="the_user").status_code == 403
    assert "Delete" not in client.get(f"/admin/users/details/?id={people['user'].id}").text


def test_nobody_deletes_themselves_here_or_the_last_super_admin(root, people):
    me = people["super_admin"]
    answer = post(root, "delete", me, typed="the_super_admin")
    assert answer.status_code == 400
    assert "Your data" in answer.text
    people["admin"].role = accounts.role_row(RoleName.SUPER_ADMIN)
    me.active = False
    db.session.commit()
    with pytest.raises(InvalidInput, match="last super admin"):
        administration.delete_user(me, people["admin"].id, "the_admin")
    assert acts() == []


# --- two administrators at once


def form(user, **changes):
    values = {"username": user.username, "email": user.email, "role": user.role.name, "active": "y"}
    return {"version": administration.version(user), **values, **changes}


def test_the_second_of_two_administrators_is_told(root, people):
    user = people["user"]
    seen = form(user)
    first = root.post(f"/admin/users/edit/?id={user.id}", data={**seen, "email": "b@example.org"})
    assert first.status_code == 302
    late = root.post(f"/admin/users/edit/?id={user.id}", data={**seen, "username": "mine"})
    assert late.status_code == 409
    assert "Somebody changed this account while you were editing it" in late.text
    assert "<dd>b@example.org</dd>" in late.text, "the new values are shown"
    assert 'value="mine"' in late.text, "what was typed is kept"
    db.session.expire_all()
    assert db.session.get(User, user.id).username == "the_user"
    mark = re.search(r'name="version" value="(\w+)"', late.text).group(1)
    again = root.post(
        f"/admin/users/edit/?id={user.id}", data={**seen, "username": "mine", "version": mark}
    )
    assert again.status_code == 302


def test_a_wrong_field_does_not_hide_somebody_elses_change(root, people):
    user = people["user"]
    seen = form(user)
    root.post(f"/admin/users/edit/?id={user.id}", data={**seen, "email": "b@example.org"})
    wrong = root.post(f"/admin/users/edit/?id={user.id}", data={**seen, "username": "x"})
    assert wrong.status_code == 400
    assert f'name="version" value="{seen["version"]}"' in wrong.text
    assert root.post(f"/admin/users/edit/?id={user.id}", data=seen).status_code == 409


def test_a_visit_of_the_person_is_no_change(root, people, as_role):
    user = people["user"]
    seen = form(user, username="renamed")
    user.last_seen_at = utc_now() + timedelta(hours=1)
    db.session.commit()  # moves updated_at
    assert root.post(f"/admin/users/edit/?id={user.id}", data=seen).status_code == 302


def test_a_form_without_its_mark_is_refused(root, people):
    values = {**form(people["user"]), "version": ""}
    assert root.post(f"/admin/users/edit/?id={people['user'].id}", data=values).status_code == 400


def test_both_services_calls_with_the_same_mark(people):
    me, user = people["super_admin"], people["user"]
    values = {"email": user.email, "active": True, "seen": administration.version(user)}
    administration.edit_user(me, user.id, username="first", **values)
    with pytest.raises(Conflict):
        administration.edit_user(me, user.id, username="second", **values)
    assert user.username == "first"


# --- what is written down


def test_an_edit_is_written_down_without_names(people):
    me, user = people["super_admin"], people["user"]
    administration.edit_user(
        me, user.id, username="renamed", email="new@example.org", active=False,
        role=RoleName.ADMIN,
    )  # fmt: skip
    assert acts() == [
        ("user.edited", me.id, user.id, {"username": "changed", "email": "changed"}),
        ("user.role_given", me.id, user.id, {"role": "admin", "before": "user"}),
        ("user.switched_off", me.id, user.id, {}),
    ]


def test_saving_without_a_change_is_no_act(people):
    me, user = people["super_admin"], people["user"]
    administration.edit_user(me, user.id, username="the_user", email=user.email, active=True)
    assert acts() == []


def test_a_refused_edit_leaves_no_row(people):
    me, user = people["admin"], people["user"]
    with pytest.raises(Forbidden):
        administration.edit_user(
            me, user.id, username="x", email=user.email, active=True, role=RoleName.ADMIN
        )
    assert acts() == []


def test_act_and_row_are_stored_together(people, monkeypatch):
    me, user = people["super_admin"], people["user"]

    def broken(_entry):
        raise RuntimeError("no row")

    monkeypatch.setattr("echo.services.audit.append", broken)
    with pytest.raises(RuntimeError):
        administration.edit_user(me, user.id, username="renamed", email=user.email, active=False)
    db.session.expire_all()
    assert db.session.get(User, user.id).username == "the_user"
    assert db.session.get(User, user.id).active


def test_a_new_address_is_unproven_and_voids_links(people):
    user = people["user"]
    user.email_verified_at = utc_now()
    db.session.commit()
    one_time_links.make(Purpose.VERIFY_EMAIL, user.id, email="old@example.org")
    administration.edit_user(
        people["super_admin"], user.id, username="the_user", email="new@example.org", active=True
    )
    assert user.email_verified_at is None
    assert db.session.query(OneTimeLink).count() == 0


def test_making_an_account_is_written_down(root, people):
    data = {"username": "newcomer", "email": "n@example.org", "password": PASSWORD, "role": "admin"}
    assert root.post("/admin/users/new/", data=data).status_code == 302
    made = db.session.query(User).filter_by(username_key="newcomer").one()
    assert acts() == [("user.created", people["super_admin"].id, made.id, {"role": "admin"})]


def test_the_command_line_is_nobody(app):
    from echo.cli.users import create_admin

    args = ["--email", "root@example.org", "--username", "root", "--password-stdin"]
    done = app.test_cli_runner().invoke(create_admin, args, input=PASSWORD + "\n")
    assert done.exit_code == 0, done.output
    root = db.session.query(User).one()
    assert acts() == [("user.created", None, root.id, {"role": "super_admin"})]


def test_switching_off_closes_sessions_once_stored(people, as_role):
    as_role("user")
    administration.edit_user(
        people["super_admin"], people["user"].id, username="the_user",
        email=people["user"].email, active=False,
    )  # fmt: skip
    assert (
        db.session.query(Device).filter_by(user_id=people["user"].id, revoked_at=None).count() == 0
    )
