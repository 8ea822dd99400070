"""How a command of the terminal tells what went wrong. It knows no command."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec

import click

from echo.errors import ConfigurationError, EchoError
from echo.generation import GenerationError

P = ParamSpec("P")


def refusals_are_told(command: Callable[P, None]) -> Callable[P, None]:
    """What is refused or fails is a line and exit status 1; wrong usage stays 2."""

    @wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> None:
        try:
            command(*args, **kwargs)
        except (ConfigurationError, BrokenPipeError):  # whoever read the output has gone
            raise
        except (EchoError, GenerationError, OSError) as failure:
            raise click.ClickException(str(failure)) from failure

    return wrapped
