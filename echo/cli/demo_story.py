"""Believable conversations as rows, made from a seed. Knows tables' columns, but no database."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from echo.cli import demo_words as words
from echo.limits import RATING_REASONS
from echo.models import MessageStatus
from echo.services.conversations import automatic_title

Row = dict[str, Any]

CROCKFORD: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
MODEL: Final = "echo-mini"
HOURS: Final = (
    2,
    1,
    1,
    1,
    1,
    2,
    4,
    7,
    10,
    12,
    12,
    11,
    10,
    11,
    12,
    12,
    11,
    10,
    10,
    11,
    12,
    11,
    8,
    4,
)
ENDINGS: Final = (
    # status, finish reason, weight
    (MessageStatus.COMPLETE, "stop", 90),
    (MessageStatus.COMPLETE, "length", 3),
    (MessageStatus.STOPPED, "stopped", 4),
    (MessageStatus.INTERRUPTED, None, 1),
    (MessageStatus.FAILED, None, 2),
)
OUTCOMES: Final = tuple((status, reason) for status, reason, _weight in ENDINGS)
WEIGHTS: Final = tuple(weight for *_names, weight in ENDINGS)
REGENERATED: Final = 0.08
RATED: Final = 0.1
LIKED: Final = 0.82
CHARS_PER_TOKEN: Final = 4


def ulid(moment: datetime, rng: random.Random) -> str:
    """Return an id that sorts by `moment`."""
    milliseconds = int(moment.timestamp() * 1000)
    head = "".join(CROCKFORD[milliseconds >> shift & 31] for shift in range(45, -1, -5))
    return head + "".join(rng.choices(CROCKFORD, k=16))


def moments(first: datetime, last: datetime, count: int, rng: random.Random) -> list[datetime]:
    """Return `count` times in order: more of them later on, by day, and on working days."""
    span = (last - first) / timedelta(days=1)
    found: list[datetime] = []
    while len(found) < count:
        day = (first + timedelta(days=span * rng.random() ** 0.6)).replace(minute=0, second=0)
        if day.weekday() >= 5 and rng.random() < 0.35:
            continue
        hour = rng.choices(range(24), HOURS)[0]
        moment = day.replace(hour=hour) + timedelta(seconds=rng.random() * 3600)
        if first <= moment <= last:
            found.append(moment)
    return sorted(found)


@dataclass
class Batch:
    """Rows that are written together."""

    conversations: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    ratings: list[Row] = field(default_factory=list)


class Story:
    """Adds whole conversations to a batch."""

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng

    def tell(self, batch: Batch, user_id: int, start: datetime, end: datetime) -> datetime:
        """Add a conversation that starts at `start`; nothing in it is later than `end`."""
        rng = self._rng
        conversation_id = ulid(start, rng)
        topic = rng.choice(words.TOPICS)
        question = rng.choice(words.QUESTIONS).format(topic)
        title = automatic_title(question)
        parent: str | None = None
        now, ordinal = start, 0
        for _exchange in range(1 + min(int(rng.expovariate(0.45)), 20)):
            for row in self._exchange(user_id, conversation_id, parent, question, topic, now):
                ordinal += 1
                row["ordinal"] = ordinal
                batch.messages.append(row)
                if row["role"] == "assistant":
                    parent, now = row["id"], row["finished_at"]
                    self._rate(batch, row)
            now += timedelta(seconds=rng.expovariate(1 / 60) + 5)
            question = rng.choice(words.FOLLOW_UPS)
            if now >= end:
                break
        batch.conversations.append(
            {
                "id": conversation_id, "user_id": user_id, "title": title,
                "pinned": rng.random() < 0.03, "settings": {}, "head_id": parent,
                "created_at": start, "updated_at": min(now, end), "deleted_at": None,
            }
        )  # fmt: skip
        return min(now, end)

    def _exchange(
        self, user_id: int, conversation_id: str, parent: str | None, text: str, topic: str,
        now: datetime,
    ) -> Iterator[Row]:  # fmt: skip
        """Yield a question and its reply, sometimes with a second reply beside the first."""
        rng = self._rng
        question = _blank(ulid(now, rng), user_id, conversation_id, parent, now)
        question.update(role="user", text=text, finished_at=now)
        yield question
        for _reply in range(2 if rng.random() < REGENERATED else 1):
            reply = _blank(ulid(now, rng), user_id, conversation_id, question["id"], now)
            self._answer(reply, text, topic)
            yield reply
            now = reply["finished_at"] + timedelta(seconds=8)

    def _answer(self, row: Row, question: str, topic: str) -> None:
        rng = self._rng
        status, reason = rng.choices(OUTCOMES, WEIGHTS)[0]
        text = rng.choice(words.ANSWERS).format(topic)
        text += "".join(rng.choices(words.SENTENCES, k=rng.randint(1, 7)))
        if status is not MessageStatus.COMPLETE:
            text = text[: rng.randint(0, len(text))]
        tokens = len(text) // CHARS_PER_TOKEN
        queued = int(rng.expovariate(1 / 120))
        first = queued + 60 + int(rng.expovariate(1 / 140))
        total = first + int(tokens * rng.uniform(8, 24))
        row.update(
            role="assistant", text=text, status=status.value, finish_reason=reason, model=MODEL,
            seq=1 if text else 0, piece_lengths=str(len(text)) if text else "",
            prompt_tokens=40 + len(question) // CHARS_PER_TOKEN, cached_tokens=32,
            completion_tokens=tokens, queue_ms=queued, first_token_ms=first, total_ms=total,
            finished_at=row["created_at"] + timedelta(milliseconds=total),
        )  # fmt: skip
        if status is MessageStatus.FAILED:
            row.update(error_code="engine_failed", error_text="The model could not answer.")

    def _rate(self, batch: Batch, reply: Row) -> None:
        rng = self._rng
        if reply["status"] != MessageStatus.COMPLETE or rng.random() > RATED:
            return
        liked = rng.random() < LIKED
        batch.ratings.append(
            {
                "message_id": reply["id"], "user_id": reply["user_id"],
                "rating": 1 if liked else -1, "comment": "",
                "reasons": [] if liked else [rng.choice(list(RATING_REASONS))],
                "created_at": reply["finished_at"],
            }
        )  # fmt: skip


def _blank(
    message_id: str, user_id: int, conversation_id: str, parent: str | None, now: datetime
) -> Row:
    """Return a message with every column, so that rows of a batch are alike."""
    return {
        "id": message_id, "conversation_id": conversation_id, "user_id": user_id,
        "parent_id": parent, "ordinal": 0, "role": "", "text": "",
        "status": MessageStatus.COMPLETE.value, "client_id": None, "seq": 0, "piece_lengths": "",
        "model": None, "finish_reason": None, "error_code": None, "error_text": None,
        "prompt_tokens": None, "cached_tokens": None, "completion_tokens": None, "queue_ms": None,
        "first_token_ms": None, "total_ms": None, "created_at": now, "finished_at": now,
    }  # fmt: skip
