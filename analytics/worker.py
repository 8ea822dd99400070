"""A process that draws charts and reports off the web server: `python -m analytics.worker FONTS WORDS`.

It reads frames from its input and writes one answer each to its output, and nothing else there. It
knows no database: rows come with the request. It ends with 0 when its input ends. The folders hold the
web fonts of `analytics/faces.py` and the translations of `analytics/language.py`; without them, figures are
written in matplotlib's own face, and in English.
"""

from __future__ import annotations

import os
import sys
from datetime import date
from pathlib import Path
from typing import BinaryIO, Final

from analytics import faces, jobs, language, wire
from analytics.catalogue import CHARTS, texts

NICENESS: Final = 5  # on a busy machine, whoever serves pages goes first
WARM_DAY: Final = date(2026, 1, 1).isoformat()
WARM_LOOK: Final = dict.fromkeys(("surface", "text", "faint", "line", "mark"), "#808080")


def main() -> int:
    """Serve until the input ends; return the exit status: 0, or 1 for input that is no frame or no face."""
    os.nice(NICENESS)
    with _own_output() as sink:
        try:
            for use, folder in zip((faces.use, language.learn), sys.argv[1:], strict=False):
                use(Path(folder))
            _warm_up()
            charts = [chart.introduced() for chart in CHARTS.values()]
            _send(sink, wire.Frame({"ready": True, "charts": charts, "words": sorted(texts())}))
            _serve(sys.stdin.buffer, sink)
        except FileNotFoundError as error:
            _send(sink, wire.Frame({"ready": False, "error": str(error)}))
            return 1
        except wire.Broken as error:
            print(f"analytics.worker: {error}", file=sys.stderr)
            return 1
        except BrokenPipeError:  # whoever asked is gone
            os._exit(0)  # closing would write to the broken pipe once more
    return 0


def _serve(source: BinaryIO, sink: BinaryIO) -> None:
    while (request := wire.read(source)) is not None:
        _send(sink, jobs.answer(request.header))


def _own_output() -> BinaryIO:
    """Return the output for frames alone: what a library prints goes to the errors instead."""
    sink = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return sink


def _warm_up() -> None:
    """Draw once, so that fonts are found and modules loaded before somebody waits."""
    span = {"first": WARM_DAY, "last": WARM_DAY}
    for chart, rows in (("signups", [[WARM_DAY, 1]]), ("hours", [[0, 0, 1]])):
        for kind in ("svg", "png"):
            request = {"act": "chart", "chart": chart, "rows": {chart: rows}, "kind": kind}
            jobs.answer({**request, "span": span, "look": WARM_LOOK})


def _send(sink: BinaryIO, frame: wire.Frame) -> None:
    sink.write(wire.encode(frame.header, frame.body))
    sink.flush()


if __name__ == "__main__":
    sys.exit(main())
