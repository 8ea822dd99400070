"""Copies the browser libraries that pages need from node_modules/ into static/vendor/.

It does not know how node_modules/ came to be (`npm ci --ignore-scripts` does) and fetches nothing.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "node_modules"
TARGET = ROOT / "static" / "vendor"

INTER = "@fontsource-variable/inter"
MONO = "@fontsource-variable/jetbrains-mono"
MATH = "@fontsource/stix-two-math"

# target below static/vendor/  ←  source below node_modules/
FILES = {
    "socket.io.esm.min.js": "socket.io-client/dist/socket.io.esm.min.js",
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "marked.esm.js": "marked/lib/marked.esm.js",
    "purify.min.js": "dompurify/dist/purify.min.js",
    "highlight.min.js": "@highlightjs/cdn-assets/es/highlight.min.js",
    "katex.min.js": "katex/dist/katex.min.js",
    **{
        f"fonts/inter-{part}-wght-normal.woff2": f"{INTER}/files/inter-{part}-wght-normal.woff2"
        for part in ("latin", "latin-ext", "greek", "cyrillic", "vietnamese")
    },
    "fonts/inter-latin-wght-italic.woff2": f"{INTER}/files/inter-latin-wght-italic.woff2",
    "fonts/mono-latin-wght-normal.woff2": f"{MONO}/files/jetbrains-mono-latin-wght-normal.woff2",
    # The older container is the smaller one here.
    "fonts/math-400-normal.woff": f"{MATH}/files/stix-two-math-latin-400-normal.woff",
    # Licences travel with what they cover.
    "licenses/socket.io-client.txt": "socket.io-client/LICENSE",
    "licenses/htmx.txt": "htmx.org/LICENSE",
    "licenses/marked.txt": "marked/LICENSE",
    "licenses/dompurify.txt": "dompurify/LICENSE",
    "licenses/highlight.txt": "@highlightjs/cdn-assets/LICENSE",
    "licenses/katex.txt": "katex/LICENSE",
    "licenses/inter.txt": f"{INTER}/LICENSE",
    "licenses/jetbrains-mono.txt": f"{MONO}/LICENSE",
    "licenses/stix-two-math.txt": f"{MATH}/LICENSE",
}


def missing(files: dict[str, str]) -> list[str]:
    """The sources that are not there."""
    return [source for source in files.values() if not (SOURCE / source).is_file()]


def copy(files: dict[str, str]) -> int:
    """Copies what differs; returns how many files were written."""
    written = 0
    for target, source in files.items():
        destination = TARGET / target
        content = (SOURCE / source).read_bytes()
        if destination.is_file() and destination.read_bytes() == content:
            continue
        destination.parent.mkdir(parents=True, exist_ok=True)
        destination.write_bytes(content)
        written += 1
    return written


def remove_strangers(files: dict[str, str]) -> None:
    """Nothing stays in static/vendor/ that this list does not name."""
    if not TARGET.is_dir():
        return
    known = {TARGET / target for target in files}
    for path in TARGET.rglob("*"):
        if path.is_file() and path not in known and not path.name.startswith("."):
            path.unlink()
    for folder in sorted(TARGET.rglob("*"), reverse=True):
        if folder.is_dir() and not any(folder.iterdir()):
            shutil.rmtree(folder)


def main() -> int:
    gone = missing(FILES)
    if gone:
        names = "\n  ".join(gone)
        print(
            f"Browser libraries are missing in {SOURCE}:\n  {names}\n"
            "Run `npm ci --ignore-scripts` in the repository root first (`make setup` does both).",
            file=sys.stderr,
        )
        return 1
    remove_strangers(FILES)
    written = copy(FILES)
    print(f"static/vendor: {len(FILES)} files, {written} written")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
