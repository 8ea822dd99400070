"""A stolen session must not become a takeover: what gives power asks for a fresh proof."""

import html
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from echo.clock import utc_now
from echo.extensions import cache, db
from echo.models import Device, RoleName, User
from echo.services import site_settings
from echo.services.sign_in import kept_forms
from echo.services.sign_in.kept_forms import KeptForm
from tests.conftest import PASSWORD

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


def make_stale():
    for device in db.session.query(Device):
        device.confirmed_at = utc_now() - timedelta(minutes=11)
    db.session.commit()


@pytest.fixture
def stale_root(root):
    """A super admin who signed in eleven minutes ago."""
    make_stale()
    return root


def waiting(client, answer):
    """Give the proof that an answer leads to; returns where the kept form goes, and its key."""
    assert answer.location.startswith("/confirm?")
    done = client.post(answer.location, data={"password": PASSWORD})
    assert done.location.startswith("/confirm/go-on?"), done.location
    page = client.get(done.location).text
    path = re.search(r'action="([^"]+)" data-go-on', page).group(1)
    return html.unescape(path), re.search(r'name="kept" value="([^"]+)"', page).group(1)


def go_on(client, answer):
    """Give the proof, and send what was kept once more, as the page does by itself."""
    path, key = waiting(client, answer)
    return client.post(path, data={"kept": key})


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


# --- nothing is ticked or typed twice


def test_ticks_and_act_are_there_after_the_proof(stale_root, people):
    ids = [people["user"].id, people["analyst"].id]
    ticked = {"action": "switch_off", "rowid": [str(each) for each in ids]}
    address = "/admin/users/action/?search=the&sort=1&desc=0"
    asked = stale_root.post(address, data=ticked)
    no_thanks = f"/admin/users/?search=the&sort=1&desc=0&tick={ids[0]}&tick={ids[1]}"
    assert f'href="{html.escape(no_thanks)}"' in stale_root.get(asked.location).text
    page = go_on(stale_root, asked)
    assert page.status_code == 200
    assert [f'name="rowid" value="{each}"' in page.text for each in ids] == [True, True]
    assert 'name="action" value="switch_off"' in page.text
    assert "the_analyst" in page.text
    assert "the_admin" not in page.text
    assert db.session.get(User, ids[0]).active
    back = "/admin/users/?search=the&amp;sort=1&amp;desc=0&amp;"
    assert f'href="{back}tick={ids[0]}&amp;tick={ids[1]}"' in page.text
    again = stale_root.get(f"/admin/users/?tick={ids[0]}").text
    assert re.findall(r'value="(\d+)" form="bulk" checked', again) == [str(ids[0])]


def test_a_confirmed_act_is_done_and_leads_back_to_the_same_list(stale_root, people):
    ticked = {"action": "switch_off", "rowid": [str(people["user"].id)], "confirmed": "yes"}
    answer = go_on(stale_root, stale_root.post("/admin/users/action/?role=user", data=ticked))
    assert answer.location == "/admin/users/?role=user"
    db.session.expire_all()
    assert not db.session.get(User, people["user"].id).active


def test_what_was_typed_is_saved_after_the_proof(stale_root):
    sent = stale_root.post(
        "/admin/settings/",
        data={"signup_mode": "closed", "banner": "Zażółć & <b>noon</b>", "help": "on"},
        headers={"Referer": "http://localhost/admin/settings/"},
    )
    assert go_on(stale_root, sent).location == "/admin/settings/"
    assert site_settings.changed()["banner"] == "Zażółć & <b>noon</b>"
    assert site_settings.current().signup_mode == "closed"


def test_a_form_that_is_refused_afterwards_is_shown_as_it_was_typed(root):
    page = "/admin/users/new/"
    values = {"username": "nina", "email": "no address", "password": PASSWORD, "role": "analyst"}
    make_stale()
    shown = go_on(root, root.post(page, data=values))
    assert shown.status_code == 400
    assert 'value="nina"' in shown.text
    assert 'value="no address"' in shown.text
    make_stale()
    assert go_on(root, root.post(page, data={**values, "email": "nina@x.org"})).status_code == 302
    made = db.session.query(User).filter_by(username="nina").one()
    assert (made.role_name, made.password_hash is not None) == (RoleName.ANALYST, True)


def test_a_wrong_password_in_between_loses_nothing(stale_root, people):
    ticked = {"action": "sign_out", "rowid": [str(people["user"].id)]}
    asked = stale_root.post("/admin/users/action/", data=ticked)
    assert stale_root.post(asked.location, data={"password": "wrong"}).status_code == 401
    assert "the_user" in go_on(stale_root, asked).text


def test_it_is_sent_once_to_its_own_page_by_its_own_person(stale_root, as_role, people):
    ticked = {"action": "switch_off", "rowid": [str(people["user"].id)], "confirmed": "yes"}
    asked = stale_root.post("/admin/users/action/", data=ticked)
    path, key = waiting(stale_root, asked)
    other = as_role("admin")
    assert other.post(path, data={"kept": key}).status_code == 400
    assert stale_root.post(path, data={"kept": key + "x"}).status_code == 400
    assert db.session.get(User, people["user"].id).active
    assert stale_root.post(path, data={"kept": key}).status_code == 302
    assert stale_root.post(path, data={"kept": key}).status_code == 400
    where = parse_qs(urlsplit(asked.location).query)
    gone = stale_root.get(f"/confirm/go-on?next=/admin/users/&kept={where['kept'][0]}")
    assert gone.location == "/admin/users/"
    make_stale()
    path, key = waiting(stale_root, stale_root.post("/admin/users/action/", data=ticked))
    assert stale_root.post("/admin/settings/", data={"kept": key}).status_code == 400


def test_the_cache_keeps_one_of_each_person_unreadable_and_no_giant(app, people):
    first = kept_forms.keep(1, KeptForm("/a", [("password", "hunter2 hunter2")]))
    kept = str(cache.get("kept_form/1"))
    assert "hunter2" not in kept
    assert "password" not in kept
    assert kept_forms.look(1, first).fields == [("password", "hunter2 hunter2")]
    assert kept_forms.keep(1, KeptForm("/a", [("x", "y" * kept_forms.KEPT_CHARS)])) is None
    second = kept_forms.keep(1, KeptForm("/b", []))
    assert kept_forms.look(1, first) is None
    assert kept_forms.look(2, second) is None
    assert kept_forms.take(1, second) == KeptForm("/b", [])
    assert kept_forms.take(1, second) is None


def test_buttons_wait_on_their_page_and_files_on_their_list(stale_root, people):
    page = f"/admin/users/details/?id={people['user'].id}"
    asked = stale_root.post(
        f"/admin/users/reset-link/?id={people['user'].id}",
        headers={"Referer": f"http://localhost{page}"},
    )
    assert "kept" not in asked.location
    assert stale_root.post(asked.location, data={"password": PASSWORD}).location == page
    make_stale()
    asked = stale_root.get("/admin/users/export/csv/?role=user")
    done = stale_root.post(asked.location, data={"password": PASSWORD})
    assert done.location == "/admin/users/?role=user"
