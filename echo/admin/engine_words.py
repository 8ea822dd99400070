"""What the engine says of itself, in English, in the language of whoever reads it. Knows no model."""

from __future__ import annotations

from typing import Final

from echo.languages import mark, said

WAYS: Final = (
    mark("own kernels (%(instructions)s), weights of %(bits)s and %(fewer)s bits"),
    mark("own kernels (%(instructions)s), weights of %(bits)s bits"),
    mark("own decoder"),
    mark("transformers modules over shared slots"),
    mark("transformers modules, one row at a time"),
    mark("fixed replies"),
)
STEPS: Final = (
    mark("fetching"),
    mark("loading"),
    mark("merging"),
    mark("packing"),
    mark("reading the script"),
    mark("Reading the tokenizer"),
    mark("Checking the file"),
    mark("Unpacking the weights"),
    mark("Ready"),
)


def way(text: str) -> str:
    """Return how steps are computed."""
    return said(text, WAYS)


def step(text: str) -> str:
    """Return what is being done while a model is loaded."""
    return said(text, STEPS)
