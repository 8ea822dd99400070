"""How many tokens of prompts a step computes, and whose. It does not know torch, rows that write or threads.

Prompts in chunks beside rows that write: Agrawal et al. 2023 (SARATHI, arXiv 2308.16369).
"""

from __future__ import annotations

from .runner import Chunk
from .sequence import Sequence

GAP_SECONDS = 0.12  # what prompts may add to a step that somebody waits for who is reading
LEAST_TOKENS = 32  # a prompt goes on, however slow the machine is
OLDEST_SHARE = (
    4  # one part in so many is the oldest prompt's: short ones cannot hold it up for ever
)
NEW_SHARE = 0.2  # of an estimate, what the last step adds to it


class PrefillPace:
    """Learns from each step what a token of a prompt costs."""

    def __init__(self, most_tokens: int) -> None:
        self._most = most_tokens
        self._step_seconds = 0.0  # of a step without prompts
        self._token_seconds = 0.0  # what each token of a prompt adds

    def budget(self, is_read: bool) -> int:
        """Tokens for the next step; few enough for `GAP_SECONDS` while somebody reads an answer."""
        if not is_read or self._token_seconds * self._most <= GAP_SECONDS:
            return self._most
        return min(self._most, max(LEAST_TOKENS, int(GAP_SECONDS / self._token_seconds)))

    def learn(self, prompt_tokens: int, seconds: float) -> None:
        """A step with so many tokens of prompts took so long."""
        if not prompt_tokens:
            self._step_seconds = _moved(self._step_seconds, seconds)
        elif prompt_tokens >= LEAST_TOKENS:  # fewer say more of the step than of the tokens
            added = max(0.0, seconds - self._step_seconds)
            self._token_seconds = _moved(self._token_seconds, added / prompt_tokens)


def share_out(prompts: list[Sequence], budget: int) -> list[Chunk]:
    """The next chunks of prompts that are given in the order of their arrival.

    The shortest rest comes first, so that a long prompt does not keep everybody waiting, and the
    oldest goes on in any case.
    """
    given = [0] * len(prompts)
    if prompts:
        given[0] = min(_rest(prompts[0]), max(1, budget // OLDEST_SHARE))
    left = budget - sum(given)
    for number in sorted(range(len(prompts)), key=lambda number: _rest(prompts[number])):
        more = min(_rest(prompts[number]) - given[number], left)
        given[number] += more
        left -= more
    return [
        Chunk(one, one.computed, one.computed + tokens)
        for one, tokens in zip(prompts, given, strict=True)
        if tokens
    ]


def _rest(sequence: Sequence) -> int:
    return len(sequence.tokens) - sequence.computed


def _moved(mean: float, value: float) -> float:
    return value if not mean else (1 - NEW_SHARE) * mean + NEW_SHARE * value
