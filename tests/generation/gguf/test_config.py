"""What a file says of positions, windows and sampling reaches the configuration."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from echo.generation import ModelLoadError
from echo.generation.gguf import convert, inspect
from echo.generation.gguf.rope import llama3_factors

from .making import Making, ignore
from .reading import our_model


def config_of(making: Making, folder: Path, name: str = "config.json") -> Any:
    convert(making.write(folder / "model.gguf"), folder / "served", "bfloat16", ignore)
    return json.loads((folder / "served" / name).read_text())


def refusal(making: Making, folder: Path) -> str:
    path = making.write(folder / "model.gguf")
    with pytest.raises(ModelLoadError) as caught:
        inspect(path)
    return str(caught.value)


def rope(**keys: Any) -> Making:
    return Making(
        "llama", pre="qwen2", metadata={f"llama.rope.{key}": value for key, value in keys.items()}
    )


def test_theta_alone(tmp_path: Path) -> None:
    found = config_of(rope(freq_base=500_000.0), tmp_path)["rope_parameters"]
    assert found == {"rope_theta": 500_000.0, "rope_type": "default"}


@pytest.mark.parametrize(
    "keys", [{"scaling.type": "linear", "scaling.factor": 4.0}, {"scale_linear": 4.0}]
)
def test_linear_scaling_new_and_old(keys: dict[str, Any], tmp_path: Path) -> None:
    found = config_of(rope(**keys), tmp_path)["rope_parameters"]
    assert (found["rope_type"], found["factor"]) == ("linear", 4.0)


def test_yarn(tmp_path: Path) -> None:
    making = rope(**{"scaling.type": "yarn", "scaling.factor": 4.0, "scaling.yarn_beta_fast": 16.0,
                     "scaling.original_context_length": 128})  # fmt: skip
    assert config_of(making, tmp_path)["rope_parameters"] == {
        "rope_theta": 10_000.0, "rope_type": "yarn", "factor": 4.0, "beta_fast": 16.0,
        "original_max_position_embeddings": 128,
    }  # fmt: skip
    assert our_model(tmp_path / "served", torch.float32) is not None


def llama3(factors: np.ndarray[Any, Any]) -> Making:
    return Making(
        "llama", pre="llama-bpe", head_dim=64, hidden=64, tensors={"rope_freqs.weight": factors},
        metadata={"llama.rope.freq_base": 500_000.0},
    )  # fmt: skip


@pytest.mark.parametrize("factor", [8.0, 32.0])
def test_llama_3s_factors_become_its_formula_again(factor: float, tmp_path: Path) -> None:
    found = config_of(llama3(llama3_factors(factor, 500_000.0, 64)), tmp_path)["rope_parameters"]
    assert found == {
        "rope_theta": 500_000.0, "rope_type": "llama3", "factor": factor, "low_freq_factor": 1.0,
        "high_freq_factor": 4.0, "original_max_position_embeddings": 8192,
    }  # fmt: skip


def test_llama_3s_factors_are_those_that_transformers_computes(tmp_path: Path) -> None:
    config_of(llama3(llama3_factors(8.0, 500_000.0, 64)), tmp_path)
    scaled = our_model(tmp_path / "served", torch.float32).model.rotary_emb.inv_freq
    plain = 500_000.0 ** -(torch.arange(0, 64, 2) / 64)
    wanted = torch.from_numpy(llama3_factors(8.0, 500_000.0, 64))
    assert torch.allclose(plain / scaled, wanted, rtol=1e-4)


def test_factors_of_one_are_none(tmp_path: Path) -> None:
    found = config_of(llama3(np.ones(32, np.float32)), tmp_path)["rope_parameters"]
    assert found["rope_type"] == "default"


@pytest.mark.parametrize(
    ("making", "words"),
    [
        (rope(**{"scaling.type": "longrope"}), "by longrope; linear, yarn and llama3 are read"),
        (rope(**{"scaling.type": "linear", "scaling.factor": 0.5}), "factor is 0.5, less than 1"),
        (rope(**{"scaling.type": "yarn", "scaling.factor": 4.0}), "original_context_length"),
        (
            rope(**{"scaling.type": "yarn", "scaling.factor": 4.0, "scaling.yarn_attn_factor": 2.0,
                    "scaling.original_context_length": 128}),
            "yarn_attn_factor: not served",
        ),
        (llama3(np.linspace(1, 9, 32).astype(np.float32)), "does not follow Llama 3's formula"),
        (llama3(np.ones(5, np.float32)), "rope_freqs.weight has 5 values"),
        (rope(dimension_count=8), "rope.dimension_count is not its head size, 16"),
        (rope(freq_base=float("inf")), "rope.freq_base is not from"),
    ],
)  # fmt: skip
def test_positions_that_cannot_be_served_are_refused(
    making: Making, words: str, tmp_path: Path
) -> None:
    assert words in refusal(making, tmp_path)


def test_a_window_makes_it_mistral(tmp_path: Path) -> None:
    making = Making("llama", pre="qwen2", metadata={"llama.attention.sliding_window": 64})
    found = config_of(making, tmp_path)
    assert (found["model_type"], found["sliding_window"]) == ("mistral", 64)
    assert type(our_model(tmp_path / "served", torch.float32)).__name__ == "MistralForCausalLM"


def gemma(**metadata: Any) -> Making:
    keys = {f"gemma3.{key}": value for key, value in metadata.items()}
    return Making("gemma3", tokenizer="llama", layers=7, metadata=keys)


def test_gemmas_layers_slide_but_every_sixth(tmp_path: Path) -> None:
    making = gemma(**{"attention.sliding_window": 8, "rope.freq_base": 1e6,
                      "rope.scaling.type": "linear", "rope.scaling.factor": 8.0})  # fmt: skip
    found = config_of(making, tmp_path)
    assert found["layer_types"] == ["sliding_attention"] * 5 + [
        "full_attention",
        "sliding_attention",
    ]
    assert found["rope_parameters"] == {
        "full_attention": {"rope_theta": 1e6, "rope_type": "linear", "factor": 8.0},
        "sliding_attention": {"rope_theta": 10_000.0, "rope_type": "default"},
    }
    assert (found["query_pre_attn_scalar"], found["sliding_window"]) == (16, 8)


def test_gemmas_pattern_may_be_said(tmp_path: Path) -> None:
    by_period = gemma(**{"attention.sliding_window": 8, "attention.sliding_window_pattern": 2})
    found = config_of(by_period, tmp_path)
    assert [kind[0] for kind in found["layer_types"]] == list("sfsfsfs")


def test_gemma_without_a_window_sees_everything(tmp_path: Path) -> None:
    found = config_of(gemma(), tmp_path)
    assert set(found["layer_types"]) == {"full_attention"}
    ids = torch.arange(300, 330)[None]
    with torch.inference_mode():
        assert our_model(tmp_path / "served", torch.float32)(ids).logits.isfinite().all()


def test_sampling_that_the_authors_recommend(tmp_path: Path) -> None:
    keys = {
        "general.sampling.temp": 0.5,
        "general.sampling.top_k": 20,
        "general.sampling.top_p": 0.75,
    }
    found = config_of(Making(pre="qwen2", metadata=keys), tmp_path, "generation_config.json")
    assert (found["temperature"], found["top_k"], found["top_p"]) == (0.5, 20, 0.75)
    assert found["do_sample"] is True


def test_a_recommended_temperature_of_0_is_greedy(tmp_path: Path) -> None:
    keys = {"general.sampling.temp": 0.0}
    found = config_of(Making(pre="qwen2", metadata=keys), tmp_path, "generation_config.json")
    assert found["do_sample"] is False
    assert "temperature" not in found


def test_the_summary_tells_all_before_anything_is_read(tmp_path: Path) -> None:
    path = Making("qwen2", layers=3, tied=False).write(tmp_path / "model.gguf")
    found = inspect(path)
    assert (found.architecture, found.name, found.licence) == ("qwen2", "A small model", "cc0-1.0")
    assert (found.layers, found.context, found.vocabulary) == (3, 512, 400)
    assert found.file_bytes == path.stat().st_size
    assert found.main_type == "F32"
    config_of(Making("qwen2", layers=3, tied=False), tmp_path)
    weights = (tmp_path / "served" / "model.safetensors").stat().st_size
    assert 0 < weights - found.served_bytes["bfloat16"] < 10_000
    assert found.served_bytes["float32"] == 4 * found.parameters
