"""What a restored database must not bring back: sessions and links. Knows no file and no command."""

from __future__ import annotations

from sqlalchemy import update

from echo.clock import utc_now
from echo.extensions import db
from echo.models import Device, OneTimeLink
from echo.services.storage import transaction


def sign_everybody_out() -> int:
    """End every session and use up every open link; return how many sessions were ended.

    The backup is older than the day it is put back: a session may have been revoked since then, or a link
    used, and neither may work again.
    """
    now = utc_now()

    def work() -> int:
        db.session.execute(
            update(OneTimeLink).where(OneTimeLink.used_at.is_(None)).values(used_at=now)
        )
        ended = db.session.execute(
            update(Device).where(Device.revoked_at.is_(None)).values(revoked_at=now)
        )
        return int(ended.rowcount)  # type: ignore[attr-defined]

    return transaction(work)
