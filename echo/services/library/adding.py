"""Carrying a plan out: room first, then one place after another, then a look at what came. Plans nothing."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from echo.errors import Conflict, InvalidInput, SourceFailed
from echo.languages import gettext
from echo.services.library import bases, folders, gguf_header, room, safetensors_header
from echo.services.library.plans import Plan
from echo.services.library.progress import Step, Work
from echo.services.library.records import Record
from echo.services.library.shelf import Shelf

PACKED_WIDTH: Final = 1.1
"""Bytes of a packed weight: one, and its share of the scales."""


def carry_out(plan: Plan, shelf: Shelf, work: Work, width: float) -> None:
    """Add what was planned; raises what `Library.add` does."""
    with ExitStack() as held:
        held.enter_context(shelf.records.held(plan.name))
        if plan.record.base:
            held.enter_context(shelf.records.held(plan.record.base, shared=True))
        refuse_taken(shelf, plan.name)
        refuse_without_room(plan, shelf.folder, width)
        record = _fetched(plan, shelf, work) if plan.fetchers else plan.record
        if record.base:
            shelf.get(record.base)  # it may have gone since the plan was made
        shelf.records.finish(record.model_copy(update={"added_at": datetime.now(UTC)}))


def refuse_taken(shelf: Shelf, name: str) -> None:
    """Raise Conflict when a model of this name stands here."""
    if any(record.name.casefold() == name.casefold() for record in shelf.all_records()):
        raise Conflict(
            gettext(
                "“%(name)s” is taken: remove that model, or give this one another name.", name=name
            )
        )


def refuse_without_room(plan: Plan, folder: Path, width: float) -> None:
    """Raise StorageUnavailable, with both numbers, when disk or memory are not enough for a plan."""
    weights = plan.record.weights
    if weights:
        least = room.memory_needed(weights, min(room.WIDTHS.values()))
        room.refuse_too_little_memory(least, f"“{plan.name}”")
    if plan.fetchers:
        missing = disk_needed(plan, width) - room.bytes_of(folder / plan.name)
        room.refuse_too_little_disk(folder, missing, f"“{plan.name}”")


def disk_needed(plan: Plan, width: float) -> int:
    """Return what the plan takes on the disk in the end.

    A GGUF file is kept once more as it is served, and its weights packed for the processor beside that.
    """
    kept_again = plan.fetchers and plan.record.kind == "gguf"
    return plan.disk + (
        int((plan.record.weights or 0) * (width + PACKED_WIDTH)) if kept_again else 0
    )


def _fetched(plan: Plan, shelf: Shelf, work: Work) -> Record:
    """Fetch the model, look at it and return its record; what is complete stays when it is cut."""
    shelf.records.begin(plan.record)
    try:
        path, source = _from_first(plan, work)
        record = _looked_at(plan.record, path, shelf)
    except BaseException:
        _forget_if_empty(plan, shelf, work)
        raise
    shutil.rmtree(work.pieces, ignore_errors=True)
    return record.model_copy(update={"source": source})


def _from_first(plan: Plan, work: Work) -> tuple[Path, str]:
    """Return the model from the first place that gives it, and that place."""
    failures = []
    for fetcher in plan.fetchers:
        try:
            return fetcher.fetch(work), fetcher.source_text
        except SourceFailed as failure:
            failures.append(failure.text)
            told = gettext("Not from %(where)s: %(why)s", where=fetcher.where, why=failure.text)
            work.progress(Step(0, plan.download, fetcher.where, told))
    raise SourceFailed(" ".join(failures))


def _looked_at(record: Record, path: Path, shelf: Shelf) -> Record:
    """Return the record with what the files say; what cannot be served is removed (InvalidInput)."""
    try:
        if record.kind == "adapter":
            base = shelf.get(record.base or "")
            bases.refuse_misfit(record.name, folders.check_adapter(path), base)
            return record
        if path.is_dir():
            return record.model_copy(update={"weights": folders.check_model(path)})
        count = safetensors_header.count(gguf_header.read(path).shapes)
        return record.model_copy(update={"weights": count})
    except InvalidInput:
        shutil.rmtree(shelf.home(record.name), ignore_errors=True)
        raise


def _forget_if_empty(plan: Plan, shelf: Shelf, work: Work) -> None:
    """Leave nothing behind where nothing came."""
    if not room.bytes_of(work.home):
        shutil.rmtree(work.home, ignore_errors=True)
        shelf.records.forget(plan.name)
