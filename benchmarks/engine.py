"""Tokens per second and time to the first token: Echo's engine beside others, in one run.

    python -m benchmarks engine
    python -m benchmarks engine --model FILE.gguf --ways int8,4 \\
        --beside "llama.cpp=llama-server -m FILE.gguf --port {port}"

Sides run in processes of their own, in turns, several rounds on one machine in one run: trust the ratios, not
the absolute figures. A side is Echo with one kind of weights, transformers' generate(), or any server that
speaks OpenAI's chat completions. It does not measure the web server.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

from benchmarks.common import machine, percentile, save
from benchmarks.engine_sides import questions
from benchmarks.rivals import Rival

BANDWIDTH_BYTES = 512 * 2**20
BANDWIDTH_ROUNDS = 5


def main() -> None:
    options = read_options()
    rivals = [Rival.read(text) for text in options.beside]
    report = measure(options, rivals)
    print_report(report)
    print(f"\n{save('engine', report)}")


def read_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--model", default="weights/echo-mini", help="a folder or a GGUF file")
    parser.add_argument("--ways", default="none,int8", help="Echo's weights: none, int8, 4")
    parser.add_argument("--requests", default="1,8,32", help="how many ask at once")
    parser.add_argument("--prompt-tokens", type=int, default=128)
    parser.add_argument("--new-tokens", type=int, default=128)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 2)
    parser.add_argument("--dtype", default="auto", help="of Echo's weights that are not packed")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--beside", action="append", default=[], help="NAME=ADDRESS or NAME=COMMAND with {port}"
    )
    parser.add_argument("--no-generate", action="store_true", help="without generate()")
    parser.add_argument("--no-gaps", action="store_true", help="without the worst silences")
    parser.add_argument("--followups", default="", help="tokens of history, e.g. 200,1000,4000")
    return parser.parse_args()


# the run -----------------------------------------------------------------------------------------


def measure(options: argparse.Namespace, rivals: list[Rival]) -> dict[str, Any]:
    counts = [int(count) for count in options.requests.split(",")]
    rounds = []
    for number in range(options.rounds):
        told(f"round {number + 1} of {options.rounds}")
        rounds.append({count: one_round(options, rivals, count) for count in counts})
    ways = options.ways.split(",")
    report = {
        "machine": machine(),
        "options": vars(options),
        "bandwidth": bandwidth(options.threads),
        "rounds": rounds,
        "rows": [row for count in counts for row in rows([one[count] for one in rounds], count)],
    }
    if not options.no_gaps:
        report["gaps"] = {way: side(options, "gaps", quant=way) for way in ways}
    if options.followups:
        sizes = [int(size) for size in options.followups.split(",")]
        context = max(sizes) + 512
        report["followups"] = {
            way: side(options, "followups", quant=way, sizes=sizes, context=context) for way in ways
        }
    return report


def one_round(options: argparse.Namespace, rivals: list[Rival], count: int) -> dict[str, Any]:
    """Every side once, one after the other, so that ratios compare neighbours."""
    found = {}
    for way in options.ways.split(","):
        told(f"  {count} at once: echo, {way}")
        found[f"echo {way}"] = side(options, "echo", quant=way, count=count)
    for rival in rivals:
        told(f"  {count} at once: {rival.name}")
        asked = questions(count, options.prompt_tokens, options.seed)
        with rival:
            found[rival.name] = rival.measure(asked, options.new_tokens)
    if not options.no_generate and Path(options.model).is_dir():
        told(f"  {count} at once: generate()")
        found["generate()"] = queued(side(options, "generate", count=2, dtype="float32"), count)
    return found


def side(options: argparse.Namespace, act: str, **more: Any) -> dict[str, Any]:
    given = {
        "act": act, "model": options.model, "threads": options.threads, "dtype": options.dtype,
        "prompt_tokens": options.prompt_tokens, "new_tokens": options.new_tokens,
        "seed": options.seed, "count": 1, "quant": "none",
    } | more  # fmt: skip
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.engine_sides", json.dumps(given)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"{act} failed:\n{done.stderr[-3000:]}")
    parsed: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return parsed


def queued(reply: dict[str, float], count: int) -> dict[str, Any]:
    """What `count` askers at once see when one reply is written after the other."""
    return {
        "wall": reply["whole"] * count,
        "tokens": reply["tokens"] * count,
        "firsts": [number * reply["whole"] + reply["first"] for number in range(count)],
    }


def bandwidth(threads: int) -> float:
    """Bytes a second that so many threads read from memory together, each its own stretch."""
    import torch

    torch.set_num_threads(1)
    parts = [torch.ones(BANDWIDTH_BYTES // 4 // threads) for _ in range(threads)]
    best = float("inf")
    for _ in range(BANDWIDTH_ROUNDS):
        readers = [threading.Thread(target=part.sum) for part in parts]
        start = time.perf_counter()
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join()
        best = min(best, time.perf_counter() - start)
    return BANDWIDTH_BYTES / best


def told(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


# the table ---------------------------------------------------------------------------------------


def rows(rounds: list[dict[str, Any]], count: int) -> list[dict[str, Any]]:
    """Medians of the rounds; a ratio compares two sides of the same round."""
    best = max(
        (name for name in rounds[0] if name.startswith("echo ")),
        key=lambda name: statistics.median(speed(one[name]) for one in rounds),
    )
    return [
        {
            "requests": count,
            "side": name,
            "tokens_per_second": statistics.median(speed(one[name]) for one in rounds),
            "first_p50": statistics.median(percentile(one[name]["firsts"], 0.5) for one in rounds),
            "first_p95": statistics.median(percentile(one[name]["firsts"], 0.95) for one in rounds),
            "best_echo": best,
            "best_echo_is": statistics.median(
                speed(one[best]) / speed(one[name]) for one in rounds
            ),
            "weight_bytes": rounds[0][name].get("weight_bytes"),
            "memory_mb": rounds[0][name].get("memory_mb"),
        }
        for name in rounds[0]
    ]


def speed(one: dict[str, Any]) -> float:
    return float(one["tokens"]) / float(one["wall"])


def print_report(report: dict[str, Any]) -> None:
    info, options = report["machine"], report["options"]
    print(
        f"{info['processor']}, {info['cores']} cores, load {info['load'][0]:.1f}; {options['model']}, "
        f"{options['threads']} threads, {options['prompt_tokens']} + {options['new_tokens']} tokens; "
        f"memory reads {report['bandwidth'] / 1e9:.1f} GB/s"
    )
    print(f"\n{'at once':>8}  {'side':<16} {'tokens/s':>9} {'first p50':>10} {'first p95':>10}"
          f" {'of roofline':>12} {'best echo is':>13}")  # fmt: skip
    for row in report["rows"]:
        print(
            f"{row['requests']:>8}  {row['side']:<16} {row['tokens_per_second']:>9.1f} "
            f"{row['first_p50']:>9.3f}s {row['first_p95']:>9.3f}s {roofline(row, report):>12} "
            f"{row['best_echo_is']:>12.2f}x"
        )
    for way, found in report.get("gaps", {}).items():
        print(
            f"\n{way}: worst silence of a stream {1000 * found['alone']:.0f} ms alone, "
            f"{1000 * found['beside']:.0f} ms while 31 others arrive (their first token p95 "
            f"{found['first_p95']:.2f} s)"
        )
    for way, sizes in report.get("followups", {}).items():
        for size, found in sizes.items():
            print(f"{way}: history of {size} tokens: first token {found['whole']:.2f} s anew, "
                  f"{found['followup']:.2f} s for the next question")  # fmt: skip


def roofline(row: dict[str, Any], report: dict[str, Any]) -> str:
    """One stream reads all weights for each token: its share of what memory could give."""
    if row["requests"] != 1 or not row["weight_bytes"]:
        return "–"
    most = report["bandwidth"] / row["weight_bytes"]
    return f"{row['tokens_per_second'] / most:.0%}"


if __name__ == "__main__":
    main()
