"""Making text storable, and refusing messages that are none. Knows nothing of where it came from."""

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import Any, Final, Literal

from echo.errors import InvalidInput, TooLong
from echo.limits import EMOJI_CHARS, MESSAGE_CHARS

LONE_SURROGATE_OR_NUL: Final = re.compile("[\ud800-\udfff\0]")


BLANK: Final = re.compile(
    "[\\s\\x00-\\x1f\\x7f-\\x9f\\u00ad\\u034f\\u061c\\u115f\\u1160\\u17b4\\u17b5\\u180b-\\u180f\\u200b-\\u200f"
    "\\u2028-\\u202e\\u205f-\\u206f\\u2800\\u3164\\ufe00-\\ufe0f\\ufeff\\uffa0\\ufff0-\\ufffb"
    "\\U0001bca0-\\U0001bca3\\U0001d159\\U0001d173-\\U0001d17a\\U000e0000-\\U000e0fff]*"
)
"""What shows nothing: white space, controls, Default_Ignorable_Code_Point of Unicode, and empty signs."""
UNSEEN: Final = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]"
)
"""What names of files do without: controls, and what changes the direction of lines."""
JOINER: Final = "\u200d"
KEY: Final = re.compile("[0-9#*]\ufe0f?\u20e3")
PICTURE: Final = re.compile(
    "(.)\ufe0f?[\U0001f3fb-\U0001f3ff]?([\U000e0020-\U000e007e]+\U000e007f)?", re.DOTALL
)
"""A sign, that it is to be drawn in colours, a tone of skin, and the tags of a region's flag."""
OTHER_PICTURES: Final = "‼⁉ℹ↔⤴⤵◽◾〰"  # that are no symbols by their category
VIRAMA: Final = 9  # the combining class of signs that join two letters, as in Hindi
JOINED_AT_MOST: Final = 64  # characters that are read as one; the longest emoji have eleven
FLAGS_IN_A_ROW: Final = 64  # halves; longer rows may be cut inside of a flag
MARKS_TOGETHER: Final = 30  # on one letter; Unicode Standard Annex 15, "Stream-Safe Text Format"
PIECE: Final = 256  # characters that are composed at once


def untagged(text: str, *names: str) -> str:
    """Return a text in which nothing passes for one of these tags, however its sign is written."""
    return _tags(names).sub(r"< \1\2", text)


@lru_cache
def _tags(names: tuple[str, ...]) -> re.Pattern[str]:
    either = "|".join(
        names
    )  # no white space is looked at twice: else a "<" before much of it takes minutes
    return re.compile(rf"[<＜﹤]\s*+(?:(/)\s*+)?({either})\b", re.IGNORECASE)


def one_newline(value: Any) -> Any:
    """Return a text whose lines end as people count them: browsers and Windows send two characters."""
    if not isinstance(value, str) or "\r" not in value:
        return value
    return value.replace("\r\n", "\n").replace("\r", "\n")


def composed(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """Return the text in a normal form, in time that grows with its length alone.

    The library sorts the marks on each letter by comparing each with each: thousands on one letter would
    take minutes. Where a piece ends within more than `MARKS_TOGETHER` the rest is composed apart; no
    language has so many.
    """
    if text.isascii():
        return text
    return "".join(unicodedata.normalize(form, piece) for piece in _pieces(text))


def folded(text: str) -> str:
    """Return the form in which texts are searched: without case, letters and their marks composed.

    Source: Unicode, section 3.13, "Default Caseless Matching", its canonical form.
    """
    return composed(composed(text).casefold())


def _pieces(text: str) -> Iterator[str]:
    start = 0
    while start < len(text):
        end = min(start + PIECE, len(text))
        near = range(end, max(end - MARKS_TOGETHER, start), -1)
        end = next((at for at in near if at == len(text) or not combines(text[at])), end)
        yield text[start:end]
        start = end


def combines(char: str) -> bool:
    """Tell whether a character may become one with that before it: a mark, a part of a Korean syllable."""
    return unicodedata.category(char)[0] == "M" or "\u1160" <= char <= "\u11ff"


def is_blank(text: str) -> bool:
    """Tell whether nothing of a text can be seen."""
    return BLANK.fullmatch(text) is not None


def boundary(text: str, at: int) -> int:
    """Return the last place up to `at` where a text can be cut: not inside of what is read as one sign.

    That are letters with marks, and emoji joined or coloured or in pairs.
    Source: Unicode Standard Annex 29.
    """
    for place in range(at, max(at - JOINED_AT_MOST, 0), -1):
        if place >= len(text) or not _joins(text, place):
            return place
    return 0 if at < JOINED_AT_MOST else at


def _joins(text: str, place: int) -> bool:
    """Tell whether the character at this place belongs to the one before it."""
    before, char = text[place - 1], text[place]
    if before == JOINER or unicodedata.combining(before) == VIRAMA or _extends(char):
        return True
    return _is_half_flag(char) and _half_flags_before(text, place) % 2 == 1


def _extends(char: str) -> bool:
    return (
        combines(char)
        or char in (JOINER, "\u200c")
        or "\U0001f3fb" <= char <= "\U0001f3ff"  # tones of skin
        or "\U000e0020" <= char <= "\U000e007f"  # tags: the flags of regions
    )


def _is_half_flag(char: str) -> bool:
    return "\U0001f1e6" <= char <= "\U0001f1ff"


def _half_flags_before(text: str, place: int) -> int:
    """Count them, of a longer row an even number: to walk back through thousands each time takes seconds."""
    count = 0
    while count < min(place, FLAGS_IN_A_ROW) and _is_half_flag(text[place - 1 - count]):
        count += 1
    return count


def is_emoji(text: str) -> bool:
    """Tell whether a text is one picture sign, however it is joined or coloured.

    As the sequences of Unicode Technical Standard 51 are built.
    """
    if not 0 < len(text) <= EMOJI_CHARS:
        return False
    if _is_half_flag(text[0]):
        return len(text) == 2 and _is_half_flag(text[1])
    return bool(KEY.fullmatch(text)) or all(map(_is_picture, text.split(JOINER)))


def _is_picture(text: str) -> bool:
    """Tell whether a text is one sign of those that may be joined."""
    if not (found := PICTURE.fullmatch(text)):
        return False
    sign = found[1]
    is_new = "\U0001f000" <= sign <= "\U0001faff"  # Python may know fewer of them than browsers
    is_symbol = unicodedata.category(sign) == "So" and not "\ufff0" <= sign <= "\uffff"
    return (is_new and not _is_half_flag(sign)) or is_symbol or sign in OTHER_PICTURES


def storable(text: str) -> str:
    """Replace what UTF-8 or the databases cannot hold (lone surrogates, NUL) by U+FFFD."""
    return LONE_SURROGATE_OR_NUL.sub("\ufffd", text)


def message(text: str, field: str) -> str:
    """Return what a person says as it can be stored.

    Raises:
        TooLong: it has more than MESSAGE_CHARS characters.
        InvalidInput: nothing of it can be seen.
    """
    from echo.languages import gettext, number  # not for `parsing`, whose processes know no Flask

    text = one_newline(text)
    if len(text) > MESSAGE_CHARS:
        raise TooLong(
            gettext(
                "A message has at most %(most)s characters; this one has %(count)s.",
                most=number(MESSAGE_CHARS),
                count=number(len(text)),
            ),
            field=field,
        )
    if is_blank(text):
        raise InvalidInput(gettext("Write something first."), field=field)
    return storable(text)
