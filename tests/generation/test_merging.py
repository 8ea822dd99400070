"""An adapter merged into its base: what peft makes of both, and served as both are."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from transformers import AutoModelForCausalLM

from echo.generation import Engine, ModelLoadError, ModelSpec
from echo.generation.merging import merge_adapter

from .conftest import StartEngine
from .helpers import config_for, request, save_model, tiny_config
from .test_adapters import GREEDY, Tuned, make_adapter
from .test_local_engine import Reference

peft = pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore")


def merged_by_peft(base: Path, adapter: Path) -> dict[str, torch.Tensor]:
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    merged = peft.PeftModel.from_pretrained(model, adapter).merge_and_unload()
    return dict(merged.state_dict())


@pytest.mark.parametrize("family", ["qwen2", "llama", "qwen3"])
def test_the_weights_are_those_of_peft(tmp_path: Path, family: str) -> None:
    base = save_model(tmp_path / "base", tiny_config(family))
    adapter = make_adapter(
        base, tmp_path / "adapter", r=3, use_rslora=True, alpha_pattern={"v_proj": 3}
    )
    shares: list[float] = []
    merge_adapter(base, adapter, tmp_path / "merged", shares.append)
    ours = load_file(tmp_path / "merged" / "model.safetensors")
    raw = load_file(base / "model.safetensors")
    theirs = merged_by_peft(base, adapter)
    assert ours.keys() == raw.keys()
    for name, weight in ours.items():
        assert torch.allclose(weight, theirs[name], atol=1e-6), name
    changed = {name for name in ours if not torch.equal(ours[name], raw[name])}
    assert len(changed) == 7 * 3  # matrices of a layer, layers: nothing else
    assert (shares[-1], shares) == (1.0, sorted(shares))


def test_types_and_neighbours_are_kept_and_the_rounding_is_that_of_the_type(tmp_path: Path) -> None:
    base = save_model(tmp_path / "base", tiny_config("qwen2"))
    AutoModelForCausalLM.from_pretrained(base, dtype=torch.bfloat16).save_pretrained(
        base, max_shard_size="60KB"
    )
    (base / "model.safetensors").unlink()
    assert len(list(base.glob("model-*.safetensors"))) > 1
    adapter = make_adapter(base, tmp_path / "adapter")
    merge_adapter(base, adapter, tmp_path / "merged")
    ours = load_file(tmp_path / "merged" / "model.safetensors")
    theirs = merged_by_peft(base, adapter)
    for name, weight in ours.items():
        assert weight.dtype == torch.bfloat16
        assert torch.equal(weight, theirs[name].to(torch.bfloat16)), name


def test_it_answers_as_base_and_adapter_do(start_engine: StartEngine, tmp_path: Path) -> None:
    base = save_model(tmp_path / "base", tiny_config("qwen2"))
    adapter = make_adapter(base, tmp_path / "adapter")
    merge_adapter(base, adapter, tmp_path / "merged")
    config = config_for(tmp_path / "merged")
    models = [ModelSpec("merged", str(tmp_path / "merged"))]
    engine, reader = start_engine(lambda wake: Engine.local(config, wake, models))
    asked = request("question number one", **GREEDY)
    stream = engine.submit(asked)
    reader.read(stream)
    assert reader.text(stream) == Tuned(base, adapter).text(asked)
    assert reader.text(stream) != Reference(base).text(asked)


def test_what_does_not_fit_leaves_nothing_behind(tmp_path: Path) -> None:
    base = save_model(tmp_path / "base", tiny_config("qwen2"))
    for number, changes in enumerate(({"hidden_size": 64}, {"num_hidden_layers": 5})):
        other = save_model(tmp_path / f"other{number}", tiny_config("qwen2", **changes))
        adapter = make_adapter(other, tmp_path / f"adapter{number}")
        before = sorted(tmp_path.iterdir())
        with pytest.raises(ModelLoadError, match="another base"):
            merge_adapter(base, adapter, tmp_path / "merged")
        assert sorted(tmp_path.iterdir()) == before


def test_a_full_disk_leaves_nothing_behind(tmp_path: Path, monkeypatch: Any) -> None:
    base = save_model(tmp_path / "base", tiny_config("qwen2"))
    adapter = make_adapter(base, tmp_path / "adapter")

    def full(share: float) -> None:
        raise OSError(28, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        merge_adapter(base, adapter, tmp_path / "merged", full)
    assert sorted(each.name for each in tmp_path.iterdir()) == ["adapter", "base"]
    assert json.loads((base / "config.json").read_text("utf-8"))["model_type"] == "qwen2"
