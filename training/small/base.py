"""Model folders on the way: the base out of its GGUF file, and the base with an adapter merged into it.

Does not know training or judging.
"""

from pathlib import Path
from typing import Any

import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM, AutoTokenizer

from training.small.config import BASE_NAME, models_dir


def base_folder(folder: Path) -> Path:
    """The folder with the base's weights, tokenizer and template in bf16; made where it is missing.

    The file's weights have 4.8 bits each on average, so bf16 loses nothing that matters and halves
    the disk. Raises FileNotFoundError where the file is missing.
    """
    if (folder / "config.json").exists():
        return folder
    file = models_dir() / f"{BASE_NAME}.gguf"
    if not file.exists():
        raise FileNotFoundError(f"{file} is missing; ECHO_GGUF may name the folder where it lies")
    tokenizer = AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name)
    model = AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32
    )
    _forget_quantization(model)
    tokenizer.save_pretrained(folder)
    model.to(torch.bfloat16).save_pretrained(folder)
    return folder


def merged_folder(base: Path, adapter: Path, folder: Path) -> Path:
    """The base with the adapter's changes in its weights, in float32, for judging; made anew."""
    model: Any = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    PeftModel.from_pretrained(model, str(adapter)).merge_and_unload().save_pretrained(folder)
    AutoTokenizer.from_pretrained(base).save_pretrained(folder)
    return folder


def _forget_quantization(model: Any) -> None:
    """The tensors are plain by now, but the loader has marked the model as one that cannot be saved."""
    model.hf_quantizer = None
    if hasattr(model.config, "quantization_config"):
        del model.config.quantization_config
