"""Writing down that an administrator read another person's words. Knows no pages."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from sqlalchemy import select

from echo.clock import utc_now
from echo.extensions import db
from echo.models import AuditEvent, Conversation, GuardDecision, Message, Share, User
from echo.services import audit
from echo.services.audit import Act, Entry

SAME_LOOK: Final = timedelta(minutes=10)
"""Lists that are paged through are one look."""
OPENED: Final = {
    Conversation: Act.CONVERSATION_OPENED,
    Share: Act.CONVERSATION_OPENED,  # a copy of one
    Message: Act.MESSAGE_OPENED,
    GuardDecision: Act.MESSAGE_OPENED,  # words of one, and an objection
}


def opened(actor: User, row: Conversation | GuardDecision | Message | Share) -> None:
    """Write down that the row was opened, for each whose words it shows; one's own is no look."""
    target = f"{row.__tablename__}/{row.id}"
    for person in sorted(_speakers(row) - {actor.id}):
        audit.record(OPENED[type(row)], actor, subject_id=person, target=target)


def _speakers(row: Conversation | GuardDecision | Message | Share) -> set[int]:
    if not isinstance(row, Conversation):
        return {row.user_id}
    others = select(Message.user_id).where(Message.conversation_id == row.id).distinct()
    return {row.user_id, *db.session.scalars(others)}


def listed(actor: User, user_ids: Iterable[int], target: str) -> None:
    """Write down whose words a list shows: one row for each person, at most one in ten minutes."""
    people = sorted(set(user_ids) - {actor.id})
    if not people:
        return

    def work() -> tuple[None, list[Entry]]:
        known = _lately(actor.id, people, target)
        return None, [
            Entry(Act.MESSAGES_LISTED, actor.id, person, target)
            for person in people
            if person not in known
        ]

    audit.transaction(work)


def _lately(actor_id: int, people: list[int], target: str) -> set[int]:
    return set(
        db.session.scalars(
            select(AuditEvent.subject_id).where(
                AuditEvent.actor_id == actor_id,
                AuditEvent.act == Act.MESSAGES_LISTED,
                AuditEvent.target == target,
                AuditEvent.subject_id.in_(people),
                AuditEvent.at > utc_now() - SAME_LOOK,
            )
        )
    )
