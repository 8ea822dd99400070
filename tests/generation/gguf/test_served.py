"""The engine serves a converted folder: its greedy text is that of the file as transformers reads it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

from echo.generation import Engine
from echo.generation.gguf import convert

from ..conftest import StartEngine
from ..helpers import config_for, request
from .making import FAMILIES, ignore
from .reading import their_model, their_tokenizer


@pytest.mark.parametrize("family", ["llama", "mistral", "qwen2", "qwen3", "gemma3"])
def test_the_engine_writes_what_the_file_would(
    family: str, tmp_path: Path, start_engine: StartEngine
) -> None:
    path = FAMILIES[family].write(tmp_path / "model.gguf")
    convert(path, tmp_path / "served", "float32", ignore)
    engine, reader = start_engine(lambda wake: Engine.local(config_for(tmp_path / "served"), wake))
    stream = engine.submit(request("hello there", temperature=0.0, max_new_tokens=20))
    reader.read(stream, timeout=120)
    assert reader.text(stream) == theirs(path)


def theirs(path: Path) -> str:
    model, tokenizer = their_model(path, torch.float32), their_tokenizer(path)
    chat = [{"role": "user", "content": "hello there"}]
    text = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    ids: Any = tokenizer(text, add_special_tokens=False, return_tensors="pt").input_ids
    with torch.inference_mode():
        found = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=20, do_sample=False,
            eos_token_id=[2, 0], pad_token_id=0,
        )  # fmt: skip
    written = found[0, ids.shape[1] :].tolist()
    return str(tokenizer.decode(written, skip_special_tokens=True)).rstrip("\ufffd")
