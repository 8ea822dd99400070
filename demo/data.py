"""The command that fills a database with believable data for a look at the admin side.

It knows the tables, since it writes in bulk; the people it makes cannot sign in.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any, Final

import click
from flask.cli import with_appcontext
from sqlalchemy import func, select

from demo import words
from demo.habits import visits
from demo.story import CONVERSATION, MESSAGE, RATING, Batch, Story
from demo.times import DAY, Calendar, TimeTexts
from demo.write import Writer
from echo.cli import migrating
from echo.cli.maintenance import rebuild_with_progress
from echo.clock import utc_now
from echo.extensions import Base, db
from echo.limits import FEEDBACK_CATEGORIES
from echo.models import Conversation, Feedback, Message, MessageRating, RoleName, User
from echo.services.accounts import accounts

PREFIX: Final = "demo_"
MAIL: Final = "demo.example.org"  # reserved: no mail can ever be delivered there (RFC 2606)
ROWS_PER_WRITE: Final = 20_000
MESSAGES_PER_TALK: Final = 5.7  # the mean of what a story tells
FEEDBACK_SHARE: Final = 0.08
USER: Final = (
    "id", "username", "username_key", "email", "email_key", "role_id", "active", "in_ranking",
    "created_at", "updated_at", "last_seen_at",
)  # fmt: skip
FEEDBACK: Final = ("user_id", "category", "opinion", "rating", "created_at")


@click.command("demo-data")
@click.option("--users", "users", type=click.IntRange(1), default=200, show_default=True)
@click.option("--days", "days", type=click.IntRange(1, 3650), default=90, show_default=True)
@click.option("--messages", "messages", type=click.IntRange(0), default=4000, show_default=True)
@click.option("--seed", "seed", type=int, default=1, show_default=True)
@with_appcontext
def demo_data(users: int, days: int, messages: int, seed: int) -> None:
    """Add demo people (named demo_…), conversations, ratings and feedback over the last days."""
    migrating.upgrade()
    began = time.monotonic()
    with Writer() as writer:
        maker = _Maker(writer, random.Random(seed), days)
        people = maker.people(users)
        talks, written, rated = maker.talks(people, messages)
        opinions = maker.opinions(people)
    click.echo(
        f"Added {len(people):,} people (names begin with {PREFIX}), {talks:,} conversations, "
        f"{written:,} messages, {rated:,} ratings and {opinions:,} opinions "
        f"over {days:,} days in {time.monotonic() - began:.1f} s."
    )
    rebuild_with_progress()


Row = tuple[Any, ...]
Person = tuple[int, float]  # id, and when: the sign-up, or the beginning of a talk
Counts = tuple[int, int, int]  # conversations, messages, ratings


class _Maker:
    """Makes rows from a seed and writes them in bulk, a chunk a transaction."""

    def __init__(self, writer: Writer, rng: random.Random, days: int) -> None:
        self._writer, self._rng = writer, rng
        self._now = utc_now().timestamp()
        self._begin = self._now - days * DAY
        self._calendar = Calendar(self._begin, self._now, rng)
        self._text = TimeTexts()

    def people(self, count: int) -> list[Person]:
        """Write accounts and return (id, time of sign-up), the first to sign up first."""
        rng, chosen = self._rng, self._rng.choice
        last_id = db.session.scalar(select(func.max(User.id))) or 0
        role_id = accounts.role_row(RoleName.USER).id
        db.session.commit()
        people = list(enumerate(self._calendar.moments(count), last_id + 1))
        rows: list[Row] = []
        for user_id, moment in people:
            name = f"{PREFIX}{chosen(words.FIRST_NAMES)}_{chosen(words.LAST_NAMES)}_{user_id}"
            mail, at = f"{name}@{MAIL}", self._text(moment)
            alive = rng.random() > 0.01
            rows.append((user_id, name, name, mail, mail, role_id, alive, True, at, at, at))
        self._write(User, USER, rows)
        self._writer.go_on_counting(User, last_id + count)
        self._writer.commit()
        return people

    def talks(self, people: Sequence[Person], messages: int) -> Counts:
        """Write conversations with about `messages` in all; return how many of each there are."""
        story, batch = Story(self._rng, self._begin, self._now), Batch()
        seen = dict(people)
        counts = (0, 0, 0)
        for user_id, start in self._beginnings(people, messages):
            seen[user_id] = story.tell(batch, user_id, start)
            if len(batch.messages) >= ROWS_PER_WRITE:
                counts, batch = self._add(counts, batch), Batch()
        counts = self._add(counts, batch)
        self._note_visits(seen)
        return counts

    def _beginnings(self, people: Sequence[Person], messages: int) -> Iterator[Person]:
        """Yield who begins to talk when, in order of time, so that rows go to the indexes' end."""
        count = round(messages / MESSAGES_PER_TALK)
        for moment, user_id in sorted(visits(people, count, self._calendar, self._rng)):
            yield user_id, moment

    def opinions(self, people: Sequence[Person]) -> int:
        """Write some feedback, the newer the more."""
        rng = self._rng
        rows: list[Row] = []
        for user_id, moment in people:
            if rng.random() > FEEDBACK_SHARE:
                continue
            category = rng.choice(list(FEEDBACK_CATEGORIES))
            stars = rng.choices((None, 1, 2, 3, 4, 5), (2, 1, 1, 2, 4, 5))[0]
            at = self._text(moment + (self._now - moment) * rng.random())
            rows.append((user_id, category, rng.choice(words.OPINIONS[category]), stars, at))
        self._write(Feedback, FEEDBACK, rows)
        return len(rows)

    def _note_visits(self, seen: dict[int, float]) -> None:
        """Store when each person was last here."""
        rows = [(self._text(moment), user_id) for user_id, moment in seen.items()]
        for at in range(0, len(rows), ROWS_PER_WRITE):
            self._writer.set_times(User, "last_seen_at", rows[at : at + ROWS_PER_WRITE])
            self._writer.commit()

    def _add(self, counts: Counts, batch: Batch) -> Counts:
        """Write a batch and return the counts with it."""
        self._writer.write(Conversation, CONVERSATION, batch.conversations)
        self._writer.write(Message, MESSAGE, batch.messages)
        self._writer.write(MessageRating, RATING, batch.ratings)
        self._writer.commit()
        talks, written, rated = counts
        return (
            talks + len(batch.conversations),
            written + len(batch.messages),
            rated + len(batch.ratings),
        )

    def _write(self, table: type[Base], columns: Sequence[str], rows: list[Row]) -> None:
        for at in range(0, len(rows), ROWS_PER_WRITE):
            self._writer.write(table, columns, rows[at : at + ROWS_PER_WRITE])
            self._writer.commit()
