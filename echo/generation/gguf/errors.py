"""What is wrong with a GGUF file. It does not know the file's name: the package's border adds it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ModelLoadError


class Unreadable(Exception):
    """The file cannot become a model; the text is one sentence without the file's name."""


@contextmanager
def border(source: Path) -> Iterator[None]:
    """Turn what the inside raises into ModelLoadError, in one line that names the file."""
    try:
        yield
    except Unreadable as error:
        raise ModelLoadError(f"{source.name}: {error}") from error
    except FileNotFoundError as error:
        raise ModelLoadError(f"{source}: there is no such file.") from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ModelLoadError(f"{source.name}: {reason} ({error.filename or source}).") from error
    except MemoryError as error:
        raise ModelLoadError(f"{source.name}: there is not enough memory to read it.") from error


def shown(name: str) -> str:
    """A name from the file, fit for a message: printable, and no longer than a line."""
    short = name if len(name) <= 80 else name[:77] + "..."
    return short if short.isprintable() and short else repr(short)
