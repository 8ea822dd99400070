"""Questions to authenticators that wait for their answer, once each. Knows no answers and no keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, NamedTuple

from echo.errors import InvalidInput
from echo.languages import gettext, mark
from echo.models import User
from echo.services.sign_in import once

CHALLENGE_SECONDS: Final = 5 * 60
STALE: Final = mark("That took too long. Please try again.")


class Purpose(StrEnum):
    """What a challenge is for; the answer to one is no answer to another."""

    REGISTER = "register"
    SIGN_IN = "sign_in"
    SECOND = "second"
    CONFIRM = "confirm"


@dataclass(frozen=True)
class Site:
    """Where the ceremony takes place: the relying party's domain, and the origin of its pages."""

    rp_id: str
    origin: str


class Challenge(NamedTuple):
    """What the browser is to do, and the key under which the answer is expected."""

    options: dict[str, Any]
    key: str


def keep(options: Any, purpose: Purpose, user: User | None) -> Challenge:
    """Keep the challenge of these options for five minutes."""
    from webauthn.helpers import options_to_json_dict

    value = {
        "challenge": options.challenge,
        "purpose": str(purpose),
        "user_id": user.id if user else None,
    }
    key = once.put("passkey", value, CHALLENGE_SECONDS)
    return Challenge(options_to_json_dict(options), key)


def take(key: str | None, purpose: Purpose, user: User | None) -> bytes:
    """Return the challenge, which is gone then; raises InvalidInput when it was for something else."""
    value = once.take("passkey", key)
    wanted = (str(purpose), user.id if user else None)
    if value is None or (value["purpose"], value["user_id"]) != wanted:
        raise InvalidInput(gettext(STALE))
    challenge: bytes = value["challenge"]
    return challenge
