"""Deleting an account with everything that belongs to it. Knows no pages and no sockets.

The first transaction takes the name and the address off the account and switches it off: from then on
nobody can sign in, and what is left has no face. The rest goes in small steps; `resume` takes up what a
crash has left. Of the person only their number stays, in the audit trail, and what they have said in chats of
others, there as the words of somebody who has left.
"""

from __future__ import annotations

import time
from typing import Final

import structlog
from sqlalchemy import delete, select, update

from echo import hub, signals
from echo.extensions import db
from echo.models import (
    ApiCall,
    Conversation,
    Document,
    Feedback,
    GuardDecision,
    Invite,
    KeptResponse,
    Message,
    MessageRating,
    RoleName,
    User,
)
from echo.models.conversation import LIVE_STATUSES
from echo.services import audit
from echo.services.accounts import accounts
from echo.services.audit import Act, Entry
from echo.services.chats import erasing, together
from echo.services.chats.imports import runs
from echo.services.documents import shelf
from echo.services.numbers import contributors, rollups
from echo.services.sign_in import devices, endings, login_delays
from echo.services.storage import execute, transaction

log = structlog.get_logger()

MARK: Final = "deleted/"  # no name or address may hold a slash
REPLIES_SECONDS: Final = 5.0
ROWS_PER_STEP: Final = 200


def delete_account(user: User, actor: User | None = None) -> None:
    """Delete a person's account for good; `actor` is whoever does so, the person themselves by default.

    Raises:
        InvalidInput: it is the last super admin's.
    """
    _take_off(user, actor or user)
    _erase(user.id)


def resume() -> int:
    """Finish the deletions that were cut short; return how many there were."""
    left = list(db.session.scalars(select(User.id).where(User.email_key.startswith(MARK))))
    for user_id in left:
        _erase(user_id)
    return len(left)


def _take_off(user: User, actor: User) -> None:
    """Switch the account off, take its names away and write the act down, all or nothing."""
    number, by = user.id, actor.id
    nobody = f"{MARK}{number}"

    def work() -> tuple[None, list[Entry]]:
        accounts.decide_alone()
        if user.is_super_admin:
            accounts.refuse_last_super_admin(number)
        user.active = user.in_ranking = user.may_train = False
        user.username = user.username_key = user.email = user.email_key = nobody
        user.password_hash = user.google_sub = user.totp_secret = user.email_verified_at = None
        user.language = None
        user.role = accounts.role_row(RoleName.USER)
        return None, [Entry(Act.USER_DELETED, by, number)]

    audit.transaction(work)
    contributors.forget()
    devices.revoke_all(number, reason=endings.DELETED)


def _erase(user_id: int) -> None:
    together.leave_all(user_id)
    _stop_replies(user_id)
    runs.erase(user_id)
    erasing.erase_conversations(Conversation.user_id == user_id)
    while transaction(lambda: together.hand_over(user_id, ROWS_PER_STEP)):
        hub.sleep(erasing.PAUSE_SECONDS)
    shelf.erase(Document.user_id == user_id)
    while (
        _erase_feedback(user_id)
        or _erase_some(ApiCall, user_id)
        or _erase_some(KeptResponse, user_id)
        or _erase_some(GuardDecision, user_id)
    ):
        hub.sleep(erasing.PAUSE_SECONDS)
    login_delays.unlock(user_id)
    transaction(lambda: _erase_rest(user_id))
    log.info("an account is deleted", user_id=user_id)


def _stop_replies(user_id: int) -> None:
    """Stop what is being written, and wait for its last rows: they would find nothing to write to."""
    signals.account_closed.send(user_id)  # also those in chats of others
    live = select(Message.conversation_id).where(
        Message.user_id == user_id, Message.status.in_(LIVE_STATUSES)
    )
    own = live.join(Conversation, Conversation.id == Message.conversation_id).where(
        Conversation.user_id == user_id
    )
    for conversation_id, members in together.member_ids(set(db.session.scalars(own))).items():
        signals.conversation_removed.send(
            user_id, conversation_id=conversation_id, restorable=False, members=members
        )
    deadline = time.monotonic() + REPLIES_SECONDS
    while db.session.scalar(live.limit(1)) and time.monotonic() < deadline:
        db.session.commit()  # the next look sees what others have written
        hub.sleep(0.02)


def _erase_feedback(user_id: int) -> bool:
    def work() -> bool:
        some = select(Feedback.id).where(Feedback.user_id == user_id).limit(ROWS_PER_STEP)
        ids = list(db.session.scalars(some))
        rollups.mark_stale(
            *db.session.scalars(select(Feedback.created_at).where(Feedback.id.in_(ids)))
        )
        db.session.execute(
            delete(Feedback)
            .where(Feedback.id.in_(ids))
            .execution_options(synchronize_session=False)
        )
        return bool(ids)

    return transaction(work)


def _erase_some(table: type[ApiCall | KeptResponse | GuardDecision], user_id: int) -> bool:
    some = select(table.id).where(table.user_id == user_id).limit(ROWS_PER_STEP)
    ids = list(db.session.scalars(some))
    return bool(ids) and bool(execute(delete(table).where(table.id.in_(ids))))


def _erase_rest(user_id: int) -> None:
    """Delete the account's row; devices, links, passkeys, picture and sums go with it.

    Invitations go on without a note and without who made them: others may hold the link.
    """
    rollups.mark_person(user_id)
    while together.hand_over(user_id, ROWS_PER_STEP):
        pass
    for table in (MessageRating, Message):  # a thumb or a word that came in at the last moment
        db.session.execute(
            delete(table)
            .where(table.user_id == user_id)
            .execution_options(synchronize_session=False)
        )
    invites = update(Invite).where(Invite.created_by == user_id)
    db.session.execute(invites.values(note="").execution_options(synchronize_session=False))
    user = db.session.get(User, user_id)
    if user is not None:
        db.session.delete(user)
