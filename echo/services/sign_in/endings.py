"""Why a session has ended, in English: it is told to pages, and each says it in its reader's language."""

from __future__ import annotations

from typing import Final

from echo.languages import mark

SIGNED_OUT: Final = mark("You signed out.")
ELSEWHERE: Final = mark("You signed this browser out from another one.")
EXPIRED: Final = mark("Your session has expired. Please sign in again.")
PASSWORD_CHANGED: Final = mark("Your password was changed.")
ROLE_CHANGED: Final = mark("Your role was changed.")
BY_ADMINISTRATOR: Final = mark("An administrator signed you out.")
SWITCHED_OFF: Final = mark("This account has been switched off.")
DELETED: Final = mark("This account has been deleted.")
