"""Feedback about Echo: left, seen and answered by administrators, read by its writer. Knows no pages."""

from __future__ import annotations

from typing import Final

from sqlalchemy import ColumnElement, func, select, update

from echo.clock import iso, utc_now
from echo.errors import Conflict, InvalidInput, NotFound
from echo.extensions import db
from echo.languages import gettext, mark
from echo.limits import FEEDBACK_CATEGORIES
from echo.models import Feedback, FeedbackState, User
from echo.services import audit, mail
from echo.services.audit import Act, Entry
from echo.services.storage import execute, transaction

OWN_SHOWN: Final = 50
GONE: Final = mark("This feedback is not there any more.")
ANSWERED_MEANWHILE: Final = mark(
    "Somebody answered this while you were writing. Read that answer, and send yours again if it "
    "should take its place."
)


def leave(user_id: int, opinion: str, category: str, rating: int | None) -> Feedback:
    """Store an opinion; raises InvalidInput for an unknown category."""
    if category not in FEEDBACK_CATEGORIES:
        raise InvalidInput(gettext("Choose one of the categories."), field="category")

    def work() -> Feedback:
        row = Feedback(user_id=user_id, opinion=opinion, category=category, rating=rating)
        db.session.add(row)
        return row

    return transaction(work)


def version(row: Feedback) -> str:
    """Return a mark of the answer that is stored: another answer has another mark."""
    return iso(row.answered_at) or "none"


def mark_seen(actor: User, feedback_id: int) -> None:
    """Note that somebody read it; what is seen or answered stays so. Raises NotFound."""

    def work() -> tuple[None, list[Entry]]:
        row = _locked(feedback_id)
        if row.state != FeedbackState.NEW:
            return None, []
        row.state = FeedbackState.SEEN
        return None, [_entry(Act.FEEDBACK_TRIAGED, actor, row)]

    audit.transaction(work)


def answer(actor: User, feedback_id: int, text: str, seen: str) -> None:
    """Store an answer, which its writer sees and gets by mail where mail is on.

    Raises:
        NotFound: it was deleted meanwhile.
        Conflict: somebody answered after `seen`, the `version` that the actor saw (field "version").
    """

    def work() -> tuple[User, list[Entry]]:
        row = _locked(feedback_id)
        if version(row) != seen:
            raise Conflict(gettext(ANSWERED_MEANWHILE), field="version")
        row.answer, row.state = text, FeedbackState.ANSWERED
        row.answered_by, row.answered_at, row.answer_read_at = actor.id, utc_now(), None
        return row.user, [_entry(Act.FEEDBACK_ANSWERED, actor, row)]

    writer = audit.transaction(work)
    mail.notify(writer, "feedback_answered", text=text)


def _locked(feedback_id: int) -> Feedback:
    row: Feedback | None = db.session.scalar(
        select(Feedback)
        .where(Feedback.id == feedback_id)
        .with_for_update(of=Feedback)
        .execution_options(populate_existing=True)
    )
    if row is None:
        raise NotFound(gettext(GONE))
    return row


def _entry(act: Act, actor: User, row: Feedback) -> Entry:
    return Entry(act, actor.id, row.user_id, f"feedback/{row.id}")


def own(user_id: int, before: int | None = None) -> list[Feedback]:
    """Return what the person left (before the number given), newest first, no more than OWN_SHOWN."""
    query = select(Feedback).where(Feedback.user_id == user_id)
    if before is not None:
        query = query.where(Feedback.id < before)
    return list(db.session.scalars(query.order_by(Feedback.id.desc()).limit(OWN_SHOWN)))


def unread_answers(user_id: int) -> int:
    """Return how many answers the person has not yet marked as read."""
    unread = select(func.count()).select_from(Feedback).where(*_unread(user_id))
    return db.session.scalar(unread) or 0


def mark_answers_read(user_id: int) -> None:
    """Note that the person has read every answer."""

    execute(update(Feedback).where(*_unread(user_id)).values(answer_read_at=utc_now()))


def _unread(user_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        Feedback.user_id == user_id,
        Feedback.answered_at.is_not(None),
        Feedback.answer_read_at.is_(None),
    )
