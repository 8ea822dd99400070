"""Pictures given and taken away, thumbs with their answers, and who used how much today."""

from __future__ import annotations

import io

import pytest
from PIL import Image
from werkzeug.datastructures import FileStorage
from werkzeug.test import encode_multipart

from echo.clock import utc_now
from echo.extensions import db
from echo.limits import PICTURE_BYTES
from echo.models import AuditEvent, Conversation, Message, MessageRating, Picture, Role, UserDay
from echo.services.accounts import profile_pictures
from echo.services.audit import Act
from echo.services.numbers import slots


def png(colour="teal"):
    target = io.BytesIO()
    Image.new("RGB", (300, 200), colour).save(target, "PNG")
    return target.getvalue()


def give(client, user_id, raw, name="a.png"):
    """Post as a browser does; the test client itself would leave a temporary file open."""
    data = {"user_id": str(user_id), "picture": FileStorage(io.BytesIO(raw), name)}
    boundary, body = encode_multipart(data)
    kind = f'multipart/form-data; boundary="{boundary}"'
    return client.post("/admin/pictures/new/", data=body, content_type=kind)


def acts(name):
    return db.session.query(AuditEvent).filter_by(act=name).all()


def picture_of(user):
    db.session.expire_all()
    return db.session.query(Picture).filter_by(user_id=user.id).one_or_none()


def test_picture_is_given_replaced_shown_and_taken_away(as_role, people):
    admin, user = as_role("admin"), people["user"]
    assert give(admin, user.id, png()).status_code == 302
    first = picture_of(user).id
    assert give(admin, user.id, png("red")).status_code == 302
    second = picture_of(user).id
    assert first != second
    page = admin.get(f"/admin/pictures/?user_id={user.id}").text
    assert f'src="/pictures/{second}"' in page
    assert admin.post(f"/admin/pictures/delete/?id={second}").status_code == 302
    assert picture_of(user) is None
    assert admin.post(f"/admin/pictures/delete/?id={second}").status_code == 404
    assert [row.subject_id for row in acts(Act.PICTURE_MADE)] == [user.id] * 2
    assert [row.subject_id for row in acts(Act.PICTURE_DELETED)] == [user.id]


@pytest.mark.parametrize(
    ("user_id", "raw", "status"),
    [
        ("none", png(), 400),
        ("9" * 20, png(), 400),
        ("9" * 400, png(), 400),
        ("4242", png(), 404),
        ("", png(), 400),
        ("user", b"no picture", 400),
        ("user", b"", 400),
        ("user", png()[:-40], 400),
        ("user", b"\x89PNG" + bytes(PICTURE_BYTES), 400),
    ],
)
def test_unusable_uploads_say_why_and_store_nothing(root, people, user_id, raw, status):
    answer = give(root, people["user"].id if user_id == "user" else user_id, raw)
    assert answer.status_code == status
    assert "field-error" in answer.text
    assert db.session.query(Picture).count() == 0
    assert acts(Act.PICTURE_MADE) == []


def test_upload_without_a_file_or_as_text(root, people):
    assert root.post("/admin/pictures/new/", data={"user_id": "1"}).status_code == 400
    assert (
        root.post("/admin/pictures/new/", data={"user_id": "1", "picture": "x"}).status_code == 400
    )


def test_admin_touches_no_pictures_of_administrators(as_role, people):
    boss = people["super_admin"]
    profile_pictures.store(boss.id, png())
    admin = as_role("admin")
    assert give(admin, boss.id, png()).status_code == 403
    assert admin.post(f"/admin/pictures/delete/?id={picture_of(boss).id}").status_code == 403
    assert "/admin/pictures/delete/" not in admin.get("/admin/pictures/").text


@pytest.fixture
def rated(people):
    talk = Conversation(user_id=people["user"].id, title="")
    db.session.add(talk)
    db.session.flush()
    answers = [
        Message(
            conversation_id=talk.id, user_id=talk.user_id, ordinal=n, role="assistant", text="x"
        )
        for n in (1, 2)
    ]
    db.session.add_all(answers)
    db.session.flush()
    for answer, rating in zip(answers, (1, -1), strict=True):
        db.session.add(
            MessageRating(
                message_id=answer.id, user_id=talk.user_id, rating=rating,
                reasons=["too_long"], comment="<b>far</b> too long",
            )
        )  # fmt: skip
    db.session.commit()
    return answers


def test_ratings_are_listed_filtered_and_lead_to_their_answers(root, rated, people):
    page = root.get("/admin/ratings/").text
    assert "&lt;b&gt;far" in page
    assert "Too long" in page
    for answer in rated:
        assert f"/admin/messages/details/?id={answer.id}" in page
    bad = root.get(f"/admin/ratings/?rating=-1&user_id={people['user'].id}").text
    assert rated[1].id in bad
    assert rated[0].id not in bad
    assert "Nothing matches" in root.get(f"/admin/ratings/?user_id={people['admin'].id}").text


def test_use_of_today(root, people):
    today = slots.day_number(utc_now())
    db.session.query(Role).filter_by(name="user").update({"daily_messages": 5})
    for name, replies, tokens in (("user", 5, 10), ("analyst", 9, 1), ("admin", 0, 0)):
        db.session.add(
            UserDay(
                day=today, user_id=people[name].id, questions=replies, characters=1,
                replies=replies, prompt_tokens=tokens, completion_tokens=tokens,
            )
        )  # fmt: skip
    db.session.add(
        UserDay(
            day=today - 1, user_id=people["admin"].id, questions=99, characters=1, replies=99,
            prompt_tokens=1, completion_tokens=1,
        )
    )  # fmt: skip
    db.session.commit()
    page = root.get("/admin/use/").text
    assert page.index(">the_analyst<") < page.index(">the_user<")
    assert "used up" in page
    assert ">the_admin<" not in page
    page = root.get("/admin/use/?by=tokens").text
    assert page.index(">the_user<") < page.index(">the_analyst<")
    page = root.get("/admin/use/?role=analyst").text
    assert ">the_user<" not in page
    page = root.get(f"/admin/use/?user_id={people['user'].id}").text
    assert ">the_analyst<" not in page


@pytest.mark.parametrize("value", ["x", "-1", "9" * 400, "0", "\0", "1e9"])
def test_use_with_odd_addresses(root, value):
    query = {"user_id": value, "role": value, "by": value}
    assert root.get("/admin/use/", query_string=query).status_code == 200
