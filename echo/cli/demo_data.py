"""The command that fills a database with believable data for a look at the admin side.

It knows the tables, since it writes in bulk; the people it makes cannot sign in.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import click
import flask_migrate
from flask.cli import with_appcontext
from sqlalchemy import func, insert, select, update

from echo.cli import demo_words as words
from echo.cli.demo_story import Batch, Story, moments
from echo.clock import utc_now
from echo.extensions import Base, db
from echo.limits import FEEDBACK_CATEGORIES
from echo.models import Conversation, Feedback, Message, MessageRating, RoleName, User
from echo.services import accounts

PREFIX: Final = "demo_"
MAIL: Final = "demo.example.org"  # reserved: no mail can ever be delivered there (RFC 2606)
ROWS_PER_WRITE: Final = 20_000
MESSAGES_PER_TALK: Final = 5.7  # the mean of what a story tells
FEEDBACK_SHARE: Final = 0.08
REGULARS: Final = 0.65  # so many talks are with people who come often, the others with new ones
EAGERNESS: Final = 1.7  # above 1: those who came first talk most


@click.command("demo-data")
@click.option("--users", "users", type=click.IntRange(1), default=200, show_default=True)
@click.option("--days", "days", type=click.IntRange(1, 3650), default=90, show_default=True)
@click.option("--messages", "messages", type=click.IntRange(0), default=4000, show_default=True)
@click.option("--seed", "seed", type=int, default=1, show_default=True)
@with_appcontext
def demo_data(users: int, days: int, messages: int, seed: int) -> None:
    """Add demo people (named demo_…), conversations, ratings and feedback over the last days."""
    flask_migrate.upgrade()
    began = time.monotonic()
    maker = _Maker(random.Random(seed), days)
    people = maker.people(users)
    talks, written, rated = maker.talks(people, messages)
    opinions = maker.opinions(people)
    click.echo(
        f"Added {len(people):,} people (names begin with {PREFIX}), {talks:,} conversations, "
        f"{written:,} messages, {rated:,} ratings and {opinions:,} opinions "
        f"over {days:,} days in {time.monotonic() - began:.1f} s."
    )


Person = tuple[int, datetime]  # id, and when: the sign-up, or the beginning of a talk
Counts = tuple[int, int, int]  # conversations, messages, ratings


class _Maker:
    """Makes rows from a seed and writes them in bulk, a chunk a transaction."""

    def __init__(self, rng: random.Random, days: int) -> None:
        self._rng = rng
        self._now = utc_now()
        self._begin = self._now - timedelta(days=days)

    def people(self, count: int) -> list[Person]:
        """Write accounts and return (id, time of sign-up), the first to sign up first."""
        rng = self._rng
        last_id = db.session.scalar(select(func.max(User.id))) or 0
        role_id = accounts.role_row(RoleName.USER).id
        rows = []
        for number, moment in enumerate(moments(self._begin, self._now, count, rng), last_id + 1):
            name = (
                f"{PREFIX}{rng.choice(words.FIRST_NAMES)}_{rng.choice(words.LAST_NAMES)}_{number}"
            )
            rows.append(
                {
                    "username": name, "username_key": name, "email": f"{name}@{MAIL}",
                    "email_key": f"{name}@{MAIL}", "password_hash": None, "google_sub": None,
                    "role_id": role_id, "active": rng.random() > 0.01, "in_ranking": True,
                    "created_at": moment, "updated_at": moment, "last_seen_at": moment,
                }
            )  # fmt: skip
        _write(User, rows)
        found = db.session.execute(
            select(User.id, User.created_at)
            .where(User.id > last_id, User.username_key.startswith(PREFIX, autoescape=True))
            .order_by(User.created_at)
        )
        return [(user_id, moment) for user_id, moment in found]

    def talks(self, people: Sequence[Person], messages: int) -> tuple[int, int, int]:
        """Write conversations with about `messages` in all; return how many of each there are."""
        story, batch, seen = Story(self._rng), Batch(), dict(people)
        counts = (0, 0, 0)
        for user_id, start in self._beginnings(people, messages):
            seen[user_id] = story.tell(batch, user_id, start, self._now)
            if len(batch.messages) >= ROWS_PER_WRITE:
                counts, batch = _add(counts, batch), Batch()
        counts = _add(counts, batch)
        _note_visits(seen)
        return counts

    def _beginnings(self, people: Sequence[Person], messages: int) -> Iterator[Person]:
        """Yield who begins to talk when, in order of time, so that rows go to the indexes' end."""
        count, present = round(messages / MESSAGES_PER_TALK), 0
        for moment in moments(people[0][1], self._now, count, self._rng):
            while present < len(people) and people[present][1] <= moment:
                present += 1
            yield people[_somebody(self._rng, present)][0], moment

    def opinions(self, people: Sequence[Person]) -> int:
        """Write some feedback, the newer the more."""
        rng = self._rng
        rows: list[dict[str, Any]] = []
        for user_id, moment in people:
            if rng.random() > FEEDBACK_SHARE:
                continue
            category = rng.choice(list(FEEDBACK_CATEGORIES))
            rows.append(
                {
                    "user_id": user_id, "category": category,
                    "opinion": rng.choice(words.OPINIONS[category]),
                    "rating": rng.choices((None, 1, 2, 3, 4, 5), (2, 1, 1, 2, 4, 5))[0],
                    "created_at": moment + (self._now - moment) * rng.random(),
                }
            )  # fmt: skip
        _write(Feedback, rows)
        return len(rows)


def _somebody(rng: random.Random, present: int) -> int:
    """Return the place of one of the `present` first people: a regular, or one who is new."""
    if rng.random() < REGULARS:
        return int(present * rng.random() ** EAGERNESS)
    return max(present - 1 - int(rng.expovariate(1 / (1 + present * 0.05))), 0)


def _add(counts: Counts, batch: Batch) -> Counts:
    """Write a batch and return the counts with it."""
    _write(Conversation, batch.conversations)
    _write(Message, batch.messages)
    _write(MessageRating, batch.ratings)
    talks, written, rated = counts
    return (
        talks + len(batch.conversations),
        written + len(batch.messages),
        rated + len(batch.ratings),
    )


def _write(table: type[Base], rows: list[dict[str, Any]]) -> None:
    for at in range(0, len(rows), ROWS_PER_WRITE):
        db.session.execute(insert(table), rows[at : at + ROWS_PER_WRITE])
        db.session.commit()


def _note_visits(seen: dict[int, datetime]) -> None:
    """Store when each person was last here."""
    rows = [{"id": user_id, "last_seen_at": moment} for user_id, moment in seen.items()]
    for at in range(0, len(rows), ROWS_PER_WRITE):
        db.session.execute(update(User), rows[at : at + ROWS_PER_WRITE])
        db.session.commit()
