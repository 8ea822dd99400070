"""Where the weights of a run are: the averaged end of the last phase that has run.

Does not know how they were trained.
"""

from pathlib import Path

import torch
from transformers import Qwen2ForCausalLM

from training.checkpoint import STATE_FILE, average_snapshots
from training.config import Recipe
from training.model import build_model
from training.tokenizer import load_tokenizer

Weights = dict[str, torch.Tensor]


def trained_phases(recipe: Recipe) -> list[Path]:
    """The folders of the phases that have a checkpoint, in order."""
    folders = [recipe.run_dir / f"phase-{phase.name}" for phase in recipe.phases]
    trained = [folder for folder in folders if (folder / STATE_FILE).exists()]
    if not trained:
        raise FileNotFoundError(f"nothing trained in {recipe.run_dir}")
    return trained


def phase_weights(folder: Path) -> Weights:
    """The mean of a phase's snapshots, or its checkpoint where it has none."""
    averaged = average_snapshots(folder)
    if averaged is not None:
        return averaged
    return torch.load(folder / STATE_FILE, weights_only=True)["model"]


def trained_model(recipe: Recipe) -> Qwen2ForCausalLM:
    """The model to ship."""
    tokenizer = load_tokenizer(recipe.run_dir / "tokenizer")
    model = build_model(recipe.shape, tokenizer, dropout=0.0, seed=recipe.seed)
    model.load_state_dict(phase_weights(trained_phases(recipe)[-1]))
    return model.eval()
