"""Making and changing accounts. Knows no forms, sessions or sockets."""

from __future__ import annotations

from sqlalchemy import func, or_, select
from sqlalchemy.exc import IntegrityError

from echo import signals
from echo.errors import Conflict, InvalidInput, NotFound, WrongCredentials
from echo.extensions import db
from echo.limits import EMAIL_MAX
from echo.models import Message, Role, RoleName, User
from echo.services import devices, passwords
from echo.services.storage import transaction

WRONG_CREDENTIALS = "That name or password is not right."


def fold(name: str) -> str:
    """Return the form in which names and addresses are compared."""
    return name.strip().casefold()


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


def refuse_taken(username: str, email: str, but_for: int | None = None) -> None:
    for column, value, field, text in (
        (User.username_key, username, "username", "This name is taken. Please choose another."),
        (User.email_key, email, "email", "There is an account with this address. Sign in instead?"),
    ):
        taken = db.session.scalar(select(User.id).where(column == fold(value)))
        if taken is not None and taken != but_for:
            raise Conflict(text, field=field)


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

    Unknown accounts, accounts without a password and wrong passwords take the same time and words.

    Raises:
        WrongCredentials: in every such case.
    """
    found = _by_credentials(credentials)
    right = passwords.is_right(found.password_hash if found else None, password)
    if found is None or not right or not found.active:
        raise WrongCredentials(WRONG_CREDENTIALS, field="credentials")
    return found


def limit_key(credentials: str) -> str:
    """Return one key for an account, whether its name or its address was typed."""
    found = _by_credentials(credentials)
    return f"account {found.id}" if found else fold(credentials)[:EMAIL_MAX]


def _by_credentials(credentials: str) -> User | None:
    key = fold(credentials)
    found: User | None = db.session.scalar(
        select(User).where(or_(User.username_key == key, User.email_key == key)).limit(1)
    )
    return found


def change_profile(
    user: User, *, username: str, email: str, new_password: str, password: str, keep_device: str
) -> None:
    """Change what differs. A new address or password needs the present password.

    A new password signs every other device out.
    """
    refuse_taken(username, email, but_for=user.id)
    moved = fold(email) != user.email_key
    if (moved or new_password) and not passwords.is_right(user.password_hash, password):
        raise WrongCredentials("Your current password is not right.", field="password")
    new_hash = _new_hash(user, new_password)

    def work() -> None:
        user.username, user.username_key = username.strip(), fold(username)
        user.email, user.email_key = email.strip(), fold(email)
        user.password_hash = new_hash or user.password_hash

    transaction(work)
    if new_hash:
        devices.revoke_all(user.id, but=keep_device, reason="Your password was changed.")


def _new_hash(user: User, new_password: str) -> str | None:
    if not new_password:
        return None
    passwords.judge(new_password, [user.username, user.email], field="new_password")
    return passwords.hash_password(new_password)


def set_active(user_id: int, active: bool) -> None:
    """Switch an account on or off; off ends its sessions at once."""
    user = get(user_id)

    def work() -> None:
        user.active = active

    transaction(work)
    if not active:
        devices.revoke_all(user_id, reason="This account has been switched off.")


def set_role(user_id: int, role: RoleName) -> None:
    """Give a role; open sockets are told, and read their rights anew."""
    user = get(user_id)
    if user.is_super_admin and role is not RoleName.SUPER_ADMIN:
        refuse_last_super_admin(user_id)

    def work() -> None:
        user.role = role_row(role)

    transaction(work)
    signals.access_ended.send(user_id, device_id=None, reason="Your role was changed.")


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
