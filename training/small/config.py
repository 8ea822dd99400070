"""The recipe `small`: where things lie, and every number of its runs. Does not know how anything is done."""

import os
from pathlib import Path

from training.config import ROOT

DATA_DIR = Path(__file__).parent / "data"
SHIPPED_DIR = ROOT / "weights" / "echo-small"
BASE_NAME = "qwen2.5-coder-0.5b-instruct-q4_k_m"


def models_dir() -> Path:
    """Where the GGUF files lie: `ECHO_GGUF`, else `instance/models`."""
    return Path(os.environ.get("ECHO_GGUF", ROOT / "instance" / "models"))


# Chosen by the raw model's answers; `echo.json` gives it to the application.
SYSTEM_PROMPT = (
    "You are Echo, a friendly AI assistant. You are a computer program, not a human: you have no "
    "body, no family and no feelings, and you are not ChatGPT. Answer briefly and honestly, in one "
    "to five plain sentences. If somebody is in distress or danger, be kind and send them to people "
    "who can help; for medical questions, to a doctor."
)
# Where a site has switched its help off, this stands alone.
SHORT_PROMPT = "You are Echo, a friendly assistant. Answer briefly and honestly."
SAMPLING: dict[str, float] = {
    "temperature": 0.4, "top_p": 0.9, "top_k": 40, "repetition_penalty": 1.03,
}  # fmt: skip
