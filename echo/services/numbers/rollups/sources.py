"""One day of people's rows, summed: what the rollups of that day must be. Knows no stored rollup."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Final, NamedTuple

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, case, func, select
from sqlalchemy.orm import InstrumentedAttribute

from analytics import buckets
from echo.clock import midnight
from echo.extensions import db
from echo.models import Feedback, Message, MessageRating, MessageStatus, User
from echo.models.conversation import LIVE_STATUSES
from echo.services.numbers import slots
from echo.services.numbers.rollups.replacing import Rows

UNKNOWN: Final = "unknown"
ENDINGS: Final = ("complete", "length", "stopped", "interrupted", "failed")
SHORTEST_WRITING_MS: Final = 10  # a reply that came at once tells nothing about speed

SAID_HERE: Final = Message.imported.is_(False)
ASKED: Final = Message.role == "user"
ANSWERED: Final = and_(Message.role == "assistant", Message.status.not_in(LIVE_STATUSES))


class SlotRows(NamedTuple):
    """The rows of one day for the tables by half hour."""

    activity: Rows
    replies: Rows
    errors: Rows
    feedback: Rows


def of_slots(day: int) -> SlotRows:
    """Return the day's sums by half hour."""
    questions, replies, errors = _messages(day)
    signups = _signups(day)
    for (slot, model), (up, down) in _thumbs(day).items():
        sums = replies[slot, model]
        sums["liked"], sums["disliked"] = up, down
    names = ("replies", "prompt_tokens", "completion_tokens", *ENDINGS, "liked", "disliked")
    return SlotRows(
        activity={(at,): (signups[at], questions[at]) for at in signups.keys() | questions.keys()},
        replies={key: tuple(sums[name] for name in names) for key, sums in replies.items()},
        errors={key: (count,) for key, count in errors.items()},
        feedback=_feedback(day),
    )


def on(day: int, moment: InstrumentedAttribute[object]) -> ColumnElement[bool]:
    """Tell whether a time is on a UTC day, by its index."""
    return and_(moment >= midnight(slots.date_of(day)), moment < midnight(slots.date_of(day + 1)))


Replies = dict[tuple[int, str], Counter[str]]


def _messages(day: int) -> tuple[Counter[int], Replies, Counter[tuple[int, str]]]:
    """Return questions by slot, replies by slot and model, failures by slot and code: in one pass."""
    kind = (
        slots.slot_of(Message.created_at), Message.role, Message.model, Message.status,
        Message.finish_reason, Message.error_code,
    )  # fmt: skip
    rows = db.session.execute(
        select(
            *kind,
            func.count(),
            func.coalesce(func.sum(Message.prompt_tokens), 0),
            func.coalesce(func.sum(Message.completion_tokens), 0),
        )
        .where(on(day, Message.created_at), Message.status.not_in(LIVE_STATUSES), SAID_HERE)
        .group_by(*kind)
    )
    questions: Counter[int] = Counter()
    replies: Replies = defaultdict(Counter)
    errors: Counter[tuple[int, str]] = Counter()
    for slot, role, model, status, reason, code, count, read, written in rows:
        if role == "user":
            questions[slot] += count
            continue
        ending = "length" if (status, reason) == ("complete", "length") else status
        replies[slot, model or UNKNOWN].update(
            {"replies": count, "prompt_tokens": read, "completion_tokens": written, ending: count}
        )
        if status == MessageStatus.FAILED:
            errors[slot, code or UNKNOWN] += count
    return questions, replies, errors


def _thumbs(day: int) -> dict[tuple[int, str], tuple[int, int]]:
    rows = db.session.execute(
        select(
            slots.slot_of(MessageRating.created_at).label("slot"),
            Message.model,
            func.sum(case((MessageRating.rating > 0, 1), else_=0)),
            func.sum(case((MessageRating.rating < 0, 1), else_=0)),
        )
        .join(Message, Message.id == MessageRating.message_id)
        .where(on(day, MessageRating.created_at), SAID_HERE)
        .group_by("slot", Message.model)
    )
    return {(slot, model or UNKNOWN): (up, down) for slot, model, up, down in rows}


def _signups(day: int) -> Counter[int]:
    slot = slots.slot_of(User.created_at).label("slot")
    rows = db.session.execute(
        select(slot, func.count()).where(on(day, User.created_at)).group_by("slot")
    )
    return Counter({at: count for at, count in rows})  # noqa: C416 (mypy sees no pairs in rows)


def _feedback(day: int) -> Rows:
    rows = db.session.execute(
        select(
            slots.slot_of(Feedback.created_at).label("slot"),
            Feedback.category,
            func.count(),
            func.count(Feedback.rating),
            func.coalesce(func.sum(Feedback.rating), 0),
        )
        .where(on(day, Feedback.created_at))
        .group_by("slot", Feedback.category)
    )
    return {(slot, category): tuple(sums) for slot, category, *sums in rows}


def of_people(day: int) -> Rows:
    """Return the day's questions, characters, replies and tokens by person."""

    def answered(value: SQLColumnExpression[int | None] | int) -> ColumnElement[int]:
        return func.sum(case((ANSWERED, func.coalesce(value, 0)), else_=0))

    rows = db.session.execute(
        select(
            Message.user_id,
            func.sum(case((ASKED, 1), else_=0)),
            func.sum(case((ASKED, func.length(Message.text)), else_=0)),
            answered(1),
            answered(Message.prompt_tokens),
            answered(Message.completion_tokens),
        )
        .where(on(day, Message.created_at), SAID_HERE)
        .group_by(Message.user_id)
    )
    return {(day, person): tuple(int(each) for each in sums) for person, *sums in rows if any(sums)}


def of_timing(day: int) -> Rows:
    """Return the day's histograms by model and measure."""
    rows = db.session.execute(
        select(
            Message.model, Message.queue_ms, Message.first_token_ms, Message.total_ms,
            Message.completion_tokens,
        ).where(on(day, Message.created_at), ANSWERED, SAID_HERE)
    )  # fmt: skip
    counts: Counter[tuple[str, str, int]] = Counter()
    for model, queued, first, total, tokens in rows:
        for measure, value in measures(queued, first, total, tokens):
            counts[model or UNKNOWN, measure, buckets.bucket_of(value)] += 1
    return {("day", day, *key): (count,) for key, count in counts.items()}


def measures(
    queued: int | None, first: int | None, total: int | None, tokens: int | None
) -> Iterator[tuple[str, float]]:
    """Return what was measured of one reply; its speed counts from the first token on, as on its page."""
    for measure, value in (("queue_ms", queued), ("first_token_ms", first), ("total_ms", total)):
        if value is not None:
            yield measure, value
    if first is None or total is None or tokens is None:
        return
    if tokens > 1 and total - first >= SHORTEST_WRITING_MS:
        yield "tokens_per_second", 1000 * (tokens - 1) / (total - first)
