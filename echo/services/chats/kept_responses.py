"""Answers to programs that are kept for their next question: stored, read as a chain, deleted.

Knows no engine and no protocol. A chain is kept for `KEPT_RESPONSE_DAYS` after its last use, or for as
long as the site keeps conversations where that is shorter.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import Select, delete, func, literal, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased

from echo.clock import iso, utc_now
from echo.config import Settings
from echo.errors import Conflict, NotFound, TooLong
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import API_MESSAGES, KEPT_CHAIN_BYTES, KEPT_RESPONSE_DAYS
from echo.models import KeptResponse
from echo.services.chats import retention
from echo.services.storage import execute, transaction

ABSENT: Final = mark(
    "There is no such response: it was deleted, has expired, or was never kept for you."
)
FULL: Final = mark(
    "Your kept answers take %(most)s MB, the most they may. Delete some, or ask with store: false; those "
    "that nobody uses go after %(days)s days."
)
MEGA: Final = 1_000_000


def keep(row: KeptResponse, before: list[str]) -> None:
    """Store an answer; those `before` it in its chain are kept as long as it is.

    Raises:
        Conflict: its owner's account has just been deleted.
    """

    def work() -> None:
        db.session.add(row)
        db.session.execute(
            update(KeptResponse)
            .where(KeptResponse.id.in_(before))
            .values(used_at=utc_now())
            .execution_options(synchronize_session=False)
        )

    try:
        transaction(work)
    except IntegrityError as failure:
        raise Conflict(gettext("The account is gone for which this was to be kept.")) from failure


def refuse_full(user_id: int) -> None:
    """Raise Conflict where a person's kept answers take as much as they may."""
    most = Settings.here().kept_responses_mb
    mine = select(func.sum(KeptResponse.bytes)).where(KeptResponse.user_id == user_id)
    if (db.session.scalar(mine) or 0) >= most * MEGA:
        raise Conflict(gettext(FULL, most=number(most), days=KEPT_RESPONSE_DAYS), field="store")


def own(user_id: int, response_id: str) -> KeptResponse:
    """Return one of a person's; raises NotFound for an absent, foreign or expired one alike."""
    known = response_id.isalnum()  # else no database need be asked, and some would not take it
    row = db.session.scalar(_own(user_id).where(KeptResponse.id == response_id)) if known else None
    if row is None:
        raise NotFound(gettext(ABSENT))
    return row


def chain(user_id: int, response_id: str | None) -> list[KeptResponse]:
    """Return an answer and all before it, the oldest first.

    Raises:
        NotFound: one of them is not there, or there are more than one request may have messages.
        TooLong: they hold more text than a request may bring; it is not read then.
    """
    if response_id is None:
        return []
    own(user_id, response_id)
    start = select(KeptResponse.id, KeptResponse.previous_id, literal(1).label("depth")).where(
        KeptResponse.id == response_id
    )
    path = start.cte("path", recursive=True)
    previous = aliased(KeptResponse)
    step = select(previous.id, previous.previous_id, (path.c.depth + 1).label("depth")).join(
        path, previous.id == path.c.previous_id
    )
    path = path.union_all(step.where(path.c.depth < API_MESSAGES))
    _refuse_long(path)
    query = _own(user_id).join(path, KeptResponse.id == path.c.id).order_by(path.c.depth.desc())
    rows = list(db.session.scalars(query))
    if rows[0].previous_id is not None:
        raise NotFound(gettext(ABSENT))
    return rows


def _refuse_long(path: Any) -> None:
    """Models leave out what they cannot read, but all of it would be looked at first."""
    length = select(func.sum(KeptResponse.bytes))
    total = db.session.scalar(length.join(path, KeptResponse.id == path.c.id)) or 0
    if total > KEPT_CHAIN_BYTES:
        most = KEPT_CHAIN_BYTES // MEGA
        text = gettext("What went before takes more than %(most)s MB.", most=most)
        raise TooLong(text, field="previous_response_id")


def forget(user_id: int, response_id: str) -> None:
    """Delete one of a person's for good; raises NotFound."""
    row = own(user_id, response_id)
    execute(delete(KeptResponse).where(KeptResponse.id == row.id))


def forget_old() -> int:
    """Delete those that nobody has used for as long as they are kept; return how many."""
    return execute(delete(KeptResponse).where(KeptResponse.used_at < _oldest()))


def _own(user_id: int) -> Select[KeptResponse]:
    return select(KeptResponse).where(
        KeptResponse.user_id == user_id, KeptResponse.used_at >= _oldest()
    )


def _oldest() -> datetime:
    days = min(KEPT_RESPONSE_DAYS, retention.site_days() or KEPT_RESPONSE_DAYS)
    return utc_now() - timedelta(days=days)


def exported(row: KeptResponse) -> dict[str, Any]:
    """Return one as its owner's archive has it."""
    return {
        "id": row.id,
        "previous_id": row.previous_id,
        "messages": [{"role": role, "text": text} for role, text in row.said],
        "told": row.told,
        "created_at": iso(row.created_at),
        "used_at": iso(row.used_at),
    }
