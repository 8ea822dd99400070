"""All profile pictures as one archive. Knows no page."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from echo import hub
from echo.extensions import db
from echo.models import Picture
from echo.services.downloads.making import Progress
from echo.services.storage import in_batches

PER_STEP: Final = 100


def write(folder: Path, tell: Progress) -> str:
    """Write every picture as `<number of its owner>.webp` into a ZIP in `folder`; return its name."""
    total = db.session.scalar(select(func.count()).select_from(Picture)) or 0
    path = folder / "echo-pictures.zip"
    written = 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:  # WebP is compressed already
        for rows in in_batches(select(Picture.user_id, Picture.content), PER_STEP):
            hub.run_native(_pack, packed, rows)
            written += len(rows)
            tell(min(written / total, 1.0))
    return path.name


def _pack(packed: zipfile.ZipFile, rows: list[tuple[int, bytes]]) -> None:
    for owner, content in rows:
        packed.writestr(f"{owner}.webp", content)
