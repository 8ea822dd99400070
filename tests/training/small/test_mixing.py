"""Two adapters become one: their weighted sum, as exactly as the rank allows."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from echo.generation.adapter import CONFIG
from training.small.lora import WEIGHTS_FILE
from training.small.mixing import PREFIX, mix

LAYERS = (PREFIX + "model.layers.0.self_attn.q_proj", PREFIX + "model.layers.0.mlp.down_proj")


def adapter(folder: Path, rank: int, alpha: int, base: str = "small") -> Path:
    folder.mkdir()
    config = {"peft_type": "LORA", "r": rank, "lora_alpha": alpha, "base_model_name_or_path": base}
    (folder / CONFIG).write_text(json.dumps(config), "utf-8")
    weights = {}
    for name in LAYERS:
        weights[f"{name}.lora_A.weight"] = torch.randn(rank, 24)
        weights[f"{name}.lora_B.weight"] = torch.randn(16, rank)
    save_file(weights, folder / WEIGHTS_FILE)
    return folder


def change(folder: Path, layer: str) -> torch.Tensor:
    """What the adapter adds to a layer's weights [out, in]."""
    config = json.loads((folder / CONFIG).read_text("utf-8"))
    weights = load_file(folder / WEIGHTS_FILE)
    product = weights[f"{layer}.lora_B.weight"].float() @ weights[f"{layer}.lora_A.weight"].float()
    return config["lora_alpha"] / config["r"] * product


def test_the_sum_is_met_where_the_rank_allows(tmp_path: Path) -> None:
    torch.manual_seed(1)
    one, other = adapter(tmp_path / "one", 4, 8), adapter(tmp_path / "other", 3, 3)
    mix({one: 0.9, other: -0.5}, 7, tmp_path / "mixed")
    for layer in LAYERS:
        wanted = 0.9 * change(one, layer) - 0.5 * change(other, layer)
        got = change(tmp_path / "mixed", layer)
        assert (got - wanted).norm() < 0.01 * wanted.norm()


def test_a_smaller_rank_keeps_what_is_largest(tmp_path: Path) -> None:
    torch.manual_seed(2)
    one, other = adapter(tmp_path / "one", 4, 4), adapter(tmp_path / "other", 4, 4)
    mix({one: 1.0, other: 0.05}, 4, tmp_path / "mixed")
    wanted = change(one, LAYERS[0]) + 0.05 * change(other, LAYERS[0])
    lost = torch.linalg.svdvals(wanted)[4:].norm()
    error = (change(tmp_path / "mixed", LAYERS[0]) - wanted).norm()
    assert error == pytest.approx(float(lost), rel=0.1)


def test_adapters_that_do_not_belong_together(tmp_path: Path) -> None:
    one, other = adapter(tmp_path / "one", 4, 4), adapter(tmp_path / "other", 4, 4, base="large")
    with pytest.raises(ValueError, match="different bases"):
        mix({one: 1.0, other: 1.0}, 4, tmp_path / "mixed")
    third = adapter(tmp_path / "third", 4, 4)
    weights = load_file(third / WEIGHTS_FILE)
    del weights[f"{LAYERS[0]}.lora_A.weight"], weights[f"{LAYERS[0]}.lora_B.weight"]
    save_file(weights, third / WEIGHTS_FILE)
    with pytest.raises(ValueError, match="different layers"):
        mix({one: 1.0, third: 1.0}, 4, tmp_path / "mixed")
