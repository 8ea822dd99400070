"""Shared chats as administrators see them: each look and each end is written down, and holds at once."""

import pytest

from echo.extensions import db
from echo.models import AuditEvent, Share, Visibility
from echo.services import site_settings
from echo.services.sharing import Wish, links, shares
from tests.services.people import conversation_of
from tests.web.test_profile import counted


@pytest.fixture
def share(people):
    """Make somebody share a chat."""

    def make(role="user"):
        chat = conversation_of(people[role])
        return shares.share(people[role].id, chat.id, Wish(Visibility.PUBLIC)).row

    return make


def acts():
    db.session.expire_all()
    rows = db.session.query(AuditEvent).order_by(AuditEvent.id)
    return [(row.act, row.subject_id, row.target) for row in rows]


def test_a_list_and_the_copy_are_looks(as_role, people, share):
    row, client, user = share(), as_role("admin"), people["user"].id
    token = links.token_of(row)
    page = client.get("/admin/shares/").text
    assert "walrus title" in page
    assert "everybody with the link" in page
    details = client.get(f"/admin/shares/details/?id={row.id}").text
    assert "walrus text 4" in details
    table = client.get("/admin/shares/export/csv/", buffered=True).text
    for secret in (token, row.token_hash, row.sealed_token):
        assert secret not in page + details + table
    assert acts()[:2] == [
        ("messages.listed", user, "shares"),
        ("conversation.opened", user, f"shares/{row.id}"),
    ]
    site_settings.change(None, sharing="people")
    assert "fewer: switched off" in client.get("/admin/shares/").text


def test_a_page_asks_once_what_the_site_allows(as_role, share):
    client = as_role("admin")

    def times():
        with counted() as asked:
            page = client.get("/admin/shares/").text
        words = page.count("everybody with the link</span>")
        return words, sum("site_settings" in each for each in asked)

    share()
    rows, settings = times()
    share("analyst")
    share("super_admin")
    assert (rows, times()) == (1, (3, settings))
    assert settings > 0


def test_an_administrator_ends_a_link_and_it_is_written_down(as_role, people, share, client):
    row = share()
    at, target = f"/share/{links.token_of(row)}", f"conversations/{row.conversation_id}"
    revoke = f"/admin/shares/revoke/?id={row.id}"
    assert client.get(at).status_code == 200
    assert as_role("admin").post(revoke).status_code == 302
    assert client.get(at).status_code == 404
    assert acts() == [("share.revoked", people["user"].id, target)]
    assert as_role("admin").post(revoke).status_code == 404


def test_several_are_ended_at_once_but_not_those_of_stronger_people(as_role, share):
    mine, root = share(), share("super_admin")
    client = as_role("admin")
    ticked = {"action": "revoke", "rowid": [mine.id, root.id]}
    assert "End these links?" in client.post("/admin/shares/action/", data=ticked).text
    client.post("/admin/shares/action/", data={**ticked, "confirmed": "yes"})
    assert [row.id for row in db.session.query(Share)] == [root.id]
    assert client.post(f"/admin/shares/revoke/?id={root.id}").status_code == 403
    assert as_role("super_admin").post(f"/admin/shares/revoke/?id={root.id}").status_code == 302
