"""Adapters in peft's format over shared weights: equal to peft's own output, also side by side."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoModelForCausalLM

from echo.generation import Engine, Failed, ModelLoadError, ModelSpec
from echo.generation.adapter import read_config
from echo.generation.model_loader import load_model

from .conftest import StartEngine
from .helpers import build_runner, config_for, request, save_model, tiny_config
from .test_local_engine import Reference

peft = pytest.importorskip("peft")
pytestmark = pytest.mark.filterwarnings("ignore")
ALL = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
GREEDY: dict[str, Any] = {"temperature": 0.0, "max_new_tokens": 24}


def make_adapter(base: Path, folder: Path, seed: int = 1, **changes: Any) -> Path:
    """A random adapter, saved by peft itself."""
    settings: dict[str, Any] = {"r": 4, "lora_alpha": 16, "target_modules": ALL, **changes}
    torch.manual_seed(seed)
    model = AutoModelForCausalLM.from_pretrained(base, dtype=torch.float32)
    tuned = peft.get_peft_model(model, peft.LoraConfig(task_type="CAUSAL_LM", **settings))
    with torch.no_grad():
        for name, parameter in tuned.named_parameters():
            if "lora_" in name:
                parameter.normal_(0.0, 0.2)
    tuned.save_pretrained(folder)
    return folder


class Tuned(Reference):
    """What peft's own model says."""

    def __init__(self, base: Path, adapter: Path) -> None:
        super().__init__(base)
        self.model = peft.PeftModel.from_pretrained(self.model, adapter).eval()


@pytest.mark.parametrize("family", ["qwen2", "llama", "qwen3"])
def test_rows_of_two_adapters_and_none_equal_peft_in_one_pass(
    start_engine: StartEngine, tmp_path: Path, family: str
) -> None:
    base = save_model(tmp_path / "base", tiny_config(family))
    one = make_adapter(base, tmp_path / "one", seed=1)
    two = make_adapter(
        base, tmp_path / "two", seed=2, r=3, target_modules=["q_proj", "v_proj", "down_proj"],
        use_rslora=True, alpha_pattern={"v_proj": 3},
    )  # fmt: skip
    models = [
        ModelSpec("base", str(base)),
        ModelSpec("one", adapter=str(one), base="base"),
        ModelSpec("two", adapter=str(two), base="base"),
    ]
    config = config_for(base, slots=6, prefill_tokens_per_step=20)
    engine, reader = start_engine(lambda wake: Engine.local(config, wake, models))
    names = ["one", "base", "two", "one", "two", "base"]
    asked = [request(f"question number {n}", model=name, **GREEDY) for n, name in enumerate(names)]
    streams = [engine.submit(one) for one in asked]
    reader.read(*streams)
    says = {"base": Reference(base), "one": Tuned(base, one), "two": Tuned(base, two)}
    for name, wanted, stream in zip(names, asked, streams, strict=True):
        assert reader.text(stream) == says[name].text(wanted)
    texts = {name: says[name].text(asked[0]) for name in says}
    assert len(set(texts.values())) == 3  # else the comparison would show nothing


def test_models_do_not_share_keys_and_values(start_engine: StartEngine, tmp_path: Path) -> None:
    """The same conversation asked of the base, then of an adapter: nothing of it may be reused."""
    base = save_model(tmp_path / "base", tiny_config("qwen2"))
    tuned = make_adapter(base, tmp_path / "tuned")
    models = [ModelSpec("base", str(base)), ModelSpec("tuned", adapter=str(tuned), base="base")]
    engine, reader = start_engine(lambda wake: Engine.local(config_for(base), wake, models))
    question = "a long question about many things " * 4
    for name in ("base", "tuned", "base"):
        asked = request(question, model=name, conversation="c", **GREEDY)
        stream = engine.submit(asked)
        reader.read(stream)
        wanted = Reference(base) if name == "base" else Tuned(base, tuned)
        assert reader.text(stream) == wanted.text(asked)
        end = reader.end(stream)
        assert not isinstance(end, Failed)
        if name == "tuned":
            assert end.usage.cached == 0


def test_what_does_not_fit_is_refused_in_words(tmp_path: Path) -> None:
    base = save_model(tmp_path / "base", tiny_config("qwen2"))
    wider = save_model(tmp_path / "wider", tiny_config("qwen2", hidden_size=64))
    deeper = save_model(tmp_path / "deeper", tiny_config("qwen2", num_hidden_layers=5))
    runner = build_runner(config_for(base))
    for name, other in (("wider", wider), ("deeper", deeper)):
        folder = make_adapter(other, tmp_path / f"for-{name}")
        with pytest.raises(ModelLoadError, match="another base"):
            runner.add_adapter(name, str(folder))
    for number, odd in enumerate(({"use_dora": True}, {"bias": "all"}, {"peft_type": "IA3"})):
        folder = tmp_path / f"odd{number}"
        folder.mkdir()
        text = {"peft_type": "LORA", "r": 4, "lora_alpha": 4, **odd}
        (folder / "adapter_config.json").write_text(json.dumps(text), "utf-8")
        with pytest.raises(ModelLoadError, match=r"not known|only LORA"):
            read_config(folder)
    with pytest.raises(ModelLoadError, match="no adapter"):
        runner.add_adapter("none", str(tmp_path))
    head = make_adapter(base, tmp_path / "head", target_modules=["lm_head"])
    with pytest.raises(ModelLoadError, match=r"cannot|can be adapted"):
        runner.add_adapter("head", str(head))


def test_a_broken_adapter_fails_its_own_requests_alone(
    start_engine: StartEngine, tmp_path: Path
) -> None:
    base = save_model(tmp_path / "base", tiny_config("qwen2"))
    models = [ModelSpec("base", str(base)), ModelSpec("bad", adapter=str(tmp_path), base="base")]
    engine, reader = start_engine(lambda wake: Engine.local(config_for(base), wake, models))
    streams = [engine.submit(request(model=name, **GREEDY)) for name in ("bad", "base")]
    reader.read(*streams)
    end = reader.end(streams[0])
    assert isinstance(end, Failed)
    assert "no adapter in peft's format" in end.text
    assert reader.text(streams[1]) == Reference(base).text(request(**GREEDY))


def test_other_backends_say_that_they_take_no_adapter(tmp_path: Path) -> None:
    folder = save_model(tmp_path / "gpt", tiny_config("gpt_neox"))
    runner = build_runner(config_for(folder))
    with pytest.raises(ModelLoadError, match="family"):
        runner.add_adapter("x", str(tmp_path))
    assert load_model(folder, "gpt", config_for(folder)).weight_bytes > 0
