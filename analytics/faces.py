"""The face that figures are written in: Inter, out of the web fonts that pages use. Knows no figure.

matplotlib reads no web fonts: each is unpacked once into its own folder. A web font comes in parts by
script; a part has a family name of its own here, and letters that one lacks are taken from the next.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

import matplotlib
from fontTools.ttLib import TTFont
from matplotlib import font_manager

FAMILY: Final = "Inter"
PARTS: Final = ("latin", "latin-ext", "cyrillic", "greek", "vietnamese")
LAST_RESORT: Final = "DejaVu Sans"  # comes with matplotlib, and has signs that Inter lacks
NAMES: Final = (1, 16)  # of a font's name table: its family, twice


def use(folder: Path) -> list[str]:
    """Let every figure of this process be written in Inter; returns the families, the first first.

    Raises:
        FileNotFoundError: a part is not in the folder.
    """
    missing = [part for part in PARTS if not _source(folder, part).is_file()]
    if missing:
        names = ", ".join(_source(folder, part).name for part in missing)
        raise FileNotFoundError(
            f"the charts' face is not in {folder}: {names}. `make setup` puts it there"
        )
    kept = Path(matplotlib.get_cachedir())
    families = [_family(part) for part in PARTS]
    for part, family in zip(PARTS, families, strict=True):
        font_manager.fontManager.addfont(_unpacked(_source(folder, part), family, kept))
    matplotlib.rcParams["font.family"] = [*families, LAST_RESORT]
    return families


def _source(folder: Path, part: str) -> Path:
    return folder / f"inter-{part}-wght-normal.woff2"


def _family(part: str) -> str:
    return FAMILY if part == PARTS[0] else f"{FAMILY} {part}"


def _unpacked(source: Path, family: str, kept: Path) -> Path:
    """Return the font as matplotlib reads it; written to the side first, so that it is whole or absent."""
    digest = hashlib.sha256(source.read_bytes()).hexdigest()[:16]
    target = kept / f"{source.stem}-{digest}.ttf"
    if not target.is_file():
        font = TTFont(source)
        font.flavor = None
        for record in font["name"].names:
            if record.nameID in NAMES:
                record.string = family
        beside = target.with_suffix(f".{os.getpid()}")
        font.save(beside)
        beside.replace(target)
    return target
