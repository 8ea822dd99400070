"""Accounts: made, found, kept from losing their last super admin. Knows no sessions, forms or sockets."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import func, or_, select, update
from sqlalchemy.exc import IntegrityError

from echo.errors import InvalidInput, NotFound, SignedOut
from echo.extensions import db
from echo.languages import gettext
from echo.models import Role, RoleName, User
from echo.services.accounts import passwords
from echo.services.accounts.names import fold, refuse_taken
from echo.services.storage import transaction


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


def find(credentials: str) -> User | None:
    """Return the account with this name or address, if there is one."""
    key = fold(credentials)
    found: User | None = db.session.scalar(
        select(User).where(or_(User.username_key == key, User.email_key == key)).limit(1)
    )
    return found


def get(user_id: int) -> User:
    """Return the user; raises NotFound."""
    user = db.session.get(User, user_id)
    if user is None:
        raise NotFound(gettext("There is no such account."))
    return user


def refuse_closed(user_id: int) -> None:
    """Raise SignedOut where an account is switched off or gone by now, whatever was read of it before."""
    if not db.session.scalar(select(User.active).where(User.id == user_id)):
        raise SignedOut(gettext("This account has been switched off."))


def judge_password(user: User, password: str, field: str = "password") -> None:
    """Raise InvalidInput when the password is weak for this person."""
    names = [user.username, user.email, user.email.partition("@")[0]]
    passwords.judge(password, names, field=field)


def alone_with(user_ids: Collection[int]) -> None:
    """Let no other that asks for this decide about these people's things before this transaction ends.

    By a write, which changes nothing: for reading SQLite keeps nobody out.
    """
    alone = update(User).where(User.id.in_(user_ids)).values(updated_at=User.updated_at)
    db.session.execute(alone.execution_options(synchronize_session=False))


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
        raise InvalidInput(gettext("This is the last super admin; make another one first."))
