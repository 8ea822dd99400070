"""What guessing the next tokens from the prompt saves one asker: the same requests with and without, in turn.

    python -m benchmarks guesses --model FOLDER [--quant auto] [--threads 1] [--rounds 3] [--most 6]

Some requests say much of their text again, some say nothing of it again. Greedy, so that both ways write the
same tokens (checked). Steps are counted; seconds are given as ratios of one round.
"""

from __future__ import annotations

import argparse
import statistics
from typing import Any

from benchmarks.asking import Asking
from benchmarks.common import machine, save
from echo.generation import ChatMessage, SamplingParams, speculation

CODE = """def mean(values):
    total = 0
    for value in values:
        total = total + value
    return total / len(values)


def spread(values):
    middle = mean(values)
    total = 0
    for value in values:
        total = total + (value - middle) ** 2
    return total / len(values)
"""
CODED = f"```python\n{CODE}```"
TEXT = (
    "The old harbour lies at the mouth of the river. In summer the ferries leave every hour for the islands, "
    "and the market on the quay sells fish, bread and flowers. In winter it is quiet: the boats are ashore, "
    "and only the lighthouse keeper walks along the wall in the evening."
)
REQUESTS = {
    "code: add type hints": f"Add type hints to this code. Answer with code only.\n{CODED}",
    "code: rename a variable": f"Rename `total` to `result` and show all of it again.\n{CODED}",
    "text: say it again": f"Repeat this text word for word: {TEXT}",
    "text: correct spelling": f"Correct the spelling: {TEXT.replace('summer', 'sumer')}",
    "text: summarise": f"Summarise in two sentences: {TEXT}",
    "chat: explain": "Why is the sky blue? Explain in three sentences.",
    "chat: list": "Name five things to pack for a weekend by the sea.",
    "chat: story": "Tell me a short story about a fox and a clock.",
}
TOKENS = 160


def measure(asking: Asking, text: str, rounds: int) -> dict[str, Any]:
    """Ask with and without guesses, in turn."""
    few, ratios, said = speculation.FEW_ROWS, [], (ChatMessage("user", text),)
    counted: list[int] = []
    learn = speculation.Lookup.learn
    speculation.Lookup.learn = lambda self, right: (counted.append(right), learn(self, right))[1]  # type: ignore[method-assign]
    for _ in range(rounds):
        [with_guesses] = asking.ask([said])
        speculation.FEW_ROWS = 0  # type: ignore[misc]
        [without] = asking.ask([said])
        speculation.FEW_ROWS = few  # type: ignore[misc]
        assert with_guesses.text == without.text, "a guess has changed a text"
        ratios.append(without.seconds / with_guesses.seconds)
    speculation.Lookup.learn = learn  # type: ignore[method-assign]
    tokens, right = with_guesses.tokens, sum(counted) // rounds
    return {
        "tokens": tokens,
        "steps": tokens - right,
        "guesses": len(counted) // rounds,
        "guesses_without_a_hit": counted.count(0) // rounds,
        "times_as_fast": round(statistics.median(ratios), 2),
        "ratios": [round(one, 2) for one in ratios],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="weights/echo-mini")
    parser.add_argument("--quant", default="auto")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--most", type=int, default=speculation.MOST)
    options = parser.parse_args()
    speculation.MOST = options.most  # type: ignore[misc]
    asking = Asking(
        SamplingParams(temperature=0.0, max_new_tokens=TOKENS), model=options.model,
        quant=options.quant, threads=options.threads, slots=4, context_length=1024, device="cpu",
    )  # fmt: skip
    asking.ask([(ChatMessage("user", "Hello!"),)])  # until it is loaded
    rows = {}
    for name, text in REQUESTS.items():
        rows[name] = row = measure(asking, text, options.rounds)
        counts = "{tokens:4} tokens, {steps:4} steps, {guesses:3} guesses, {guesses_without_a_hit:2} in vain"
        print(
            f"{name:26}",
            counts.format_map(row),
            f"× {row['times_as_fast']}",
            row["ratios"],
            flush=True,
        )
    asking.engine.stop(10)
    report = {"machine": machine(), "options": vars(options), "requests": rows}
    print(f"\n{save('guesses', report)}")


if __name__ == "__main__":
    main()
