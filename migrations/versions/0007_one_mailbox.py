"""One mailbox is one, whether its domain is written in letters of any script or as punycode.

Revision ID: 0007
Revises: 0006
"""

import sqlalchemy as sa
from alembic import op
from email_validator import EmailNotValidError, validate_email

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

users = sa.table("users", sa.column("id"), sa.column("email"), sa.column("email_key"))


def upgrade() -> None:
    """Give each account the new key; one whose mailbox is another's already keeps its own, and its name."""
    link = op.get_bind()
    rows = link.execute(sa.select(users).order_by(users.c.id)).all()
    taken = {row.email_key for row in rows}
    for row in rows:
        key = _key(row.email)
        if key is None or key in taken:
            continue
        taken.add(key)
        link.execute(users.update().where(users.c.id == row.id).values(email_key=key))


def downgrade() -> None:
    """The keys stay: they are unique as before, and the addresses were never touched."""


def _key(address: str) -> str | None:
    """Return the key of an address that has several spellings; None for all others."""
    if address.isascii() and "xn--" not in address.lower():
        return None
    try:
        mailbox = validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return None
    return f"{mailbox.local_part.casefold()}@{mailbox.ascii_domain}"
