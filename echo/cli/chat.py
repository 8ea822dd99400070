"""A conversation in the terminal with the same engine and the environment's settings; nothing is stored."""

from __future__ import annotations

import click
from flask.cli import with_appcontext

from echo import hub
from echo.generation import (
    ChatMessage,
    Failed,
    GenerationRequest,
    TextPiece,
    TokenStream,
)
from echo.services import site_settings
from echo.services.serving import Chosen
from echo.services.serving.model_settings import NOTHING
from echo.services.site_settings import SiteSettings
from echo.services.turns import Turns
from echo.services.turns.sampling import sampling_for

LOOK_SECONDS = 0.02


@click.command("chat")
@click.option("--prompt", help="Ask once and leave.")
@with_appcontext
def chat(prompt: str | None) -> None:
    """Talk with the model here, without a browser. An empty line leaves."""
    turns = Turns.here()
    settings = site_settings.environment()  # without the database, which may not be there yet
    turns.engine.start()
    history = [ChatMessage("system", settings.system_prompt)]
    while text := prompt or click.prompt("You", default="", show_default=False):
        history.append(ChatMessage("user", text))
        history.append(ChatMessage("assistant", _answer(turns, settings, history)))
        if prompt:
            break
    turns.engine.stop(timeout=5)


def _answer(turns: Turns, settings: SiteSettings, history: list[ChatMessage]) -> str:
    request = GenerationRequest(
        messages=tuple(history),
        sampling=sampling_for({}, settings, _chosen(turns)),
        owner="terminal",
        conversation="terminal",
        request_id=f"terminal-{len(history)}",
    )
    text = _print_stream(turns.engine.submit(request))
    click.echo()
    return text


def _chosen(turns: Turns) -> Chosen:
    engine = turns.engine
    return Chosen(engine.default_model, NOTHING, engine.defaults())


def _print_stream(stream: TokenStream) -> str:
    written = ""
    while True:
        for event in stream.take():
            if isinstance(event, TextPiece):
                written += event.text
                click.echo(event.text, nl=False)
            elif isinstance(event, Failed):
                raise click.ClickException(event.text)
            else:
                return written
        hub.sleep(LOOK_SECONDS)
