"""What a client may say on the wire at all: text packets of few kinds. Knows no events and no rights.

No event takes binary, so nothing binary is read: an attachment that is announced would be waited for.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any, Final

import socketio

from echo.errors import TooLong
from echo.languages import gettext, number
from echo.limits import MESSAGE_CHARS, SOCKET_PACKETS

CLOSE, PING, PONG, MESSAGE, UPGRADE = "12345"
CONNECT, DISCONNECT, EVENT, ACK = "0123"
SHORT: Final = {CLOSE: ("",), PING: ("", "probe"), PONG: None, UPGRADE: ("",)}
PONG_CHARS: Final = 20
RESERVED: Final = ("connect", "disconnect")  # they are made by the server, from connections
ASKED: Final = re.compile(r"(?:^|\x1e)42([0-9]{1,18})\[")


class Malformed(Exception):
    """A packet that no client of Echo's sends; the text says in few words what is wrong."""


def check_all(found: Sequence[str]) -> None:
    """Do `check` for one polling request's packets; raise Malformed for more than are ever sent at once."""
    if len(found) > SOCKET_PACKETS:
        raise Malformed("too many packets")
    for packet in found:
        check(packet)


def check(packet: Any) -> None:
    """Raise Malformed for what is no well-formed packet of a kind that clients send."""
    if not isinstance(packet, str):
        raise Malformed("binary data")
    kind, rest = packet[:1], packet[1:]
    if kind == MESSAGE:
        _check_message(rest)
    elif kind == PONG:
        if len(rest) > PONG_CHARS:
            raise Malformed("a long pong")
    elif kind not in SHORT or rest not in (SHORT[kind] or ()):
        raise Malformed("no packet of Engine.IO's")


def _check_message(text: str) -> None:
    kind = text[:1]
    if kind not in (CONNECT, DISCONNECT, EVENT, ACK):
        raise Malformed("a kind of packet that is not taken")
    try:
        found = socketio.packet.Packet(encoded_packet=text)
    except (ValueError, RecursionError) as failure:
        raise Malformed("no JSON") from failure
    if found.attachment_count:
        raise Malformed("attachments")
    if kind == EVENT and not _is_event(found.data):
        raise Malformed("no event")
    if kind == ACK and not (isinstance(found.data, list) and found.id is not None):
        raise Malformed("no acknowledgement")
    if kind == CONNECT and not isinstance(found.data, dict | None):
        raise Malformed("no connect")


def _is_event(data: Any) -> bool:
    return (
        isinstance(data, list)
        and len(data) > 0
        and isinstance(data[0], str)
        and data[0] not in RESERVED
    )


def answers_to_overlong(text: str) -> list[str]:
    """Return an acknowledgement for each event, of which `text` holds the beginning, that was too long.

    Raises:
        Malformed: there is none that could be acknowledged.
    """
    refusal = TooLong(
        gettext(
            "This is too long; a message has at most %(most)s characters.",
            most=number(MESSAGE_CHARS),
        )
    )
    answer = json.dumps([{"ok": False, "error": refusal.as_payload()}])
    if not (numbers := ASKED.findall(text)):
        raise Malformed("too long")
    return [f"{ACK}{number}{answer}" for number in numbers]
