"""A small random world of people and messages, and the charts' rows computed from it the plain way.

It knows the tables, but nothing of rollups: every row is read and counted in Python.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import strategies as st
from sqlalchemy import select

from echo.extensions import db
from echo.limits import FEEDBACK_CATEGORIES
from echo.models import Conversation, Feedback, Message, MessageRating, Role, User

BEGIN = datetime(2026, 2, 20, tzinfo=UTC)
MODELS = ("echo-mini", "echo-nano", None)
ENDS = (
    ("complete", "stop", None),
    ("complete", "length", None),
    ("stopped", "cancelled", None),
    ("interrupted", None, None),
    ("failed", "failed", "engine_failed"),
    ("failed", "failed", None),
    ("queued", None, None),
    ("streaming", None, None),
)


def seconds_before(now: datetime) -> st.SearchStrategy[int]:
    """Times up to `now`, many of them near the changes of days and of the clocks."""
    last = int((now - BEGIN).total_seconds())
    midnights = st.integers(0, last // 86400).flatmap(
        lambda day: st.sampled_from([0, 1, 1799, 1800, 3599, 3600, 86399]).map(
            lambda second: min(day * 86400 + second, last)
        )
    )
    # Berlin's clocks: 01:00 UTC on 29 March 2026
    change = int((datetime(2026, 3, 29, tzinfo=UTC) - BEGIN).total_seconds())
    around = st.integers(change - 7200, change + 93600).map(lambda at: min(at, last))
    return st.one_of(st.integers(0, last), midnights, around)


def moments(now: datetime) -> st.SearchStrategy[datetime]:
    fraction = st.sampled_from([0, 1, 499_999, 500_000, 999_999])
    return st.builds(
        lambda seconds, micros: min(
            BEGIN + timedelta(seconds=seconds, microseconds=micros), now - timedelta(seconds=1)
        ),
        seconds_before(now),
        fraction,
    )


class World:
    """Writes rows one by one; what it wrote is found by number again."""

    def __init__(self) -> None:
        for table in (MessageRating, Message, Conversation, Feedback, User):
            db.session.query(table).delete()
        db.session.commit()
        self.role = db.session.scalars(select(Role)).first()
        self.number = 0

    def person(self, moment: datetime) -> User:
        self.number += 1
        name = f"person{self.number}"
        row = User(
            username=name,
            username_key=name,
            email=f"{name}@example.org",
            email_key=f"{name}@example.org",
            role=self.role,
            created_at=moment,
        )
        db.session.add(row)
        db.session.commit()
        return row

    def exchange(self, person: User, moment: datetime, draw: Callable[[Any], Any]) -> None:
        """Add a question and its reply to a conversation of the person, old or new."""
        talk = draw(st.sampled_from([None, *self.talks(person)]))
        if talk is None:
            talk = self.talk(person, moment)
        question = self.message(talk, moment, role="user", text=draw(st.text("aé🙂", max_size=4)))
        status, reason, code = draw(st.sampled_from(ENDS))
        number = st.none() | st.integers(0, 3000)
        first = draw(number)
        self.message(
            talk,
            moment + timedelta(milliseconds=draw(st.integers(0, 5000))),
            role="assistant",
            parent_id=question.id,
            text="answer",
            model=draw(st.sampled_from(MODELS)),
            status=status,
            finish_reason=reason,
            error_code=code,
            prompt_tokens=draw(number),
            completion_tokens=draw(number),
            queue_ms=draw(number),
            first_token_ms=first,
            total_ms=None if first is None else first + draw(st.integers(0, 3000)),
        )
        db.session.commit()

    def talk(self, person: User, moment: datetime) -> Conversation:
        row = Conversation(user_id=person.id, created_at=moment, message_count=0)
        db.session.add(row)
        db.session.flush()
        return row

    def message(self, talk: Conversation, moment: datetime, **values: Any) -> Message:
        talk.message_count += 1
        row = Message(
            conversation_id=talk.id,
            user_id=talk.user_id,
            ordinal=talk.message_count,
            created_at=moment,
            **values,
        )
        db.session.add(row)
        db.session.flush()
        return row

    def thumb(self, reply: Message, moment: datetime, rating: int) -> None:
        db.session.merge(
            MessageRating(
                message_id=reply.id, user_id=reply.user_id, rating=rating, created_at=moment
            )
        )
        db.session.commit()

    def opinion(self, person: User, moment: datetime, draw: Callable[[Any], Any]) -> None:
        db.session.add(
            Feedback(
                user_id=person.id,
                opinion="Words enough",
                category=draw(st.sampled_from(list(FEEDBACK_CATEGORIES))),
                rating=draw(st.none() | st.integers(1, 5)),
                created_at=moment,
            )
        )
        db.session.commit()

    def people(self) -> list[User]:
        return list(db.session.scalars(select(User).order_by(User.id)))

    def talks(self, person: User) -> list[Conversation]:
        query = select(Conversation).where(Conversation.user_id == person.id)
        return list(db.session.scalars(query.order_by(Conversation.created_at)))

    def replies(self) -> list[Message]:
        query = select(Message).where(Message.role == "assistant")
        return list(db.session.scalars(query.order_by(Message.created_at, Message.id)))


class Plain:
    """The rows of every chart, counted from all rows for one range and zone."""

    def __init__(self, first: date, last: date, zone: ZoneInfo, today: date) -> None:
        self.first, self.last, self.zone, self.today = first, last, zone, today
        self.users = list(db.session.scalars(select(User)))
        self.messages = list(db.session.scalars(select(Message)))
        self.ratings = list(db.session.scalars(select(MessageRating)))
        self.opinions = list(db.session.scalars(select(Feedback)))
        self.asked = [row for row in self.messages if row.role == "user"]
        self.answered = [
            row
            for row in self.messages
            if row.role == "assistant" and row.status not in ("queued", "streaming")
        ]

    def _local(self, rows: list[Any]) -> Iterator[tuple[date, Any]]:
        for row in rows:
            day = row.created_at.astimezone(self.zone).date()
            if self.first <= day <= self.last:
                yield day, row

    def signups(self) -> list[Any]:
        return _counted(day for day, _ in self._local(self.users))

    def signups_before(self) -> int:
        days = [row.created_at.astimezone(self.zone).date() for row in self.users]
        return sum(day < self.first for day in days)

    def questions(self) -> list[Any]:
        return _counted(day for day, _ in self._local(self.asked))

    def hours(self) -> list[Any]:
        counts = Counter(
            (moment.weekday(), moment.hour)
            for _, row in self._local(self.asked)
            for moment in [row.created_at.astimezone(self.zone)]
        )
        return sorted((*key, count) for key, count in counts.items())

    def usage(self) -> list[Any]:
        return _summed(
            ((day, _model(row)), (1, row.prompt_tokens or 0, row.completion_tokens or 0))
            for day, row in self._local(self.answered)
        )

    def endings(self) -> list[Any]:
        order = ["complete", "length", "stopped", "interrupted", "failed"]
        counts = Counter(
            (day, "length" if row.finish_reason == "length" else row.status)
            for day, row in self._local(self.answered)
        )
        return sorted(
            ((*key, count) for key, count in counts.items()),
            key=lambda row: (row[0], order.index(row[1])),
        )

    def errors(self) -> list[Any]:
        counts = Counter(
            (day, row.error_code or "unknown")
            for day, row in self._local(self.answered)
            if row.status == "failed"
        )
        return sorted((*key, count) for key, count in counts.items())

    def thumbs(self) -> list[Any]:
        models = {row.id: _model(row) for row in self.messages}
        return _summed(
            ((day, models[row.message_id]), (int(row.rating > 0), int(row.rating < 0)))
            for day, row in self._local(self.ratings)
        )

    def feedback(self) -> list[Any]:
        return _summed(
            ((day, row.category), (1, int(row.rating is not None), row.rating or 0))
            for day, row in self._local(self.opinions)
        )

    def active(self) -> list[Any]:
        asked = {(row.user_id, row.created_at.date()) for row in self.asked}
        days = (min(self.last, self.today) - self.first).days + 1
        rows = [
            (day, *[_active(asked, day, span) for span in (1, 7, 30)])
            for day in (self.first + timedelta(days=after) for after in range(days))
        ]
        return [row for row in rows if any(row[1:])]

    def cohorts(self) -> list[Any]:
        weeks = {row.id: _monday(row.created_at.date()) for row in self.users}
        asked = {(row.user_id, _monday(row.created_at.date())) for row in self.asked}
        last = _monday(min(self.last, self.today))
        rows = []
        for cohort in sorted(set(weeks.values())):
            people = {user for user, week in weeks.items() if week == cohort}
            for age in range((last - cohort).days // 7 + 1 if cohort >= _monday(self.first) else 0):
                week = cohort + timedelta(weeks=age)
                active = sum((person, week) in asked for person in people)
                rows.append((cohort, len(people), age, active))
        return rows

    def timing(self) -> list[Any]:
        span = (self.last - self.first).days + 1
        begin = _day if span <= 92 else _monday if span <= 732 else _month
        counts: Counter[Any] = Counter()
        for row in self.answered:
            day = row.created_at.date()
            if begin(self.first) <= day and begin(day) <= self.last:
                for measure, value in _measured(row):
                    bucket = 0 if value < 1 else round(math.log(value) / math.log(1.05))
                    counts[begin(day), _model(row), measure, bucket] += 1
        return sorted((*key, count) for key, count in counts.items())

    def top_users(self) -> list[Any]:
        names = {row.id: row.username for row in self.users}
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        for row in (*self.asked, *self.answered):
            if self.first <= row.created_at.date() <= self.last:
                each = sums[row.user_id]
                if row.role == "user":
                    each[0] += 1
                    each[1] += len(row.text)
                else:
                    each[2] += (row.prompt_tokens or 0) + (row.completion_tokens or 0)
        ranked = sorted(sums.items(), key=lambda item: (-item[1][0], -item[1][1], item[0]))
        return [(names[user], *numbers) for user, numbers in ranked if numbers[0]][:20]

    def lengths(self) -> list[Any]:
        talks = {row.id: row for row in db.session.scalars(select(Conversation))}
        counts = Counter(row.conversation_id for row in self.messages)
        return sorted(Counter(counts[row.id] for _, row in self._local([*talks.values()])).items())


def _counted(days: Iterator[date]) -> list[Any]:
    return sorted(Counter(days).items())


def _summed(pairs: Iterator[tuple[Any, tuple[int, ...]]]) -> list[Any]:
    sums: dict[Any, tuple[int, ...]] = {}
    for key, values in pairs:
        before = sums.get(key, (0,) * len(values))
        sums[key] = tuple(a + b for a, b in zip(before, values, strict=True))
    return sorted((*key, *values) for key, values in sums.items())


def _model(row: Message) -> str:
    return row.model or "unknown"


def _active(asked: set[Any], day: date, span: int) -> int:
    return len({user for user, when in asked if day - timedelta(days=span) < when <= day})


def _day(day: date) -> date:
    return day


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _month(day: date) -> date:
    return day.replace(day=1)


def _measured(row: Message) -> Iterator[tuple[str, float]]:
    for name in ("queue_ms", "first_token_ms", "total_ms"):
        if (value := getattr(row, name)) is not None:
            yield name, value
    if row.first_token_ms is not None and row.completion_tokens is not None:
        writing = row.total_ms - row.first_token_ms
        if row.completion_tokens > 1 and writing >= 10:
            yield "tokens_per_second", (row.completion_tokens - 1) * 1000 / writing
