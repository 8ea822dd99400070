"""Roles: description and allowances change, names do not."""

import pytest

from echo.extensions import db
from echo.models import AuditEvent, Role
from echo.services.people import administration


def role():
    db.session.expire_all()
    return db.session.query(Role).filter_by(name="user").one()


def save(client, **values):
    values = {"version": administration.version(role()), **values}
    return client.post(f"/admin/roles/edit/?id={role().id}", data=values)


def test_list_shows_all_four(root):
    text = root.get("/admin/roles/").text
    for name in ("user", "analyst", "admin", "super admin"):
        assert f">{name}</span>" in text
    assert "no limit" in text


def test_edit(root):
    answer = save(root, description="Talks.", daily_messages="50", daily_tokens="", name="king")
    assert answer.status_code == 302
    found = role()
    assert (found.name, found.description) == ("user", "Talks.")
    assert (found.daily_messages, found.daily_tokens) == (50, None)


@pytest.mark.parametrize("value", ["-1", "2147483648", "many", "1.5", "9" * 400])
def test_absurd_allowances_are_refused(root, value):
    answer = save(root, description="Talks.", daily_messages=value, daily_tokens="")
    assert answer.status_code == 400
    assert role().daily_messages is None


def test_a_long_description_is_refused(root):
    assert save(root, description="x" * 201).status_code == 400


def test_unknown_role(root):
    assert root.get("/admin/roles/edit/?id=99").status_code == 404
    assert root.post("/admin/roles/edit/?id=99", data={}).status_code == 404


def test_the_second_of_two_administrators_is_told(root, as_role):
    seen = administration.version(role())
    assert save(root, description="First.", daily_messages="7", daily_tokens="").status_code == 302
    late = save(root, description="Second.", daily_messages="", daily_tokens="", version=seen)
    assert late.status_code == 409
    assert "Somebody changed this role" in late.text
    assert "First." in late.text
    assert 'value="Second."' in late.text
    assert (role().description, role().daily_messages) == ("First.", 7)
    assert f'name="version" value="{administration.version(role())}"' in late.text


def test_what_changed_in_a_role_is_written_down(root, people):
    save(root, description="Talks.", daily_messages="50", daily_tokens="")
    row = db.session.query(AuditEvent).one()
    assert (row.act, row.actor_id, row.target) == (
        "role.edited",
        people["super_admin"].id,
        "roles/user",
    )
    assert row.detail == {"daily_messages": [None, 50], "description": ["changed"]}
    save(root, description="Talks.", daily_messages="50", daily_tokens="")
    assert db.session.query(AuditEvent).count() == 1
