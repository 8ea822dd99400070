"""All profile pictures as one archive. Knows no page."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Final

from sqlalchemy import func, select

from echo import hub
from echo.extensions import db
from echo.models import Picture
from echo.services.downloads.progress import Progress

PER_STEP: Final = 100


def archive(folder: Path, tell: Progress) -> str:
    """Write every picture as `<number of its owner>.webp` into a ZIP in `folder`; return its name."""
    total = db.session.scalar(select(func.count()).select_from(Picture)) or 0
    path = folder / "echo-pictures.zip"
    last, written = 0, 0
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as packed:  # WebP is compressed already
        while rows := _after(last):
            hub.run_native(_pack, packed, rows)
            last, written = rows[-1][0], written + len(rows)
            tell(min(written / total, 1.0))
    return path.name


def _after(user_id: int) -> list[tuple[int, bytes]]:
    rows = db.session.execute(
        select(Picture.user_id, Picture.content)
        .where(Picture.user_id > user_id)
        .order_by(Picture.user_id)
        .limit(PER_STEP)
    )
    found = [(owner, content) for owner, content in rows]
    db.session.commit()
    return found


def _pack(packed: zipfile.ZipFile, rows: list[tuple[int, bytes]]) -> None:
    for owner, content in rows:
        packed.writestr(f"{owner}.webp", content)
