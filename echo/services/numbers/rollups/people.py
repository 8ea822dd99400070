"""Each person's sums over all their days, kept beside the days they are made from. Knows no messages."""

from __future__ import annotations

from sqlalchemy import ColumnElement, delete, exists, func, select

from echo.extensions import db
from echo.models import User, UserDay, UserTotal
from echo.services.numbers.rollups.replacing import Key, insert_into, pause
from echo.services.storage import transaction

PEOPLE_PER_STEP = 1000


def sum_people_of(days: list[Key]) -> None:
    """Sum the people of these keys of `user_days` anew, inside the transaction that changed them."""
    people = {person for _day, person in days}
    _sum(UserDay.user_id.in_(people), UserTotal.user_id.in_(people))


def sum_everybody() -> None:
    """Sum all people anew, some at a time."""
    last = db.session.scalar(select(func.max(User.id))) or 0
    for first in range(0, last + 1, PEOPLE_PER_STEP):
        some = (first, first + PEOPLE_PER_STEP - 1)
        transaction(
            lambda some=some: _sum(UserDay.user_id.between(*some), UserTotal.user_id.between(*some))  # type: ignore[misc]
        )
        pause()


def _sum(days: ColumnElement[bool], totals: ColumnElement[bool]) -> None:
    """Put the sums of `days` in place of `totals`: both must mean the same people."""
    names = ("questions", "characters", "replies", "tokens")
    sums = (
        UserDay.questions,
        UserDay.characters,
        UserDay.replies,
        UserDay.prompt_tokens + UserDay.completion_tokens,
    )
    source = (
        select(UserDay.user_id, *[func.sum(each) for each in sums])
        .where(days)
        .group_by(UserDay.user_id)
    )
    put = insert_into(UserTotal).from_select(["user_id", *names], source)
    db.session.execute(
        put.on_conflict_do_update(
            index_elements=["user_id"], set_={name: put.excluded[name] for name in names}
        )
    )
    left = exists().where(UserDay.user_id == UserTotal.user_id)
    db.session.execute(
        delete(UserTotal).where(totals, ~left).execution_options(synchronize_session=False)
    )
