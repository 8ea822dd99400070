"""Acts on ticked rows, and tables as CSV: what each administrator may, and what is written down."""

from __future__ import annotations

import csv
import io

import pytest

from echo import csv_lines
from echo.admin import bulk, table_export
from echo.clock import utc_now
from echo.extensions import db
from echo.models import AuditEvent, Conversation, Device, Feedback, Invite, Message, User
from echo.services import storage
from echo.services.audit import Act
from echo.services.people import invites
from echo.services.sign_in import devices
from tests.long_chats import LONG, long_chat

EXPORTED = (
    "users", "devices", "pictures", "invites", "conversations", "messages", "ratings", "feedback",
    "audit",
)  # fmt: skip


def act(client, table, name, ids, confirmed=True):
    data = {"action": name, "rowid": [str(each) for each in ids]}
    if confirmed:
        data["confirmed"] = "yes"
    return client.post(f"/admin/{table}/action/", data=data)


def said(client, table="users"):
    return client.get(f"/admin/{table}/").text


def fresh(row):
    db.session.expire_all()
    return db.session.get(type(row), row.id)


def acts(name):
    return db.session.query(AuditEvent).filter_by(act=name).all()


# ── acts on ticked rows ─────────────────────────────────────────────────────────────────────


def test_asks_first_and_changes_nothing_until_then(root, people):
    page = act(root, "users", "switch_off", [people["user"].id], confirmed=False)
    assert page.status_code == 200
    assert "the_user" in page.text
    assert 'name="confirmed" value="yes"' in page.text
    assert fresh(people["user"]).active
    assert act(root, "users", "switch_off", [people["user"].id]).status_code == 302
    assert not fresh(people["user"]).active
    assert len(acts(Act.USER_SWITCHED_OFF)) == 1


def test_switching_off_and_on_ends_sessions_and_leaves_ones_own(root, people, as_role):
    theirs = as_role("user")
    everybody = [person.id for person in people.values()]
    act(root, "users", "switch_off", everybody)
    assert theirs.get("/profile").status_code == 302
    assert fresh(people["super_admin"]).active
    page = said(root)
    assert "Accounts switched off: 3." in page
    assert "You cannot switch off your own account." in page
    act(root, "users", "switch_on", everybody)
    assert all(fresh(person).active for person in people.values())


def test_plain_admin_touches_no_administrators(as_role, people):
    admin = as_role("admin")
    act(admin, "users", "switch_off", [people["super_admin"].id, people["user"].id])
    assert fresh(people["super_admin"]).active
    assert not fresh(people["user"]).active
    assert "Left as they were: 1." in said(admin)


def test_signing_out_many(root, people, as_role):
    theirs = as_role("analyst")
    act(root, "users", "sign_out", [people["analyst"].id, people["user"].id])
    assert theirs.get("/profile").status_code == 302
    assert len(acts(Act.USER_SIGNED_OUT)) == 2


def test_rows_that_are_gone_are_counted_and_the_others_done(root, people):
    rows = [
        Feedback(user_id=people["user"].id, opinion=f"opinion {n}", category="idea") for n in (1, 2)
    ]
    db.session.add_all(rows)
    db.session.commit()
    gone, left = (row.id for row in rows)
    db.session.delete(rows[0])
    db.session.commit()
    page = act(root, "feedback", "seen", [gone, left], confirmed=False).text
    assert "1 of the ticked rows is gone" in page
    act(root, "feedback", "seen", [gone, left, 2**62, "x", "9" * 400])
    assert fresh(rows[1]).state == "seen"
    page = said(root, "feedback")
    assert "Marked as seen: 1." in page
    assert "Left as they were" in page


def test_invitations_and_devices(root, people, as_role):
    theirs = as_role("user")
    device = db.session.query(Device).filter_by(user_id=people["user"].id).one()
    invites.make(people["admin"], note="for Ada")
    invite = db.session.query(Invite).one()
    act(root, "invites", "revoke", [invite.id])
    assert fresh(invite).revoked_at is not None
    act(root, "devices", "revoke", [device.id, device.id])
    assert theirs.get("/profile").status_code == 302
    (row,) = acts(Act.DEVICE_REVOKED)
    assert (row.subject_id, row.target) == (people["user"].id, f"devices/{device.id}")


@pytest.mark.parametrize(
    ("name", "ids", "status"),
    [
        ("erase", ["1"], 400),
        ("", ["1"], 400),
        ("switch_off", [], 302),
        ("switch_off", range(1, bulk.ROWS_MAX + 2), 400),
        ("switch_off", ["\0", "' --"], 302),
    ],
)
def test_odd_requests(root, people, name, ids, status):
    assert act(root, "users", name, ids).status_code == status
    assert all(person.active for person in db.session.query(User).all())


def test_forms_need_the_pages_token(root, people, app):
    app.config["WTF_CSRF_ENABLED"] = app.config["WTF_CSRF_CHECK_DEFAULT"] = True
    assert act(root, "users", "switch_off", [people["user"].id]).status_code == 400
    assert fresh(people["user"]).active


@pytest.mark.parametrize("table", ["conversations", "messages", "audit", "ratings", "roles"])
def test_other_tables_have_no_acts(root, people, table):
    assert act(root, table, "seen", [1]).status_code == 404


# ── single devices ──────────────────────────────────────────────────────────────────────────


def test_one_device_is_signed_out_and_the_others_stay(as_role, people, make_user, login, app):
    first, second = as_role("user"), as_role("user")
    admin = as_role("admin")
    device = (
        db.session.query(Device).filter_by(user_id=people["user"].id).order_by(Device.id).first()
    )
    page = admin.get(f"/admin/devices/?user_id={people['user'].id}&state=live").text
    assert page.count("/admin/devices/revoke/") == 2
    assert device.token_hash not in page
    admin.post(f"/admin/devices/revoke/?id={device.id}")
    assert sorted(each.get("/profile").status_code for each in (first, second)) == [200, 302]


def test_admin_signs_out_no_super_admin(as_role, people, root):
    device = db.session.query(Device).filter_by(user_id=people["super_admin"].id).one()
    assert as_role("admin").post(f"/admin/devices/revoke/?id={device.id}").status_code == 403
    assert devices.is_live(fresh(device))


# ── CSV ─────────────────────────────────────────────────────────────────────────────────────


def table(client, name, query=""):
    answer = client.get(f"/admin/{name}/export/csv/{query}", buffered=True)
    assert answer.status_code == 200, answer.text
    assert answer.data.count(b"\xef\xbb\xbf") == 1, "once, at the beginning"
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


@pytest.fixture
def written(people):
    talk = Conversation(user_id=people["user"].id, title="=1+1")
    db.session.add(talk)
    db.session.flush()
    message = Message(
        conversation_id=talk.id,
        user_id=talk.user_id,
        ordinal=1,
        role="user",
        text="@SUM(a, b)\nnext",
    )
    db.session.add(message)
    db.session.commit()
    return message


@pytest.mark.parametrize("name", EXPORTED)
def test_every_table_is_downloaded_and_it_is_written_down(root, name, people):
    table(root, name)
    (row,) = acts(Act.TABLE_DOWNLOADED)
    assert row.actor_id == people["super_admin"].id


def test_no_secrets(root, people):
    person = people["user"]
    person.google_sub, person.totp_secret = "1098765432109", "a secret of codes"
    db.session.commit()
    text = root.get("/admin/users/export/csv/", buffered=True).text
    text += root.get("/admin/devices/export/csv/", buffered=True).text
    assert person.username in text
    hashes = [device.token_hash for device in db.session.query(Device)]
    for secret in (person.password_hash, person.google_sub, person.totp_secret, *hashes):
        assert secret not in text


def test_filters_search_and_order_hold(root, people):
    names = [row["username"] for row in table(root, "users", "?search=admin&sort=1")]
    assert names == ["the_admin", "the_super_admin"]
    assert [row["username"] for row in table(root, "users", "?role=analyst")] == ["the_analyst"]
    details = [row.detail for row in acts(Act.TABLE_DOWNLOADED)]
    assert details[1]["filters"] == "role"
    assert "analyst" not in str(details)


def test_texts_for_super_admins_alone_harmless_and_as_a_look(root, as_role, written, people):
    assert "text" not in table(as_role("admin"), "messages")[0]
    assert "title" not in table(as_role("admin"), "conversations")[0]
    assert acts(Act.MESSAGES_LISTED) == []
    assert table(root, "messages")[0]["text"] == "'@SUM(a, b)\nnext"
    assert table(root, "conversations")[0]["title"] == "'=1+1"
    seen = {(row.subject_id, row.target) for row in acts(Act.MESSAGES_LISTED)}
    assert seen == {(people["user"].id, "messages"), (people["user"].id, "conversations")}


def test_batches_hold_every_row_once_up_to_the_limit(root, people, monkeypatch):
    db.session.add_all(
        Feedback(
            user_id=people["user"].id,
            opinion=f"opinion {n:03}",
            category="idea",
            rating=n % 3 or None,
        )
        for n in range(50)
    )
    db.session.commit()
    monkeypatch.setattr(table_export.TableExport, "export_batch", 7)
    rows = table(root, "feedback", "?sort=3&desc=1")
    assert sorted(row["opinion"] for row in rows) == [f"opinion {n:03}" for n in range(50)]
    monkeypatch.setattr(table_export, "EXPORT_ROWS", 20)
    assert len(table(root, "feedback")) == 20


def test_long_texts_leave_fewer_at_a_time(root, people, monkeypatch):
    csv.field_size_limit(len(LONG) + 100)
    long_chat(people["user"].id, 12)
    parts: list[str] = []
    written = csv_lines.lines
    monkeypatch.setattr(csv_lines, "lines", lambda rows: parts.append(written(rows)) or parts[-1])
    assert len(table(root, "messages")) == 12
    assert sum(part.count(LONG) for part in parts) == 12
    assert all(len(part) < storage.BATCH_CHARS + 2 * len(LONG) for part in parts)


def test_asks_who_one_is_when_that_was_long_ago(root, people):
    db.session.query(Device).update({"confirmed_at": utc_now().replace(year=2020)})
    db.session.commit()
    answer = root.get("/admin/users/export/csv/?role=user")
    assert answer.status_code == 302
    assert answer.location.startswith("/confirm?next=")
    assert acts(Act.TABLE_DOWNLOADED) == []


@pytest.mark.parametrize("kind", ["json", "xlsx", "..", "%00", "x" * 3000])
def test_other_kinds_are_not_there(root, kind):
    assert root.get(f"/admin/users/export/{kind}/").status_code == 404


def test_roles_and_use_have_no_file(root):
    for name in ("roles", "use"):
        assert root.get(f"/admin/{name}/export/csv/").status_code == 404


@pytest.mark.parametrize("name", EXPORTED)
def test_a_file_gives_its_connection_to_the_database_back(root, name):
    """Each one kept a connection: after a hundred files PostgreSQL let nobody in."""
    db.session.commit()
    held = db.engine.pool.checkedout()
    for _file in range(3):
        assert root.get(f"/admin/{name}/export/csv/", buffered=True).status_code == 200
    assert db.engine.pool.checkedout() <= held
