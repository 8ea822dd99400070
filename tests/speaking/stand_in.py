"""Stands in for `echo.speaking.worker`: the same lines, so many samples for each letter, no library."""

from __future__ import annotations

import json
import sys

LETTER = 100
OWN_RATE = 22_050


def main() -> int:
    """Serve until the input ends: "fail" is an error, "die" is its end."""
    for line in sys.stdin:
        asked = json.loads(line)
        if "die" in asked["text"]:
            return 1
        count = round(LETTER * len(asked["text"]) / asked["speed"])
        answer = {"rate": asked["rate"] or OWN_RATE, "samples": count}
        if "fail" in asked["text"]:
            answer, count = {"error": "ValueError: told to"}, 0
        sys.stdout.buffer.write(json.dumps(answer).encode() + b"\n" + b"\1\0" * count)
        sys.stdout.buffer.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
