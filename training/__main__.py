"""Command line of the training: `python -m training` makes the model from the corpus.

Does not know what the steps do.
"""

import argparse
from dataclasses import replace

import torch

from training.config import RECIPES, WEIGHTS_DIR, Recipe
from training.finish import finish
from training.phases import run_phase, run_phases
from training.small import pipeline


def chosen_recipe(name: str | None, phase: str | None, minutes: float | None) -> Recipe:
    """The recipe that fits the machine, or the named one, with another clock where given."""
    recipe = RECIPES[name or ("gpu" if torch.cuda.is_available() else "cpu")]
    if minutes is None:
        return recipe
    phases = (replace(p, minutes=minutes) if p.name == phase else p for p in recipe.phases)
    return replace(recipe, phases=tuple(phases))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipe", choices=[*RECIPES, "small"])
    parser.add_argument("--phase", help="only this phase")
    parser.add_argument("--minutes", type=float, help="another clock for that phase")
    parser.add_argument(
        "--finish", action="store_true", help="only export, evaluate, write the card"
    )
    parser.add_argument(
        "--without-adapter", action="store_true", help="small: finish with settings and card only"
    )
    arguments = parser.parse_args()
    if arguments.recipe == "small":
        torch.set_num_threads(1)
        pipeline.finish(not arguments.without_adapter) if arguments.finish else pipeline.run()
        return
    recipe = chosen_recipe(arguments.recipe, arguments.phase, arguments.minutes)
    torch.set_num_threads(recipe.threads)
    if arguments.phase is not None:
        names = [phase.name for phase in recipe.phases]
        run_phase(recipe, names.index(arguments.phase))
        return
    if not arguments.finish:
        run_phases(recipe)
    finish(recipe, WEIGHTS_DIR)


if __name__ == "__main__":
    main()
