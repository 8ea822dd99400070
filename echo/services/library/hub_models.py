"""A model from the Hub: chosen out of its list of files, fetched in a child process, checked by length and
hash.

It fetches only what it can serve: safetensors, JSON, tokenizers, templates, GGUF. Code and pickled weights of
a model never come to this machine. Asked only when somebody names a model of the Hub. `HF_ENDPOINT` and
`HF_TOKEN` hold, as everywhere.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import BaseModel, ConfigDict

from echo.errors import InvalidInput, SourceFailed
from echo.languages import gettext, mark, ngettext
from echo.services.library import children, folders, room
from echo.services.library.progress import Step, Work

CHILD: Final = Path(__file__).with_name("hub_child.py")
CHUNK: Final = 1 << 20
SMALL: Final = re.compile(
    r"[\w.\-]+\.json|tokenizer\.model|(vocab|merges)\.txt|[\w.\-]+\.jinja|LICENSE[\w.\-]*"
)
WEIGHTS: Final = re.compile(r"(adapter_)?model(-\d+-of-\d+)?\.safetensors")
GGUF: Final = ".gguf"
FAILURES: Final = {
    "gated": mark(
        "%(repo)s is given to signed-in people only: accept its licence on the Hub, make a token there and "
        "set HF_TOKEN."
    ),
    "absent": mark(
        "The Hub has no model %(repo)s (or it is a private one, and HF_TOKEN is not set)."
    ),
    "wrong": mark("%(repo)s is not what the Hub announced: %(text)s."),
    "refused": mark("The Hub refuses %(repo)s: %(text)s"),
}
SILENT: Final = mark("The Hub does not answer, or not to the end: %(text)s")


class HubFile(BaseModel):
    """A file of a model: its length, and either the sha256 or (small ones) git's blob id."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    name: str
    bytes: int
    sha256: str | None = None
    blob: str | None = None

    @property
    def part(self) -> str:
        """Where it lies while it is not complete: another version has another name."""
        return f"{self.name.replace('/', '-')}.{(self.sha256 or self.blob or '')[:16]}.part"


@dataclass(frozen=True)
class Listing:
    """What the Hub says of a model at its newest commit."""

    repo: str
    commit: str
    licence: str | None
    weights: int | None
    """How many numbers it has, where the Hub has counted them."""
    files: tuple[HubFile, ...]


@dataclass(frozen=True)
class HubModel:
    """Fetches files of a model into `work.home`: `model.gguf` for a GGUF file, else a folder."""

    repo: str
    file: HubFile | None = None
    """The GGUF file that is pinned, or chosen; None for the whole folder."""
    listing: Listing | None = None
    """What the Hub said a moment ago; None: it is asked."""
    where: str = "the Hub"

    @property
    def source_text(self) -> str:
        return f"hub:{self.repo}{'/' + self.file.name if self.file else ''}"

    def fetch(self, work: Work) -> Path:
        """Return the model's file or folder.

        Raises:
            SourceFailed: the Hub does not answer or does not give it, or a file is not what it should be.
            InvalidInput: what it gives is no model that Echo serves.
            StorageUnavailable: the disk is full.
            Conflict: it was stopped.
        """
        work.pieces.mkdir(parents=True, exist_ok=True)
        found = self.listing or ask(self.repo, work)
        if self.file is not None:
            there = _named(found, self.file.name)
            if there.sha256 not in (None, self.file.sha256):
                raise SourceFailed(
                    gettext(
                        "%(file)s of %(repo)s is another than the one that was pinned.",
                        file=self.file.name,
                        repo=self.repo,
                    )
                )
            _get(found, [self.file], work, 0, self.file.bytes)
            target = work.home / "model.gguf"
            os.replace(work.pieces / self.file.part, target)
            return target
        return _folder(found, work)


def _folder(found: Listing, work: Work) -> Path:
    """Fetch the small files, look at them, and then the weights."""
    weights = weights_of(found)
    before = fetch_small(found, work)
    if not folders.is_adapter(work.home):
        folders.check_settings(work.home)
    _get(found, weights, work, before, before + sum(file.bytes for file in weights))
    for file in weights:
        os.replace(work.pieces / file.part, work.home / file.name)
    return work.home


def fetch_small(found: Listing, work: Work) -> int:
    """Fetch what stands beside the weights and return how many bytes that is."""
    small = small_files(found)
    size = sum(file.bytes for file in small)
    _get(found, small, work, 0, size + sum(file.bytes for file in weights_of(found)))
    for file in small:
        os.replace(work.pieces / file.part, work.home / file.name)
    return size


def choose(found: Listing, wanted: str | None) -> HubFile | None:
    """Return the GGUF file to fetch, or None for the folder; raises InvalidInput where it is not clear."""
    if wanted is not None:
        return _named(found, wanted)
    if weights_of(found):
        return None
    gguf = [file for file in found.files if file.name.endswith(GGUF)]
    if len(gguf) == 1:
        return gguf[0]
    if gguf:
        names = ", ".join(file.name for file in gguf)
        raise InvalidInput(
            gettext(
                "%(repo)s holds several files. Add one of them: %(repo)s/FILE, with %(names)s.",
                repo=found.repo,
                names=names,
            )
        )
    pickled = next((f.name for f in found.files if f.name.endswith(folders.PICKLED)), None)
    if pickled is None:
        raise InvalidInput(
            gettext("%(repo)s holds no weights as safetensors or GGUF.", repo=found.repo)
        )
    raise InvalidInput(
        gettext(
            "%(repo)s holds no weights as safetensors or GGUF (%(pickled)s is pickled: opening it would run "
            "whatever its maker put into it).",
            repo=found.repo,
            pickled=pickled,
        )
    )


def small_files(found: Listing) -> list[HubFile]:
    """Return what stands beside the weights."""
    return [f for f in found.files if SMALL.fullmatch(f.name) and f.bytes < folders.CONFIG_BYTES]


def weights_of(found: Listing) -> list[HubFile]:
    """Return the weights: an adapter's alone where it is one."""
    files = [file for file in found.files if WEIGHTS.fullmatch(file.name)]
    adapter = [file for file in files if file.name.startswith("adapter_")]
    return adapter or files


def ask(repo: str, work: Work) -> Listing:
    """Ask the Hub what a model holds; raises SourceFailed."""
    answer = _child("list", {"repo": repo}, repo, work, lambda: None)
    files = tuple(HubFile.model_validate(f) for f in answer["files"] if f["bytes"] is not None)
    return Listing(repo, answer["commit"], answer["licence"], answer["weights"], files)


def _get(found: Listing, files: Sequence[HubFile], work: Work, before: int, total: int) -> None:
    """Fetch files into their parts, and check each; a wrong one is removed and named."""
    parts = {file.part: work.pieces / file.part for file in files}

    def tell() -> None:
        here = sum(room.bytes_of(part) for part in parts.values())
        work.progress(
            Step(before + here, total, _count(len(files)) if len(files) > 1 else files[0].name)
        )

    wanted = [{"name": f.name, "bytes": f.bytes, "part": str(parts[f.part])} for f in files]
    asked = {"repo": found.repo, "commit": found.commit, "files": wanted}
    _child("get", asked, found.repo, work, tell)
    tell()
    for file in files:
        work.refuse_if_stopped()
        if not _is_right(parts[file.part], file):
            parts[file.part].unlink()
            raise SourceFailed(
                gettext(
                    "%(file)s of %(repo)s is not what the Hub announced. It was removed.",
                    file=file.name,
                    repo=found.repo,
                )
            )


def _child(act: str, asked: dict[str, Any], repo: str, work: Work, tell: Any) -> dict[str, Any]:
    command = [sys.executable, "-P", str(CHILD), act]
    said = children.run(command, os.environ, work, tell, json.dumps(asked).encode())
    try:
        answer: dict[str, Any] = json.loads(said.output)
    except ValueError as failure:
        last = (said.errors.strip().splitlines() or [gettext("it ended without a word")])[-1]
        raise SourceFailed(gettext("The Hub cannot be asked: %(last)s.", last=last)) from failure
    if "failed" in answer:
        raise _failure(answer["failed"], answer["text"], repo, work)
    return answer


def _failure(reason: str, text: str, repo: str, work: Work) -> Exception:
    if reason == "full":
        return room.disk_is_full(work.home, f"“{work.name}”")
    return SourceFailed(gettext(FAILURES.get(reason, SILENT), repo=repo, text=text))


def _count(files: int) -> str:
    return ngettext("%(num)s file", "%(num)s files", files)


def _named(found: Listing, name: str) -> HubFile:
    file = next((file for file in found.files if file.name == name), None)
    if file is None:
        raise SourceFailed(gettext("%(repo)s holds no file %(name)s.", repo=found.repo, name=name))
    return file


def _is_right(part: Path, file: HubFile) -> bool:
    if part.stat().st_size != file.bytes:
        return False
    found = hashlib.sha256() if file.sha256 else hashlib.sha1(f"blob {file.bytes}\0".encode())
    with part.open("rb") as stream:
        while chunk := stream.read(CHUNK):
            found.update(chunk)
    return found.hexdigest() == (file.sha256 or file.blob or found.hexdigest())
