"""Invitations: counted without a gap, told apart when they work no more, made and withdrawn by pages."""

import re
from datetime import timedelta

import eventlet
import pytest

from echo.clock import utc_now
from echo.errors import Conflict, Forbidden, NotFound
from echo.extensions import db
from echo.models import AuditEvent, Invite, User
from echo.services import site_settings
from echo.services.people import invites
from echo.services.tokens import digest

GOOD = "seven purple walruses"


@pytest.fixture
def by_invitation(app):
    site_settings.change(None, signup_mode="invite")


@pytest.fixture
def visitor(as_role):
    return as_role("visitor")


def row(token):
    db.session.expire_all()
    return db.session.query(Invite).filter_by(token_hash=digest(token)).one()


def uses(token):
    return row(token).uses


def sign_up(client, name="grace", **changes):
    from echo.forms import spam_trap

    data = {
        "username": name,
        "email": f"{name}@example.org",
        "password": GOOD,
        "confirm_password": GOOD,
        "website": "",
        "opened_at": spam_trap.new_time(),
        **changes,
    }
    return client.post("/signup", data=data)


def accounts_made():
    return {name for (name,) in db.session.query(User.username) if not name.startswith("the_")}


# --- the service


def test_a_token_is_kept_as_a_hash(people):
    token = invites.make(people["admin"], note="for Bob", max_uses=3, days=2)
    found = row(token)
    assert (found.note, found.max_uses, found.uses) == ("for Bob", 3, 0)
    assert found.created_by == people["admin"].id
    assert timedelta(days=1, hours=23) < found.expires_at - utc_now() <= timedelta(days=2)
    assert token not in str(vars(found))
    act = db.session.query(AuditEvent).one()
    assert (act.act, act.actor_id, act.target) == (
        "invite.made",
        people["admin"].id,
        f"invites/{found.id}",
    )
    assert act.detail == {"max_uses": 3, "days": 2}


def test_uses_are_counted_and_given_back(app):
    token = invites.make(None, max_uses=2)
    invites.use(token)
    invite = invites.use(token)
    with pytest.raises(NotFound, match="used already"):
        invites.use(token)
    invites.give_back(invite)
    assert uses(token) == 1
    invites.use(token)


def test_each_refusal_says_why(app):
    token = invites.make(None)
    row(token).expires_at = utc_now()
    db.session.commit()
    with pytest.raises(NotFound, match="expired"):
        invites.use(token)
    withdrawn = invites.make(None)
    invites.revoke(None, row(withdrawn).id)
    with pytest.raises(NotFound, match="withdrawn"):
        invites.use(withdrawn)
    with pytest.raises(NotFound, match="not known"):
        invites.use("nothing")
    assert (uses(token), uses(withdrawn)) == (0, 0)


def test_many_at_once_never_exceed_the_count(app, monkeypatch):
    """All have looked before the first one counts: only the conditional update decides."""
    token = invites.make(None, max_uses=3)
    checked = invites.check

    def slow(value):
        invite = checked(value)
        eventlet.sleep(0.02)
        return invite

    monkeypatch.setattr(invites, "check", slow)

    def one():
        with app.app_context():
            try:
                invites.use(token)
            except NotFound:
                return False
            return True

    threads = [eventlet.spawn(one) for _ in range(10)]
    assert sorted(thread.wait() for thread in threads) == [False] * 7 + [True] * 3
    assert uses(token) == 3


def test_revoking_twice_is_one_act(people):
    token = invites.make(None)
    for _time in range(2):
        invites.revoke(people["admin"], row(token).id)
    assert [act.act for act in db.session.query(AuditEvent)] == ["invite.made", "invite.revoked"]


def test_admission(app, by_invitation):
    token = invites.make(None)
    with pytest.raises(Conflict), invites.admission(token):
        raise Conflict("a name that is taken")
    assert uses(token) == 0
    with invites.admission(token):
        pass
    assert uses(token) == 1
    with pytest.raises(Forbidden, match="need an invitation"), invites.admission(None):
        raise AssertionError("let in")
    site_settings.change(None, signup_mode="closed")
    with pytest.raises(Forbidden, match="administrator"), invites.admission(invites.make(None)):
        raise AssertionError("let in")


# --- signing up


def test_an_invitation_lets_one_person_in(visitor, as_role, by_invitation):
    token = invites.make(None)
    answer = visitor.get(f"/signup?invite={token}")
    assert (answer.status_code, answer.location) == (302, "/signup")
    assert 'name="username"' in visitor.get("/signup").text
    assert sign_up(visitor).status_code == 302
    assert visitor.get("/profile").status_code == 200
    assert (uses(token), accounts_made()) == (1, {"grace"})
    other = as_role("visitor")
    other.get(f"/signup?invite={token}")
    page = other.get("/signup").text
    assert "used already" in page
    assert 'name="username"' not in page
    assert sign_up(other, "eve").status_code == 404
    assert accounts_made() == {"grace"}


def test_without_an_invitation_the_page_says_what_to_do(visitor, by_invitation):
    page = visitor.get("/signup").text
    assert "need an invitation" in page
    assert 'name="username"' not in page
    assert sign_up(visitor).status_code == 403
    assert accounts_made() == set()


@pytest.mark.parametrize("change", ["expired", "withdrawn", "not known"])
def test_one_that_works_no_more_says_so(change, visitor, by_invitation):
    token = invites.make(None)
    if change == "expired":
        row(token).expires_at = utc_now()
        db.session.commit()
    elif change == "withdrawn":
        invites.revoke(None, row(token).id)
    else:
        token = "x" * 500
    visitor.get(f"/signup?invite={token}")
    page = visitor.get("/signup").text
    assert change in page
    assert 'name="username"' not in page
    assert sign_up(visitor).status_code == 404
    assert accounts_made() == set()


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"confirm_password": "something else"}, 400),
        ({"password": "password1", "confirm_password": "password1"}, 400),
        ({"username": "the_user"}, 409),
    ],
)
def test_a_refused_form_uses_nothing_up(changes, status, visitor, by_invitation, people):
    token = invites.make(None)
    visitor.get(f"/signup?invite={token}")
    assert sign_up(visitor, **changes).status_code == status
    assert uses(token) == 0
    assert sign_up(visitor).status_code == 302


def test_an_open_house_asks_for_none(visitor, app):
    token = invites.make(None)
    visitor.get(f"/signup?invite={token}")
    assert sign_up(visitor).status_code == 302
    assert uses(token) == 0


def test_a_closed_house_stays_closed(visitor, by_invitation):
    token = invites.make(None)
    visitor.get(f"/signup?invite={token}")
    site_settings.change(None, signup_mode="closed")
    assert 'name="username"' not in visitor.get("/signup").text
    assert sign_up(visitor).status_code == 403
    assert (uses(token), accounts_made()) == (0, set())


# --- the pages


def test_a_link_is_made_and_shown_once(as_role, visitor, by_invitation):
    admin = as_role("admin")
    page = admin.post(
        "/admin/invites/new/", data={"note": "Bob & co", "max_uses": "2", "days": "3"}
    )
    assert page.status_code == 200
    path = re.search(r'id="link" value="http://localhost(/signup\?invite=[^"]+)"', page.text).group(
        1
    )
    visitor.get(path)
    assert sign_up(visitor).status_code == 302
    listed = admin.get("/admin/invites/").text
    assert path.partition("=")[2] not in listed
    for words in ("Bob &amp; co", "1 of 2", ">open<", ">the_admin<"):
        assert words in listed


@pytest.mark.parametrize(
    "change",
    [
        {"max_uses": "0"}, {"max_uses": "1001"}, {"max_uses": "many"}, {"max_uses": ""},
        {"days": "0"}, {"days": "366"}, {"days": "9" * 400}, {"note": "x" * 201},
    ],
)  # fmt: skip
def test_absurd_invitations_are_refused(change, root):
    data = {"note": "kept", "max_uses": "1", "days": "7", **change}
    assert root.post("/admin/invites/new/", data=data).status_code == 400
    assert db.session.query(Invite).count() == 0


def test_withdrawing(as_role, root, by_invitation):
    token = invites.make(None)
    answer = as_role("admin").post(f"/admin/invites/revoke/?id={row(token).id}")
    assert answer.status_code == 302
    page = root.get("/admin/invites/").text
    assert ">withdrawn<" in page
    assert ">Withdraw<" not in page
    assert root.post("/admin/invites/revoke/?id=nothing").status_code == 404


def test_the_page_says_when_nobody_is_asked(root):
    assert "Everybody may sign up" in root.get("/admin/invites/").text
