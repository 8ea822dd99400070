"""The same file as transformers itself reads it."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


@contextmanager
def quiet() -> Iterator[None]:
    """transformers warns and draws bars while it reads GGUF files."""
    from transformers.utils import logging as transformers_logging

    transformers_logging.disable_progress_bar()
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def their_model(path: Path, dtype: Any) -> Any:
    from transformers import AutoModelForCausalLM

    with quiet():
        model = AutoModelForCausalLM.from_pretrained(
            str(path.parent), gguf_file=path.name, dtype=dtype
        )
    return model.eval()


def their_tokenizer(path: Path) -> Any:
    from transformers import AutoTokenizer

    with quiet():
        return AutoTokenizer.from_pretrained(str(path.parent), gguf_file=path.name)


def our_model(folder: Path, dtype: Any) -> Any:
    from transformers import AutoModelForCausalLM

    with quiet():
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype, local_files_only=True)
    return model.eval()


def our_tokenizer(folder: Path) -> Any:
    """By the class that uses tokenizer.json as it is; AutoTokenizer makes another one for Qwen2."""
    from transformers.tokenization_utils_tokenizers import TokenizersBackend

    with quiet():
        return TokenizersBackend.from_pretrained(folder, local_files_only=True)
