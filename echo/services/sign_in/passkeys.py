"""Passkeys (WebAuthn): registering, checking, naming and removing them. Knows no request and no page.

Every ceremony asks the authenticator to verify its user (by finger, face or PIN), so that a passkey proves
two things at once: having it and being its owner.
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Mapping
from contextlib import nullcontext
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.exc import IntegrityError

from echo.clock import utc_now
from echo.errors import Conflict, InvalidInput, NotFound, WrongCredentials
from echo.extensions import db
from echo.languages import gettext, mark, number
from echo.limits import PASSKEYS_MAX
from echo.models import Passkey, User
from echo.services.accounts import addresses
from echo.services.sign_in import attempts, passkey_challenges, secret_box
from echo.services.sign_in.passkey_challenges import CHALLENGE_SECONDS, Challenge, Purpose, Site
from echo.services.storage import assign, execute, transaction

TIMEOUT_MS: Final = CHALLENGE_SECONDS * 1000
BASE64URL: Final = re.compile(r"[A-Za-z0-9_-]{1,1400}={0,2}")
UNKNOWN: Final = mark("This passkey is not right here. Please sign in another way.")
NOT_MADE: Final = mark(
    "This passkey could not be checked. Please try again, or use another device."
)


def user_handle(user_id: int) -> bytes:
    """Return what authenticators store about the person: stable, and telling nothing."""
    return secret_box.keyed_hash(str(user_id), "passkey user handle")


def own(user_id: int) -> list[Passkey]:
    """Return the person's passkeys, oldest first."""
    mine = select(Passkey).where(Passkey.user_id == user_id).order_by(Passkey.id)
    return list(db.session.scalars(mine))


def count(user_id: int) -> int:
    """Return how many passkeys the person has."""
    mine = select(func.count()).select_from(Passkey).where(Passkey.user_id == user_id)
    return db.session.scalar(mine) or 0


def registration_options(user: User, site: Site) -> Challenge:
    """Ask for a new passkey, on an authenticator that holds none of this account yet.

    Raises:
        InvalidInput: the account has as many as it may have.
    """
    import webauthn
    from webauthn.helpers import structs

    addresses.refuse_unproven(user)
    if count(user.id) >= PASSKEYS_MAX:
        raise InvalidInput(
            gettext(
                "An account has at most %(most)s passkeys; remove one first.",
                most=number(PASSKEYS_MAX),
            )
        )
    options = webauthn.generate_registration_options(
        rp_id=site.rp_id,
        rp_name="Echo",
        user_id=user_handle(user.id),
        user_name=user.username,
        user_display_name=user.username,
        timeout=TIMEOUT_MS,
        authenticator_selection=structs.AuthenticatorSelectionCriteria(
            resident_key=structs.ResidentKeyRequirement.PREFERRED,
            user_verification=structs.UserVerificationRequirement.REQUIRED,
        ),
        exclude_credentials=_descriptors(user),
    )
    return passkey_challenges.keep(options, Purpose.REGISTER, user)


def register(user: User, site: Site, key: str | None, credential: Any, name: str) -> Passkey:
    """Store a new passkey.

    Raises:
        InvalidInput: the challenge is gone, or the answer does not fit it, this site or the rules.
        Conflict: the passkey is registered already.
    """
    import webauthn

    challenge = passkey_challenges.take(key, Purpose.REGISTER, user)
    try:
        made = webauthn.verify_registration_response(
            credential=_mapping(credential),
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            require_user_verification=True,
        )
    except _refusals() as refusal:
        raise InvalidInput(gettext(NOT_MADE)) from refusal
    row = {
        "credential_id": _text(made.credential_id),
        "public_key": made.credential_public_key,
        "sign_count": made.sign_count,
        "backed_up": made.credential_backed_up,
        "name": name or f"Passkey {count(user.id) + 1}",
    }
    return _insert(user.id, row)


def _insert(user_id: int, row: dict[str, Any]) -> Passkey:
    def work() -> Passkey:
        passkey = Passkey(user_id=user_id, **row)
        db.session.add(passkey)
        db.session.flush()
        return passkey

    try:
        return transaction(work)
    except IntegrityError:
        raise Conflict(gettext("This passkey is registered already.")) from None


def sign_in_options(site: Site, purpose: Purpose, user: User | None = None) -> Challenge:
    """Ask for a passkey: any of this site's, or one of `user`'s when it is known who must answer."""
    import webauthn
    from webauthn.helpers import structs

    options = webauthn.generate_authentication_options(
        rp_id=site.rp_id,
        timeout=TIMEOUT_MS,
        allow_credentials=_descriptors(user) if user else None,
        user_verification=structs.UserVerificationRequirement.REQUIRED,
    )
    return passkey_challenges.keep(options, purpose, user)


def check(
    site: Site, purpose: Purpose, key: str | None, credential: Any, user: User | None = None
) -> User:
    """Return the person whose passkey has answered the challenge; each challenge is answered once.

    Raises:
        InvalidInput: the challenge is gone, or was for something else.
        WrongCredentials: unknown passkey, wrong answer, wrong site, account switched off: never which.
    """
    with nullcontext() if purpose is Purpose.CONFIRM else attempts.announced():
        return _checked(site, passkey_challenges.take(key, purpose, user), credential, user)


def _checked(site: Site, challenge: bytes, credential: Any, user: User | None) -> User:
    content = _mapping(credential)
    passkey = _find(content.get("id"))
    owner = db.session.get(User, passkey.user_id) if passkey else None
    if passkey is None or owner is None or not owner.active or (user and owner.id != user.id):
        raise WrongCredentials(gettext(UNKNOWN))
    if not _is_handle_of(owner, content, needed=user is None):
        raise WrongCredentials(gettext(UNKNOWN))
    _note_use(passkey, _verified_count(site, challenge, content, passkey))
    return owner


def _find(credential_id: Any) -> Passkey | None:
    if not isinstance(credential_id, str) or not BASE64URL.fullmatch(credential_id):
        return None
    found: Passkey | None = db.session.scalar(
        select(Passkey).where(Passkey.credential_id == credential_id)
    )
    return found


def _is_handle_of(owner: User, content: dict[str, Any], needed: bool) -> bool:
    """The authenticator must name the same person as the row, where nobody else has."""
    response = content.get("response")
    handle = response.get("userHandle") if isinstance(response, Mapping) else None
    if handle is None:
        return not needed
    if not isinstance(handle, str) or not BASE64URL.fullmatch(handle):
        return False
    return hmac.compare_digest(handle.rstrip("="), _text(user_handle(owner.id)))


def _verified_count(site: Site, challenge: bytes, content: dict[str, Any], row: Passkey) -> int:
    """Return the authenticator's new counter; raises WrongCredentials when the answer is not right."""
    import webauthn

    try:
        answer = webauthn.verify_authentication_response(
            credential=content,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=site.origin,
            credential_public_key=row.public_key,
            credential_current_sign_count=row.sign_count,
            require_user_verification=True,
        )
    except _refusals() as refusal:
        raise WrongCredentials(gettext(UNKNOWN)) from refusal
    return answer.new_sign_count


def _note_use(passkey: Passkey, new_count: int) -> None:
    """Store the counter, unless another answer has moved it meanwhile."""
    passkey_id, old_count = passkey.id, passkey.sign_count

    if not execute(
        update(Passkey)
        .where(Passkey.id == passkey_id, Passkey.sign_count == old_count)
        .values(sign_count=new_count, last_used_at=utc_now())
    ):
        raise WrongCredentials(gettext(UNKNOWN))


def rename(user_id: int, passkey_id: str, name: str) -> None:
    """Give a passkey another name; raises NotFound for an absent or foreign one alike."""
    passkey = _own_one(user_id, passkey_id)

    assign(passkey, name=name)


def remove(user_id: int, passkey_id: str) -> None:
    """Let a passkey work no more; raises NotFound for an absent or foreign one alike."""
    _own_one(user_id, passkey_id)
    execute(delete(Passkey).where(Passkey.id == passkey_id))


def remove_all(user_id: int) -> None:
    """Let none of the person's passkeys work any more."""
    execute(delete(Passkey).where(Passkey.user_id == user_id))


def _own_one(user_id: int, passkey_id: str) -> Passkey:
    passkey = db.session.get(Passkey, passkey_id)
    if passkey is None or passkey.user_id != user_id:
        raise NotFound(gettext("There is no such passkey, or it is not yours."))
    return passkey


def _descriptors(user: User) -> list[Any]:
    from webauthn.helpers import base64url_to_bytes, structs

    return [
        structs.PublicKeyCredentialDescriptor(id=base64url_to_bytes(passkey.credential_id))
        for passkey in own(user.id)
    ]


def _mapping(credential: Any) -> dict[str, Any]:
    if not isinstance(credential, dict):
        raise InvalidInput(gettext("The browser's answer is missing."))
    return credential


def _text(value: bytes) -> str:
    from webauthn.helpers import bytes_to_base64url

    return bytes_to_base64url(value)


def _refusals() -> tuple[type[Exception], ...]:
    """Return what the library raises for an answer that is wrong, or is not one at all."""
    from webauthn.helpers.exceptions import WebAuthnException

    return (WebAuthnException, ValueError, TypeError, LookupError, EOFError)
