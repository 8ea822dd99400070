"""Making text storable. Knows nothing of where it came from."""

import re
from typing import Final

LONE_SURROGATE_OR_NUL: Final = re.compile("[\ud800-\udfff\0]")
RUN_BY_SPREADSHEETS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def storable(text: str) -> str:
    """Replace what UTF-8 or the databases cannot hold (lone surrogates, NUL) by U+FFFD."""
    return LONE_SURROGATE_OR_NUL.sub("\ufffd", text)


def harmless_cell(value: str) -> str:
    """Return a text that no spreadsheet runs as a formula: one that would be run gets an apostrophe.

    Source: OWASP, "CSV Injection".
    """
    return f"'{value}" if value.startswith(RUN_BY_SPREADSHEETS) else value
