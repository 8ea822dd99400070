"""`python -m benchmarks [name …] [--option …]`: runs the named measurements, or all, one after the other.

Options go to the measurement that is named; they need one name.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = sorted(
    path.stem
    for path in Path(__file__).parent.glob("*.py")
    if path.stem
    not in (
        "__init__",
        "__main__",
        "asking",
        "common",
        "engine_sides",
        "queues",
        "rivals",
        "tool_questions",
    )
)


def main() -> int:
    words = sys.argv[1:]
    first = next((number for number, word in enumerate(words) if word.startswith("-")), len(words))
    wanted, options = words[:first] or NAMES, words[first:]
    if options and len(wanted) != 1:
        print("Options need the name of one measurement before them.")
        return 2
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"There is no measurement called {', '.join(unknown)}; there are: {', '.join(NAMES)}")
        return 2
    failed = []
    for name in wanted:
        print(f"\n── {name} " + "─" * 60, flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}", *options], check=False)
        failed += [name] if done.returncode else []
    if failed:
        print(f"\nThese could not be measured: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
