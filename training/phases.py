"""Run the phases of a recipe one after another, each from the weights of the one before.

Does not know what the phases' data contain.
"""

from training.chat_tune import prepare_chat
from training.checkpoint import STATE_FILE, load_weights
from training.config import Phase, Recipe
from training.model import build_model
from training.pack import PackedTokens
from training.pretrain import prepare_pretrain
from training.schedule import Budget
from training.trainer import Data, Trainer


def phase_data(recipe: Recipe, phase: Phase) -> Data:
    """The phase's token rows and the held-out ones."""
    length, folder = phase.sequence_length, recipe.run_dir
    heldout = {
        name: PackedTokens(folder / f"heldout-{name}", length, 0, assistant_only=True)
        for name in ("chat", "text")
    }
    only = phase.assistant_only
    return Data(
        PackedTokens(folder / phase.pack, length, recipe.seed, assistant_only=only), heldout
    )


def run_phase(recipe: Recipe, index: int, budget: Budget | None = None) -> None:
    """Train one phase until its clock ends; a finished phase returns at once."""
    phase = recipe.phases[index]
    tokenizer = prepare_pretrain(recipe)
    if phase.pack == "chat":
        prepare_chat(recipe, tokenizer)
    model = build_model(recipe.shape, tokenizer, recipe.dropout, recipe.seed)
    folder = recipe.run_dir / f"phase-{phase.name}"
    if index and not (folder / STATE_FILE).exists():
        load_weights(recipe.run_dir / f"phase-{recipe.phases[index - 1].name}", model)
    Trainer(model, recipe, phase, phase_data(recipe, phase), folder, budget).run()


def run_phases(recipe: Recipe) -> None:
    """All phases, in order."""
    for index in range(len(recipe.phases)):
        run_phase(recipe, index)
