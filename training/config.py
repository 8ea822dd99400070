"""Recipes: sizes, data mixes and schedules of the embedded model, and where its files lie.

Does not know how anything is read, packed or trained.
"""

import os
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RUNS_DIR = ROOT / "training" / "runs"
WEIGHTS_DIR = ROOT / "weights" / "echo-mini"


def corpus_dir() -> Path:
    """The folder with the corpus: `ECHO_CORPUS`, else `../shared/corpus` beside the project."""
    return Path(os.environ.get("ECHO_CORPUS", ROOT.parent / "shared" / "corpus"))


# How often each source is taken: 0.25 keeps a quarter of its records, 2 takes all of them twice.
# Chosen by characters, so that thousands of one-line answers do not make the model terse.
PRETRAIN_MIX: dict[str, float] = {
    "hh-rlhf-helpful": 1, "personality-chat-friendly": 1, "personality-chat-professional": 1,
    "personality-chat-caring": 1, "personality-chat-enthusiastic": 0.5, "oasst1": 1,
    "open-assistant-chip": 1, "lmsys-reference": 1, "open-datasets-conversations": 1,
    "dolly-15k": 1, "gpteacher-roleplay": 0.3, "llms-from-scratch": 2, "self-instruct-human": 1,
    "gsm8k": 0.3, "svamp": 1, "creak": 1, "strategyqa": 1, "comve": 0.5, "fairytaleqa": 0.3,
    "open-trivia": 0.5, "jokes": 1, "recipes": 1, "world-facts": 1, "elements": 1,
    "openstax-terms": 1, "wordnet": 0.5, "self-dialogue": 0.4, "synthetic-persona-chat": 1,
    "topical-chat": 0.8, "schema-guided-dialogue": 0.2, "multiwoz": 0.3, "wikipedia-plain": 0.35,
    "wikipedia-vital": 1, "wikipedia-a": 0.5, "classic-books": 0.08, "storybooks": 1,
    "fairytales": 0.6, "tinystories": 1, "onestop-english": 1, "openstax": 0.6,
    "world-background": 0.5,
}  # fmt: skip


# The last phases: short answers in an assistant's voice. Two people chatting and table bookings
# are left out, for the model would claim a job of its own or a lookup that it cannot do.
CHAT_MIX: dict[str, float] = {
    "personality-chat-friendly": 1.5, "personality-chat-professional": 1.5,
    "personality-chat-caring": 0.7, "personality-chat-enthusiastic": 0.2, "hh-rlhf-helpful": 1,
    "oasst1": 1, "open-assistant-chip": 1, "open-datasets-conversations": 1, "dolly-15k": 0.5,
    "llms-from-scratch": 1, "self-instruct-human": 1, "creak": 0.1, "strategyqa": 0.1,
    "jokes": 0.5, "elements": 0.3, "openstax-terms": 0.6, "wordnet": 0.05, "world-facts": 0.1,
    "chatterbot-corpus": 0.5, "tinystories": 0.35, "storybooks": 0.4, "wikipedia-vital": 0.3,
}  # fmt: skip
MAX_TURN_WORDS = 60  # a tiny model that answers briefly is better company


@dataclass(frozen=True)
class ModelShape:
    """What a Qwen2 model of ours is made of."""

    hidden_size: int = 256
    num_hidden_layers: int = 6
    num_attention_heads: int = 4
    num_key_value_heads: int = 2
    intermediate_size: int = 768
    vocab_size: int = 8192
    max_position_embeddings: int = 1024


@dataclass(frozen=True)
class Phase:
    """One pass of training: its data, its clock and its learning rates."""

    name: str
    pack: str  # the token file that it reads: "pretrain" or "chat"
    minutes: float
    sequence_length: int
    batch_rows: int
    micro_rows: int  # rows that go through the model together
    matrix_lr: float = 0.02  # Muon
    other_lr: float = 3e-3  # AdamW: embeddings, norms, biases
    warmup: float = 0.02  # as shares of the minutes
    decay: float = 0.2
    end_share: float = 0.05  # of the learning rate, at the very end
    assistant_only: bool = False  # loss on the assistant's tokens alone, rows begin with a chat
    snapshots: int = 0  # weights kept near the end, to be averaged
    averaged: float = 0.15  # over which last share of the phase
    checkpoint_minutes: float = 5
    heldout_minutes: float = 8
    heldout_rows: int = 192


@dataclass(frozen=True)
class Recipe:
    """Everything that one machine needs to make the model."""

    name: str
    shape: ModelShape
    phases: tuple[Phase, ...]  # each starts from the weights of the one before
    own_dialogues: int  # how many of our own are generated for the chat phases
    device: str = "cpu"
    threads: int = 1
    compile: bool = True
    dropout: float = 0.0
    seed: int = 20
    run_dir: Path = RUNS_DIR


CPU = Recipe(
    name="cpu",
    shape=ModelShape(),
    phases=(
        # No decay here: the rate falls on the data that matter most.
        Phase("pretrain", "pretrain", 48, 256, batch_rows=32, micro_rows=32, decay=0),
        Phase("chat", "chat", 43, 256, 32, 32, matrix_lr=0.015, other_lr=2e-3, decay=0.3,
              end_share=0.45, assistant_only=True),
        # Long rows make all 1,024 positions work; the rate goes on falling where "chat" left it.
        Phase("long", "chat", 15, 1024, 8, 8, matrix_lr=0.0068, other_lr=9e-4, decay=1,
              end_share=0.01, assistant_only=True, snapshots=6, heldout_rows=48),
        # Once more over the chats, with the rate falling from a middle height.
        Phase("polish", "chat", 16, 512, 16, 16, matrix_lr=0.009, other_lr=1.2e-3, decay=0.85,
              end_share=0.01, assistant_only=True, snapshots=6, heldout_rows=96),
    ),
    own_dialogues=80_000,
)  # fmt: skip
GPU = replace(
    CPU,
    name="gpu",
    shape=ModelShape(hidden_size=512, num_hidden_layers=8, num_attention_heads=8,
                     num_key_value_heads=2, intermediate_size=1408),
    phases=(
        Phase("pretrain", "pretrain", 15, 512, 256, 64, decay=0),
        Phase("chat", "chat", 5, 512, 128, 64, matrix_lr=0.012, other_lr=1.5e-3, decay=0.3,
              end_share=0.45, assistant_only=True),
        Phase("long", "chat", 5, 1024, 64, 32, matrix_lr=0.0054, other_lr=7e-4, decay=1,
              end_share=0.01, assistant_only=True, snapshots=6),
    ),
    own_dialogues=300_000,
    device="cuda",
    dropout=0.1,
)  # fmt: skip
RECIPES = {"cpu": CPU, "gpu": GPU}
