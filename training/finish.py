"""Export the trained weights, evaluate them and write their card.

Does not know how the weights came to be.
"""

import json
from dataclasses import asdict
from pathlib import Path

from training.card import write_card
from training.config import Recipe
from training.evaluate import evaluate, print_report
from training.export import Sampling, export
from training.model import count_parameters
from training.tokenizer import load_tokenizer
from training.weights import trained_model

REPORT_FILE = "evaluation.json"


def finish(recipe: Recipe, folder: Path) -> None:
    """Everything that follows the training; may be repeated."""
    tokenizer = load_tokenizer(recipe.run_dir / "tokenizer")
    model = trained_model(recipe)
    sampling = Sampling()
    sha = export(model, tokenizer, sampling, folder)
    report = evaluate(folder, sampling)
    print_report(report)
    figures = {name: value for name, value in asdict(report).items() if name != "answers"}
    (folder / REPORT_FILE).write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    answers = json.dumps(report.answers, indent=1)
    (recipe.run_dir / "answers.json").write_text(answers, encoding="utf-8")
    write_card(recipe, report, sampling, count_parameters(model), sha, folder)
