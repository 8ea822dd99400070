"""What is asked of a person besides the password, and checking it. Knows no pages and no browsers.

The rule is simple: whoever has set up an authenticator application or a passkey is not signed in by a
password (or by Google) alone. Recovery codes are made with the first of them and go with the last.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from limits import parse

from echo.errors import InvalidInput, NotFound, RateLimited, WrongCredentials
from echo.extensions import seconds_to_wait
from echo.languages import gettext, mark
from echo.limits import PROOFS_PER_ACCOUNT
from echo.models import User
from echo.services import mail
from echo.services.accounts import addresses, passwords
from echo.services.sign_in import (
    attempts,
    login_delays,
    once,
    passkeys,
    recovery_codes,
    secret_box,
    totp,
)
from echo.services.sign_in.passkey_challenges import Site

SETUP_SECONDS: Final = 15 * 60
SHOWN_SECONDS: Final = 10 * 60
WRONG_CODE: Final = mark("That code is not right, or it was used already.")
SETUP_GONE: Final = mark("That took too long. Please begin again.")


class State(NamedTuple):
    """What a person has set up."""

    totp: bool
    passkeys: int
    codes_left: int

    @property
    def is_on(self) -> bool:
        return self.totp or self.passkeys > 0

    @property
    def few_codes(self) -> bool:
        return self.is_on and self.codes_left < recovery_codes.FEW


def state(user: User) -> State:
    """Return what the person has set up."""
    has_totp = user.totp_secret is not None
    return State(has_totp, passkeys.count(user.id), recovery_codes.left(user.id))


def is_on(user: User) -> bool:
    """Tell whether a password alone is not enough for this account."""
    return state(user).is_on


@attempts.announced()
def check_code(user: User, typed: str) -> None:
    """Take a code of the application or a recovery code; each works once.

    Raises:
        RateLimited: too many tries for this account, from wherever.
        WrongCredentials: neither kind fits (`field` is "code"); after five the next must wait.
        Conflict: the application's secret cannot be read, since the server's key was changed.
    """
    with _counted(user, "code"):
        _take_code(user, typed)


def prove(user: User, password: str, typed: str) -> None:
    """Check that it is this person: their password, if they have one, and a code, if a factor is on.

    Raises:
        RateLimited, WrongCredentials, Conflict: as `check_code`.
        InvalidInput: the account has neither; it proves itself by Google.
    """
    needs_code = is_on(user)
    if user.password_hash is None and not needs_code:
        raise InvalidInput(gettext("This account has no password. Please confirm with Google."))
    with _counted(user, "code" if user.password_hash is None else "password"):
        _take_password(user, password)
        if needs_code:
            _take_code(user, typed)


@contextmanager
def _counted(user: User, field: str) -> Iterator[None]:
    """Count a try before it is checked, so that many at the same moment win nothing."""
    key = login_delays.key_of_confirming(user.id)
    login_delays.refuse_blocked(key, field)
    wait = seconds_to_wait(parse(PROOFS_PER_ACCOUNT), "proof", str(user.id))
    if wait:
        text = gettext("Too many tries for this account. Please wait some minutes.")
        raise RateLimited(text, field=field, retry_after=wait)
    try:
        yield
    except WrongCredentials:
        login_delays.failed(key)
        raise
    login_delays.succeeded(key)


def _take_password(user: User, password: str) -> None:
    if user.password_hash is not None and not passwords.is_right(user.password_hash, password):
        raise WrongCredentials(gettext("That password is not right."), field="password")


def _take_code(user: User, typed: str) -> None:
    code = "".join(typed.split())
    right = totp.use(user, code) if totp.CODE.fullmatch(code) else recovery_codes.use(user.id, code)
    if not right:
        raise WrongCredentials(gettext(WRONG_CODE), field="code")


def begin_totp(user: User) -> str:
    """Make a secret that is not in force yet, and return the key under which it waits."""
    addresses.refuse_unproven(user)
    secret = secret_box.seal(totp.new_secret(), "totp set-up")
    return once.put("totp", {"user_id": user.id, "secret": secret}, SETUP_SECONDS)


def waiting_secret(user: User, key: str | None) -> str:
    """Return the secret that waits for its first code; raises NotFound when it is gone or another's."""
    waiting = once.look("totp", key)
    if waiting is None or waiting["user_id"] != user.id:
        raise NotFound(gettext(SETUP_GONE))
    return secret_box.unseal(waiting["secret"], "totp set-up")


def finish_totp(user: User, key: str, typed: str) -> str | None:
    """Put the secret in force once the application shows the right code.

    Returns:
        The key of new recovery codes (`shown_codes`), if there were none.

    Raises:
        NotFound: the secret is gone.
        WrongCredentials: the code is not right (`field` is "code").
    """
    secret = waiting_secret(user, key)
    step = totp.matching_step(secret, "".join(typed.split()))
    if step is None:
        text = gettext("That code is not right. Is the clock of your phone set automatically?")
        raise WrongCredentials(text, field="code")
    if once.take("totp", key) is None:
        raise NotFound(gettext(SETUP_GONE))
    totp.keep(user, secret, step)
    _tell(user, mark("An authenticator application was set up."))
    return _ensure_codes(user)


def remove_totp(user: User) -> None:
    """Switch the application off."""
    totp.forget(user)
    _forget_codes_of_nothing(user)
    _tell(user, mark("The authenticator application was removed."))


def add_passkey(user: User, site: Site, key: str | None, credential: Any, name: str) -> str | None:
    """Register a passkey; as `finish_totp`, returns the key of new recovery codes if there were none.

    Raises:
        InvalidInput, Conflict: as `passkeys.register`.
    """
    passkeys.register(user, site, key, credential, name)
    _tell(user, mark("A passkey was added."))
    return _ensure_codes(user)


def remove_passkey(user: User, passkey_id: str) -> None:
    """Remove one passkey; raises NotFound for an absent or foreign one alike."""
    passkeys.remove(user.id, passkey_id)
    _forget_codes_of_nothing(user)
    _tell(user, mark("A passkey was removed."))


def remove_all(user: User) -> None:
    """Remove every factor: for an administrator who helps somebody that has lost them all."""
    totp.forget(user)
    passkeys.remove_all(user.id)
    recovery_codes.forget(user.id)
    _tell(user, mark("All second factors were removed by an administrator."))


def _ensure_codes(user: User) -> str | None:
    """Make recovery codes unless some are left; return the key under which they are shown once."""
    return None if recovery_codes.left(user.id) else _new_codes(user)


def renew_codes(user: User) -> str:
    """Make new recovery codes and return the key under which they are shown once.

    Raises:
        InvalidInput: there is no second factor that they could replace.
    """
    if not is_on(user):
        raise InvalidInput(gettext("Set up an authenticator application or a passkey first."))
    _tell(user, mark("New recovery codes were made; the old ones are void."))
    return _new_codes(user)


def _new_codes(user: User) -> str:
    sealed = secret_box.seal(json.dumps(recovery_codes.renew(user.id)), "shown codes")
    return once.put("codes", {"user_id": user.id, "codes": sealed}, SHOWN_SECONDS)


def shown_codes(user: User, key: str | None) -> list[str]:
    """Return the new codes the first time that they are asked for, then nothing."""
    waiting = once.look("codes", key)
    if waiting is None or waiting["user_id"] != user.id or once.take("codes", key) is None:
        return []
    codes: list[str] = json.loads(secret_box.unseal(waiting["codes"], "shown codes"))
    return codes


def _forget_codes_of_nothing(user: User) -> None:
    """Delete the recovery codes when no factor is left that they could replace."""
    if not is_on(user):
        recovery_codes.forget(user.id)


def _tell(user: User, what: str) -> None:
    """Mail the owner, who may not be the one who did it."""
    mail.notify(user, "second_factor_changed", what=what)
