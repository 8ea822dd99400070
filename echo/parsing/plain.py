"""Text, Markdown, code and tables of text, whatever they are encoded in. Knows no other format."""

from __future__ import annotations

import codecs
import csv
import io
from collections.abc import Iterator
from typing import Final

from echo.parsing.pages import Limits, Page, Refused

BOMS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LOOKED_AT: Final = 4_000
CONTROLS: Final = frozenset(range(32)) - frozenset(b"\t\n\r\f\x1b")
CONTROLS_AT_MOST: Final = 0.02  # of a text, as programs leave them in logs
SNIFFED: Final = 8_000
CSV_FIELD_CHARS: Final = 100_000


def is_text(raw: bytes) -> bool:
    """Tell whether bytes can be a text: with a byte order mark, or hardly any control characters."""
    if any(raw.startswith(bom) for bom, _ in BOMS):
        return True
    looked = raw[:LOOKED_AT]
    odd = sum(byte in CONTROLS for byte in looked)
    return b"\0" not in raw and odd <= CONTROLS_AT_MOST * len(looked)


def decoded(raw: bytes) -> str:
    """Return bytes as text: by their mark, as UTF-8, else as Windows writes western languages."""
    for bom, encoding in BOMS:
        if raw.startswith(bom):
            return _clean(raw.decode(encoding, "replace"))
    try:
        return _clean(raw.decode("utf-8"))
    except UnicodeDecodeError:
        return _clean(raw.decode("cp1252", "replace"))


def _clean(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n").replace("\0", "\ufffd")


def read(raw: bytes, limits: Limits) -> Iterator[Page]:
    """Yield a text as it stands; in code and logs `#` begins no heading."""
    text = decoded(raw)
    limits.refuse_chars(len(text))
    yield Page(None, text, has_headings=False)


def read_markdown(raw: bytes, limits: Limits) -> Iterator[Page]:
    """Yield a Markdown text as it stands: its headings are already what passages look for."""
    text = decoded(raw)
    limits.refuse_chars(len(text))
    yield Page(None, text)


def read_csv(raw: bytes, limits: Limits) -> Iterator[Page]:
    """Yield a table, each row a line that names its columns: a passage then says what its numbers are."""
    text = decoded(raw)
    limits.refuse_chars(len(text))
    csv.field_size_limit(CSV_FIELD_CHARS)
    lines: list[str] = []
    chars = 0
    try:
        rows = csv.reader(io.StringIO(text), _dialect(text[:SNIFFED]))
        names = [name.strip() for name in next(rows, [])]
        for row in rows:
            lines.append(_named(names, row))
            chars += len(lines[-1]) + 1
            limits.refuse_chars(chars)
    except csv.Error as failure:
        raise Refused(f"This table cannot be read: {failure}.") from failure
    yield Page(None, "\n".join(lines) if lines else ", ".join(names), has_headings=False)


def _dialect(sample: str) -> type[csv.Dialect] | csv.Dialect:
    try:
        return csv.Sniffer().sniff(sample, ",;\t|")
    except csv.Error:
        return csv.excel


def _named(names: list[str], row: list[str]) -> str:
    cells = [
        f"{names[at]}: {value.strip()}" if at < len(names) and names[at] else value.strip()
        for at, value in enumerate(row)
        if value.strip()
    ]
    return "; ".join(cells)
