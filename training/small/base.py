"""Model folders on the way: the base out of its GGUF file, and the base with an adapter merged into it.

Does not know training or judging.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

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


def merged_folder(base: Path, adapter: Path, folder: Path) -> Path:
    """The base with the adapter's changes in its weights, in float32, for judging; made anew."""
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    PeftModel.from_pretrained(model, str(adapter)).merge_and_unload().save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder
