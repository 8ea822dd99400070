"""A seeded generator of our own dialogues: Echo itself, small facts, memory, care.

Does not know tokens; never writes a question of the evaluation.
"""

from training.dialogues.compose import generate

__all__ = ["generate"]
