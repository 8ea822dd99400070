"""Making and changing accounts: what each admin may do, and what nobody may."""

import pytest

from echo.extensions import db
from echo.models import Device, RoleName, User
from echo.services.people import administration

NEW = {"username": "newcomer", "email": "new@example.org", "password": "a rather unusual phrase"}


def fresh(user):
    db.session.expire_all()
    return db.session.get(User, user.id)


def fields(user, **changes):
    values = {"username": user.username, "email": user.email, "role": user.role.name, "active": "y"}
    return {k: v for k, v in {**values, **changes}.items() if v is not None}


def edit(client, user, **changes):
    values = {"version": administration.version(user), **fields(user, **changes)}
    return client.post(f"/admin/users/edit/?id={user.id}", data=values)


def test_list_never_shows_secrets(root, people):
    people["user"].google_sub = "109876543210987654321"
    db.session.commit()
    user = people["user"]
    for page in ("/admin/users/", f"/admin/users/details/?id={user.id}"):
        text = root.get(page).text
        assert user.username in text
        assert user.password_hash not in text
        assert user.google_sub not in text


@pytest.mark.parametrize("secret", ["password_hash", "google_sub"])
def test_secrets_are_not_searched(root, people, secret):
    people["user"].google_sub = "109876543210987654321"
    db.session.commit()
    value = getattr(people["user"], secret)[-12:]
    assert "Nothing matches" in root.get("/admin/users/", query_string={"search": value}).text


def test_search_and_filters(root, people):
    def names(**query):
        text = root.get("/admin/users/", query_string=query).text
        return {name for name in (p.username for p in people.values()) if f">{name}<" in text}

    assert names(search="the_ana") == {"the_analyst"}
    assert names(id=people["admin"].id) == {"the_admin"}
    assert names(role="super_admin") == {"the_super_admin"}
    assert names(active="0") == set()
    assert len(names(active="1")) == 4
    assert names(**{"from": "2000-01-01", "until": "2000-01-02"}) == set()


@pytest.mark.parametrize("column", range(7))
def test_every_column_can_be_asked_to_sort(root, column):
    for desc in ("", "1"):
        assert root.get(f"/admin/users/?sort={column}&desc={desc}").status_code == 200


def test_super_admin_makes_an_account_with_a_role(root):
    answer = root.post("/admin/users/new/", data={**NEW, "role": "analyst"})
    assert answer.status_code == 302
    made = db.session.query(User).filter_by(username_key="newcomer").one()
    assert made.role_name is RoleName.ANALYST


def test_admin_makes_plain_accounts_only(as_role):
    client = as_role("admin")
    assert 'name="role"' not in client.get("/admin/users/new/").text
    assert client.post("/admin/users/new/", data={**NEW, "role": "super_admin"}).status_code == 302
    made = db.session.query(User).filter_by(username_key="newcomer").one()
    assert made.role_name is RoleName.USER


@pytest.mark.parametrize(
    ("change", "status", "words"),
    [
        ({"username": "the_admin"}, 409, "taken"),
        ({"email": "THE_ADMIN@example.org"}, 409, "account with this address"),
        ({"username": "x"}, 400, "3 to 30"),
        ({"email": "nonsense"}, 400, "e-mail"),
        ({"password": "password1"}, 400, "common"),
        ({"role": "emperor"}, 400, ""),
    ],
)
def test_refusals_keep_what_was_typed(root, change, status, words):
    answer = root.post("/admin/users/new/", data={**NEW, "role": "user", **change})
    assert answer.status_code == status
    assert words in answer.text
    assert {**NEW, **change}["username"] in answer.text
    assert NEW["password"] not in answer.text


def test_admin_edits_name_and_address(as_role, people):
    answer = edit(as_role("admin"), people["user"], username="renamed", email="other@example.org")
    assert answer.status_code == 302
    user = fresh(people["user"])
    assert (user.username, user.username_key) == ("renamed", "renamed")
    assert user.email_key == "other@example.org"


def test_admin_gives_no_roles(as_role, people):
    assert edit(as_role("admin"), people["user"], role="super_admin").status_code == 302
    assert fresh(people["user"]).role_name is RoleName.USER


@pytest.mark.parametrize("role", ["admin", "super_admin"])
def test_admin_edits_no_administrators(as_role, people, role):
    client = as_role("admin")
    assert client.get(f"/admin/users/edit/?id={people[role].id}").status_code == 403
    assert edit(client, people[role], email="mine@example.org").status_code == 403
    assert fresh(people[role]).email != "mine@example.org"


def test_super_admin_gives_a_role(root, people):
    assert edit(root, people["user"], role="admin").status_code == 302
    assert fresh(people["user"]).role_name is RoleName.ADMIN


def test_switching_off_ends_sessions_at_once(root, people, as_role):
    theirs = as_role("user")
    assert theirs.get("/profile").status_code == 200
    assert edit(root, people["user"], active=None).status_code == 302
    assert theirs.get("/profile").status_code == 302
    open_devices = db.session.query(Device).filter_by(user_id=people["user"].id, revoked_at=None)
    assert open_devices.count() == 0


@pytest.mark.parametrize("change", [{"active": None}, {"role": "admin"}])
def test_the_last_super_admin_stays(root, people, change):
    answer = edit(root, people["super_admin"], **change)
    assert answer.status_code == 400
    me = fresh(people["super_admin"])
    assert me.role_name is RoleName.SUPER_ADMIN
    assert me.active


def test_a_refused_step_down_leaves_the_name_alone(root, people):
    assert edit(root, people["super_admin"], username="changed", role="user").status_code == 400
    assert fresh(people["super_admin"]).username == "the_super_admin"


def test_the_last_active_super_admin_counts(root, people, make_user):
    second = make_user("second", role=RoleName.SUPER_ADMIN)
    assert edit(root, second, active=None).status_code == 302
    assert edit(root, people["super_admin"], role="admin").status_code == 400
    assert "last super admin" in edit(root, people["super_admin"], role="admin").text


def test_a_super_admin_steps_down_when_there_is_another(root, people, make_user):
    make_user("second", role=RoleName.SUPER_ADMIN)
    assert edit(root, people["super_admin"], role="user").status_code == 302
    assert root.get("/admin/").status_code == 403


def test_nobody_switches_off_themselves(people, make_user):
    make_user("second", role=RoleName.SUPER_ADMIN)
    me = people["super_admin"]
    with pytest.raises(administration.InvalidInput, match="your own"):
        administration.edit_user(
            me, me.id, username=me.username, email=me.email, active=False, role=me.role_name
        )


def test_a_refused_edit_changes_nothing(root, people, as_role):
    user = people["user"]
    answer = edit(root, user, username="fine_name", email=people["admin"].email, role="admin")
    assert answer.status_code == 409
    assert (fresh(user).username, fresh(user).role_name) == ("the_user", RoleName.USER)


@pytest.mark.parametrize(
    "value", ["0", "-1", "abc", "9223372036854775808", "1" * 400, "１", "1.0", "999999", "\0"]
)
@pytest.mark.parametrize("page", ["details", "edit"])
def test_ids_that_no_row_has(root, page, value):
    answer = root.get(f"/admin/users/{page}/", query_string={"id": value})
    assert answer.status_code == 404
