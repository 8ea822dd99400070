"""A served folder holds what transformers reads in the file, laid out for an engine that maps it."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from gguf.constants import GGMLQuantizationType as Type
from safetensors import safe_open

from echo.generation import ModelLoadError
from echo.generation.gguf import convert, inspect, place, read_record, weight_stream

from .making import FAMILIES, Making, blocks_of, ignore
from .reading import our_model, our_tokenizer, their_model, their_tokenizer

TEXTS = [
    "Hello, how are you today?", "x = [1, 22, 333]\n\tif x:  # why not\r\n    return x",
    "Größe, naïve café 日本語 🎉👩‍💻 \u00bd", "a<|im_start|>b<|im_end|> c", "It's we'LL don't",
    "many    spaces  and\n\n\nlines", "<0x41><s></s><unk>", "",
]  # fmt: skip


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """name, file, folder in float32"""
    folder = tmp_path_factory.mktemp(request.param)
    path = FAMILIES[request.param].write(folder / "model.gguf")
    convert(path, folder / "served", "float32", ignore)
    return request.param, path, folder / "served"


def test_weights_and_logits_equal_those_of_transformers(family: Any) -> None:
    _, path, folder = family
    theirs, ours = their_model(path, torch.float32), our_model(folder, torch.float32)
    wanted, found = theirs.state_dict(), ours.state_dict()
    assert set(found) == set(wanted)
    assert [name for name in wanted if not torch.equal(wanted[name], found[name])] == []
    ids = torch.randint(0, 300, (2, 40), generator=torch.Generator().manual_seed(1))
    with torch.inference_mode():
        assert torch.equal(theirs(ids).logits, ours(ids).logits)
        assert theirs(ids).logits.std() > 0.1


def test_tokens_equal_those_of_transformers(family: Any) -> None:
    _, path, folder = family
    theirs, ours = their_tokenizer(path), our_tokenizer(folder)
    for text in TEXTS:
        for special in (False, True):
            ids = theirs(text, add_special_tokens=special).input_ids
            assert ours(text, add_special_tokens=special).input_ids == ids
            assert ours.decode(ids) == theirs.decode(ids)
            assert ours.decode(ids, skip_special_tokens=True) == theirs.decode(
                ids, skip_special_tokens=True
            )
    assert ours.chat_template == theirs.chat_template
    assert (ours.bos_token, ours.eos_token) == (theirs.bos_token, theirs.eos_token)


def test_the_folder_is_loaded_by_the_automatic_classes_too(family: Any) -> None:
    from transformers import AutoConfig, AutoTokenizer, GenerationConfig

    _, _, folder = family
    assert AutoConfig.from_pretrained(folder, local_files_only=True).hidden_size == 64
    assert AutoTokenizer.from_pretrained(folder, local_files_only=True).eos_token_id == 2
    assert 2 in GenerationConfig.from_pretrained(folder, local_files_only=True).eos_token_id


def offsets(folder: Path) -> tuple[int, dict[str, Any]]:
    """Where the values begin, and the entries of the header."""
    with (folder / "model.safetensors").open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        entries = json.loads(file.read(length))
    entries.pop("__metadata__")
    return 8 + length, entries


def test_groups_lie_together_and_aligned(family: Any) -> None:
    name, _, folder = family
    start, entries = offsets(folder)
    assert start % 64 == 0
    groups = [("self_attn.{}_proj.weight", "qkv")]
    if name == "qwen2":
        groups.append(("self_attn.{}_proj.bias", "qkv"))
    for layer in range(2):
        stem = f"model.layers.{layer}."
        gate, up = (
            entries[f"{stem}mlp.{part}_proj.weight"]["data_offsets"] for part in ("gate", "up")
        )
        assert gate[1] == up[0]
        assert gate[0] % 64 == 0
        for pattern, letters in groups:
            q, k, v = (entries[stem + pattern.format(one)]["data_offsets"] for one in letters)
            assert (q[1], k[1]) == (k[0], v[0])
            assert q[0] % 64 == 0


def test_a_group_is_one_matrix_when_the_file_is_mapped(family: Any) -> None:
    _, _, folder = family
    start, entries = offsets(folder)
    mapped = np.memmap(folder / "model.safetensors", np.float32, "r", offset=start)
    first = entries["model.layers.1.self_attn.q_proj.weight"]["data_offsets"][0] // 4
    with safe_open(folder / "model.safetensors", "np") as file:
        parts = [
            file.get_tensor(f"model.layers.1.self_attn.{one}_proj.weight")
            for one in ("q", "k", "v")
        ]
    whole = np.concatenate(parts)
    assert np.array_equal(mapped[first : first + whole.size].reshape(whole.shape), whole)


def test_a_tied_embedding_is_stored_once_and_an_untied_one_twice(tmp_path: Path) -> None:
    for tied in (True, False):
        path = Making("qwen2", tied=tied).write(tmp_path / f"{tied}.gguf")
        convert(path, tmp_path / str(tied), "bfloat16", ignore)
        _, entries = offsets(tmp_path / str(tied))
        assert ("lm_head.weight" in entries) is not tied
        model = our_model(tmp_path / str(tied), torch.bfloat16)
        assert (model.lm_head.weight is model.model.embed_tokens.weight) is tied


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
def test_the_types_of_one_file_may_differ(dtype: str, tmp_path: Path) -> None:
    """As in real files: K-quants beside others, and every type that serves."""
    kinds = [Type.Q4_K, Type.Q5_K, Type.Q6_K, Type.Q8_0, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.F16]
    making = Making("llama", hidden=256, inner=512, heads=4, head_dim=64, tied=False)
    names = [name for name, shape in making.shapes().items() if len(shape) > 1]
    making.kinds = {name: kinds[number % len(kinds)] for number, name in enumerate(names)}
    path = making.write(tmp_path / "model.gguf")
    convert(path, tmp_path / "served", dtype, ignore)
    wanted = their_model(path, getattr(torch, dtype)).state_dict()
    found = our_model(tmp_path / "served", getattr(torch, dtype)).state_dict()
    assert {name for name in wanted if not torch.equal(wanted[name], found[name])} == set()
    record = read_record(tmp_path / "served")
    assert record is not None
    assert set(record.quantisation) == {kind.name for kind in [*kinds, Type.F32]}


def test_the_record_says_what_was_converted(tmp_path: Path) -> None:
    import hashlib

    path = FAMILIES["qwen3"].write(tmp_path / "model.gguf")
    convert(path, tmp_path / "served", "bfloat16", ignore)
    record = read_record(tmp_path / "served")
    assert record is not None
    assert record.source == "model.gguf"
    assert record.source_bytes == path.stat().st_size
    assert record.source_sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (record.architecture, record.dtype, record.name) == (
        "qwen3",
        "bfloat16",
        "A small model",
    )
    assert record.licence == "cc0-1.0"
    assert record.parameters == inspect(path).parameters
    assert record.weight_bytes == (tmp_path / "served" / "model.safetensors").stat().st_size


class Stopped(Exception):
    pass


def stop_at(fraction: float) -> Any:
    def progress(done: float, _: str) -> None:
        if done >= fraction:
            raise Stopped

    return progress


def test_a_second_call_finds_the_folder_and_writes_nothing(tmp_path: Path) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")
    convert(path, tmp_path / "served", "bfloat16", ignore)
    before = (tmp_path / "served").stat().st_ino
    told: list[tuple[float, str]] = []
    convert(path, tmp_path / "served", "bfloat16", lambda *news: told.append(news))
    assert told == [(1.0, "Ready")]
    assert (tmp_path / "served").stat().st_ino == before
    os.utime(path)  # the same bytes at another time
    convert(path, tmp_path / "served", "bfloat16", ignore)
    assert (tmp_path / "served").stat().st_ino == before


@pytest.mark.parametrize("change", ["dtype", "source", "weights", "record", "format"])
def test_a_folder_that_does_not_fit_is_made_anew(change: str, tmp_path: Path) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")
    target = tmp_path / "served"
    convert(path, target, "bfloat16", ignore)
    before = target.stat().st_ino
    record = target / "converted.json"
    if change == "source":
        replace(FAMILIES["qwen2"], seed=9).write(path)
    elif change == "weights":
        os.truncate(target / "model.safetensors", 1_000)
    elif change == "record":
        record.write_text("{")
    elif change == "format":
        record.write_text(record.read_text().replace('"format": 1', '"format": 0'))
    dtype = "float16" if change == "dtype" else "bfloat16"
    convert(path, target, dtype, ignore)
    assert target.stat().st_ino != before
    found = read_record(target)
    assert found is not None
    assert found.dtype == dtype
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        ".served.lock",
        "model.gguf",
        "served",
    ]


@pytest.mark.parametrize("fraction", [0.0, 0.02, 0.05])
def test_a_cut_conversion_leaves_nothing_that_looks_whole(fraction: float, tmp_path: Path) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")
    with pytest.raises(Stopped):
        convert(path, tmp_path / "served", "bfloat16", stop_at(fraction))
    assert sorted(one.name for one in tmp_path.iterdir()) == [".served.lock", "model.gguf"]
    convert(path, tmp_path / "served", "bfloat16", ignore)
    assert read_record(tmp_path / "served") is not None


def test_what_a_killed_conversion_left_is_removed_by_the_next(tmp_path: Path) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")
    for left in (".served.part", ".served.old"):
        (tmp_path / left).mkdir()
        (tmp_path / left / "model.safetensors").write_bytes(b"half")
    convert(path, tmp_path / "served", "bfloat16", ignore)
    assert sorted(one.name for one in tmp_path.iterdir()) == [
        ".served.lock",
        "model.gguf",
        "served",
    ]


def test_the_old_folder_stays_until_the_new_one_is_whole(tmp_path: Path) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")
    convert(path, tmp_path / "served", "bfloat16", ignore)
    with pytest.raises(Stopped):
        convert(path, tmp_path / "served", "float32", stop_at(0.02))
    record = read_record(tmp_path / "served")
    assert record is not None
    assert record.dtype == "bfloat16"


def test_a_folder_of_somebody_else_is_never_replaced(tmp_path: Path) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")
    (tmp_path / "served").mkdir()
    (tmp_path / "served" / "letter.txt").write_text("dear")
    with pytest.raises(ModelLoadError, match="not made from a GGUF file"):
        convert(path, tmp_path / "served", "bfloat16", ignore)
    assert (tmp_path / "served" / "letter.txt").read_text() == "dear"


def test_two_at_once_convert_once(tmp_path: Path) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")
    doing: list[str] = []
    threads = [
        threading.Thread(
            target=convert,
            args=(path, tmp_path / "served", "bfloat16", lambda _, what: doing.append(what)),
        )
        for _ in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert doing.count("Ready") == 3
    assert doing.count("Checking the file") == 1


def test_too_little_disk_is_said_with_both_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")
    monkeypatch.setattr(place.shutil, "disk_usage", lambda _: Usage())
    with pytest.raises(ModelLoadError, match=r"needs \d+ MB of disk; 5 MB are free"):
        convert(path, tmp_path / "served", "bfloat16", ignore)
    assert not (tmp_path / "served").exists()


class Usage:
    free = 5_000_000


def test_a_file_that_changes_meanwhile_is_refused(tmp_path: Path) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")

    def touch(_: float, what: str) -> None:
        if what == "Checking the file":
            os.utime(path, (1, 1))

    with pytest.raises(ModelLoadError, match="changed while it was read"):
        convert(path, tmp_path / "served", "bfloat16", touch)
    assert not (tmp_path / "served").exists()


def test_a_file_that_shrinks_meanwhile_is_refused(tmp_path: Path) -> None:
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")

    def shrink(_: float, what: str) -> None:
        if what == "Checking the file":
            os.truncate(path, path.stat().st_size // 2)

    with pytest.raises(ModelLoadError, match="became shorter"):
        convert(path, tmp_path / "served", "bfloat16", shrink)


def test_memory_is_a_piece_of_a_tensor_not_a_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest array that exists at once has as many values as a piece, give or take a row."""
    monkeypatch.setattr(weight_stream, "PIECE", 4_096)
    sizes: list[int] = []
    unpack = weight_stream.weights
    monkeypatch.setattr(
        weight_stream, "weights", lambda rows, *more: sizes.append(len(rows)) or unpack(rows, *more)
    )
    path = FAMILIES["qwen2"].write(tmp_path / "model.gguf")
    convert(path, tmp_path / "served", "bfloat16", ignore)
    assert max(sizes) * 64 <= 4_096
    assert len(sizes) > 20


WRONG: dict[str, tuple[Making, str]] = {
    "missing tensor": (
        Making("qwen2", tensors={"blk.1.ffn_up.weight": None}), "blk.1.ffn_up.weight is missing",
    ),
    "missing bias": (
        Making("qwen2", tensors={"blk.0.attn_k.bias": None}), "blk.0.attn_k.bias is missing",
    ),
    "wrong shape": (
        Making("llama", tensors={"blk.0.attn_q.weight": np.zeros((64, 32), np.float32)}),
        "blk.0.attn_q.weight is 64x32, not 64x64",
    ),
    "turned around": (
        Making("llama", tensors={"blk.0.ffn_up.weight": np.zeros((64, 96), np.float32)}),
        "blk.0.ffn_up.weight is 64x96, not 96x64",
    ),
    "unknown tensor": (
        Making("llama", tensors={"blk.0.surprise.weight": np.zeros((8, 8), np.float32)}),
        "surprise.weight is not known",
    ),
    "embedding and tokens": (
        Making("llama", tensors={"token_embd.weight": np.zeros((50, 64), np.float32)}),
        "its embedding is 50x64, but it has",
    ),
    "too many layers": (
        Making("llama", metadata={"llama.block_count": 900}), "its 900 layers need 8100 tensors",
    ),
    "a billion layers": (
        Making("llama", metadata={"llama.block_count": 10**9}), "block_count is not from 1 to 1,000",
    ),
    "no layers said": (Making("llama", metadata={"llama.block_count": None}), "does not say llama.b"),
    "heads that do not divide": (
        Making("llama", metadata={"llama.attention.head_count_kv": 3}), "4 heads cannot share 3",
    ),
    "heads by layer": (
        Making("llama", metadata={"llama.attention.head_count": [4, 4]}), "not one whole number",
    ),
    "experts": (Making("llama", metadata={"llama.expert_count": 8}), "llama.expert_count"),
    "other value size": (
        Making("llama", metadata={"llama.attention.value_length": 8}), "value_length is not its head",
    ),
    "NaN in epsilon": (
        Making("llama", metadata={"llama.attention.layer_norm_rms_epsilon": float("nan")}),
        "layer_norm_rms_epsilon is not from 0 to 1",
    ),
    "no number in a weight": (
        Making("llama", tensors={"output_norm.weight": np.full(64, np.nan, np.float32)}),
        "the tensor output_norm.weight: it holds values that bfloat16 cannot",
    ),
    "an integer tensor": (
        Making("llama", kinds={"blk.0.ffn_up.weight": Type.I32}), "has the type I32: not read",
    ),
    "embeddings only": (
        Making("qwen2", metadata={"qwen2.attention.causal": False}), "a model for embeddings",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_model_is_refused_and_leaves_nothing(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    making, words = WRONG[name]
    if name == "an integer tensor":
        from . import making as module

        monkeypatch.setattr(module, "blocks_of", integer_blocks)
    path = making.write(tmp_path / "model.gguf")
    with pytest.raises(ModelLoadError) as caught:
        convert(path, tmp_path / "served", "bfloat16", ignore)
    assert words in str(caught.value)
    assert not (tmp_path / "served").exists()
    assert not (tmp_path / ".served.part").exists()


def integer_blocks(kind: Type, shape: tuple[int, ...], seed: int = 0) -> Any:
    return np.ones(shape, np.int32) if kind == Type.I32 else blocks_of(kind, shape, seed)


def test_an_unknown_served_type_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelLoadError, match="not as 'int3'"):
        convert(tmp_path / "model.gguf", tmp_path / "served", "int3", ignore)
