"""How likely the model found the tokens that were chosen. It does not know text or drawing."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Likelihood:
    """One token's: natural logarithms of probabilities, before temperature, penalties and filters."""

    token: int
    logprob: float
    top: tuple[tuple[int, float], ...]  # the most likely tokens, descending


def likelihoods(logits: Tensor, tokens: Tensor, asked: dict[int, int]) -> dict[int, Likelihood]:
    """logits [rows, vocabulary], tokens [rows] → by row; `asked`: how many of the likeliest each wants

    Where the token is -1 there is none, and what is told of it is not looked at.
    """
    if not asked:
        return {}
    tokens = tokens.long().clamp(min=0)
    index = torch.tensor(list(asked), device=logits.device)
    all_of_them = logits[index].log_softmax(dim=-1)  # [asked, vocabulary]
    chosen = all_of_them.gather(1, tokens[index][:, None])[:, 0].tolist()
    values, ids = torch.topk(all_of_them, max(max(asked.values()), 1), dim=-1)
    return {
        number: Likelihood(token, logprob, tuple(zip(best[:count], most[:count], strict=True)))
        for (number, count), token, logprob, best, most in zip(
            asked.items(), tokens[index].tolist(), chosen, ids.tolist(), values.tolist(),
            strict=True,
        )
    }  # fmt: skip
