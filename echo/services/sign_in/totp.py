"""Codes of an authenticator application (TOTP, RFC 6238). Knows no recovery codes and no pages."""

from __future__ import annotations

import hmac
import re
from typing import Final

import pyotp
from sqlalchemy import or_, update

from echo.clock import utc_now
from echo.models import User
from echo.services.sign_in import secret_box
from echo.services.storage import assign, execute

STEP_SECONDS: Final = 30
ACCEPTED_STEPS: Final = (-1, 0, 1)  # clocks differ, and typing takes time
CODE: Final = re.compile(r"[0-9]{6}")
PURPOSE: Final = "totp secret"


def new_secret() -> str:
    """Return a random secret of 160 bits, in base32."""
    return pyotp.random_base32()


def address(secret: str, name: str, issuer: str) -> str:
    """Return the `otpauth:` address that applications read from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=name, issuer_name=issuer)


def matching_step(secret: str, code: str) -> int | None:
    """Return the time step to which the code belongs, if that is now, the last or the next one."""
    if not CODE.fullmatch(code):
        return None
    now = int(utc_now().timestamp()) // STEP_SECONDS
    generator = pyotp.TOTP(secret)
    found = None
    for step in (now + difference for difference in ACCEPTED_STEPS):
        if hmac.compare_digest(generator.generate_otp(step), code):
            found = step
    return found


def keep(user: User, secret: str, step: int) -> None:
    """Store the secret encrypted; the code that confirmed it is used up."""
    sealed = secret_box.seal(secret, PURPOSE)
    assign(user, totp_secret=sealed, totp_last_step=step)


def forget(user: User) -> None:
    """Remove the secret."""
    assign(user, totp_secret=None, totp_last_step=None)


def use(user: User, code: str) -> bool:
    """Tell whether the code is right and was not used; of two at the same moment one is right.

    Raises:
        Conflict: the secret cannot be decrypted, since the server's key was changed.
    """
    if user.totp_secret is None:
        return False
    step = matching_step(secret_box.unseal(user.totp_secret, PURPOSE), code)
    if step is None:
        return False
    unused = or_(User.totp_last_step.is_(None), User.totp_last_step < step)
    return bool(execute(update(User).where(User.id == user.id, unused).values(totp_last_step=step)))
