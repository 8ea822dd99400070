"""Decisions of rules: written down, objected to by whom they concern, answered by administrators.

Knows no pages and no sockets: a message whose decision has changed is announced.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import ColumnElement, delete, func, select, update
from sqlalchemy.orm.attributes import set_committed_value

from echo import signals
from echo.clock import iso, utc_now
from echo.errors import Conflict, InvalidInput, NotFound, TooLong
from echo.extensions import db
from echo.languages import gettext, number
from echo.limits import GUARD_CALL_DAYS, GUARD_OBJECTION_CHARS
from echo.models import GuardAct, GuardDecision, GuardPlace, GuardState, Message, User
from echo.models.types import new_id
from echo.services import audit, mail
from echo.services.audit import Act, Entry
from echo.services.guardrails.judging import Met
from echo.services.storage import execute, transaction
from echo.text import is_blank, one_newline, storable

OWN_SHOWN: Final = 50
ENDED: Final = (GuardAct.REFUSE, GuardPlace.ANSWER)


def of_message(met: Iterable[Met], message: Message) -> list[GuardDecision]:
    """Return the rows of what was decided about a message, not yet stored, and mark it."""
    found = about(met, message.user_id, message.id)
    if found:
        message.guarded = True
    return found


def about(met: Iterable[Met], user_id: int, message_id: str) -> list[GuardDecision]:
    """Return the rows of what was decided about a message, not yet stored.

    What nobody is to see is stored nowhere: masked words, and those that ended an answer.
    """
    return [_row(each, user_id, message_id=message_id, excerpt=_seen_of(each)) for each in met]


def _seen_of(met: Met) -> str:
    hidden = met.rule.act == GuardAct.MASK or (met.rule.act, met.place) == ENDED
    return "" if hidden else met.excerpt


def of_call(met: Iterable[Met], user_id: int, call_id: str, route: str) -> list[GuardDecision]:
    """Return the rows of what was decided about a call, not yet stored; no words of it are kept."""
    return [_row(each, user_id, call_id=call_id, route=route) for each in met]


def _row(met: Met, user_id: int, **about: Any) -> GuardDecision:
    rule = met.rule
    return GuardDecision(
        id=new_id(),
        user_id=user_id,
        rule_id=rule.id,
        rule_name=rule.name,
        place=met.place,
        act=rule.act,
        reason=rule.reason,
        state=GuardState.OPEN,
        created_at=utc_now(),
        **about,
    )


def wire(row: GuardDecision) -> dict[str, Any]:
    """Return what people are told of a decision about their words."""
    told = {
        "id": row.id,
        "place": row.place,
        "act": row.act,
        "reason": row.reason,
        "state": row.state,
        "objected": row.objected_at is not None,
    }
    return told if row.answer is None else {**told, "answer": row.answer}


def announce(rows: Iterable[GuardDecision]) -> None:
    """Tell whoever counts that these are stored."""
    for row in rows:
        signals.guard_decided.send(row)


def known(message_id: str) -> set[str | None]:
    """Return which rules have decided about a message already."""
    query = select(GuardDecision.rule_id).where(GuardDecision.message_id == message_id)
    return set(db.session.scalars(query))


def read(messages: Iterable[Message]) -> None:
    """Give those of these messages that rules have decided about what was decided, by one query."""
    found: dict[str | None, list[GuardDecision]] = {row.id: [] for row in messages if row.guarded}
    about = GuardDecision.message_id.in_(found)
    for row in (
        db.session.scalars(select(GuardDecision).where(about).order_by(GuardDecision.id))
        if found
        else ()
    ):
        found[row.message_id].append(row)
    for message in messages:
        if message.guarded:
            set_committed_value(message, "decisions", found[message.id])


def refusals(message_ids: Sequence[str]) -> dict[str | None, str]:
    """Return which of these questions are not answered, and why; one whose refusal was lifted is.

    What was decided about other words, that stood there before, is no reason.
    """
    if not message_ids:
        return {}
    of_these_words = Message.edited_at.is_(None) | (GuardDecision.created_at >= Message.edited_at)
    query = (
        select(GuardDecision.message_id, GuardDecision.reason)
        .join(Message, Message.id == GuardDecision.message_id)
        .where(
            GuardDecision.message_id.in_(message_ids),
            GuardDecision.place == GuardPlace.QUESTION,
            GuardDecision.act == GuardAct.REFUSE,
            GuardDecision.state != GuardState.LIFTED,
            of_these_words,
        )
    )
    return {row.message_id: row.reason for row in db.session.execute(query)}


def lifted(question_id: str) -> set[str | None]:
    """Return which rules were found to be wrong about a question or its answers: they hold there no more.

    In other words it is another question: what was lifted before they were saved is lifted no more.
    """
    about = (Message.id == question_id) | (Message.parent_id == question_id)
    query = (
        select(GuardDecision.rule_id)
        .join(Message, Message.id == GuardDecision.message_id)
        .where(about, GuardDecision.state == GuardState.LIFTED)
    )
    question = db.session.get(Message, question_id)  # a new one is not stored yet
    if question is not None and question.edited_at is not None:
        query = query.where(GuardDecision.created_at >= question.edited_at)
    return set(db.session.scalars(query))


# ── whom it concerns ────────────────────────────────────────────────────────────────────────


def own(user_id: int, before: str | None = None) -> list[GuardDecision]:
    """Return what was decided about a person's words (before this id), newest first, OWN_SHOWN at most."""
    query = select(GuardDecision).where(GuardDecision.user_id == user_id)
    if before is not None:
        query = query.where(GuardDecision.id < before)
    return list(db.session.scalars(query.order_by(GuardDecision.id.desc()).limit(OWN_SHOWN)))


def exported(user_id: int) -> list[dict[str, Any]]:
    """Return all that was decided about a person's words, the oldest first, for their archive."""
    query = select(GuardDecision).where(GuardDecision.user_id == user_id).order_by(GuardDecision.id)
    return [
        {
            **wire(row),
            "message_id": row.message_id,
            "words": row.excerpt,
            "decided_at": iso(row.created_at),
            "objection": row.objection,
            "objected_at": iso(row.objected_at),
            "answered_at": iso(row.answered_at),
        }
        for row in db.session.scalars(query)
    ]


def object_to(user_id: int, decision_id: str, text: str) -> GuardDecision:
    """Store a person's objection to a decision about their own words; there is one at most.

    Raises:
        NotFound: it is not theirs, or not there.
        Conflict: they objected before, or it is answered.
        InvalidInput, TooLong: of the text (field "objection").
    """
    said = _checked(text)

    def work() -> GuardDecision:
        row = _locked(decision_id)
        if row is None or row.user_id != user_id:
            raise NotFound(gettext("There is no such decision about your words."))
        if row.objected_at is not None or row.state != GuardState.OPEN:
            raise Conflict(gettext("You can object once, and before it is answered."))
        row.objection, row.objected_at, row.awaits = said, utc_now(), True
        return row

    row = transaction(work)
    _tell(row)
    return row


def _checked(text: str) -> str:
    said = storable(str(one_newline(text)).strip())
    if is_blank(said):
        raise InvalidInput(gettext("Say why you object."), field="objection")
    if len(said) > GUARD_OBJECTION_CHARS:
        most = number(GUARD_OBJECTION_CHARS)
        raise TooLong(gettext("Use at most %(most)s characters.", most=most), field="objection")
    return said


def unread_answers(user_id: int) -> int:
    """Return how many answers the person has not yet marked as read."""
    query = select(func.count()).select_from(GuardDecision).where(*_unread(user_id))
    return db.session.scalar(query) or 0


def mark_answers_read(user_id: int) -> None:
    """Note that the person has read every answer."""
    execute(update(GuardDecision).where(*_unread(user_id)).values(answer_read_at=utc_now()))


def _unread(user_id: int) -> tuple[ColumnElement[bool], ...]:
    return (
        GuardDecision.user_id == user_id,
        GuardDecision.answered_at.is_not(None),
        GuardDecision.answer_read_at.is_(None),
    )


# ── administrators ──────────────────────────────────────────────────────────────────────────


def version(row: GuardDecision) -> str:
    """Return a mark of the answer that is stored: another answer has another mark."""
    return iso(row.answered_at) or "none"


def settle(actor: User, decision_id: str, state: GuardState, answer: str, seen: str) -> None:
    """Let a decision stand or lift it, with an answer that the person is shown.

    Raises:
        NotFound: it went with its message.
        Conflict: somebody answered after `seen`, the `version` that the actor saw (field "version").
    """

    def work() -> tuple[GuardDecision, list[Entry]]:
        row = _locked(decision_id)
        if row is None:
            raise NotFound(gettext("This decision is gone, with the message that it was about."))
        if version(row) != seen:
            raise Conflict(
                gettext(
                    "Somebody answered this while you were writing. Read that answer, and send yours again "
                    "if it should take its place."
                ),
                field="version",
            )
        row.state, row.answer, row.awaits = state, answer, False
        row.answered_by, row.answered_at, row.answer_read_at = actor.id, utc_now(), None
        act = Act.GUARD_LIFTED if state == GuardState.LIFTED else Act.GUARD_UPHELD
        target, detail = f"guard_decisions/{row.id}", {"rule": row.rule_name}
        return row, [Entry(act, actor.id, row.user_id, target, detail)]

    row = audit.transaction(work)
    _tell(row)
    if row.objected_at is not None and (user := db.session.get(User, row.user_id)) is not None:
        mail.notify(user, "guard_answered", text=answer, lifted=state == GuardState.LIFTED)


def _locked(decision_id: str) -> GuardDecision | None:
    found: GuardDecision | None = db.session.scalar(
        select(GuardDecision)
        .where(GuardDecision.id == storable(decision_id))
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found


def _tell(row: GuardDecision) -> None:
    message = row.message_id and db.session.get(Message, row.message_id)
    if message:
        signals.message_changed.send(message)


def forget_old() -> None:
    """Delete decisions about what is stored nowhere once they are old; the others go with their messages."""
    too_old = GuardDecision.created_at < utc_now() - timedelta(days=GUARD_CALL_DAYS)
    execute(delete(GuardDecision).where(GuardDecision.message_id.is_(None), too_old))
