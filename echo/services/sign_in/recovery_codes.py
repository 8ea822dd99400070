"""Ten codes that replace the second factor, once each. Knows no other factor.

Only a keyed hash of each is stored, so they are shown once: when they are made.
"""

from __future__ import annotations

import secrets
from typing import Final

from sqlalchemy import delete, func, select, update

from echo.clock import utc_now
from echo.extensions import db
from echo.models import RecoveryCode
from echo.services.sign_in import secret_box
from echo.services.storage import execute, transaction

COUNT: Final = 10
HALF: Final = 5
ALPHABET: Final = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that looks like something else
FEW: Final = 3
PURPOSE: Final = "recovery code"


def renew(user_id: int) -> list[str]:
    """Return ten new codes; all older ones stop working."""
    codes = [_new_code() for _ in range(COUNT)]
    hashes = [_hash(user_id, code) for code in codes]

    def work() -> None:
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
        db.session.add_all([RecoveryCode(user_id=user_id, code_hash=value) for value in hashes])

    transaction(work)
    return codes


def forget(user_id: int) -> None:
    """Delete all codes."""

    execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))


def left(user_id: int) -> int:
    """Return how many codes still work."""
    unused = (RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.session.scalar(select(func.count()).select_from(RecoveryCode).where(*unused)) or 0


def use(user_id: int, typed: str) -> bool:
    """Tell whether this is an unused code, and use it up; of two at the same moment one is right."""
    wanted = _hash(user_id, typed)

    unused = (
        RecoveryCode.user_id == user_id,
        RecoveryCode.code_hash == wanted,
        RecoveryCode.used_at.is_(None),
    )
    return bool(execute(update(RecoveryCode).where(*unused).values(used_at=utc_now())))


def _new_code() -> str:
    half = ["".join(secrets.choice(ALPHABET) for _ in range(HALF)) for _ in range(2)]
    return "-".join(half)


def _hash(user_id: int, code: str) -> str:
    plain = "".join(letter for letter in code.casefold() if letter.isalnum())
    return secret_box.keyed_hash(f"{user_id}:{plain}", PURPOSE).hex()
