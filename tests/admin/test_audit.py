"""The audit trail: what the page says, and that the chain shows every kind of tampering."""

import re

import pytest
from sqlalchemy import text

from echo.cli.maintenance import audit as command
from echo.extensions import db
from echo.models import AuditEvent, RoleName
from echo.services import audit
from echo.services.audit import FIRST_HASH, Act
from echo.services.people import administration


@pytest.fixture
def trail(people):
    """Seven rows by the super admin about the plain user."""
    for number in range(7):
        audit.record(
            Act.USER_UNLOCKED, people["super_admin"], subject_id=people["user"].id, n=number
        )
    return people


@pytest.fixture
def verify(app):
    def run(*args):
        return app.test_cli_runner().invoke(command, ["verify", *args])

    return run


def sql(statement, **values):
    db.session.execute(text(statement), values)
    db.session.commit()


def head():
    return db.session.query(AuditEvent).order_by(AuditEvent.id.desc()).first().hash


def test_a_whole_chain(trail, verify):
    verdict = audit.verify()
    assert verdict == (7, head(), None, None)
    done = verify()
    assert done.exit_code == 0
    assert "7 rows" in done.output
    assert head() in done.output


def test_no_rows_are_whole_too(app, verify):
    assert audit.verify() == (0, FIRST_HASH, None, None)
    assert verify("--head", FIRST_HASH).exit_code == 0


CHANGES = [
    "UPDATE audit_events SET act = 'user.edited' WHERE id = 4",
    "UPDATE audit_events SET subject_id = 1 + subject_id WHERE id = 4",
    "UPDATE audit_events SET actor_id = NULL WHERE id = 4",
    "UPDATE audit_events SET at = '2020-01-01 00:00:00.000000' WHERE id = 4",
    "UPDATE audit_events SET detail = '{}' WHERE id = 4",
    "UPDATE audit_events SET target = 'x' WHERE id = 4",
    "UPDATE audit_events SET hash = 'x' WHERE id = 4",
]
DEEP = "[" * 100_000 + "]" * 100_000
NO_VALUES = [  # which PostgreSQL's columns refuse
    "UPDATE audit_events SET at = 'never' WHERE id = 4",
    "UPDATE audit_events SET detail = 'no json' WHERE id = 4",
    f"UPDATE audit_events SET detail = '{DEEP}' WHERE id = 4",
]
NOT_IN_PYTHON = [  # which PostgreSQL has, and datetime has not
    "UPDATE audit_events SET at = 'infinity' WHERE id = 4",
    "UPDATE audit_events SET at = '20000-01-01' WHERE id = 4",
    "UPDATE audit_events SET at = '0044-03-15 BC' WHERE id = 4",
    f"UPDATE audit_events SET detail = '{'9' * 5000}' WHERE id = 4",
]


@pytest.mark.parametrize(
    "change",
    [*CHANGES, *(pytest.param(each, marks=pytest.mark.sqlite) for each in NO_VALUES)],
    ids=lambda change: change[24:60],
)
def test_a_changed_row_is_found(change, trail, verify):
    sql(change)
    verdict = audit.verify()
    assert (verdict.rows, verdict.broken_at) == (3, 4)
    assert not verdict.is_whole
    done = verify()
    assert done.exit_code == 1
    assert "row 4" in done.stderr


@pytest.mark.parametrize("database", ["postgresql"])
@pytest.mark.parametrize("change", NOT_IN_PYTHON, ids=lambda change: change[24:60])
def test_a_row_that_python_cannot_read_is_found(change, database, trail):
    sql(change)
    assert (audit.verify().rows, audit.verify().broken_at) == (3, 4)


def test_a_missing_row_in_the_middle_is_found(trail, verify):
    sql("DELETE FROM audit_events WHERE id = 4")
    assert audit.verify().broken_at == 5
    assert verify().exit_code == 1


def test_a_missing_row_whose_followers_were_renumbered_is_found(trail):
    sql("DELETE FROM audit_events WHERE id = 4")
    for number in (5, 6, 7):
        sql("UPDATE audit_events SET id = :to WHERE id = :of", to=number - 1, of=number)
    assert audit.verify().broken_at == 4


def test_the_first_row_cannot_go_unseen(trail):
    sql("DELETE FROM audit_events WHERE id = 1")
    assert audit.verify().broken_at == 2


def test_a_gap_shows_even_where_all_hashes_were_made_anew(trail):
    sql("DELETE FROM audit_events WHERE id = 4")
    before = FIRST_HASH
    for row in db.session.query(AuditEvent).order_by(AuditEvent.id):
        row.hash = before = audit.link_hash(before, row)
    db.session.commit()
    assert audit.verify().broken_at == 5


def test_a_row_that_was_put_in_is_found(trail):
    sql(
        "INSERT INTO audit_events (id, at, actor_id, act, subject_id, target, detail, hash) "
        "SELECT 8, at, actor_id, act, subject_id, target, detail, hash FROM audit_events WHERE id = 7"
    )
    assert audit.verify().broken_at == 8


def test_a_cut_off_end_is_found_by_a_noted_head(trail, verify):
    noted = head()
    sql("DELETE FROM audit_events WHERE id > 5")
    assert audit.verify().is_whole, "the rest fits together, that is why a head is noted"
    assert verify().exit_code == 0
    done = verify("--head", noted)
    assert done.exit_code == 1
    assert "cut off" in done.stderr
    audit.record(Act.TRAIL_VERIFIED, None)
    audit.record(Act.TRAIL_VERIFIED, None)  # as many rows as before
    assert audit.verify(noted).noted_found is False


def test_a_noted_head_stays_in_a_chain_that_grew(trail, verify):
    noted = head()
    audit.record(Act.TRAIL_VERIFIED, None)
    assert verify("--head", noted.upper()).exit_code == 0


def test_batches_join(trail, monkeypatch):
    monkeypatch.setattr(audit, "BATCH", 3)
    assert audit.verify(head()).is_whole
    sql("UPDATE audit_events SET target = 'x' WHERE id = 4")  # the first row of the second batch
    assert audit.verify().broken_at == 4


def test_the_hub_goes_on_while_the_chain_is_walked(trail, monkeypatch):
    import eventlet

    monkeypatch.setattr(audit, "BATCH", 1)
    turns = []

    def count():
        while True:
            turns.append(1)
            eventlet.sleep(0)

    other = eventlet.spawn(count)
    audit.verify()
    other.kill()
    assert len(turns) >= 7


# --- the page


def said(client, **query):
    """Return the sentences of the page, newest first, without their tags."""
    page = client.get("/admin/audit/", query_string=query).text
    found = re.findall(r'<td data-label="What happened"[^>]*>(.*?)</td>', page, re.S)
    return [re.sub(r"<[^>]+>", "", words).strip() for words in found]


def test_acts_are_plain_sentences(root, people):
    me, user = people["super_admin"], people["user"]
    administration.edit_user(
        me, user.id, username=user.username, email="new@example.org", active=False,
        role=RoleName.ANALYST,
    )  # fmt: skip
    administration.sign_out(me, user.id)
    administration.create_user(
        None, username="grace", email="grace@example.org", password="seven purple walruses"
    )
    assert said(root) == [
        "The command line made the account of grace as user",
        "the_super_admin signed the_user out everywhere",
        "the_super_admin switched off the account of the_user",
        "the_super_admin gave the_user the role analyst",
        "the_super_admin changed email of the_user",
    ]
    assert "new@example.org" not in root.get("/admin/audit/").text


def test_every_act_has_a_sentence():
    from echo.admin import sentences

    assert set(sentences.SENTENCES) == set(Act)
    for act in Act:
        row = AuditEvent(act=act, actor_id=None, subject_id=None, target="x", detail={})
        assert "{" not in sentences.sentence(row, {})


def test_deleted_accounts_are_numbers(root, trail):
    number = trail["user"].id
    administration.delete_user(trail["super_admin"], number, "the_user")
    assert f"the_super_admin unlocked the sign-in of account {number} (deleted)" in said(root)


def test_names_stay_text(root, people):
    from echo.admin import sentences

    row = AuditEvent(
        act="user.unlocked", actor_id=1, subject_id=2, target="<b>", detail={"<i>": "<u>"}
    )
    with root.application.test_request_context():
        words = sentences.sentence(row, {1: "<script>", 2: "bob"})
    shown = f"{words}{sentences.detail(row)}"
    assert "<script>" not in shown
    assert "<i>" not in shown


def test_filters(root, trail):
    audit.record(Act.INVITE_MADE, trail["admin"])
    assert len(said(root)) == 8
    assert len(said(root, act="invite.made")) == 1
    assert len(said(root, actor_id=trail["admin"].id)) == 1
    assert len(said(root, subject_id=trail["user"].id)) == 7
    assert said(root, until="2001-01-01") == []
    assert len(said(root, **{"from": "2001-01-01"})) == 8


def test_only_super_admins_verify(as_role, trail):
    client = as_role("admin")
    assert "Verify the chain" not in client.get("/admin/audit/").text
    assert client.post("/admin/audit/verify/").status_code == 403
    assert as_role("super_admin").get("/admin/audit/verify/").status_code == 405


def test_the_button_says_how_many_rows_and_the_head(root, trail):
    noted = head()
    page = root.post("/admin/audit/verify/")
    assert page.status_code == 200
    assert "The trail is whole" in page.text
    assert "7 rows fit" in page.text
    assert noted in page.text
    assert said(root)[0] == "the_super_admin verified this trail"
    assert audit.verify(noted).is_whole


def test_the_button_names_the_broken_row(root, trail):
    sql(CHANGES[0])
    page = root.post("/admin/audit/verify/").text
    assert "The chain breaks at row 4" in page


def test_rows_cannot_be_changed_here(root, trail):
    for act in ("new", "edit", "delete", "action", "details"):
        assert root.post(f"/admin/audit/{act}/").status_code == 404
