"""Demo data is believable: trees that hang together, times in order, the same for the same seed."""

from collections import Counter, defaultdict
from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from demo.data import PREFIX, demo_data
from echo.clock import utc_now
from echo.extensions import db
from echo.models import Conversation, Feedback, Message, MessageRating, User
from echo.services.numbers import chart_rows
from echo.services.people import administration


@pytest.fixture
def run(app):
    def invoke(*args):
        result = app.test_cli_runner().invoke(demo_data, [str(arg) for arg in args])
        assert result.exit_code == 0, result.output
        return result.output

    return invoke


@pytest.fixture
def made(run):
    return run("--users", 60, "--days", 40, "--messages", 900, "--seed", 5)


def test_about_as_much_as_was_asked_for(made):
    assert db.session.query(User).filter(User.username.startswith(PREFIX)).count() == 60
    assert 700 < db.session.query(Message).count() < 1100
    assert db.session.query(Feedback).count() > 0
    assert db.session.query(MessageRating).count() > 0
    assert "60 people" in made


def test_messages_form_trees(made):
    by_talk = defaultdict(list)
    for row in db.session.query(Message).order_by(Message.conversation_id, Message.ordinal):
        by_talk[row.conversation_id].append(row)
    assert by_talk
    for talk in db.session.query(Conversation):
        rows = by_talk[talk.id]
        known = {row.id: row for row in rows}
        assert [row.ordinal for row in rows] == list(range(1, len(rows) + 1))
        assert talk.message_count == len(rows)
        assert talk.head_id in known
        assert known[talk.head_id].role == "assistant"
        for row in rows:
            parent = known.get(row.parent_id)
            assert (parent is None) == (row.parent_id is None)
            assert parent is None or parent.role != row.role
            assert parent is not None or row.role == "user"
            assert row.user_id == talk.user_id


def test_times_are_in_order_and_past(made):
    signed_up = dict(db.session.query(User.id, User.created_at).all())
    for talk in db.session.query(Conversation):
        assert signed_up[talk.user_id] <= talk.created_at <= talk.updated_at <= utc_now()
    for row in db.session.query(Message).filter_by(role="assistant"):
        assert 0 <= row.queue_ms <= row.first_token_ms <= row.total_ms
    for person in db.session.query(User):
        assert person.created_at <= person.last_seen_at <= utc_now()


def test_ids_grow_with_time(made):
    talks = db.session.query(Conversation).order_by(Conversation.id).all()
    assert [t.created_at for t in talks] == sorted(t.created_at for t in talks)


def test_replies_end_in_different_ways(made):
    statuses = Counter(status for (status,) in db.session.query(Message.status))
    assert statuses["complete"] > 0.8 * sum(statuses.values())
    assert len(statuses) > 2


def test_nobody_can_sign_in(made):
    assert db.session.query(User).filter(User.password_hash.is_not(None)).count() == 0


def test_it_can_be_run_again(run, made):
    run("--users", 20, "--days", 10, "--messages", 100, "--seed", 5)
    assert db.session.query(User).filter(User.username.startswith(PREFIX)).count() == 80


def test_people_alone(run):
    run("--users", 1, "--days", 1, "--messages", 0)
    assert db.session.query(Message).count() == 0


def test_the_same_seed_tells_the_same(run):
    def words():
        return [text for (text,) in db.session.query(Message.text).order_by(Message.id)]

    run("--users", 20, "--days", 10, "--messages", 100, "--seed", 9)
    first = words()
    for table in (Conversation, Feedback, User):
        db.session.query(table).delete()
    db.session.commit()
    run("--users", 20, "--days", 10, "--messages", 100, "--seed", 9)
    assert len(words()) == len(first)


def test_demo_people_can_be_edited(made, root):
    person = db.session.query(User).filter(User.username.startswith(PREFIX)).first()
    answer = root.post(
        f"/admin/users/edit/?id={person.id}",
        data={
            "version": administration.version(person),
            "username": "renamed",
            "email": person.email,
            "role": "user",
            "active": "y",
        },
    )
    assert answer.status_code == 302


def test_charts_have_their_sums_at_once(made):
    today = utc_now().date()
    rows = chart_rows.questions(today - timedelta(days=41), today, ZoneInfo("UTC"))
    asked = db.session.query(Message).filter_by(role="user").count()
    assert sum(count for _day, count in rows) == asked > 0
    assert "days are made" in made


def test_it_looks_like_life(run):
    """More by day and on working days, growth, models that follow one another, and few who stay."""
    run("--users", 800, "--days", 140, "--messages", 12_000, "--seed", 3)
    begin, now = utc_now() - timedelta(days=140), utc_now()
    asked = [moment for (moment,) in db.session.query(Message.created_at).filter_by(role="user")]
    hours = Counter(moment.hour for moment in asked)
    assert sum(hours[h] for h in range(9, 21)) > 3 * sum(hours[h] for h in range(6))
    weekend = sum(moment.weekday() >= 5 for moment in asked) / len(asked)
    assert 0.1 < weekend < 0.27
    joined = [moment for (moment,) in db.session.query(User.created_at)]
    middle = begin + (now - begin) / 2
    assert sum(moment > middle for moment in joined) > 0.55 * len(joined)
    used = db.session.query(Message.model).filter(Message.model.is_not(None)).distinct().all()
    assert len(used) > 1
    assert db.session.query(Message).filter(Message.error_code == "timed_out").count() > 0
    rows = chart_rows.cohorts(begin.date(), now.date(), ZoneInfo("UTC"))
    people, size = Counter(), Counter()
    for _cohort, joined_then, age, active in rows:
        people[age] += active
        size[age] += joined_then
    assert people[0] / size[0] > people[3] / size[3] > people[10] / size[10] > 0
