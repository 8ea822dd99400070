"""The command: every check in its order, as sentences or as JSON. Knows no check from inside."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import asdict
from typing import Final

import click

from echo import config, logs
from echo.cli.doctor import address, database, machine, model, servers
from echo.cli.doctor.finding import Finding, State
from echo.config import Settings
from echo.errors import ConfigurationError

MARKS: Final[dict[State, str]] = {"ok": "  ok     ", "warning": "! warning", "problem": "✗ PROBLEM"}
Check = Callable[[Settings], Iterator[Finding]]
CHECKS: Final[tuple[Check, ...]] = (
    machine.check_folder,
    machine.check_disk,
    machine.check_clock,
    database.check,
    servers.check_redis,
    servers.check_mail,
    model.check,
    address.check,
)


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def doctor(as_json: bool) -> None:
    """Look at settings, database, Redis, mail, model, disk, clock and address; say what to do.

    Exit status 1 where something must be mended.
    """
    logs.configure("ERROR", "console")
    found = list(_findings())
    sound = all(finding.state != "problem" for finding in found)
    if as_json:
        click.echo(json.dumps({"ok": sound, "findings": [asdict(each) for each in found]}))
    else:
        for finding in found:
            _tell(finding)
    sys.exit(0 if sound else 1)


def _findings() -> Iterator[Finding]:
    try:
        settings = config.load()
    except (ConfigurationError, OSError) as failure:
        do = "Mend them in the environment or in .env (docs/configuration.md), then look again."
        yield Finding("settings", "problem", str(failure), do)
        return
    yield Finding("settings", "ok", f"They can be used; Echo writes into {settings.instance}.")
    for check in CHECKS:
        yield from check(settings)


def _tell(finding: Finding) -> None:
    click.echo(f"{MARKS[finding.state]}  {finding.part}: {finding.said}")
    if finding.do:
        click.echo(f"{'':11}→ {finding.do}")
