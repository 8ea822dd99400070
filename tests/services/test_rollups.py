"""Rollups equal what the raw rows say, whatever happens in between and however they were made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import flask_migrate
import pytest
from flask import Flask
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, event, func, select, update

from echo.app import create_app
from echo.cli.maintenance import rollups_group
from echo.extensions import db
from echo.models import (
    ActiveDay,
    Conversation,
    Message,
    MessageRating,
    ReplySlot,
    StaleDay,
    User,
    rollup,
)
from echo.services.numbers import chart_rows, rollups, slots
from echo.services.numbers.rollups import spans
from echo.services.storage import transaction
from tests.conftest import settings_for
from tests.services.rollup_world import BEGIN, Plain, World, moments

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata")
NAMES = (
    "signups", "questions", "hours", "usage", "endings", "errors", "thumbs", "feedback", "active",
    "cohorts", "timing", "top_users", "lengths",
)  # fmt: skip
TABLES = [
    each
    for each in vars(rollup).values()
    if isinstance(each, type) and each.__module__ == rollup.__name__ and each is not StaleDay
]
NOON = datetime(2026, 4, 2, 12, tzinfo=UTC)


class Clock:
    """The time that rollups see."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in ("refreshing", "stale"):
        monkeypatch.setattr(f"echo.services.numbers.rollups.{module}.utc_now", clock)
    return clock


def tables() -> dict[str, list[Any]]:
    """Return all rows of all rollups; days on which nobody was active tell nothing."""
    return {
        table.__tablename__: sorted(
            tuple(row)
            for row in db.session.execute(select(*table.__table__.columns))
            if table is not ActiveDay or any(row[1:])
        )
        for table in TABLES
    }


def clear() -> None:
    for table in (*TABLES, StaleDay):
        db.session.execute(delete(table))
    db.session.commit()


def compare(first: date, last: date, zone: str, today: date) -> None:
    plain = Plain(first, last, ZoneInfo(zone), today)
    for name in NAMES:
        found = chart_rows.ROWS[name](first, last, ZoneInfo(zone))
        if name == "active":
            found = [row for row in found if any(row[1:])]
        assert found == getattr(plain, name)(), (name, first, last, zone)
    assert chart_rows.signups_before(first, ZoneInfo(zone)) == plain.signups_before()


def happen(world: World, now: datetime, draw: Callable[[Any], Any]) -> None:
    """Let one thing happen at a random time before `now`; what is old is marked as its writer would."""
    people, replies = world.people(), world.replies()
    moment = draw(moments(now))
    what = draw(st.sampled_from(("person", "ask", "ask", "ask", "thumb", "opinion")))
    if what == "person" or not people:
        world.person(moment)
        rollups.mark_stale(moment)
        db.session.commit()
    elif what == "ask":
        world.exchange(draw(st.sampled_from(people)), moment, draw)
        rollups.mark_stale(moment, moment + timedelta(seconds=5))
        db.session.commit()
    elif what == "thumb" and replies:
        reply = draw(st.sampled_from(replies))
        if db.session.get(MessageRating, reply.id) is None:
            world.thumb(reply, moment, draw(st.sampled_from([1, -1])))
            rollups.mark_stale(moment)
            db.session.commit()
    elif what == "opinion":
        world.opinion(draw(st.sampled_from(people)), moment, draw)
        rollups.mark_stale(moment)
        db.session.commit()


def change(world: World, draw: Callable[[Any], Any]) -> None:
    """Change or delete something old, with the marks that its writer must leave."""
    people, replies = world.people(), world.replies()
    what = draw(st.sampled_from(("finish", "rate", "take back", "purge", "delete person")))
    if what == "finish" and replies:
        reply = draw(st.sampled_from(replies))
        reply.status, reply.completion_tokens = "complete", 7
        rollups.mark_stale(reply.created_at)
    elif what in ("rate", "take back") and replies:
        rating = db.session.get(MessageRating, draw(st.sampled_from(replies)).id)
        if rating is not None:
            rollups.mark_stale(rating.created_at)
            if what == "rate":
                rating.rating = -rating.rating
            else:
                db.session.delete(rating)
    elif what == "purge":
        talks = [talk.id for person in people for talk in world.talks(person)]
        if talks:
            gone = draw(st.sampled_from(talks))
            rollups.mark_messages(Message.conversation_id == gone)
            db.session.execute(delete(Conversation).where(Conversation.id == gone))
    elif people:
        gone_id = draw(st.sampled_from(people)).id
        rollups.mark_person(gone_id)
        db.session.execute(delete(User).where(User.id == gone_id))
    db.session.commit()
    db.session.expire_all()


def examples(count: int) -> Any:
    return settings(
        max_examples=count,
        phases=[Phase.explicit, Phase.generate],  # making a failure small takes minutes
        deadline=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@pytest.mark.slow
@pytest.mark.timeout(900)
@examples(4)
@given(data=st.data())
def test_rows_equal_the_raw_rows(app: Flask, clock: Clock, data: st.DataObject) -> None:
    live_through(clock, data)


@pytest.mark.timeout(900)
@examples(2)
@given(data=st.data())
def test_rows_equal_the_raw_rows_on_postgresql(
    on_postgresql: Flask, clock: Clock, data: st.DataObject
) -> None:
    live_through(clock, data)


def live_through(clock: Clock, data: st.DataObject) -> None:
    """Things happen, old ones change, time goes on; then every chart is compared, in three zones."""
    clear()
    world = World()
    clock.now = NOON - timedelta(hours=data.draw(st.integers(0, 200), "how long ago it begins"))
    for _round in range(3):
        for _thing in range(data.draw(st.integers(0, 12), "things")):
            happen(world, clock.now, data.draw)
        rollups.refresh()
        for _thing in range(data.draw(st.integers(0, 3), "changes")):
            change(world, data.draw)
        clock.now += timedelta(minutes=data.draw(st.sampled_from([1, 40, 1500, 3 * 1440])))
    rollups.refresh()
    first = BEGIN.date() + timedelta(days=data.draw(st.integers(0, 41), "first day"))
    last = first + timedelta(days=data.draw(st.sampled_from([0, 6, 45, 91, 92, 400, 800])))
    for zone in ZONES:
        compare(first, last, zone, clock.now.date())
    kept = tables()
    rollups.rebuild()
    assert tables() == kept
    clear()
    rollups.refresh()
    assert tables() == kept


@pytest.fixture
def on_postgresql(postgres_url: str, tmp_path: Path) -> Iterator[Flask]:
    app = create_app(settings_for(tmp_path, database_url=postgres_url))
    with app.app_context():
        flask_migrate.upgrade()
        yield app
        db.session.remove()
        db.engine.dispose()


def ask(world: World, person: User, moment: datetime, **reply: Any) -> Message:
    """Write a question and a reply of that time, and return the reply."""
    talk = world.talk(person, moment)
    world.message(talk, moment, role="user", text="four")
    row = world.message(talk, moment, role="assistant", model="m", **reply)
    db.session.commit()
    return row


@pytest.fixture
def world(app: Flask) -> World:
    return World()


@pytest.fixture
def ada(world: World) -> User:
    return world.person(NOON - timedelta(days=20))


def questions() -> list[Any]:
    return chart_rows.questions(BEGIN.date(), date(2026, 5, 1), ZoneInfo("UTC"))


def replies() -> int:
    return db.session.scalar(select(func.sum(ReplySlot.replies))) or 0


def test_the_end_of_a_day_is_summed_after_midnight(clock: Clock, world: World, ada: User) -> None:
    rollups.refresh()
    ask(world, ada, clock.now.replace(hour=23, minute=59, second=59))
    clock.now = clock.now.replace(hour=0, minute=0, second=1) + timedelta(days=1)
    rollups.refresh()
    assert questions() == [(date(2026, 4, 2), 1)]
    ask(world, ada, clock.now - timedelta(seconds=2))  # committed a moment after its time
    clock.now += timedelta(minutes=1)
    rollups.refresh()
    assert questions() == [(date(2026, 4, 2), 2)]


def test_days_that_passed_while_nobody_served_are_summed(
    clock: Clock, world: World, ada: User
) -> None:
    rollups.refresh()
    for days in (1, 2, 3):
        ask(world, ada, clock.now + timedelta(days=days))
    clock.now += timedelta(days=4)
    rollups.refresh()
    assert [count for _day, count in questions()] == [1, 1, 1]


def test_a_live_reply_counts_when_it_has_ended(clock: Clock, world: World, ada: User) -> None:
    row = ask(world, ada, clock.now, status="streaming")
    rollups.refresh()
    assert replies() == 0
    row.status = "complete"
    db.session.commit()
    rollups.refresh()
    assert replies() == 1


def test_an_old_day_is_summed_anew_only_when_it_is_marked(
    clock: Clock, world: World, ada: User
) -> None:
    old = clock.now - timedelta(days=10)
    rollups.refresh()
    row = ask(world, ada, old)
    rollups.refresh()
    assert replies() == 0
    rollups.mark_stale(row.created_at, clock.now)
    db.session.commit()
    assert db.session.scalars(select(StaleDay.day)).all() == [slots.day_number(old)]  # not today
    rollups.refresh()
    assert replies() == 1
    assert db.session.scalars(select(StaleDay.day)).all() == []


def test_a_mark_that_comes_while_its_day_is_summed_stays(
    clock: Clock, world: World, ada: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = clock.now - timedelta(days=10)
    rollups.refresh()
    rollups.mark_stale(old)
    db.session.commit()
    sum_day = spans.sum_day

    def overtaken(day: int, also: Any) -> None:
        sum_day(day, also)
        if day == slots.day_number(old) and not replies():
            ask(world, ada, old)
            rollups.mark_stale(old)
            db.session.commit()

    monkeypatch.setattr(spans, "sum_day", overtaken)
    rollups.refresh()
    assert replies() == 0
    rollups.refresh()
    assert replies() == 1


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("steps", [0, 1, 5, 9, 12, 40])
def test_a_refresh_that_was_killed_is_made_up_for(
    clock: Clock, world: World, ada: User, monkeypatch: pytest.MonkeyPatch, steps: int
) -> None:
    for days in (0, 1, 3, 9, 15):
        ask(world, ada, clock.now - timedelta(days=days), total_ms=900, first_token_ms=90)
    left = steps

    def cut(*args: Any, **more: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            raise Killed
        return transaction(*args, **more)

    with monkeypatch.context() as patched:
        for module in ("refreshing", "replacing"):
            patched.setattr(f"echo.services.numbers.rollups.{module}.transaction", cut)
        with pytest.raises(Killed):
            rollups.refresh()
    db.session.rollback()
    rollups.refresh()
    kept = tables()
    clear()
    rollups.rebuild()
    assert tables() == kept
    assert len(questions()) == 5


def test_nothing_is_written_where_nothing_changed(clock: Clock, world: World, ada: User) -> None:
    ask(world, ada, clock.now)
    rollups.refresh()
    written: list[str] = []
    event.listen(
        db.engine,
        "before_cursor_execute",
        lambda c, cu, statement, *rest: written.append(statement.split()[0]),
    )
    rollups.refresh()
    assert set(written) == {"SELECT"}


def test_a_person_who_is_deleted_leaves_no_sums(clock: Clock, world: World, ada: User) -> None:
    ask(world, ada, clock.now - timedelta(days=3))
    rollups.refresh()
    rollups.mark_person(ada.id)
    db.session.execute(delete(User))
    db.session.commit()
    rollups.refresh()
    assert {name for name, rows in tables().items() if rows} == set()


def test_rebuilding_mends_what_is_wrong_and_tells_how_far_it_is(
    clock: Clock, world: World, ada: User
) -> None:
    ask(world, ada, clock.now - timedelta(days=3))
    rollups.refresh()
    right = tables()
    for table in TABLES:
        column = list(table.__table__.columns)[-1]
        db.session.execute(update(table).values({column.name: 77}))
    db.session.add(ReplySlot(slot=1, model="ghost", replies=5))
    db.session.commit()
    told: list[tuple[int, int]] = []
    assert rollups.rebuild(lambda done, total: told.append((done, total))) == 21
    assert tables() == right
    assert told == [(done, 21) for done in range(1, 22)]


def test_the_command_rebuilds(app: Flask) -> None:
    result = app.test_cli_runner().invoke(rollups_group, ["rebuild"])
    assert result.exit_code == 0
    assert "sums of 1 days are made" in result.output
