"""The face that figures are written in: Inter, out of the web fonts that pages use. Knows no figure.

matplotlib reads no web fonts: each is unpacked once into its own folder. A web font comes in parts by
script; a part has a family name of its own here, and letters that one lacks are taken from the next. Chinese
and Hindi are in none of them: they come from the machine's own faces, where it has one of `ELSEWHERE`.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Final

import matplotlib
from fontTools.ttLib import TTFont
from matplotlib import font_manager

FAMILY: Final = "Inter"
PARTS: Final = ("latin", "latin-ext", "cyrillic", "greek", "vietnamese")
LAST_RESORT: Final = (
    "DejaVu Sans"  # comes with matplotlib, and has Arabic and signs that Inter lacks
)
ELSEWHERE: Final = (
    "Noto Sans Devanagari", "Lohit Devanagari", "Noto Sans CJK SC", "Noto Sans CJK JP", "Noto Sans SC",
    "WenQuanYi Micro Hei", "WenQuanYi Zen Hei",
)  # fmt: skip
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
    matplotlib.rcParams["font.family"] = [*families, LAST_RESORT, *_elsewhere()]
    can_write.cache_clear()
    return families


def _elsewhere() -> list[str]:
    """Return those of the machine's faces that write what Inter cannot, newly installed ones too."""
    known = {entry.fname for entry in font_manager.fontManager.ttflist}
    for path in font_manager.findSystemFonts():
        if path not in known:
            with suppress(Exception):  # as in its own scan: what stands in a font raises anything
                font_manager.fontManager.addfont(path)
    here = set(font_manager.get_font_names())
    return [name for name in ELSEWHERE if name in here]


@lru_cache
def can_write(letters: str) -> bool:
    """Return whether each of these letters is in a face of this process; else it would be drawn as a box."""
    wanted = [
        font_manager.FontProperties(family=[name]) for name in matplotlib.rcParams["font.family"]
    ]
    fonts = [font_manager.get_font(font_manager.findfont(each)) for each in wanted]
    return all(
        letter.isspace() or any(font.get_char_index(ord(letter)) for font in fonts)
        for letter in letters
    )


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
