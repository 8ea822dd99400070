"""Making and changing accounts. Knows no forms, sessions or sockets."""

from __future__ import annotations

from sqlalchemy import delete, func, or_, select
from sqlalchemy.exc import IntegrityError

from echo import signals
from echo.clock import utc_now
from echo.errors import InvalidInput, NotFound, WrongCredentials
from echo.extensions import db
from echo.limits import EMAIL_MAX
from echo.models import Message, OneTimeLink, Role, RoleName, User
from echo.services import mail
from echo.services.people import addresses
from echo.services.people.names import fold, refuse_taken
from echo.services.sign_in import devices, login_delays, passwords
from echo.services.storage import transaction

WRONG_CREDENTIALS = "That name or password is not right."

UNPROVEN = (
    "Confirm your e-mail address first: open the link that we sent you, or ask for a new one."
)


def sign_up(username: str, email: str, password: str, role: RoleName = RoleName.USER) -> User:
    """Make an account.

    Raises:
        InvalidInput: the password is weak.
        Conflict: the name or the address is taken (`field` says which).
    """
    refuse_taken(username, email)
    passwords.judge(password, [username, email, email.partition("@")[0]])
    password_hash = passwords.hash_password(password)
    return _insert(username.strip(), email.strip(), password_hash, role)


def _insert(username: str, email: str, password_hash: str, role: RoleName) -> User:
    def work() -> User:
        user = User(
            username=username,
            username_key=fold(username),
            email=email,
            email_key=fold(email),
            password_hash=password_hash,
            role=role_row(role),
        )
        db.session.add(user)
        db.session.flush()
        return user

    try:
        return transaction(work)
    except IntegrityError:  # somebody took it between the look and the write
        refuse_taken(username, email)
        raise


def role_row(name: RoleName) -> Role:
    """Return the role's row; migrations made it."""
    return db.session.scalars(select(Role).where(Role.name == name)).one()


def check_password(credentials: str, password: str) -> User:
    """Return the active account with this name or address and password.

    Unknown accounts, accounts without a password and wrong passwords take the same time and words. While
    no password is taken none is compared, so that the time does not tell a right one either.

    Raises:
        WrongCredentials: in every such case.
        RateLimited: after several of them, for a growing time.
    """
    found = find(credentials)
    key = _delay_key(found, credentials)
    login_delays.refuse_blocked(key)
    right = passwords.is_right(found.password_hash if found else None, password)
    if found is None or not right or not found.active:
        if login_delays.failed(key) and found is not None and found.active:
            login_delays.tell_owner(found)
        raise WrongCredentials(WRONG_CREDENTIALS, field="credentials")
    login_delays.refuse_blocked(key)  # of many guesses at the same moment none counts after a block
    login_delays.succeeded(key)
    return found


def _delay_key(found: User | None, credentials: str) -> str:
    if found is not None:
        return login_delays.key_of_account(found.id)
    return login_delays.key_of_name(fold(credentials))


def confirm_password(user: User, password: str) -> None:
    """Check the password of somebody who is signed in; their tries are counted apart from the login's.

    Raises:
        WrongCredentials, RateLimited: with the field `password`.
    """
    key = login_delays.key_of_confirming(user.id)
    login_delays.refuse_blocked(key, field="password")
    if not passwords.is_right(user.password_hash, password):
        login_delays.failed(key)
        raise WrongCredentials("Your current password is not right.", field="password")
    login_delays.refuse_blocked(key, field="password")
    login_delays.succeeded(key)


def limit_key(credentials: str) -> str:
    """Return one key for an account, whether its name or its address was typed."""
    found = find(credentials)
    return f"account {found.id}" if found else fold(credentials)[:EMAIL_MAX]


def find(credentials: str) -> User | None:
    """Return the account with this name or address, if there is one."""
    key = fold(credentials)
    found: User | None = db.session.scalar(
        select(User).where(or_(User.username_key == key, User.email_key == key)).limit(1)
    )
    return found


def change_profile(
    user: User,
    *,
    username: str,
    email: str,
    new_password: str,
    password: str,
    keep_device: str,
    confirmed: bool = False,
) -> None:
    """Change what differs. A new address or password needs the present password.

    An account without a password (Google, passkey) needs `confirmed`: a fresh proof by another way. A
    new password signs every other device out. Where mails are sent, a new address waits for its proof.

    Raises:
        InvalidInput, Conflict, WrongCredentials: with the `field` at fault.
        RateLimited: too many wrong passwords, or too many new addresses.
    """
    refuse_taken(username, email, but_for=user.id)
    moved = fold(email) != user.email_key
    if moved or new_password:
        _refuse_unproven(user, password, confirmed)
    new_hash = _new_hash(user, new_password)
    waits = moved and mail.is_enabled()
    if waits:
        addresses.refuse_too_many(user)
    _rename(user, username, user.email if waits else email)
    if new_hash:
        store_password(user, new_hash, keep_device=keep_device)
    if waits:
        addresses.begin_move(user, email)


def _refuse_unproven(user: User, password: str, confirmed: bool) -> None:
    if user.password_hash is not None:
        confirm_password(user, password)
    elif not confirmed:
        raise WrongCredentials("Please confirm first that it is you.", field="password")


def _new_hash(user: User, new_password: str) -> str | None:
    if not new_password:
        return None
    judge_password(user, new_password, field="new_password")
    return passwords.hash_password(new_password)


def judge_password(user: User, password: str, field: str = "password") -> None:
    """Raise InvalidInput when the password is weak for this person."""
    names = [user.username, user.email, user.email.partition("@")[0]]
    passwords.judge(password, names, field=field)


def _rename(user: User, username: str, email: str) -> None:
    def work() -> None:
        if fold(email) != user.email_key:
            user.email_verified_at = None
        user.username, user.username_key = username.strip(), fold(username)
        user.email, user.email_key = email.strip(), fold(email)

    transaction(work)


def store_password(
    user: User, password_hash: str, *, keep_device: str | None = None, proven: str | None = None
) -> None:
    """Give an account its new password: every link sent before is void, all other sessions end.

    `proven` is the address that received the link by which this was done.
    """

    def work() -> None:
        user.password_hash = password_hash
        if proven is not None and fold(proven) == user.email_key:
            user.email_verified_at = user.email_verified_at or utc_now()
        db.session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user.id))

    transaction(work)
    login_delays.unlock(user.id)
    devices.revoke_all(user.id, but=keep_device, reason="Your password was changed.")
    mail.notify(user, "password_changed")


def store_proven_address(user: User, email: str) -> None:
    """Give an account the address that its link has proved; links sent to the former one are void.

    Raises:
        Conflict: another account has it by now.
    """
    refuse_taken(user.username, email, but_for=user.id)

    def work() -> None:
        if fold(email) != user.email_key:
            db.session.execute(delete(OneTimeLink).where(OneTimeLink.user_id == user.id))
        user.email, user.email_key = email, fold(email)
        user.email_verified_at = utc_now()

    try:
        transaction(work)
    except IntegrityError:  # somebody took it between the look and the write
        refuse_taken(user.username, email, but_for=user.id)
        raise


def pending_email(user_id: int) -> str | None:
    """Return the person's new address that is not confirmed yet, if there is one."""
    return addresses.pending(user_id)


def set_active(user_id: int, active: bool) -> None:
    """Switch an account on or off; off ends its sessions and its running replies at once."""
    user = get(user_id)

    def work() -> None:
        user.active = active

    transaction(work)
    if not active:
        devices.revoke_all(user_id, reason="This account has been switched off.")
        signals.account_closed.send(user_id)


def set_role(user_id: int, role: RoleName) -> None:
    """Give a role; open sockets are told, and read their rights anew."""
    user = get(user_id)
    if user.is_super_admin and role is not RoleName.SUPER_ADMIN:
        refuse_last_super_admin(user_id)

    def work() -> None:
        user.role = role_row(role)

    transaction(work)
    signals.access_ended.send(user_id, device_id=None, reason="Your role was changed.")


def decide_alone() -> None:
    """Let no second one decide about super admins at the same moment: two could remove each other.

    The lock is the super admins' role; SQLite has one writer anyway and ignores it.
    """
    db.session.execute(
        select(Role.id).where(Role.name == RoleName.SUPER_ADMIN).with_for_update()
    ).all()


def refuse_last_super_admin(user_id: int) -> None:
    """Raise InvalidInput when nobody but this user is an active super admin."""
    others = (
        select(func.count())
        .select_from(User)
        .join(Role)
        .where(Role.name == RoleName.SUPER_ADMIN, User.active, User.id != user_id)
    )
    if not db.session.scalar(others):
        raise InvalidInput("This is the last super admin; make another one first.")


def get(user_id: int) -> User:
    """Return the user; raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound("There is no such account.")
    return user


def numbers(user_id: int) -> dict[str, int]:
    """Return what the user has written: prompts and their characters, and in how many conversations."""
    row = db.session.execute(
        select(
            func.count(),
            func.coalesce(func.sum(func.length(Message.text)), 0),
            func.count(Message.conversation_id.distinct()),
        ).where(Message.user_id == user_id, Message.role == "user")
    ).one()
    return {"prompts": row[0], "characters": row[1], "conversations": row[2]}
