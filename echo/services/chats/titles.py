"""The title that a conversation gets from its first message. Knows no rows.

Markdown is taken off where it is certain to be Markdown: what looks like code keeps every character.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import islice
from typing import Final

from echo.languages import gettext, mark
from echo.text import boundary, is_blank

AIM: Final = 60
LOOKED_AT: Final = 500  # characters of a line: more than any title shows
LINES: Final = 100
UNTITLED: Final = mark("New chat")

FENCE: Final = re.compile(r"\s{0,3}(`{3,}(?=[^`]*$)|~{3,})")
NO_WORDS: Final = re.compile(r"#!|#.{0,9}coding[:=]")  # how programs begin that say nothing yet
RULE: Final = re.compile(r"\s*(?:[-*_=]\s*){3,}")
LEADING: Final = re.compile(r"^(?:[\s>]|#{1,6}(?=\s|$)|[-*+](?=\s|$)|\[[ xX]\](?=\s))*")
CODE: Final = re.compile(r"(?<!`)(`++)(.+?)(?<!`)\1(?!`)")
"""Between whole rows of as many: parts of rows would be tried in the cube of their length."""
HELD: Final = "\0"  # stands for a code span meanwhile; no stored text has it
LINK: Final = re.compile(r"!?\[([^\[\]]*)\]\([^()]*\)")
MARKS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        r"(?<![\d*])\*{2,3}(?=[^\s*])(.+?)(?<=[^\s*])\*{2,3}(?![\d*])",
        r"(?<![A-Za-z0-9_*])\*(?=[^\s*])(.+?)(?<=[^\s*])\*(?![A-Za-z0-9_*])",
        r"~~(?=[^\s~])(.+?)(?<=[^\s~])~~",
        r"(?<!\w)__(?=\S)([^_]*\s[^_]*)(?<=\S)__(?!\w)",  # several words: `__init__` is a name
        r"(?<!\w)_(?=[^\s_])(.+?)(?<=[^\s_])_(?!\w)",
    )
)


def automatic_title(text: str) -> str:
    """Return the first line that says something, without Markdown, cut at a word."""
    line = " ".join(_first_line(text).split())
    if is_blank(line):
        return gettext(UNTITLED)
    if len(line) <= AIM:
        return line
    head = line[: boundary(line, AIM) or AIM]
    words = head.rpartition(" ")[0]
    return (words if 2 * len(words) > AIM else head).rstrip(" ,.;:") + "…"


def _first_line(text: str) -> str:
    """Return the first line with a letter, a digit or a picture; in a block of code as it stands."""
    fence, other = "", ""
    lines = (line[:LOOKED_AT] for line in text.splitlines() if line.strip())
    for line in islice(lines, LINES):
        opening = FENCE.match(line)
        if opening and (not fence or opening[1].startswith(fence)):
            fence = "" if fence else opening[1]
            continue
        found = line.strip() if fence else plain(line)
        if _says_something(found) and not (fence and NO_WORDS.match(found)):
            return found
        other = other or found
    return other


def _says_something(line: str) -> bool:
    return any(char.isalnum() or unicodedata.category(char) == "So" for char in line)


def plain(line: str) -> str:
    """Return a line without its Markdown; empty for a rule."""
    if RULE.fullmatch(line):
        return ""
    held = [span[2].strip() for span in CODE.finditer(line)]
    line = LINK.sub(r"\1", LEADING.sub("", CODE.sub(HELD, line), count=1))
    for sign in MARKS:
        line = sign.sub(r"\1", line)
    for code in held:
        line = line.replace(HELD, code, 1)
    return line.strip(" `")
