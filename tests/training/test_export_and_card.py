"""Exported weights load offline and the card tells their checksum, credits and samples."""

from pathlib import Path

import pytest
from transformers import AutoModelForCausalLM, AutoTokenizer, PreTrainedTokenizerFast

from training.card import card_text, credit_rows, write_card
from training.checkpoint import Progress, save_checkpoint, save_snapshot
from training.config import CHAT_MIX, PRETRAIN_MIX, Recipe
from training.evaluate import judge, repeated_share, summarize
from training.evaluation_questions import Case
from training.export import Sampling, export, sha256
from training.model import build_model
from training.talk import Talker
from training.tokenizer import load_tokenizer
from training.weights import trained_model

SHORT = Sampling(max_new_tokens=5)
CASES = (
    Case("greets", ("Hello there!",), "never matched", None),
    Case("remembers", ("I am Tom.", "Who am I?"), ".", None),
    Case("talks", ("Nice.",), None, None),
)


@pytest.fixture
def exported(recipe: Recipe, tokenizer: PreTrainedTokenizerFast, tmp_path: Path) -> Path:
    export(build_model(recipe.shape, tokenizer, 0.0, 1), tokenizer, SHORT, tmp_path / "weights")
    return tmp_path / "weights"


def test_export_loads(exported: Path, recipe: Recipe) -> None:
    model = AutoModelForCausalLM.from_pretrained(exported, local_files_only=True)
    tokenizer = AutoTokenizer.from_pretrained(exported, local_files_only=True)
    assert model.config.hidden_size == recipe.shape.hidden_size
    assert model.generation_config.max_new_tokens == 5
    assert tokenizer.eos_token_id in model.generation_config.eos_token_id
    assert tokenizer.chat_template


def test_weights_are_the_mean_of_snapshots(
    recipe: Recipe, tokenizer: PreTrainedTokenizerFast, tmp_path: Path
) -> None:
    tokenizer.save_pretrained(tmp_path / "tokenizer")
    folder = tmp_path / f"phase-{recipe.phases[0].name}"
    folder.mkdir()
    first, second = (build_model(recipe.shape, tokenizer, 0.0, seed) for seed in (1, 2))
    save_checkpoint(folder, first, [], Progress())
    save_snapshot(folder, first, 0)
    save_snapshot(folder, second, 1)
    mean = (first.model.norm.weight + second.model.norm.weight) / 2
    assert trained_model(recipe).model.norm.weight.allclose(mean)


def test_card_tells_everything(exported: Path, recipe: Recipe) -> None:
    model = AutoModelForCausalLM.from_pretrained(exported)
    answers = judge(Talker(model, load_tokenizer(exported), SHORT), CASES)
    report = summarize(answers)
    assert report.behaviours["greets"] == 0
    assert len(answers) == 9
    checksum = sha256(exported / "model.safetensors")
    write_card(recipe, report, SHORT, 123, checksum, exported)
    card = (exported / "README.md").read_text()
    assert card == card_text(recipe, report, SHORT, 123, checksum)
    assert checksum in card
    assert "<<" not in card
    assert "I am Tom. → Who am I?" in card


def test_every_source_is_credited() -> None:
    assert len(credit_rows()) == len({*PRETRAIN_MIX, *CHAT_MIX})


def test_repeats_are_counted() -> None:
    assert repeated_share("one two three four five") == 0
    assert repeated_share("no no no no no no no") > 0.5
