"""The base out of its GGUF file, as a folder that both the trainer and the engine read. Knows no training."""

from collections.abc import Callable
from pathlib import Path

from echo.generation.gguf import convert
from training.small.config import BASE_NAME, models_dir


def base_folder(folder: Path, report: Callable[[str], None] = print) -> Path:
    """The folder that Echo's engine serves the base from, in bf16; made where it is missing.

    The file's weights have 4.8 bits each on average, so bf16 loses nothing that matters.
    Raises FileNotFoundError where the file is missing, ModelLoadError where it cannot be read.
    """
    file = models_dir() / f"{BASE_NAME}.gguf"
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; ECHO_GGUF may name the folder where it lies")
    convert(file, folder, "bfloat16", lambda done, doing: report(f"{doing} {done:.0%}"))
    return folder
