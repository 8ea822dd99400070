"""Where the weights of a run are: the average of the last phase's snapshots, or a checkpoint.

Does not know how they were trained.
"""

from pathlib import Path

from transformers import Qwen2ForCausalLM

from training.checkpoint import STATE_FILE, average_snapshots, load_weights
from training.config import Recipe
from training.model import build_model
from training.tokenizer import load_tokenizer


def newest_phase(recipe: Recipe) -> Path:
    """The folder of the last phase that has a checkpoint."""
    folders = [recipe.run_dir / f"phase-{phase.name}" for phase in recipe.phases]
    trained = [folder for folder in folders if (folder / STATE_FILE).exists()]
    if not trained:
        raise FileNotFoundError(f"nothing trained in {recipe.run_dir}")
    return trained[-1]


def trained_model(recipe: Recipe, folder: Path | None = None) -> Qwen2ForCausalLM:
    """The model of a phase, averaged over its snapshots where it has some."""
    tokenizer = load_tokenizer(recipe.run_dir / "tokenizer")
    model = build_model(recipe.shape, tokenizer, dropout=0.0, seed=recipe.seed)
    folder = folder or newest_phase(recipe)
    averaged = average_snapshots(folder)
    if averaged is None:
        load_weights(folder, model)
    else:
        model.load_state_dict(averaged)
    return model.eval()
