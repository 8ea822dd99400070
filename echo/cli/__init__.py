"""The command line: without a sub-command it serves; `--help` lists the rest."""

from __future__ import annotations

import gc
import sys

import click
from flask.cli import FlaskGroup

from echo.errors import ConfigurationError, EchoError


def _create_app() -> object:
    from echo.app import create_app

    return create_app()


@click.group(cls=FlaskGroup, create_app=_create_app, invoke_without_command=True)
@click.pass_context
def cli(context: click.Context) -> None:
    """Echo: real-time chat with a model of its own. Without a command: serve."""
    if context.invoked_subcommand is None:
        context.invoke(serve_command)


@cli.command("serve", with_appcontext=False)  # it makes its own application, once
@click.option("--processes", type=click.IntRange(1, 64), default=1, show_default=True)
def serve_command(processes: int) -> None:
    """Migrate the database, start the engine and serve until SIGTERM or Ctrl-C.

    With --processes several share the work, on ports that follow each other, behind a proxy.
    """
    if processes > 1:
        from echo.cli.processes import serve_in

        serve_in(processes)
    else:
        from echo.cli.serve import serve

        serve()


def _register() -> None:
    from demo.data import demo_data
    from echo.cli import backup, chat, keys, maintenance, models, setup_link, tune, users
    from echo.cli.doctor import command as doctor

    cli.add_command(setup_link.setup_link)
    cli.add_command(users.create_admin)
    cli.add_command(users.remove_second_factors)
    cli.add_command(keys.keys)
    cli.add_command(maintenance.audit)
    cli.add_command(backup.backup)
    cli.add_command(backup.restore)
    cli.add_command(chat.chat)
    cli.add_command(doctor.doctor)
    cli.add_command(demo_data)
    cli.add_command(models.models)
    cli.add_command(maintenance.rollups_group)
    cli.add_command(tune.tune)


def main() -> None:
    """Run the command line; a failure that a person can mend is one line without a traceback."""
    _register()
    try:
        cli.main(prog_name="python run.py")
    except (ConfigurationError, EchoError) as failure:
        click.echo(f"Echo: {failure}", err=True)
        sys.exit(2)
    finally:
        gc.freeze()  # what is left goes with the process: a last look through it takes a second
