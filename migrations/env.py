"""Runs the revisions on the application's own database; knows no table."""

from alembic import context
from flask import current_app

from echo.cli import migrating

db = current_app.extensions["migrate"].db


def run() -> None:
    """Apply the wanted revisions in one transaction: all of them or none."""
    applied = []
    with migrating.alone(), db.engine.connect() as connection, migrating.whole(connection):
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            transactional_ddl=True,
            on_version_apply=lambda **step: applied.append(step["step"]),
            **current_app.extensions["migrate"].configure_args,
        )
        with context.begin_transaction(), migrating.named():
            migrating.wait_for_others(connection)
            context.run_migrations()
            if applied:
                migrating.refuse_loose_ends(connection)


run()
