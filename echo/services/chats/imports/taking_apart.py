"""Takes a file apart: `python -m echo.services.chats.imports.taking_apart FILE`, in a process with limits.

Writes a line of JSON for each chat, `{"chat": …}` or `{"skipped": …}`; where the file as a whole is none that
Echo knows, `{"refused": …}` alone. It has no database and trusts nothing that it reads.
"""

from __future__ import annotations

import hashlib
import json
import resource
import sys
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path, PurePosixPath
from typing import Any, Final

from echo.languages import gettext, number
from echo.limits import (
    IMPORT_CHATS,
    IMPORT_KEY_CHARS,
    IMPORT_MESSAGES,
    IMPORT_UNPACKED_BYTES,
    TITLE_CHARS,
)
from echo.services.chats.imports import chatgpt, open_webui, own, reasons
from echo.services.chats.imports.found import (
    Chat,
    NotAnExport,
    Skipped,
    Unusable,
    dict_of,
    title_of,
)

FORMATS: Final = (own, chatgpt, open_webui)
MEMORY: Final = 2 << 30  # bytes of address space
SECONDS: Final = 40  # of computing
OUTPUT_BYTES: Final = 2 * IMPORT_UNPACKED_BYTES
ENTRIES: Final = 50_000  # of a ZIP
ITEMS: Final = 5 * IMPORT_CHATS  # that are looked at
SKIPPED_TOLD: Final = 1_000
DAMAGED: Final = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
)
"""Broken, packed in a way that nobody knows, or locked with a password."""
UNREADABLE: Final = object()


def main(path: str) -> None:
    """Write what is in the file to standard output."""
    for kind, most in (
        (resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CPU, SECONDS), (resource.RLIMIT_FSIZE, OUTPUT_BYTES),
        (resource.RLIMIT_CORE, 0),
    ):  # fmt: skip
        resource.setrlimit(kind, (most, most))
    try:
        for found in take_apart(Path(path)):
            name = "chat" if isinstance(found, Chat) else "skipped"
            print(json.dumps({name: asdict(found)}))
    except NotAnExport as refusal:
        print(json.dumps({"refused": str(refusal)}))
    except (MemoryError, RecursionError):
        print(json.dumps({"refused": reasons.TOO_DEEP}))


def take_apart(path: Path) -> Iterator[Chat | Skipped]:
    """Yield each chat of a file, or why it is left out.

    Raises:
        NotAnExport: the file is none that Echo knows; nothing was yielded then.
    """
    chats = messages = skipped = 0
    for item in _items(path):
        found = _one(item, chats + skipped + 1)
        if isinstance(found, Chat) and (
            chats >= IMPORT_CHATS or messages + len(found.lines) > IMPORT_MESSAGES
        ):
            found = Skipped(found.title, _no_more())
        if isinstance(found, Chat):
            chats += 1
            messages += len(found.lines)
        else:
            skipped += 1
        if skipped <= SKIPPED_TOLD or isinstance(found, Chat):
            yield found
    if skipped > SKIPPED_TOLD:
        yield Skipped(
            gettext(reasons.MORE, count=number(skipped - SKIPPED_TOLD)), reasons.LIKE_ABOVE
        )


def _no_more() -> str:
    most = {"chats": number(IMPORT_CHATS), "messages": number(IMPORT_MESSAGES)}
    return gettext(reasons.NO_MORE, **most)


def _one(item: Any, at: int) -> Chat | Skipped:
    if isinstance(item, Skipped):
        return item
    told = dict_of(item)
    inner = dict_of(told.get("conversation")) or told
    title = title_of(inner.get("title")) or gettext(reasons.UNNAMED, number=at)
    for form in FORMATS:
        if form.is_one(told):
            try:
                chat: Chat = form.chat(told)
            except Unusable as refusal:
                return Skipped(title, str(refusal))
            chat.key = f"{form.__name__.rpartition('.')[2]}:{chat.key or _hash(chat)}"[
                :IMPORT_KEY_CHARS
            ]
            return chat
    return Skipped(title, reasons.NO_FORM)


def _hash(chat: Chat) -> str:
    said = json.dumps([chat.title, [(line.role, line.text) for line in chat.lines]])
    return hashlib.sha256(said.encode()).hexdigest()[:40]


# ── the file ────────────────────────────────────────────────────────────────────────────────


def _items(path: Path) -> list[Any]:
    """Return what may be a chat each; raises NotAnExport where nothing is."""
    items: list[Any] = []
    for name, raw in _documents(path):
        document = _parsed(raw) if raw is not None else UNREADABLE
        if document is UNREADABLE and name:  # the others of a ZIP may be good
            items.append(Skipped(name[:TITLE_CHARS], reasons.NO_JSON))
        if isinstance(document, list):
            items += document
        elif isinstance(document, dict):
            listed = next((document[n] for n in ("chats", "conversations") if n in document), None)
            items += listed if isinstance(listed, list) else [document]
    if len(items) > ITEMS:
        raise NotAnExport(gettext(reasons.MANY_CHATS, most=number(ITEMS)))
    if not any(form.is_one(dict_of(item)) for item in items for form in FORMATS):
        raise NotAnExport(reasons.NO_EXPORT)
    return items


def _parsed(raw: bytes) -> Any:
    try:
        return json.loads(raw.decode("utf-8-sig"))
    except (ValueError, RecursionError):  # no JSON, no UTF-8, endless numbers, too deep
        return UNREADABLE


def _documents(path: Path) -> Iterator[tuple[str, bytes | None]]:
    """Yield what may hold chats, with its name in a ZIP; None where it cannot be unpacked."""
    if not zipfile.is_zipfile(path):
        if path.stat().st_size > IMPORT_UNPACKED_BYTES:
            raise NotAnExport(_too_large())
        yield "", path.read_bytes()
        return
    try:
        with zipfile.ZipFile(path) as packed:
            yield from _packed(packed)
    except (zipfile.BadZipFile, ValueError, OSError) as failure:
        raise NotAnExport(reasons.NO_ZIP) from failure


def _packed(packed: zipfile.ZipFile) -> Iterator[tuple[str, bytes | None]]:
    """Yield the entries that may hold chats, never more than so many bytes, whatever their headers say."""
    entries = packed.infolist()
    if len(entries) > ENTRIES:
        raise NotAnExport(gettext(reasons.MANY_FILES, most=number(ENTRIES)))
    left = IMPORT_UNPACKED_BYTES
    for entry in entries:
        if not _may_hold_chats(entry.filename):
            continue
        raw = _unpacked(packed, entry, left + 1)
        left -= len(raw or b"")
        if left < 0:
            raise NotAnExport(_too_large())
        yield entry.filename, raw


def _too_large() -> str:
    return gettext(reasons.TOO_LARGE, most=IMPORT_UNPACKED_BYTES // 1_000_000)


def _unpacked(packed: zipfile.ZipFile, entry: zipfile.ZipInfo, most: int) -> bytes | None:
    try:
        with packed.open(entry) as file:
            return file.read(most)
    except DAMAGED:
        return None


def _may_hold_chats(name: str) -> bool:
    """ChatGPT: conversations.json, conversations-000.json; Open WebUI: chat-export-….json; Echo: a folder."""
    place = PurePosixPath(name.lower())
    if place.suffix != ".json":
        return False
    return (
        place.name.startswith(("conversations", "chat-export"))
        or place.parent.name == "conversations"
    )


if __name__ == "__main__":
    main(sys.argv[1])
