"""The loop learns, and after a kill it goes on with the same losses."""

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from transformers import PreTrainedTokenizerFast

from training.checkpoint import STATE_FILE, average_snapshots
from training.config import Phase, Recipe
from training.corpus import Record
from training.model import build_model
from training.pack import PackedTokens, write_pack
from training.schedule import Budget
from training.trainer import LOG_FILE, Data, Trainer


@pytest.fixture
def data(tokenizer: PreTrainedTokenizerFast, records: list[Record], tmp_path: Path) -> Data:
    write_pack(records, tokenizer, tmp_path / "pack")
    packed = PackedTokens(tmp_path / "pack", 32, seed=1, assistant_only=True)
    return Data(packed, {"toy": packed})


def make(
    recipe: Recipe,
    phase: Phase,
    data: Data,
    tokenizer: PreTrainedTokenizerFast,
    folder: Path,
    steps: int,
) -> Trainer:
    model = build_model(recipe.shape, tokenizer, dropout=0.0, seed=1)
    return Trainer(model, recipe, phase, data, folder, Budget(0, steps))


def losses(folder: Path) -> dict[int, float]:
    rows = map(json.loads, (folder / LOG_FILE).read_text().splitlines())
    return {row["step"]: row["loss"] for row in rows if "loss" in row}


def test_loss_falls(
    recipe: Recipe, phase: Phase, data: Data, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    make(recipe, phase, data, tokenizer, tmp_path / "run", 100).run()
    logged = losses(tmp_path / "run")
    assert logged[1] > 5
    assert logged[100] < 1
    assert average_snapshots(tmp_path / "run") is not None


def test_a_resumed_run_has_the_same_losses(
    recipe: Recipe, phase: Phase, data: Data, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    steady = replace(phase, decay=0, warmup=0.01, checkpoint_minutes=0)
    make(recipe, steady, data, tokenizer, tmp_path / "whole", 12).run()
    broken = make(recipe, steady, data, tokenizer, tmp_path / "broken", 12)
    for _ in range(6):
        broken.advance()
        broken._keep({"saved": 0.0, "measured": 0.0})
    broken.advance()  # lost: as if killed before the next checkpoint
    again = make(recipe, steady, data, tokenizer, tmp_path / "broken", 12)
    assert again.progress.step == 6
    again.run()
    whole, rest = losses(tmp_path / "whole"), losses(tmp_path / "broken")
    assert {step: whole[step] for step in rest} == pytest.approx(rest, abs=2e-3)


def test_a_kill_while_saving_leaves_the_old_state(tmp_path: Path) -> None:
    code = (
        "import sys, torch, pathlib, os\n"
        "from training import checkpoint\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "checkpoint.write_whole(path, {'step': 1})\n"
        "torch.save = lambda state, out: (out.write(b'half'), out.flush(), os.kill(os.getpid(), 9))\n"
        "checkpoint.write_whole(path, {'step': 2})\n"
    )
    path = tmp_path / STATE_FILE
    done = subprocess.run([sys.executable, "-c", code, str(path)], check=False)
    assert done.returncode == -9
    assert torch.load(path, weights_only=True) == {"step": 1}
