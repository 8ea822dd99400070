"""Write the trained model as a transformers folder in bf16, and the checksum of its weights.

Does not know how the model was trained nor how good it is.
"""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import GenerationConfig, PreTrainedTokenizerFast, Qwen2ForCausalLM

from training.tokenizer import END_OF_TEXT, TURN_END

WEIGHTS_FILE = "model.safetensors"


@dataclass(frozen=True)
class Sampling:
    """The recommended defaults, chosen by the evaluation."""

    temperature: float = 0.5
    top_p: float = 0.9
    top_k: int = 40
    repetition_penalty: float = 1.02
    max_new_tokens: int = 200


def generation_config(tokenizer: PreTrainedTokenizerFast, sampling: Sampling) -> GenerationConfig:
    """The defaults in the form that `generate` reads."""
    return GenerationConfig(
        do_sample=True,
        eos_token_id=tokenizer.convert_tokens_to_ids([TURN_END, END_OF_TEXT]),
        pad_token_id=tokenizer.convert_tokens_to_ids(END_OF_TEXT),
        **asdict(sampling),
    )


def sha256(path: Path) -> str:
    """The checksum of a file, in hexadecimal."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def export(
    model: Qwen2ForCausalLM,
    tokenizer: PreTrainedTokenizerFast,
    sampling: Sampling,
    folder: Path,
) -> str:
    """Save model, tokenizer and defaults; the checksum of the weights file."""
    folder.mkdir(parents=True, exist_ok=True)
    model.generation_config = generation_config(tokenizer, sampling)
    model.to(torch.bfloat16).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    (folder / WEIGHTS_FILE).chmod(0o644)  # saved for its owner alone otherwise
    return sha256(folder / WEIGHTS_FILE)
