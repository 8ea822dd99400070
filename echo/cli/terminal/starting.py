"""From flags to a conversation: whose session, who answers, with which settings. Knows no flag's spelling."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any, Final

import click

from echo import config, logs
from echo.cli.terminal import commands, editor, here, sessions
from echo.cli.terminal.elsewhere import Elsewhere
from echo.cli.terminal.here import Here, Wishes
from echo.cli.terminal.screen import Screen
from echo.cli.terminal.sessions import Session
from echo.cli.terminal.talk import Talk
from echo.config import Settings
from echo.errors import ConfigurationError

BITS: Final = {"8": "int8", "4": "4"}
"""ECHO_QUANT's words for the flag's."""
USUAL_BITS: Final = "8"


def converse(given: dict[str, Any], by_flag: set[str], question: str | None) -> bool:
    """Ask one question, or (None) talk until somebody leaves; tell whether it was answered.

    Args:
        given: the values of the command's flags, or of the variables behind them.
        by_flag: the names of those that were given as flags.

    Raises:
        EchoError, GenerationError, OSError: what was refused or failed.
        click.ClickException: the model cannot be used.
    """
    settings = config.load()
    logs.configure(given["log_level"], "console")
    session = _session(settings, given["session_id"], is_kept=question is None)
    with ExitStack() as ending:
        ending.callback(session.close)
        answering = _elsewhere(given, by_flag) if given["url"] else _here(settings, given, by_flag)
        ending.callback(answering.close)
        talk = Talk(answering, session, Screen(), streamed=not given["no_stream"])
        if question is not None:
            return talk.once(question)
        history = settings.instance / sessions.FOLDER / ".history"
        talk.run(editor.lines(history, list(commands.BY_NAME)))
        return True


def _session(settings: Settings, name: str | None, is_kept: bool) -> Session:
    """Return a named session, a new one for a conversation, and for one question none that is kept."""
    return sessions.opened(settings.instance, name) if is_kept or name else Session()


def _sampling(given: dict[str, Any]) -> dict[str, Any]:
    """Return what is wanted otherwise than is usual for the model, by the engine's names."""
    wanted = {
        "max_new_tokens": given["max_tokens"],
        **{name: given[name] for name in ("temperature", "top_p", "top_k")},
    }
    if given["greedy"]:
        wanted |= {"temperature": 0.0, "top_p": None, "top_k": None}
    return {name: value for name, value in wanted.items() if value is not None}


def _elsewhere(given: dict[str, Any], by_flag: set[str]) -> Elsewhere:
    model = given["model"] if "model" in by_flag else None  # the variable names one of this machine
    return Elsewhere(given["url"], given["key"], model, _sampling(given), given["system"])


def _here(settings: Settings, given: dict[str, Any], by_flag: set[str]) -> Here:
    model = str(given["local_path"] or given["model"] or "") or None
    wanted = {
        "model": None if settings.engine == "openai" else model,
        "device": given["device"],
        "quant": BITS.get(_bits(given, by_flag) or ""),
        "slots": 1,
    }
    changes = {name: value for name, value in wanted.items() if value is not None}
    wishes = Wishes(_sampling(given), given["system"], model)
    try:
        return here.started(settings.model_copy(update=changes), wishes, given["adapter"])
    except ConfigurationError as failure:
        named = "ECHO_MODEL: " if "model" in changes else ""  # by a flag, whose words these are
        raise click.ClickException(failure.text.removeprefix(named)) from failure


def _bits(given: dict[str, Any], by_flag: set[str]) -> str | None:
    """Return the flag's bits, else the variables'; LLM_QUANT_ENABLED=0 switches those off."""
    if "quant" in by_flag or given["quant_enabled"] is None:
        return str(given["quant"]) if given["quant"] else None
    return str(given["quant"] or USUAL_BITS) if given["quant_enabled"] else None
