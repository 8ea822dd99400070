"""The trainer learns, can be killed and goes on, keeps its clock, and writes what peft reads."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from peft import PeftModel
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from training.corpus import Record
from training.small.lora import LoraSettings, Step, tune

SETTINGS = LoraSettings(
    rank=4, alpha=8, learning_rate=2e-2, row_tokens=128, rows_per_step=1, epochs=2,
    checkpoint_steps=4, heldout_share=0.1,
)  # fmt: skip


def log(work: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (work / "log.jsonl").read_text("utf-8").splitlines()]


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "adapter_model.safetensors")


def test_it_learns_and_peft_reads_the_adapter(
    base: Path, chats: list[Record], tmp_path: Path
) -> None:
    heard: list[Step] = []
    final = tune(base, chats, tmp_path / "run", SETTINGS, heard.append, name="toy")
    assert heard[-1].done == 1
    assert heard[-1].step == heard[-1].steps == len(heard)
    assert heard[-1].loss < 0.95 * heard[0].loss
    heldout = [step.heldout for step in heard if step.heldout is not None]
    assert heldout[-1] < heldout[0]
    config = json.loads((final / "adapter_config.json").read_text("utf-8"))
    assert (config["base_model_name_or_path"], config["r"]) == ("toy", 4)
    assert {w.dtype for w in weights(final).values()} == {torch.bfloat16}
    ids = torch.tensor([[5, 6, 7]])
    model = AutoModelForCausalLM.from_pretrained(base)
    raw = model(ids).logits
    tuned = PeftModel.from_pretrained(model, str(final))(ids).logits
    assert not torch.allclose(raw, tuned, atol=1e-3)


def test_a_killed_run_goes_on_as_if_nothing_had_happened(
    base: Path, chats: list[Record], tmp_path: Path
) -> None:
    class Kill(Exception):
        pass

    def killer(step: Step) -> None:
        if step.step == 6:  # two steps after the checkpoint
            raise Kill

    whole = tune(base, chats, tmp_path / "whole", SETTINGS)
    with pytest.raises(Kill):
        tune(base, chats, tmp_path / "cut", SETTINGS, killer)
    heard: list[Step] = []
    went_on = tune(base, chats, tmp_path / "cut", SETTINGS, heard.append)
    assert heard[0].step == 5
    assert [row["step"] for row in log(tmp_path / "cut")] == list(range(1, heard[-1].step + 1))
    for name, weight in weights(whole).items():
        assert torch.equal(weight, weights(went_on)[name]), name


def test_a_finished_run_is_not_done_again(base: Path, chats: list[Record], tmp_path: Path) -> None:
    work = tmp_path / "run"
    short = replace(SETTINGS, epochs=0.2)
    tune(base, chats, work, short)
    heard: list[Step] = []
    assert tune(base, chats, work, short, heard.append) == work / "final"
    assert heard == []


def test_the_clock_ends_a_run(base: Path, chats: list[Record], tmp_path: Path) -> None:
    heard: list[Step] = []
    tune(base, chats, tmp_path / "run", replace(SETTINGS, epochs=500, minutes=0.02), heard.append)
    assert heard[-1].done == 1
    assert heard[-1].step < heard[-1].steps


def test_a_run_can_begin_with_another_runs_adapter(
    base: Path, chats: list[Record], tmp_path: Path
) -> None:
    first: list[Step] = []
    second: list[Step] = []
    adapter = tune(base, chats, tmp_path / "one", SETTINGS, first.append)
    tune(base, chats, tmp_path / "two", SETTINGS, second.append, start=adapter)
    assert second[0].loss < first[0].loss - 0.2


def test_other_settings_do_not_go_on_with_a_run(
    base: Path, chats: list[Record], tmp_path: Path
) -> None:
    def killer(step: Step) -> None:
        if step.step == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tune(base, chats, tmp_path / "run", SETTINGS, killer)
    with pytest.raises(ValueError, match="other settings"):
        tune(base, chats, tmp_path / "run", replace(SETTINGS, rank=8))


def test_too_few_chats_are_refused(base: Path, chats: list[Record], tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too few"):
        tune(base, chats[:1], tmp_path / "run", SETTINGS)
