"""Believable conversations as rows, made from a seed. Knows tables' columns, but no database."""

from __future__ import annotations

import json
import math
import random
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, Final, NamedTuple

from demo import words
from demo.times import DAY, HOURS, TimeTexts, ulid
from echo.limits import RATING_REASONS
from echo.services.chats.titles import automatic_title

Row = tuple[Any, ...]

CONVERSATION: Final = (
    "id", "user_id", "title", "pinned", "settings", "head_id", "message_count", "created_at",
    "updated_at",
)  # fmt: skip
MESSAGE: Final = (
    "id", "conversation_id", "user_id", "parent_id", "ordinal", "role", "text", "status", "seq",
    "piece_lengths", "model", "finish_reason", "error_code", "error_text", "prompt_tokens",
    "cached_tokens", "completion_tokens", "queue_ms", "first_token_ms", "total_ms", "created_at",
    "finished_at",
)  # fmt: skip
RATING: Final = ("message_id", "user_id", "rating", "reasons", "comment", "created_at")


class Model(NamedTuple):
    """A model that served for a part of the time, as shares of it from 0 to 1."""

    name: str
    since: float
    until: float
    first_token_ms: float
    tokens_per_second: float
    liked: float


MODELS: Final = (
    Model("echo-nano", 0.00, 0.45, 90, 95, 0.68),
    Model("echo-mini", 0.35, 1.01, 140, 60, 0.80),
    Model("echo-midi", 0.75, 1.01, 260, 34, 0.88),
)
ENDINGS: Final = (
    # status, finish reason, error code, weight
    ("complete", "stop", None, 900),
    ("complete", "length", None, 35),
    ("stopped", "cancelled", None, 40),
    ("interrupted", None, None, 7),
    ("failed", "failed", "engine_failed", 6),
    ("failed", "failed", "timed_out", 8),
    ("failed", "failed", "too_long", 4),
)
OUTCOMES: Final = tuple(ending[:3] for ending in ENDINGS)
WEIGHTS: Final = tuple(accumulate(ending[3] for ending in ENDINGS))
BAD_DAY: Final = 97  # one day in so many the engine is in trouble
BAD_WEIGHTS: Final = tuple(
    accumulate(ending[3] * (25 if ending[0] == "failed" else 1) for ending in ENDINGS)
)
FAILURES: Final = {
    "engine_failed": "The model could not answer.",
    "timed_out": "The model took too long.",
    "too_long": "The conversation is too long for the model.",
}
REGENERATED: Final = 0.08
RATED: Final = 0.1
RATED_LATER: Final = 0.15
CHARS_PER_TOKEN: Final = 4
REASONS: Final = tuple(json.dumps([reason]) for reason in RATING_REASONS)
TITLES: Final = {
    text: automatic_title(text)
    for question in words.QUESTIONS
    for text in (question.format(topic) for topic in words.TOPICS)
}


@dataclass
class Batch:
    """Rows that are written together."""

    conversations: list[Row] = field(default_factory=list)
    messages: list[Row] = field(default_factory=list)
    ratings: list[Row] = field(default_factory=list)


class _Talk(NamedTuple):
    """What all messages of a conversation share."""

    id: str
    user_id: int
    topic: str
    model: Model


class Story:
    """Adds whole conversations to a batch; `begin` and `end` bound the time that is told of."""

    def __init__(self, rng: random.Random, begin: float, end: float) -> None:
        self._rng, self._begin, self._end = rng, begin, end
        self._text = TimeTexts()

    def tell(self, batch: Batch, user_id: int, start: float) -> float:
        """Add a conversation that starts at `start`, and return when it was used last."""
        rng = self._rng
        topic = rng.choice(words.TOPICS)
        question = rng.choice(words.QUESTIONS).format(topic)
        title = TITLES[question]
        talk = _Talk(ulid(start, rng), user_id, topic, self._model(start))
        head: str | None = None
        now, count, exchanges = start, 0, 1 + min(int(rng.expovariate(0.45)), 20)
        while exchanges and (now < self._end or head is None):
            head, now, count = self._exchange(batch, talk, head, question, now, count)
            now += rng.expovariate(1 / 60) + 5
            question = rng.choice(words.FOLLOW_UPS)
            exchanges -= 1
        last = min(now, self._end)
        text = self._text
        batch.conversations.append(
            (
                talk.id,
                user_id,
                title,
                rng.random() < 0.03,
                "{}",
                head,
                count,
                text(start),
                text(last),
            )
        )
        return last

    def _model(self, moment: float) -> Model:
        share = (moment - self._begin) / max(self._end - self._begin, 1)
        return self._rng.choice([each for each in MODELS if each.since <= share < each.until])

    def _exchange(
        self, batch: Batch, talk: _Talk, parent: str | None, text: str, now: float, count: int
    ) -> tuple[str, float, int]:
        """Add a question and its reply, sometimes a second reply beside the first."""
        rng, asked = self._rng, self._text(now)
        question_id = reply_id = ulid(now, rng)
        batch.messages.append(
            (
                question_id, talk.id, talk.user_id, parent, count + 1, "user", text, "complete",
                0, "", None, None, None, None, None, None, None, None, None, None, asked, asked,
            )
        )  # fmt: skip
        count += 1
        for _reply in range(2 if rng.random() < REGENERATED else 1):
            count += 1
            reply_id, now = self._answer(batch, talk, question_id, text, now, count)
        return reply_id, now, count

    def _answer(
        self, batch: Batch, talk: _Talk, question_id: str, question: str, now: float, ordinal: int
    ) -> tuple[str, float]:
        """Add a reply and perhaps a thumb; return its id and its end."""
        rng, model = self._rng, talk.model
        day = int(now // DAY)
        bad = day * 7919 % BAD_DAY == 0
        status, reason, code = rng.choices(OUTCOMES, cum_weights=BAD_WEIGHTS if bad else WEIGHTS)[0]
        text = rng.choice(words.ANSWERS).format(talk.topic)
        text += "".join(rng.choices(words.SENTENCES, k=1 + int(rng.random() * 7)))
        if status != "complete":
            text = text[: int(rng.random() * len(text))]
        tokens = len(text) // CHARS_PER_TOKEN
        queued, first, total = self._times(model, tokens, now, bad)
        end = min(now + total / 1000, self._end)
        reply_id = ulid(now, rng)
        batch.messages.append(
            (
                reply_id, talk.id, talk.user_id, question_id, ordinal, "assistant", text, status,
                1 if text else 0, str(len(text)) if text else "", model.name, reason, code,
                FAILURES.get(code) if code else None, 40 + len(question) // CHARS_PER_TOKEN, 32,
                tokens, queued, first, total, self._text(now), self._text(end),
            )
        )  # fmt: skip
        if status == "complete" and rng.random() < RATED:
            self._rate(batch, talk, reply_id, end)
        return reply_id, end

    def _times(self, model: Model, tokens: int, now: float, bad: bool) -> tuple[int, int, int]:
        """Return milliseconds in the queue, to the first token and in all: slower when many ask."""
        rng = self._rng
        busy = HOURS[int(now % DAY // 3600)] / 12 * (5 if bad else 1)
        queued = int(rng.expovariate(1 / (15 + 220 * busy * busy)))
        first = queued + int(model.first_token_ms * (0.7 + rng.expovariate(2.5)))
        speed = model.tokens_per_second * math.exp(rng.gauss(0, 0.2)) / (1 + 0.4 * busy)
        return queued, first, first + int(1000 * tokens / speed)

    def _rate(self, batch: Batch, talk: _Talk, reply_id: str, moment: float) -> None:
        rng = self._rng
        liked = rng.random() < talk.model.liked
        late = rng.expovariate(1 / (2 * DAY)) if rng.random() < RATED_LATER else 20 * rng.random()
        batch.ratings.append(
            (
                reply_id, talk.user_id, 1 if liked else -1, "[]" if liked else rng.choice(REASONS),
                "", self._text(min(moment + late, self._end)),
            )
        )  # fmt: skip
