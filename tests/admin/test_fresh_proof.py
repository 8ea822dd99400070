"""A stolen session must not become a takeover: what gives power asks for a fresh proof."""

from datetime import timedelta

import pytest

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Device, RoleName, User

PAGES = (
    ("GET", "/admin/users/new/"),
    ("POST", "/admin/users/new/"),
    ("GET", "/admin/users/edit/?id=1"),
    ("POST", "/admin/users/edit/?id=1"),
    ("POST", "/admin/users/reset-link/?id=1"),
    ("POST", "/admin/users/remove-factors/?id=1"),
    ("GET", "/admin/users/delete/?id=1"),
    ("GET", "/admin/roles/edit/?id=1"),
    ("POST", "/admin/settings/"),
    ("POST", "/admin/downloads/begin/"),
)


@pytest.fixture
def stale_root(root):
    """A super admin who signed in eleven minutes ago."""
    for device in db.session.query(Device):
        device.confirmed_at = utc_now() - timedelta(minutes=11)
    db.session.commit()
    return root


@pytest.mark.parametrize(("method", "page"), PAGES)
def test_stale_session_is_asked_first(stale_root, method, page):
    before = db.session.query(User).count()
    answer = stale_root.open(page, method=method)
    assert answer.status_code == 302, page
    assert answer.location.startswith("/confirm"), page
    assert db.session.query(User).count() == before


def test_lists_can_be_read_all_the_same(stale_root):
    assert stale_root.get("/admin/users/").status_code == 200


def test_lost_factors_are_removed_by_an_administrator(root, make_user):
    bob = make_user("bob", role=RoleName.USER)
    bob.totp_secret = "sealed"
    db.session.commit()
    assert root.post(f"/admin/users/remove-factors/?id={bob.id}").status_code == 302
    db.session.expire_all()
    assert db.session.get(User, bob.id).totp_secret is None
    assert "removed the second factors of" in root.get("/admin/audit/").text
