"""What a model said when it was asked for a title: cleaned, or refused. Knows no model and no rows.

It is untrusted text like any other: one line of plain words is left of it, or nothing.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from echo.services.chats.titles import AIM, plain
from echo.text import composed, is_blank, storable

ASK: Final = (
    "Write a title of three to six words for this question, in the language of the question. "
    "Answer with the title alone.\n\nQuestion: {question}\nTitle:"
)
"""Small models keep to the topic and its language where the question stands beside the wish."""
WORDS_MOST: Final = 9
LOOKED_AT: Final = 300
KEPT_FORMATS: Final = "\u200c\u200d"  # without them Persian, Hindi and emoji read otherwise
QUOTES: Final = "\"'`“”„‟«»‹›‘’‚「」『』《》＂"
LABEL: Final = re.compile(
    r"(?:(?:chat|conversation|short)\s+)?"
    r"(?:title|topic|titel|thema|titre|sujet|título|titulo|titolo|标题|標題|タイトル|제목|शीर्षक|عنوان|العنوان|заголовок)"
    r"(?:\s+of\s+(?:the|this)\s+chat)?\s*[:：]\s*",
    re.IGNORECASE,
)
CHATTER: Final = re.compile(
    r"(?:sure|certainly|of course|okay|ok|here\b|a (?:short|good) title)[^:：]{0,60}[:：]\s*",
    re.IGNORECASE,
)
TRAILING: Final = " .。…,，;；:：-–—|"


def asking(question: str) -> str:
    """Return what a model is asked after its answer to a question."""
    return ASK.format(question=" ".join(question[:LOOKED_AT].split()))


def cleaned(said: str, question: str) -> str | None:
    """Return the title in what a model said; None where it says no more than the question."""
    line = next((line for line in _visible(said).splitlines() if line.strip()), "")
    title = _bare(line)
    if is_blank(title) or not any(char.isalnum() for char in title):
        return None
    if len(title) > AIM or len(title.split()) > WORDS_MOST or title.startswith("<"):
        return None
    return None if _is_echo(title, question) else title


def _visible(said: str) -> str:
    """Return it without what shows nothing or turns other text around."""
    text = composed(storable(said[:LOOKED_AT]))
    return "".join(
        char
        for char in text
        if char in KEPT_FORMATS or char.isspace() or unicodedata.category(char)[0] != "C"
    )


def _bare(line: str) -> str:
    """Take off Markdown, labels and quotation marks, whichever stands outside, until none is left."""
    title = " ".join(line.split())
    while (barer := _barer(title)) != title:
        title = barer
    return title


def _barer(title: str) -> str:
    title = LABEL.sub("", CHATTER.sub("", plain(title), count=1), count=1) if title else title
    if len(title) > 1 and title[0] in QUOTES and title[-1] in QUOTES:
        inside = title[1:-1]
        if title[0] not in inside and title[-1] not in inside:  # “Hamlet” and “Macbeth” are two
            title = inside
    elif title and sum(char in QUOTES for char in title) == 1:  # the other one was cut off
        title = title.strip(QUOTES)
    return title.strip().rstrip(TRAILING)


def _is_echo(title: str, question: str) -> bool:
    """Tell whether a title is the question over again, or begins with all of it."""
    return _words(title).startswith(words) if (words := _words(question)) else False


def _words(text: str) -> str:
    return "".join(char for char in composed(text[:LOOKED_AT]).casefold() if char.isalnum())
