"""One conversion in a process of its own: `python -m echo.generation.gguf SOURCE TARGET DTYPE LIMITS`.

Limits itself before it looks at the file, and tells what happens by one JSON object a line on its
standard output (see `apart`). It ends when the process that started it is gone.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any

from ..errors import ModelLoadError
from .apart import Limits
from .conversion import convert


def main(source: str, target: str, dtype: str, limits: str) -> int:
    parent = os.getppid()
    _limit(Limits(**json.loads(limits)))

    def progress(fraction: float, doing: str) -> None:
        if os.getppid() != parent:
            sys.exit(1)
        _tell({"fraction": round(fraction, 4), "doing": doing})

    try:
        convert(Path(source), Path(target), dtype, progress)
    except ModelLoadError as error:
        _tell({"error": str(error)})
        return 1
    _tell({"done": True})
    return 0


def _limit(limits: Limits) -> None:
    for kind, value in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, limits.seconds),
        (resource.RLIMIT_FSIZE, limits.file_bytes),
        (resource.RLIMIT_CORE, 0),
    ):
        most = resource.getrlimit(kind)[1]
        wanted = value if most == resource.RLIM_INFINITY else min(value, most)
        resource.setrlimit(kind, (wanted, most))


def _tell(news: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(news) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
