"""The own kernels: near to the floats, each row alone, whatever is computed beside it."""

from __future__ import annotations

import math
import os
import stat
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from echo.generation import Engine, EngineConfig, Failed, Finished, ModelLoadError, ModelSpec
from echo.generation.local_models import LocalModels
from echo.generation.model_loader import load_model
from echo.generation.native import NativeUnavailable, build, library, quality
from echo.generation.native.packed import UNUSED_DAYS, pack, packed_bytes
from echo.generation.native.quality import Quality
from echo.generation.native.shapes import BLOCK_BYTES
from echo.generation.runner import Chunk, StepPlan
from echo.generation.sequence import Sequence
from echo.generation.stream import TokenStream

from .conftest import StartEngine
from .helpers import (
    build_runner,
    config_for,
    request,
    save_model,
    status,
    texts_alone_and_in_a_crowd,
    tiny_config,
)

pytestmark = pytest.mark.slow  # a C compiler makes what is tested

SHAPE = {
    "hidden_size": 64,
    "intermediate_size": 96,
    "num_attention_heads": 4,
    "num_hidden_layers": 3,
}
FAMILIES = ["qwen2", "llama", "mistral", "qwen3"]
GREEDY: dict[str, Any] = {"temperature": 0.0, "max_new_tokens": 24}
QUESTIONS = [
    "hello there",
    "What is the answer to everything?",
    "def add(a, b):",
    "ü" * 30,
    "tell me",
]


@pytest.fixture(scope="module", params=FAMILIES)
def family(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp(request.param), tiny_config(request.param, **SHAPE))


@pytest.fixture(scope="module")
def qwen(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_model(tmp_path_factory.mktemp("qwen"), tiny_config("qwen2", **SHAPE))


def native(folder: Path, kernels: Path, **changes: Any) -> EngineConfig:
    return config_for(folder, **{"quant": "int8", "native_folder": kernels, **changes})


def row_of(tokens: list[int], slot: int, number: int = 0) -> Sequence:
    row = Sequence(request(model="made"), TokenStream(str(number)), number)
    row.tokens, row.slot = list(tokens), slot
    return row


# packing -----------------------------------------------------------------------------------------


def unpacked(blocks: torch.Tensor, outputs: int, inputs: int, kind: int) -> torch.Tensor:
    """The blocks as floats again, by the layout that native.h describes."""
    size = BLOCK_BYTES[kind]
    result = torch.zeros(math.ceil(outputs / 8) * 8, inputs)
    data = blocks.view(-1, inputs // 32, size)
    for tile in range(data.shape[0]):
        for block in range(inputs // 32):
            piece = data[tile, block]
            scale = piece[:16].view(torch.float16).float()[:, None]
            if kind == 8:
                q = (
                    piece[16:]
                    .view(torch.int8)
                    .view(8, 8, 4)
                    .permute(1, 0, 2)
                    .reshape(8, 32)
                    .float()
                )
                values = q * scale
            else:
                least = piece[16:32].view(torch.float16).float()[:, None]
                pairs = piece[32:].view(4, 8, 4)
                q = torch.cat([pairs & 15, pairs >> 4]).permute(1, 0, 2).reshape(8, 32).float()
                values = q * scale + least
            result[8 * tile : 8 * tile + 8, 32 * block : 32 * block + 32] = values
    return result[:outputs]


@pytest.mark.parametrize(("kind", "error"), [(8, 0.006), (4, 0.08)])
def test_packed_weights_are_near_to_the_floats(kernels: Path, kind: int, error: float) -> None:
    torch.manual_seed(1)
    weight = torch.randn(20, 96)
    weight[3, 5] = 40.0  # one large weight spoils its own block alone
    blocks = pack(weight, kind, library(kernels))
    assert blocks.numel() == packed_bytes(20, 96, kind)
    again = unpacked(blocks, 20, 96, kind)
    rest = torch.ones_like(weight, dtype=torch.bool)
    rest[3, :32] = False
    assert (again - weight)[rest].pow(2).mean().sqrt() < error
    assert abs(again[3, 5] - 40.0) < 0.02


@pytest.mark.parametrize("levels", [16, 13, 9, 2, 1])
def test_weights_that_lie_on_a_grid_of_four_bits_are_met_exactly(
    kernels: Path, levels: int
) -> None:
    """What comes from a file of 4 bits loses nothing, also where a block does not use the whole grid."""
    torch.manual_seed(levels)
    if levels in (13, 9):
        q = torch.randint(0, levels, (8, 64))
        q[:, ::32], q[:, 1::32] = 0, levels - 1
    else:
        q = torch.randint(0, levels, (8, 64)) * (15 // max(1, levels - 1))
    weight = q * 0.03125 - 0.25
    again = unpacked(pack(weight, 4, library(kernels)), 8, 64, 4)
    assert (again - weight).abs().max() < 1e-3


def test_zeros_and_equal_weights_stay_what_they_are(kernels: Path) -> None:
    for kind in (4, 8):
        for value in (0.0, 0.5, -0.25):
            weight = torch.full((8, 32), value)
            again = unpacked(pack(weight, kind, library(kernels)), 8, 32, kind)
            assert (again - weight).abs().max() <= abs(value) / 1000


# steps -------------------------------------------------------------------------------------------


def test_logits_are_near_to_transformers(family: Path, kernels: Path) -> None:
    """Chunked prompts of several rows, then single tokens, all in one pass."""
    runner = build_runner(native(family, kernels, slots=8))
    assert runner.facts.way.startswith("own kernels")
    module = load_model(family, "floats", config_for(family)).module
    torch.manual_seed(1)
    lengths = (5, 70, 33, 200)
    rows = [
        row_of(torch.randint(3, 400, (length,)).tolist(), slot, slot)
        for length, slot in zip(lengths, (5, 0, 2, 7), strict=True)
    ]
    compute = runner.backend.compute
    compute(StepPlan([Chunk(row, 0, len(row.tokens) // 2) for row in rows if len(row.tokens) > 9]))
    starts = [len(row.tokens) // 2 if len(row.tokens) > 9 else 0 for row in rows]
    plan = StepPlan([Chunk(r, s, len(r.tokens)) for r, s in zip(rows, starts, strict=True)])
    for _ in range(3):
        asked, logits = compute(plan)
        for row, got in zip(asked, logits, strict=True):
            wanted = module(input_ids=torch.tensor([row.tokens])).logits[0, -1]
            assert (got - wanted).pow(2).mean().sqrt() < 0.1 * wanted.std()
        for row in rows:
            row.tokens.append(int(torch.randint(3, 400, (1,))))
        plan = StepPlan([], rows)


@pytest.mark.parametrize("quant", ["int8", "4"])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_rows_logits_are_the_same_bits_whatever_is_beside_it(
    qwen: Path, kernels: Path, quant: str, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        Quality, "problem", lambda self, kind: None
    )  # random weights have no spare bits
    runner = build_runner(native(qwen, kernels, slots=16, quant=quant, threads=threads))
    compute = runner.backend.compute
    torch.manual_seed(2)
    mine = row_of(torch.randint(3, 400, (90,)).tolist(), 3)
    _, alone = compute(StepPlan([Chunk(mine, 0, 90)]))
    crowd = [
        row_of(torch.randint(3, 400, (n,)).tolist(), slot, slot)
        for slot, n in enumerate((7, 45, 130))
    ]
    compute(StepPlan([Chunk(crowd[0], 0, 7), Chunk(mine, 0, 41)]))
    rows, logits = compute(
        StepPlan([Chunk(crowd[1], 0, 45), Chunk(mine, 41, 90), Chunk(crowd[2], 0, 130)])
    )
    assert torch.equal(logits[rows.index(mine)], alone[0])
    for row in (mine, *crowd):
        row.tokens.append(11)
    rows, beside = compute(StepPlan([], [*crowd, mine]))
    _, single = compute(StepPlan([], [mine]))
    assert torch.equal(beside[rows.index(mine)], single[0])


def test_a_seed_does_not_depend_on_neighbours(
    start_engine: StartEngine, qwen: Path, kernels: Path
) -> None:
    config = native(qwen, kernels, slots=16, prefill_tokens_per_step=64)
    engine, reader = start_engine(lambda wake: Engine.local(config, wake))
    alone, beside = texts_alone_and_in_a_crowd(engine, reader, QUESTIONS, 8)
    assert alone == beside


def test_a_reused_prefix_changes_nothing(
    start_engine: StartEngine, qwen: Path, kernels: Path
) -> None:
    engine, reader = start_engine(lambda wake: Engine.local(native(qwen, kernels), wake))
    texts = []
    for conversation in ("c", "c", None):
        stream = engine.submit(request("a long question " * 8, conversation=conversation, **GREEDY))
        reader.read(stream)
        texts.append((reader.text(stream), reader.end(stream).usage.cached))
    assert len({text for text, _ in texts}) == 1
    assert texts[1][1] > texts[0][1]


def test_adapters_change_their_own_rows_alone(
    start_engine: StartEngine, qwen: Path, kernels: Path, tmp_path: Path
) -> None:
    """As near to the float decoder's as the base is."""
    pytest.importorskip("peft")
    from .test_adapters import make_adapter

    folders = {name: make_adapter(qwen, tmp_path / name, seed) for seed, name in enumerate("ab")}
    logits = {}
    for quant in ("int8", "none"):
        runner = build_runner(native(qwen, kernels, slots=4, quant=quant))
        for name, folder in folders.items():
            runner.add_adapter(name, str(folder))
        rows = []
        for slot, model in enumerate(("a", "base", "b", "a")):
            row = row_of([5, 9, 13, 200, 77 + slot], slot, slot)
            row.request = request(model=model)
            rows.append(row)
        with torch.inference_mode():
            asked, found = runner.backend.compute(StepPlan([Chunk(row, 0, 5) for row in rows]))
        logits[quant] = [found[asked.index(row)] for row in rows]
    for got, wanted in zip(logits["int8"], logits["none"], strict=True):
        assert (got - wanted).pow(2).mean().sqrt() < 0.15 * wanted.std()
    assert (logits["none"][0] - logits["none"][1]).pow(2).mean().sqrt() > logits["none"][
        1
    ].std() / 4


def test_what_is_no_number_fails_its_own_row(
    start_engine: StartEngine, qwen: Path, kernels: Path
) -> None:
    """A word whose row in the table is spoilt; its neighbours and the next user of its slot are well."""
    config = native(qwen, kernels, slots=2)
    engine, reader = start_engine(lambda wake: Engine.local(config, wake))
    asked = request("hello there", **GREEDY)
    first = engine.submit(asked)
    reader.read(first)
    runner: Any = engine._thread.models[engine.default_model].runner
    token = runner._codec.encode("ü")[0]
    place = runner.backend._file.places["embedding"]
    size = BLOCK_BYTES[8] * (64 // 32)
    start = place.start + token // 8 * size + 2 * (token % 8)
    spoilt = runner.backend._file._bytes[start : start + 2].numpy()
    spoilt[:] = (0, 0x7E)  # not a number, as float16
    streams = [engine.submit(one) for one in (asked, request("ü" * 20, **GREEDY))]
    reader.read(*streams)
    assert reader.text(streams[0]) == reader.text(first)
    assert isinstance(reader.end(streams[1]), Failed)
    again = [engine.submit(request("hello there", **GREEDY, owner=str(n))) for n in range(4)]
    reader.read(*again)
    assert {reader.text(stream) for stream in again} == {reader.text(first)}


# choosing ----------------------------------------------------------------------------------------


def test_packed_once_and_mapped_from_then_on(qwen: Path, tmp_path: Path) -> None:
    spec = ModelSpec("made", str(qwen))
    models = LocalModels(native(qwen, tmp_path))
    models.prepare(spec, lambda share, doing: None)
    (file,) = (tmp_path / "packed").glob("*.safetensors")
    made = file.stat().st_ino
    runner: Any = models.build(spec)
    assert file.stat().st_ino == made
    assert runner.facts.weight_bytes == models.size(spec).weights or runner.facts.weight_bytes > 0
    folder = save_model(tmp_path / "other", tiny_config("qwen2", **SHAPE))
    LocalModels(native(folder, tmp_path)).prepare(ModelSpec("o", str(folder)), lambda *how: None)
    assert len(list((tmp_path / "packed").glob("*.safetensors"))) == 2


def test_packed_weights_that_nobody_has_used_for_long_go(qwen: Path, tmp_path: Path) -> None:
    """Of other bits too: who wants them makes them again, and who has mapped them reads on."""
    config = native(qwen, tmp_path)
    eight, mixed = LocalModels(config), LocalModels(replace(config, quant="auto"))
    spec = ModelSpec("made", str(qwen))
    eight.prepare(spec, lambda *how: None)
    (old,) = (tmp_path / "packed").glob("*.safetensors")
    runner: Any = eight.build(spec)
    half = old.with_suffix(".4711.body")
    half.touch()
    mixed.prepare(spec, lambda *how: None)
    assert len({old, half} & set(old.parent.iterdir())) == 2  # a process may use them
    long_ago = time.time() - (UNUSED_DAYS + 1) * 24 * 3600
    os.utime(half, (long_ago, long_ago))
    os.utime(old, (long_ago, long_ago))
    eight.prepare(spec, lambda *how: None)  # used again
    assert old.exists()
    assert not half.exists()
    os.utime(old, (long_ago, long_ago))
    mixed.prepare(spec, lambda *how: None)
    assert not old.exists()
    assert not old.with_suffix(".json").exists()
    assert len(list(old.parent.glob("*.safetensors"))) == 1
    row = row_of([5, 6, 7], 0)
    runner.backend.compute(StepPlan(chunks=[Chunk(row, 0, 3)]))  # it reads on
    eight.prepare(spec, lambda *how: None)
    assert old.exists()


@pytest.mark.parametrize("quant", ["auto", "int8"])
def test_without_a_compiler_floats_answer_unless_bits_were_asked_for(
    start_engine: StartEngine,
    qwen: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    quant: str,
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    config = native(qwen, tmp_path / "none", quant=quant)
    if quant == "int8":
        with pytest.raises(ModelLoadError, match="no C compiler"):
            build_runner(config)
        return
    engine, reader = start_engine(lambda wake: Engine.local(config, wake))
    stream = engine.submit(request("hello", **GREEDY))
    reader.read(stream)
    assert isinstance(reader.end(stream), Finished)
    assert status(engine).way == "own decoder"


def test_a_compiler_that_fails_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    compiler = tmp_path / "cc"
    compiler.write_text("#!/bin/sh\necho 'no such option' >&2\nexit 1\n")
    compiler.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with pytest.raises(NativeUnavailable, match="no such option"):
        library(tmp_path / "kernels")
    assert list((tmp_path / "kernels").iterdir()) == []


def test_code_that_others_could_have_written_is_not_loaded(tmp_path: Path) -> None:
    folder = tmp_path / "kernels"
    folder.mkdir(mode=0o700)
    library(folder)
    folder.chmod(0o777)
    build._loaded.clear()
    with pytest.raises(NativeUnavailable, match="others may write"):
        library(folder)
    folder.chmod(0o700)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert library(folder) is library(folder)


def test_weights_that_lose_too_much_are_not_used(
    qwen: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    none_is_good = dict.fromkeys(quality.MOST_LOGIT_ERROR, 1e-9)
    monkeypatch.setattr(quality, "MOST_LOGIT_ERROR", none_is_good)
    assert build_runner(native(qwen, tmp_path, quant="auto")).facts.way == "own decoder"
    with pytest.raises(ModelLoadError, match="nats a token"):
        build_runner(native(qwen, tmp_path, quant="4"))


def test_families_and_sizes_that_the_kernels_do_not_know(tmp_path: Path) -> None:
    neox = save_model(tmp_path / "neox", tiny_config("gpt_neox"))
    assert "transformers" in build_runner(native(neox, tmp_path, quant="auto")).facts.way
    odd = save_model(tmp_path / "odd", tiny_config("qwen2", hidden_size=48))
    assert build_runner(native(odd, tmp_path, quant="auto")).facts.way == "own decoder"
    with pytest.raises(ModelLoadError, match="multiples of 32"):
        build_runner(native(odd, tmp_path))


def test_the_quality_is_measured_and_kept(qwen: Path, tmp_path: Path) -> None:
    loaded = load_model(qwen, "made", native(qwen, tmp_path))
    assert loaded.native is not None
    quality = loaded.native.quality
    assert 0 < quality.logit_error < 0.05
    assert abs(quality.loss) < 0.05
    (record,) = (tmp_path / "packed").glob("*.json")
    assert str(quality.loss) in record.read_text()
