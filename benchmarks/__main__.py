"""`python -m benchmarks [name …]`: runs the named measurements, or all, one after the other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

NAMES = sorted(
    path.stem
    for path in Path(__file__).parent.glob("*.py")
    if path.stem not in ("__init__", "__main__", "common")
)


def main() -> int:
    wanted = sys.argv[1:] or NAMES
    unknown = [name for name in wanted if name not in NAMES]
    if unknown:
        print(f"There is no measurement called {', '.join(unknown)}; there are: {', '.join(NAMES)}")
        return 2
    failed = []
    for name in wanted:
        print(f"\n── {name} " + "─" * 60, flush=True)
        done = subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=False)
        failed += [name] if done.returncode else []
    if failed:
        print(f"\nThese could not be measured: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
