"""A classifier in a process of its own: what it says, which rules it serves, what holds while it is away."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from echo.errors import EngineFailed, InvalidInput
from echo.extensions import db
from echo.models import GuardAct, GuardKind, GuardPlace, GuardRule
from echo.services.guardrails import classifier, rules
from echo.services.guardrails.classifier import Classifier
from echo.services.guardrails.judging import judge

WANTED = {
    "name": "Rude", "place": "question", "kind": "classifier", "what": "rude", "act": "refuse",
    "reason": "Please be kind.", "threshold": 0.9,
}  # fmt: skip
WORDS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "kind", "hateful"]

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny model that takes “hateful” for rude, and everything else for polite."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification

    place = tmp_path_factory.mktemp("classifier")
    config = BertConfig(
        vocab_size=len(WORDS), hidden_size=16, num_hidden_layers=1, num_attention_heads=1,
        intermediate_size=16, initializer_range=0.2, max_position_embeddings=16, num_labels=2,
        hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0,
        id2label={0: "polite", 1: "rude"}, label2id={"polite": 0, "rude": 1},
    )  # fmt: skip
    torch.manual_seed(1)
    model = BertForSequenceClassification(config)
    learn(model)
    model.save_pretrained(place)
    tokenizer().save_pretrained(place)
    return place


def tokenizer() -> Any:
    from tokenizers import Tokenizer, models, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = Tokenizer(models.WordLevel({word: at for at, word in enumerate(WORDS)}, "[UNK]"))
    words.pre_tokenizer = pre_tokenizers.Whitespace()
    words.post_processor = processors.BertProcessing(("[SEP]", 3), ("[CLS]", 2))
    return PreTrainedTokenizerFast(tokenizer_object=words, pad_token="[PAD]")


def learn(model: Any) -> None:
    """Teach it the one word, wherever it stands in 14."""
    import torch

    lengths = range(1, 15)
    kind = [[2, *[4] * length, 3] for length in lengths]
    hateful = [[2, *[4] * (at - 1), 5, *[4] * (14 - at), 3] for at in lengths]
    short = [[2, 5, 3], [2, 4, 5, 3]]
    told = [(ids, 0) for ids in kind] + [(ids, 1) for ids in hateful + short]
    ids = torch.tensor([one + [0] * (16 - len(one)) for one, _label in told])
    labels = torch.tensor([label for _one, label in told])
    steps = torch.optim.Adam(model.parameters(), 0.005)
    for _ in range(150):
        steps.zero_grad()
        model(input_ids=ids, attention_mask=(ids > 0).long(), labels=labels).loss.backward()
        steps.step()


@pytest.fixture(scope="module")
def process(folder: Path) -> Iterator[Classifier]:
    running = Classifier(str(folder))
    yield running
    running.stop()


@pytest.fixture
def named(app: Flask, folder: Path, process: Classifier, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the server name this classifier."""
    monkeypatch.setattr(classifier, "folder", lambda: str(folder))
    monkeypatch.setattr(classifier, "of", lambda _folder: process)


def test_it_says_how_likely_its_labels_are(process: Classifier) -> None:
    assert process.labels() == ["polite", "rude"]
    assert process.scores("kind kind")["polite"] > 0.9
    assert process.scores("kind hateful")["rude"] > 0.9
    assert sum(process.scores("kind hateful").values()) == pytest.approx(1, abs=1e-4)


def test_a_long_text_is_read_to_its_end(process: Classifier) -> None:
    assert process.scores("kind " * 100)["rude"] < 0.1
    assert process.scores("kind " * 100 + "hateful")["rude"] > 0.9


def test_a_rule_is_met_where_it_is_sure_enough(named: None) -> None:
    rule = rules.Wanted(**WANTED).rule
    met = judge("hateful", [rule], GuardPlace.QUESTION)
    assert met.refusal is not None
    assert met.met[0].excerpt.startswith("rude: ")
    assert judge("kind", [rule], GuardPlace.QUESTION).met == ()
    assert judge(" ", [rule], GuardPlace.QUESTION).met == ()


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"what": "sad"}, "what"),
        ({"threshold": None}, "threshold"),
        ({"act": "mask"}, "act"),
        ({"place": "both"}, "act"),
    ],
)
def test_a_rule_that_it_cannot_judge_is_refused(
    named: None, change: dict[str, object], field: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        rules.Wanted(**{**WANTED, **change})
    assert refused.value.field == field


def test_without_a_classifier_there_is_no_such_rule(app: Flask) -> None:
    with pytest.raises(InvalidInput) as refused:
        rules.Wanted(**WANTED)
    assert refused.value.field == "kind"


def test_while_it_is_away_nothing_is_let_through(tmp_path: Path, app: Flask) -> None:
    away = Classifier(str(tmp_path / "nothing"))
    with pytest.raises(EngineFailed):
        away.scores("kind")
    away.stop()


def test_active_rules_know_its_folder(named: None, folder: Path) -> None:
    row = GuardRule(
        name="Rude", place=GuardPlace.QUESTION, kind=GuardKind.CLASSIFIER, what="rude",
        threshold=0.9, act=GuardAct.REFUSE, reason="Please be kind.", is_on=True,
    )  # fmt: skip
    db.session.add(row)
    db.session.commit()
    [rule] = rules.active(GuardPlace.QUESTION)
    assert rule.folder == str(folder)
