"""Roles: description and allowances change, names do not."""

import pytest

from echo.extensions import db
from echo.models import Role


def role():
    db.session.expire_all()
    return db.session.query(Role).filter_by(name="user").one()


def save(client, **values):
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
