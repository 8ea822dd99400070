"""`python run.py chat`: its flags and variables, and which of them go together. It talks to nobody."""

from __future__ import annotations

import sys
from io import TextIOWrapper
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import click
from click.core import ParameterSource

from echo.cli.refusals import refusals_are_told
from echo.cli.terminal import sessions
from echo.errors import InvalidInput
from echo.limits import GENERATION_RANGES

STDIN: Final = "-"
WHOLE: Final = ("top_k", "max_new_tokens")
ONLY_HERE: Final = ("local_path", "adapter", "device", "quant")
"""Flags that say how a model is loaded: an Echo elsewhere has loaded its own."""


def _range(name: str) -> click.IntRange | click.FloatRange:
    limit = GENERATION_RANGES[name]
    if name in WHOLE:
        return click.IntRange(int(limit.low), int(limit.high))
    return click.FloatRange(limit.low, limit.high)


def _session_name(
    _context: click.Context, _option: click.Parameter, name: str | None
) -> str | None:
    try:
        return name if name is None else sessions.named(name)
    except InvalidInput as refusal:
        raise click.BadParameter(refusal.text) from refusal


@click.command("chat")
@click.option("--model", envvar="LLM_MODEL_PATH", help="A name, a folder, a GGUF file or a Hub id.")
@click.option(
    "--local-path", type=click.Path(exists=True, path_type=Path), help="A folder or a GGUF file."
)
@click.option("--adapter", help="A LoRA adapter over the model: an installed one, or its folder.")
@click.option("--device", envvar="LLM_DEVICE", type=click.Choice(["auto", "cuda", "mps", "cpu"]))
@click.option(
    "--quant",
    envvar="LLM_QUANT_BITS",
    type=click.Choice(["4", "8"]),
    help="Bits of a weight in memory.",
)
@click.option("--quant-enabled", envvar="LLM_QUANT_ENABLED", type=bool, hidden=True)
@click.option("--max-tokens", envvar="LLM_MAX_NEW_TOKENS", type=_range("max_new_tokens"))
@click.option("--temperature", envvar="LLM_TEMPERATURE", type=_range("temperature"))
@click.option("--top-p", type=_range("top_p"))
@click.option("--top-k", type=_range("top_k"))
@click.option("--greedy", is_flag=True, help="Always the likeliest word.")
@click.option("--system", help="What the model is told before the conversation.")
@click.option("--session-id", callback=_session_name, help="Go on with this session, or begin it.")
@click.option("--no-stream", is_flag=True, help="Show each answer when it is whole.")
@click.option("--prompt", help="Ask once and leave; - reads standard input.")
@click.option(
    "--log-level",
    envvar="LLM_LOG_LEVEL",
    type=click.Choice(["DEBUG", "INFO", "WARNING", "ERROR"], case_sensitive=False),
    default="WARNING",
    show_default=True,
)
@click.option("--url", envvar="LLM_URL", help="Ask the Echo at this address, not a model here.")
@click.option("--key", envvar="LLM_KEY", help="A key of yours there.")
@click.pass_context
@refusals_are_told
def chat(context: click.Context, /, **given: Any) -> None:
    """Talk with a model in the terminal: here, or at a running Echo. /help lists what can be typed."""
    if isinstance(sys.stdin, TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")  # whatever comes through a pipe
    by_flag = {
        name for name in given if context.get_parameter_source(name) is ParameterSource.COMMANDLINE
    }
    _refuse_what_does_not_go_together(given, by_flag)
    question = _question(given["prompt"])
    from echo.cli.terminal.starting import converse  # rich and others, only when all else is right

    if not converse(given, by_flag, question):
        context.exit(1)


def _refuse_what_does_not_go_together(given: dict[str, Any], by_flag: set[str]) -> None:
    if {"model", "local_path"} <= by_flag:
        raise click.UsageError("Say either --model or --local-path.")
    if not given["url"]:
        return
    if not _is_address(given["url"]):
        raise click.BadParameter(
            "is an address such as https://chat.example.org", param_hint="--url"
        )
    if not given["key"]:
        raise click.UsageError("--url needs --key: make one there under Profile, Keys.")
    if wrong := sorted(by_flag.intersection(ONLY_HERE)):
        flag = f"--{wrong[0].replace('_', '-')}"
        raise click.UsageError(f"{flag} is for models here: the Echo at --url has loaded its own.")


def _is_address(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not parts.query


def _question(prompt: str | None) -> str | None:
    """Return what is asked once; None for a conversation."""
    if prompt is None:
        return None
    text = sys.stdin.read() if prompt == STDIN else prompt
    if not text.strip():
        raise click.UsageError("--prompt is empty: nothing is asked.")
    return text.strip()
