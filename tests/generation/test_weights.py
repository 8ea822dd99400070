"""Weights come from disk without a second copy, and lying files are refused before anything is read."""

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

from echo.generation import ModelLoadError
from echo.generation.decoder import Decoder
from echo.generation.model_loader import load_model
from echo.generation.weights import MappedWeights, joined, read_header, weight_bytes, weight_files

from .helpers import config_for, save_model, tiny_config


def write_in_order(source: Path, target: Path, names: list[str]) -> None:
    """A safetensors file whose tensors lie in this order: save_file sorts them by name."""
    tensors = load_file(source)
    header: dict[str, Any] = {}
    offset = 0
    for name in names:
        size = tensors[name].nbytes
        header[name] = {
            "dtype": "F32", "shape": list(tensors[name].shape), "data_offsets": [offset, offset + size],
        }  # fmt: skip
        offset += size
    text = json.dumps(header).encode()
    text += b" " * (-(8 + len(text)) % 64)
    body = b"".join(tensors[name].contiguous().numpy().tobytes() for name in names)
    target.write_bytes(len(text).to_bytes(8, "little") + text + body)


def in_joint_order(names: list[str]) -> list[str]:
    order = ["q_proj", "k_proj", "v_proj", "gate_proj", "up_proj"]
    return sorted(names, key=lambda name: ("bias" in name, next(
        (f"{name.split('.')[2]:>4}{order.index(part)}" for part in order if f".{part}." in name), name
    )))  # fmt: skip


def unique_bytes(tensors: list[torch.Tensor]) -> int:
    """Bytes of memory behind these tensors, views counted once."""
    spans = sorted((tensor.data_ptr(), tensor.data_ptr() + tensor.nbytes) for tensor in tensors)
    total, reached = 0, 0
    for start, end in spans:
        total += max(0, end - max(start, reached))
        reached = max(reached, end)
    return total


def held(decoder: Decoder, model: Any) -> list[torch.Tensor]:
    parts = [value for layer in decoder.layers for value in vars(layer).values()]
    return [
        *model.parameters(), decoder.embedding, decoder.head,
        *(part for part in parts if isinstance(part, torch.Tensor)),
    ]  # fmt: skip


@pytest.mark.parametrize("family", ["qwen2", "llama", "mistral", "qwen3"])
def test_joint_matrices_are_no_second_copy(tmp_path: Path, family: str) -> None:
    folder = save_model(tmp_path, tiny_config(family))
    loaded = load_model(folder, "tiny", config_for(folder))
    decoder = Decoder(loaded.module, 2, 128)
    assert unique_bytes(held(decoder, loaded.module)) == loaded.weight_bytes


def test_joint_matrices_lie_in_the_file_itself_where_the_order_allows(tmp_path: Path) -> None:
    folder = save_model(tmp_path, tiny_config("qwen2"))
    file = folder / "model.safetensors"
    plain = load_file(file)
    write_in_order(file, folder / "new", in_joint_order(list(plain)))
    (folder / "new").replace(file)
    loaded = load_model(folder, "tiny", config_for(folder))
    before = loaded.module.model.layers[0].self_attn.q_proj.weight.data_ptr()
    decoder = Decoder(loaded.module, 2, 128)
    assert decoder.layers[0].qkv.data_ptr() == before
    whole = [plain[f"model.layers.0.self_attn.{part}_proj.weight"] for part in "qkv"]
    assert torch.equal(decoder.layers[0].qkv, torch.cat(whole))


def test_the_mapped_model_is_transformers_own(tmp_path: Path) -> None:
    folder = save_model(tmp_path, tiny_config("qwen2", tie_word_embeddings=True))
    loaded = load_model(folder, "tiny", config_for(folder))
    other = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
    ids = torch.arange(20)[None]
    assert torch.equal(loaded.module(ids).logits, other(ids).logits)
    assert loaded.weight_bytes == weight_bytes(folder, torch.float32)


def test_another_type_is_converted(tmp_path: Path) -> None:
    folder = save_model(tmp_path, tiny_config("llama"))
    weights = MappedWeights(folder, torch.bfloat16)
    name = next(iter(weights.places))
    assert weights.take(name).dtype == torch.bfloat16
    assert weight_bytes(folder, torch.bfloat16) * 2 == weight_bytes(folder, torch.float32)


def test_joined_copies_what_lies_apart() -> None:
    one, two = torch.arange(4.0).view(2, 2), torch.arange(6.0).view(3, 2)
    assert torch.equal(joined([one, two]), torch.cat([one, two]))
    both = torch.arange(10.0).view(5, 2)
    parts = [both[:2], both[2:]]
    assert joined(parts).data_ptr() == both.data_ptr()
    assert torch.equal(joined(parts), both)
    assert joined([both[2:], both[:2]]).data_ptr() != both[2:].data_ptr()


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> Any:
            return (Path.touch, (tmp_path / "ran",))

    (tmp_path / "config.json").write_text('{"model_type": "llama"}', "utf-8")
    (tmp_path / "pytorch_model.bin").write_bytes(pickle.dumps(Trap()))
    with pytest.raises(ModelLoadError, match="pickled"):
        load_model(tmp_path, "trap", config_for(tmp_path))
    assert not (tmp_path / "ran").exists()


def test_code_of_a_model_is_never_run(tmp_path: Path) -> None:
    folder = save_model(tmp_path, tiny_config("llama"))
    config = json.loads((folder / "config.json").read_text("utf-8"))
    config["model_type"] = "own"
    config["auto_map"] = {"AutoConfig": "own.Config", "AutoModelForCausalLM": "own.Model"}
    (folder / "config.json").write_text(json.dumps(config), "utf-8")
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w')", "utf-8")
    with pytest.raises(ModelLoadError):
        load_model(folder, "own", config_for(folder))
    assert not (folder / "ran").exists()


def broken_files(good: bytes) -> dict[str, bytes]:
    length = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + length])
    name = next(iter(header))

    def with_entry(**changes: Any) -> bytes:
        text = json.dumps({**header, name: {**header[name], **changes}}).encode()
        return len(text).to_bytes(8, "little") + text + good[8 + length :]

    return {
        "empty": b"",
        "short": good[:5],
        "cut": good[: len(good) - 40],
        "no header": b"\xff" * 200,
        "long header": (10**12).to_bytes(8, "little") + good[8:],
        "beyond": with_entry(data_offsets=[0, 10**15]),
        "backwards": with_entry(data_offsets=[64, 0]),
        "large shape": with_entry(shape=[10**9, 10**9]),
        "negative": with_entry(shape=[-1, 4]),
        "unknown type": with_entry(dtype="F4096"),
        "no json": (4).to_bytes(8, "little") + b"{{{{" + b"0" * 50,
        "list": (2).to_bytes(8, "little") + b"[]" + b"0" * 50,
    }


def test_files_that_lie_are_refused(tmp_path: Path) -> None:
    save_file({"a": torch.arange(64.0)}, tmp_path / "good.safetensors")
    good = (tmp_path / "good.safetensors").read_bytes()
    assert read_header(tmp_path / "good.safetensors")["a"].shape == (64,)
    for name, content in broken_files(good).items():
        file = tmp_path / "bad.safetensors"
        file.write_bytes(content)
        with pytest.raises(ModelLoadError):
            raise AssertionError((name, read_header(file)))


def test_missing_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="no weights"):
        weight_files(tmp_path)
    index = {"weight_map": {"a": "one.safetensors", "b": "../../etc/two.safetensors"}}
    (tmp_path / "model.safetensors.index.json").write_text(json.dumps(index), "utf-8")
    with pytest.raises(
        ModelLoadError, match=r"lacks two.safetensors, one.safetensors|lacks one.saf"
    ):
        weight_files(tmp_path)
