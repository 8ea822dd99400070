"""Tokens per second and time to the first token: the engine against one-at-a-time generate().

    python -m benchmarks.engine --model weights/echo-mini

Each side runs in a process of its own (OpenMP teams belong to threads), in turns, several rounds on
one machine in one run: trust the ratios, not the absolute figures. It does not measure the web server.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"
SENTENCE = "the quick brown fox jumps over a lazy dog while seven small birds sing about rain"
WORDS = SENTENCE.split()


def main() -> None:
    options = read_options()
    if options.part:
        print(json.dumps(run_part(options)))
        return
    report = measure(options)
    print_table(report)
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"engine-{datetime.now(UTC):%Y%m%d-%H%M%S}.json"
    file.write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    print(f"\n{file}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--model", default="weights/echo-mini")
    parser.add_argument("--requests", default="1,8,32", help="how many ask at once")
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--new-tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, help="compute threads of both sides")
    parser.add_argument("--dtype", default="auto", help="the engine's data type")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--baseline-replies", type=int, default=4, help="measured in full; a queue is n times that"
    )
    parser.add_argument("--part", help=argparse.SUPPRESS)
    parser.add_argument("--count", type=int, default=1, help=argparse.SUPPRESS)
    return parser.parse_args()


# both sides --------------------------------------------------------------------------------------


def questions(options: argparse.Namespace, tokenizer: Any, count: int) -> list[str]:
    """Distinct texts whose prompts have about prompt_tokens tokens."""
    chance = random.Random(options.seed)
    made = []
    for _ in range(count):
        words: list[str] = []
        while len(tokenizer(" ".join(words))["input_ids"]) < options.prompt_tokens - 12:
            words.append(chance.choice(WORDS))
        made.append(" ".join(words))
    return made


def compute_threads(options: argparse.Namespace) -> int:
    return options.threads or max(1, (os.cpu_count() or 2) - 1)


def run_part(options: argparse.Namespace) -> dict[str, Any]:
    kind, _, dtype = options.part.partition("-")
    return run_generate(options, dtype) if kind == "generate" else run_engine(options)


class Clock:
    """A streamer that only looks at the time."""

    def __init__(self) -> None:
        self.stamps: list[float] = []

    def put(self, value: Any) -> None:
        self.stamps.append(time.perf_counter())

    def end(self) -> None:
        pass


def run_generate(options: argparse.Namespace, dtype: str) -> dict[str, Any]:
    """One reply after the other; what n askers at once see follows from the durations."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(compute_threads(options))
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    model = AutoModelForCausalLM.from_pretrained(options.model, dtype=getattr(torch, dtype))
    asked = questions(options, tokenizer, options.baseline_replies + 1)
    with torch.inference_mode():
        one_reply(model, tokenizer, asked[0], 8)  # warm-up
        measured = [one_reply(model, tokenizer, text, options.new_tokens) for text in asked[1:]]
    names = ("first", "whole", "tokens")
    return {name: statistics.mean(one[n] for one in measured) for n, name in enumerate(names)}


def one_reply(model: Any, tokenizer: Any, text: str, new_tokens: int) -> tuple[float, float, int]:
    """Seconds to the first token, to the last, and how many there were."""
    start, clock = time.perf_counter(), Clock()
    chat = [{"role": "user", "content": text}]
    prompt = tokenizer.apply_chat_template(chat, tokenize=False, add_generation_prompt=True)
    inputs = tokenizer(prompt, return_tensors="pt", add_special_tokens=False)
    model.generate(
        input_ids=inputs["input_ids"],
        attention_mask=inputs["attention_mask"],
        max_new_tokens=new_tokens,
        min_new_tokens=new_tokens,
        do_sample=False,
        streamer=clock,
    )
    # the first stamp is the prompt itself
    return clock.stamps[1] - start, time.perf_counter() - start, len(clock.stamps) - 1


def run_engine(options: argparse.Namespace) -> dict[str, Any]:
    """count requests submitted at the same instant."""
    from transformers import AutoTokenizer

    from echo.generation import Engine, EngineConfig

    bell = threading.Event()
    threads = compute_threads(options)
    config = EngineConfig(model=options.model, threads=threads, dtype=options.dtype)
    engine = Engine.local(config, bell.set)
    engine.start()
    tokenizer = AutoTokenizer.from_pretrained(options.model)
    asked = questions(options, tokenizer, options.count + 1)
    ask(engine, bell, asked[:1], 8)  # loads, and warms up
    ignore_end_of_turn(engine)
    start = time.perf_counter()
    ends = ask(engine, bell, asked[1:], options.new_tokens)
    wall = time.perf_counter() - start
    engine.stop(5)
    firsts = sorted(end.timing.first_token_ms / 1000 for end in ends)
    return {
        "wall": wall,
        "tokens": sum(end.usage.completion for end in ends),
        "prompt_tokens": sum(end.usage.prompt for end in ends),
        "cached_tokens": sum(end.usage.cached for end in ends),
        "first_p50": percentile(firsts, 50),
        "first_p95": percentile(firsts, 95),
        "dtype": engine.health().dtype,
    }


def ask(engine: Any, bell: threading.Event, texts: list[str], new_tokens: int) -> list[Any]:
    """All at once, each by an owner of its own; the ends of their streams."""
    from echo.generation import ChatMessage, GenerationRequest, SamplingParams, TextPiece

    sampling = SamplingParams(max_new_tokens=new_tokens, temperature=0.0)
    for number, text in enumerate(texts):
        message = ChatMessage("user", text)
        engine.submit(GenerationRequest((message,), sampling, owner=str(number)))
    ends: list[Any] = []
    while len(ends) < len(texts):
        bell.wait(60)
        bell.clear()
        for stream in engine.drain_ready():
            ends += [one for one in stream.take() if not isinstance(one, TextPiece)]
    return ends


def ignore_end_of_turn(engine: Any) -> None:
    """Both sides write the same number of tokens, whatever the model would have liked."""
    engine._thread.models[engine.default_model].runner._eos = frozenset()


def percentile(ordered: list[float], percent: int) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * percent / 100))]


# the run -------------------------------------------------------------------------------------------


def measure(options: argparse.Namespace) -> dict[str, Any]:
    counts = [int(count) for count in options.requests.split(",")]
    rounds = []
    for number in range(options.rounds):
        print(f"round {number + 1} of {options.rounds} …", file=sys.stderr)
        one: dict[str, Any] = {"load_before": os.getloadavg()[0]}
        one["generate-float32"] = child(options, "generate-float32")
        one["engine"] = {count: child(options, "engine", count) for count in counts}
        one["generate-bfloat16"] = child(options, "generate-bfloat16")
        rounds.append(one)
    return {
        "when": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "options": {key: value for key, value in vars(options).items() if key != "part"},
        "rounds": rounds,
        "summary": [summary(rounds, count) for count in counts],
    }


def child(options: argparse.Namespace, part: str, count: int = 1) -> dict[str, Any]:
    given = {
        "model": options.model, "prompt-tokens": options.prompt_tokens,
        "new-tokens": options.new_tokens, "dtype": options.dtype, "seed": options.seed,
        "baseline-replies": options.baseline_replies, "part": part, "count": count,
        "threads": compute_threads(options),
    }  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.engine"]
    command += [f"--{name}={value}" for name, value in given.items()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{part} failed:\n{done.stderr[-3000:]}")
    parsed: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return parsed


def summary(rounds: list[dict[str, Any]], count: int) -> dict[str, Any]:
    """Medians of the rounds; a ratio compares two neighbours of the same round."""
    row: dict[str, Any] = {"requests": count}
    engine = [one["engine"][count] for one in rounds]
    row["engine"] = {
        "tokens_per_second": statistics.median(one["tokens"] / one["wall"] for one in engine),
        "first_p50": statistics.median(one["first_p50"] for one in engine),
        "first_p95": statistics.median(one["first_p95"] for one in engine),
    }
    for name in ("generate-float32", "generate-bfloat16"):
        pairs = list(zip(engine, [queue(one[name], count) for one in rounds], strict=True))
        row[name] = {key: statistics.median(q[key] for _, q in pairs) for key in pairs[0][1]}
        row[name]["speed_ratio"] = statistics.median(
            e["tokens"] / e["wall"] / q["tokens_per_second"] for e, q in pairs
        )
        row[name]["first_p95_ratio"] = statistics.median(
            e["first_p95"] / q["first_p95"] for e, q in pairs
        )
    return row


def queue(reply: dict[str, float], count: int) -> dict[str, float]:
    """What count askers at once see when one reply is written after the other."""
    firsts = [number * reply["whole"] + reply["first"] for number in range(count)]
    return {
        "tokens_per_second": reply["tokens"] / reply["whole"],
        "first_p50": percentile(firsts, 50),
        "first_p95": percentile(firsts, 95),
    }


def machine() -> dict[str, Any]:
    import torch
    import transformers

    cpu = platform.processor()
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in lines if "model name" in line), cpu)
    return {
        "cpu": cpu,
        "cores": os.cpu_count(),
        "load": os.getloadavg(),
        "python": platform.python_version(),
        "torch": torch.__version__,
        "transformers": transformers.__version__,
    }


def print_table(report: dict[str, Any]) -> None:
    info, options = report["machine"], report["options"]
    print(
        f"{info['cpu']}, {info['cores']} cores, load {info['load'][0]:.1f}; torch {info['torch']}, "
        f"transformers {info['transformers']}; {options['model']}, "
        f"{options['prompt_tokens']} + {options['new_tokens']} tokens"
    )
    head = f"{'at once':>8}  {'who':<20} {'tokens/s':>9} {'first p50':>10} {'first p95':>10}"
    print(f"\n{head} {'engine is':>10} {'its p95 is':>11}")
    for row in report["summary"]:
        for name in ("engine", "generate-float32", "generate-bfloat16"):
            one = row[name]
            line = f"{row['requests']:>8}  {name:<20} {one['tokens_per_second']:>9.0f} "
            line += f"{one['first_p50']:>9.3f}s {one['first_p95']:>9.3f}s "
            if "speed_ratio" in one:
                line += f"{one['speed_ratio']:>9.1f}x {one['first_p95_ratio']:>10.3f}x"
            print(line)


if __name__ == "__main__":
    main()
