"""The base comes out of a GGUF file, and an adapter merged into it gives what peft gives."""

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from transformers import AutoModelForCausalLM

from training.corpus import Record
from training.small.base import base_folder, merged_folder
from training.small.lora import tune

from .test_lora import SETTINGS


def test_a_missing_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ECHO_GGUF", str(tmp_path / "models"))
    with pytest.raises(FileNotFoundError, match="ECHO_GGUF"):
        base_folder(tmp_path / "base")


def test_the_merged_folder_answers_as_base_and_adapter(
    base: Path, chats: list[Record], tmp_path: Path
) -> None:
    adapter = tune(base, chats, tmp_path / "run", replace(SETTINGS, epochs=0.5))
    folder = merged_folder(base, adapter, tmp_path / "merged")
    ids = torch.tensor([[5, 6, 7, 8]])
    raw = AutoModelForCausalLM.from_pretrained(base)
    with torch.no_grad():
        before = raw(ids).logits
        apart = PeftModel.from_pretrained(raw, str(adapter))(ids).logits
        merged = AutoModelForCausalLM.from_pretrained(folder)(ids).logits
    assert torch.allclose(merged, apart, atol=1e-4)
    assert not torch.allclose(merged, before, atol=1e-3)
