"""Pictures that administrators give to people or take away. Knows no pages and no formats."""

from __future__ import annotations

from echo.errors import NotFound
from echo.extensions import db
from echo.languages import gettext
from echo.models import Picture, User
from echo.services import audit
from echo.services.accounts import accounts, profile_pictures
from echo.services.audit import Act
from echo.services.people import administration


def give(actor: User, user_id: int, raw: bytes) -> Picture:
    """Make `raw` a person's picture, in place of the one before.

    Raises:
        NotFound, Forbidden: no such account; not this one.
        TooLong, InvalidInput: as `profile_pictures.prepare`.
    """
    user = accounts.get(user_id)
    administration.refuse_foreign(actor, user)
    content = profile_pictures.prepare(raw)
    audit.record(Act.PICTURE_MADE, actor, subject_id=user.id)
    return profile_pictures.keep(user.id, content)


def take_away(actor: User, picture_id: str) -> None:
    """Delete a picture; raises NotFound, also when somebody was quicker, and Forbidden."""
    picture = db.session.get(Picture, picture_id)
    if picture is None:
        raise NotFound(gettext("There is no such picture, or it has been deleted."))
    administration.refuse_foreign(actor, accounts.get(picture.user_id))
    audit.record(Act.PICTURE_DELETED, actor, subject_id=picture.user_id)
    profile_pictures.remove(picture.user_id)
