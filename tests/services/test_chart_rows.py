"""Local days, the rows' order and edges, who asked most, and the cards: by example."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import column, event, select

from analytics import buckets
from analytics.cards import Card
from analytics.catalogue.features import NAMES
from echo.clock import midnight, utc_now
from echo.extensions import cache, db
from echo.models import (
    ActivitySlot,
    Conversation,
    ConversationMember,
    ConversationTag,
    GuardDecision,
    Message,
    Role,
    Tag,
    TimingSpan,
    User,
    UserDay,
    UserTotal,
)
from echo.services.numbers import cards, chart_rows, contributors, feature_rows, rollups, slots
from echo.services.numbers.cards import recent_cards
from echo.services.numbers.rollups import sources
from tests.services.rollup_world import World

BERLIN = ZoneInfo("Europe/Berlin")
UTC_ZONE = ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("zone", "first", "last"),
    [
        ("Europe/Berlin", date(2026, 3, 27), date(2026, 3, 31)),
        ("Europe/Berlin", date(2026, 10, 24), date(2026, 10, 26)),
        ("America/St_Johns", date(2026, 11, 1), date(2026, 11, 1)),
        ("Asia/Kolkata", date(2026, 1, 1), date(2026, 12, 31)),
        ("Pacific/Kiritimati", date(2026, 5, 5), date(2026, 5, 5)),
        ("Pacific/Pago_Pago", date(2026, 5, 5), date(2026, 5, 5)),
    ],
)
def test_every_slot_is_on_its_local_day(app: Flask, zone: str, first: date, last: date) -> None:
    begin, end = slots.day_number(first) * 48 - 60, slots.day_number(last) * 48 + 120
    every = [ActivitySlot(slot=slot, signups=1, questions=0) for slot in range(begin, end)]
    db.session.add_all(every)
    db.session.commit()
    expected: dict[date, int] = {}
    for slot in range(begin, end):
        day = datetime.fromtimestamp(slot * 1800, ZoneInfo(zone)).date()
        if first <= day <= last:
            expected[day] = expected.get(day, 0) + 1
    assert chart_rows.signups(first, last, ZoneInfo(zone)) == sorted(expected.items())
    before = sum(
        datetime.fromtimestamp(slot * 1800, ZoneInfo(zone)).date() < first
        for slot in range(begin, end)
    )
    assert chart_rows.signups_before(first, ZoneInfo(zone)) == before


def test_a_zone_off_the_half_hour_is_taken_as_the_nearest_one(app: Flask) -> None:
    noon = slots.day_number(date(2026, 5, 5)) * 48
    db.session.add(ActivitySlot(slot=noon, signups=0, questions=3))
    db.session.commit()
    # Nepal is 5:45 ahead of UTC; 6:00 is taken
    nepal = ZoneInfo("Asia/Kathmandu")
    assert chart_rows.hours(date(2026, 5, 5), date(2026, 5, 5), nepal) == [(1, 6, 3)]


def test_slots_of_times_are_whole_seconds_down(app: Flask, make_user) -> None:
    person = make_user("ada", created_at=datetime(2026, 5, 5, 23, 59, 59, 999999, tzinfo=UTC))
    slot = db.session.scalar(select(slots.slot_of(User.created_at)).where(User.id == person.id))
    assert slot == slots.day_number(date(2026, 5, 6)) * 48 - 1


def test_weeks_begin_on_monday_and_spans_with_their_first_day() -> None:
    monday = slots.day_number(date(2026, 3, 2))
    assert [slots.week_of(monday + n) for n in (-1, 0, 6, 7)] == [
        slots.week_of(monday) + n for n in (-1, 0, 0, 1)
    ]
    assert slots.date_of(slots.monday(slots.week_of(monday + 3))) == date(2026, 3, 2)
    begins = slots.span_begins(slots.day_number(date(2026, 3, 31)))
    assert {step: slots.date_of(day) for step, day in begins.items()} == {
        "day": date(2026, 3, 31),
        "week": date(2026, 3, 30),
        "month": date(2026, 3, 1),
    }


@pytest.mark.parametrize("value", [0.2, 1, 1.4, 60, 999, 12_345.6, 10**7])
def test_buckets_are_right_to_two_and_a_half_per_cent(value: float) -> None:
    assert buckets.value_of(buckets.bucket_of(value)) == pytest.approx(max(value, 1), rel=0.025)


def test_speed_counts_from_the_first_token_and_needs_some_time() -> None:
    assert dict(sources.measures(5, 100, 1100, 51))["tokens_per_second"] == 50
    assert "tokens_per_second" not in dict(sources.measures(5, 100, 105, 51))
    assert dict(sources.measures(None, None, 9, 51)) == {"total_ms": 9}


def people(count: int) -> list[User]:
    role = db.session.scalars(select(Role)).first()
    rows = [
        User(
            username=f"p{n}",
            username_key=f"p{n}",
            email=f"p{n}@example.org",
            email_key=f"p{n}@example.org",
            role=role,
        )
        for n in range(count)
    ]
    db.session.add_all(rows)
    db.session.commit()
    return rows


def asked(person: User, day: int, questions: int) -> None:
    db.session.add(
        UserDay(day=day, user_id=person.id, questions=questions, characters=questions * 10)
    )


def test_who_asked_most_in_a_long_range_is_found_beyond_those_who_asked_most_in_all(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first tries look at two and at five people; the winner of the range is the sixth in all."""
    monkeypatch.setattr(contributors, "TRIED_FIRST", (2, 5))
    rows = people(8)
    for place, person in enumerate(rows):
        asked(person, 100, 50 - place)  # long ago
        if place >= 5:
            asked(person, 300, place)  # in the range
        total = UserTotal(user_id=person.id, questions=50 - place + (place if place >= 5 else 0))
        db.session.add(total)
    db.session.commit()
    found = contributors.top_in_range(200, 400, 2)
    assert found == [("p7", 7, 70, 0), ("p6", 6, 60, 0)]
    assert contributors.top_in_range(90, 400, 1) == [("p0", 50, 500, 0)]


def test_the_first_try_is_enough_where_nobody_else_can_have_asked_more(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(contributors, "TRIED_FIRST", (3,))
    for place, person in enumerate(people(10)):
        asked(person, 300, 20 - place)
        db.session.add(UserTotal(user_id=person.id, questions=20 - place))
    db.session.commit()
    statements: list[str] = []
    event.listen(
        db.engine,
        "before_cursor_execute",
        lambda c, cu, statement, *rest: statements.append(statement),
    )
    assert [row[0] for row in contributors.top_in_range(200, 400, 2)] == ["p0", "p1"]
    assert len(statements) == 2


def test_long_ranges_of_timing_come_by_week_and_by_month(app: Flask) -> None:
    day = slots.day_number(date(2026, 5, 6))
    for step, begin in slots.span_begins(day).items():
        db.session.add(
            TimingSpan(step=step, day=begin, model="m", measure="queue_ms", bucket=3, count=1)
        )
    db.session.commit()
    first = date(2026, 5, 6)
    for days, begin in ((92, first), (93, date(2026, 5, 4)), (733, date(2026, 5, 1))):
        rows = chart_rows.timing(first, first + timedelta(days=days - 1), UTC_ZONE)
        assert rows == [(begin, "m", "queue_ms", 3, 1)]


def test_decisions_are_counted_by_act_on_their_local_days(app: Flask) -> None:
    world = World()
    ada = world.person(datetime(2026, 5, 1, tzinfo=UTC))
    late = datetime(2026, 5, 5, 22, 30, tzinfo=UTC)  # the sixth in Berlin
    for act, moment in (("mask", late), ("mask", late), ("refuse", late - timedelta(hours=1))):
        met = {"rule_name": "r", "place": "question", "reason": "why", "user_id": ada.id}
        db.session.add(GuardDecision(act=act, created_at=moment, **met))
    db.session.commit()
    fifth, sixth = date(2026, 5, 5), date(2026, 5, 6)
    assert chart_rows.decisions(fifth, sixth, BERLIN) == [(fifth, "refuse", 1), (sixth, "mask", 2)]
    assert chart_rows.decisions(sixth, sixth, UTC_ZONE) == []


def test_an_empty_database_has_no_rows(app: Flask) -> None:
    first, last = date(2026, 1, 1), date(2026, 12, 31)
    for name in (
        "signups", "active", "cohorts", "hours", "usage", "questions", "endings", "errors",
        "timing", "thumbs", "feedback", "top_users", "lengths", "decisions", "features",
    ):  # fmt: skip
        assert chart_rows.ROWS[name](first, last, BERLIN) == []
    assert chart_rows.signups_before(first, BERLIN) == 0


def test_cards_compare_with_the_period_before(app: Flask) -> None:
    world, now = World(), utc_now()
    ada = world.person(now - timedelta(days=9))
    world.person(now - timedelta(days=3))

    def ask(days: float, status: str = "complete", first: int = 100) -> None:
        values = {"status": status, "model": "m", "prompt_tokens": 10, "completion_tokens": 5}
        talk = world.talk(ada, now - timedelta(days=days))
        world.message(talk, now - timedelta(days=days), role="user", text="?")
        world.message(
            talk, now - timedelta(days=days), role="assistant", first_token_ms=first, **values
        )
        db.session.commit()

    ask(8), ask(8), ask(8, "failed", 400)
    ask(0), ask(0)
    new, old = world.replies()[-1], world.replies()[0]
    world.thumb(new, now, 1)
    world.thumb(old, now - timedelta(days=8), -1)
    rollups.refresh()
    cache.clear()
    found = {card.key: card for card in recent_cards(days=7)}
    values = {name: (card.value, card.previous) for name, card in found.items()}
    assert values["users"] == (2, 1)
    assert (values["active_1"], values["active_7"]) == ((1, 0), (1, 1))
    assert values["signups"] == (1, 1)
    assert values["messages"] == (4, 6)
    assert values["tokens"] == (30, 45)
    assert values["satisfaction"] == (1.0, 0.0)
    assert values["errors"] == (0, 1)
    assert values["first_token_p50"] == (pytest.approx(100, rel=0.025),) * 2
    assert values["first_token_p95"][1] == pytest.approx(400, rel=0.025)
    assert found["users"].series == [1, 1, 1, 2, 2, 2, 2]
    assert found["signups"].series == [0, 0, 0, 1, 0, 0, 0]
    assert found["satisfaction"].series[0] is None


@pytest.fixture
def at_ten(app: Flask, monkeypatch: pytest.MonkeyPatch) -> datetime:
    """Today's 10:00 UTC, as the cards' present."""
    moment = midnight(utc_now().date()) + timedelta(hours=10)
    monkeypatch.setattr(cards, "utc_now", lambda: moment)
    return moment


def active_at_ten(at_ten: datetime, days: int = 7, last: date | None = None) -> Card:
    """Three people asked yesterday, one of them by ten; two asked today; one the day before."""
    world = World()
    people = [world.person(at_ten - timedelta(days=40)) for _ in range(4)]
    for person, hours_before_ten in (
        (0, 24 + 1e-3), (0, 24 + 5), (1, 24), (2, 13), (0, 2), (3, 1), (3, 1.5), (1, 48 + 3),
    ):  # fmt: skip
        asked = at_ten - timedelta(hours=hours_before_ten)
        talk = world.talk(people[person], asked)
        world.message(talk, asked, role="user", text="?")
    talk = world.talk(people[3], at_ten - timedelta(hours=25))
    world.message(talk, at_ten - timedelta(hours=25), role="assistant", status="complete")
    db.session.commit()
    rollups.refresh()
    return {card.key: card for card in cards.all_cards(days, last)}["active_1"]


def test_active_today_is_beside_the_same_hours_of_yesterday(at_ten: datetime) -> None:
    card = active_at_ten(at_ten)
    assert (card.value, card.previous) == (2, 1)
    assert card.change_text == "+100 % (from 1)"
    assert "same hours" in card.note


@pytest.mark.parametrize("days", [1, 7, 90])
def test_whatever_the_period_active_today_is_beside_yesterday(at_ten: datetime, days: int) -> None:
    assert active_at_ten(at_ten, days).previous == 1


def test_a_day_that_is_over_is_beside_the_whole_day_before(at_ten: datetime) -> None:
    card = active_at_ten(at_ten, last=at_ten.date() - timedelta(days=1))
    assert (card.value, card.previous) == (3, 1)
    assert "same hours" not in card.note


def test_at_midnight_there_is_nothing_to_compare_with(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    moment = midnight(utc_now().date())
    monkeypatch.setattr(cards, "utc_now", lambda: moment)
    assert active_at_ten(moment + timedelta(hours=10)).previous == 0


def test_sql_names_the_same_expression_twice_alike(app: Flask) -> None:
    """PostgreSQL groups only by what it can see to be the same."""
    local = slots.LocalDays(date(2026, 3, 1), date(2026, 4, 30), BERLIN)
    text = str(local.day(column("slot")))
    assert ":" not in text
    assert "CASE" in text


def test_messages_are_counted_in_their_conversation(app: Flask, make_user, open_tab) -> None:
    tab = open_tab(make_user("ada"))
    tab.ask("send_message", {"text": "Hi", "client_id": "c1"})
    talk = db.session.scalars(select(Message)).first().conversation_id
    reply = db.session.scalar(select(Message.id).where(Message.role == "assistant"))
    tab.wait_for("message_finished", reply)
    tab.ask("regenerate_message", {"message_id": reply})
    db.session.expire_all()
    today = utc_now().date()
    assert chart_rows.lengths(today, today, UTC_ZONE) == [(3, 1)]
    assert talk


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_features_are_counted_once_for_each_conversation_begun(app: Flask, make_user) -> None:
    ada, bob = make_user("ada"), make_user("bob")
    day = datetime(2026, 5, 5, 12, tzinfo=UTC)
    begun = {"user_id": ada.id, "title": "A chat", "created_at": day}
    plain, kept = Conversation(**begun), Conversation(**begun, pinned=True)
    elsewhere = Conversation(**begun, imported_from="echo", pinned=True)
    later = Conversation(**begun | {"created_at": day + timedelta(days=1)}, pinned=True)
    tags = [Tag(user_id=ada.id, name=name, key=name) for name in ("sea", "sand")]
    db.session.add_all([plain, kept, elsewhere, later, *tags])
    db.session.flush()
    db.session.add_all(ConversationTag(conversation_id=kept.id, tag_id=tag.id) for tag in tags)
    db.session.add(ConversationMember(conversation_id=plain.id, user_id=bob.id))
    db.session.commit()
    found = dict(feature_rows.features(day.date(), day.date(), UTC_ZONE))
    assert found == {"all": 2, "pinned": 1, "tags": 1, "together": 1}
    assert set(feature_rows.FEATURES) == set(NAMES)
