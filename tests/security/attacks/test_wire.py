"""The wire: frames, packets and connections that hold everybody up, fill memory, or fill the log."""

from __future__ import annotations

import json
import socket
import time
import zlib
from typing import Any

import pytest
import requests

from echo import limits
from echo.sockets import packets
from echo.sockets.budgets import Bucket
from tests.live.server import PATIENCE, LiveServer, Person, wait_until
from tests.security.attacks import wires
from tests.security.attacks.wires import BINARY, ended_in, frame, upgrade
from tests.waiting import SOON

MEGABYTE = b"x" * 999_000


def test_forty_binary_frames_of_a_megabyte_hold_nobody_up(server: LiveServer) -> None:
    """It took 7.6 seconds, in which nobody was answered."""
    before = wires.processor_seconds(server)
    wire = upgrade(server)
    with wires.slowest_answer(server) as taken:
        try:
            for _ in range(40):
                wire.sendall(frame(MEGABYTE, BINARY))
        except OSError:
            pass  # ended meanwhile, as it should be
        assert ended_in(wire, SOON) is not None
    assert wires.processor_seconds(server) - before < 2.0
    assert len(taken) > 0


@pytest.mark.parametrize("size", [250_000, 500_000, 1_000_000, 3_000_000])
def test_what_is_too_long_is_answered_and_the_connection_goes_on(
    size: int, server: LiveServer, member: Person
) -> None:
    wire = wires.joined(member)
    event = b'427["send_message",{"client_id":"big","text":"' + b"x" * size + b'"}]'
    wire.sendall(frame(event))
    answer = _read_until(wire, b"too_long")
    assert b'437[{"ok": false, "error": {"code": "too_long"' in answer
    wire.sendall(frame(b'421["watch_stats",{}]'))
    assert b'431[{"ok"' in _read_until(wire, b"431[")
    wire.close()


def test_fragments_are_counted_together(server: LiveServer, member: Person) -> None:
    before = wires.memory_mb(server)
    wire = wires.joined(member)
    wire.sendall(frame(b'429["send_message","' + b"x" * 100_000, final=False))
    for _ in range(9):
        wire.sendall(frame(b"x" * 100_000, kind=0, final=False))
    wire.sendall(frame(b'"]', kind=0))
    assert b"too_long" in _read_until(wire, b"too_long")
    wire.sendall(frame(b'429["send_message","', final=False))
    try:
        for _ in range(60):
            wire.sendall(frame(b"x" * 100_000, kind=0, final=False))
    except OSError:
        pass
    assert ended_in(wire, PATIENCE) is not None
    assert wires.memory_mb(server) - before < 30


def test_a_message_that_unpacks_to_much_is_answered_or_ended(
    server: LiveServer, member: Person
) -> None:
    before = wires.memory_mb(server)
    for size in (1_000_000, 100_000_000):
        wire = upgrade(
            server,
            f"Cookie: {member.cookie}",
            "Sec-WebSocket-Extensions: permessage-deflate; client_no_context_takeover; "
            "server_no_context_takeover",
        )
        packer = zlib.compressobj(9, zlib.DEFLATED, -15)
        wire.sendall(frame(b"40"))
        text = b'425["send_message","' + b"x" * size + b'"]'
        packed = (packer.compress(text) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
        wire.sendall(frame(packed, first=0x40))
        if size == 100_000_000:
            assert ended_in(wire, PATIENCE) is not None
        wire.close()
    assert wires.memory_mb(server) - before < 30


def test_who_opens_long_chats_and_reads_nothing_is_cut_off(
    server: LiveServer, member: Person
) -> None:
    """24 such answers took 2.7 GB, and were kept when their connections had ended."""
    chat = _imported(member, count=10)
    before = wires.memory_mb(server)
    for _ in range(3):
        wire, seen = wires.joined(member), _cut_off(server)
        for number in range(12):
            event = ["open_conversation", {"conversation_id": chat}]
            wire.sendall(frame(f"42{number}{json.dumps(event)}".encode()))
        wait_until(lambda seen=seen: _cut_off(server) > seen, "the end", PATIENCE)
        assert ended_in(wire, SOON) is not None
    assert wires.memory_mb(server) - before < 100


def _imported(member: Person, count: int) -> str:
    said = [
        {"id": f"m{n}", "role": ("user", "assistant")[n % 2], "text": "\U0001f600" * 150_000}
        | ({"parent_id": f"m{n - 1}"} if n else {})
        for n in range(count)
    ]
    raw = json.dumps({"conversation": {"title": "Long"}, "messages": said}, ensure_ascii=False)
    chats = member.server.url + "/api/conversations"
    headers = {"X-CSRFToken": member.csrf, "Referer": member.server.url}
    files = {"file": ("chats.json", raw.encode(), "application/json")}
    sent = member.http.post(f"{chats}/import", files=files, headers=headers, timeout=PATIENCE)
    assert sent.json()["created"] == 1, sent.text
    return str(member.http.get(chats, timeout=PATIENCE).json()["data"][0]["id"])


def _cut_off(server: LiveServer) -> int:
    """Return how many were cut off, by the log: a look at the wire would read from it."""
    return server.log.read_text().count("a client stopped reading")


def test_who_does_not_connect_is_closed_in_seconds(server: LiveServer) -> None:
    """Also who says something now and then, and who was refused because nobody is signed in."""
    opened = {said: upgrade(server) for said in (b"", b"2", b"40", b"2probe")}
    for said, wire in opened.items():
        if said:
            wire.sendall(frame(said))
    for said, wire in opened.items():
        assert ended_in(wire, 3 * limits.SOCKET_CONNECT_SECONDS + SOON) is not None, said


def test_polling_that_does_not_connect_is_closed_in_seconds(server: LiveServer) -> None:
    address = server.url + "/socket.io/?EIO=4&transport=polling"
    sid = requests.get(address, timeout=PATIENCE).text.split('"sid":"')[1].split('"')[0]
    deadline = time.monotonic() + 3 * limits.SOCKET_CONNECT_SECONDS + SOON
    while requests.post(f"{address}&sid={sid}", data="3", timeout=PATIENCE).status_code == 200:
        assert time.monotonic() < deadline
        time.sleep(1)


def test_visitors_begin_few_polling_connections_and_members_any(
    own_server: LiveServer,
) -> None:
    """Each held memory for ten seconds, and one address could begin thousands."""
    own_server.start()
    address = own_server.url + "/socket.io/?EIO=4&transport=polling"
    many = 3 * limits.SOCKET_VISITORS_BURST
    found = [requests.get(address, timeout=PATIENCE) for _ in range(many)]
    taken = sum(answer.status_code == 200 for answer in found)
    refused = [answer for answer in found if answer.status_code == 429]
    assert taken + len(refused) == many
    assert limits.SOCKET_VISITORS_BURST <= taken < many - 10
    assert refused[0].json()["status"] == "error"
    assert int(refused[0].headers["Retry-After"]) > 0
    forged = {"Cookie": "echo_session=eyJkZXZpY2UiOiJ4In0.aaaa.bbbb"}
    assert requests.get(address, headers=forged, timeout=PATIENCE).status_code == 429
    by_default = own_server.url + "/socket.io/?EIO=4"  # engineio takes it for polling
    assert requests.get(by_default, timeout=PATIENCE).status_code == 429
    ada = own_server.member("ada")
    for _ in range(many):
        assert ada.http.get(address, timeout=PATIENCE).status_code == 200
    assert len(own_server.log.read_text()) < 5000
    wires.upgrade(
        own_server
    )  # a visitor's WebSocket is a wire of its own, and ends by its own bound


def test_who_connects_stays(server: LiveServer, member: Person) -> None:
    tab = member.tab()
    assert not tab.gone.wait(limits.SOCKET_CONNECT_SECONDS + 2)
    assert tab.send("brief")["ok"]
    tab.close()


@pytest.mark.parametrize("version", ["0", "7", "12", "abc"])
def test_old_protocols_are_not_spoken(version: str, server: LiveServer) -> None:
    with pytest.raises(AssertionError, match="426"):
        upgrade(server, version=version)


def test_the_first_protocols_are_not_spoken(server: LiveServer) -> None:
    """Their frames say no length, so nothing could be refused."""
    headers = {"Upgrade": "websocket", "Connection": "Upgrade", "Origin": server.url}
    answer = requests.get(
        server.url + "/socket.io/?EIO=4&transport=websocket", headers=headers, timeout=PATIENCE
    )
    assert answer.status_code == 400


def test_numbers_of_extensions_that_are_none(server: LiveServer) -> None:
    with pytest.raises(AssertionError, match="400"):
        upgrade(server, "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=abc")


# ── packets ─────────────────────────────────────────────────────────────────────────────────

NONSENSE: list[Any] = [
    b"binary", b"", "", "9x", "xx", "\0", "0", "6", "4", "44", "45", "461-[]", "4x", '4"a"', "42", "42{}",
    '451-["a",{"_placeholder":true,"num":0}]', '459999999999-["send_message",{"_placeholder":true,"num":0}]',
    "42[]", "42[1]", "42[[]]", "42[null]", '42["connect"]', '42["disconnect"]', '42["connect",{}]', "42[",
    "43[]", "431{}", "40[]", '40"a"', "40/a,[", "bAAAA", "b", "2" * 50, "2probes", "3" + "x" * 50, "5x", "1x",
    "42" + "9" * 200 + '["a"]', "42" + "[" * 100_000, '42["a",' + "9" * 5000 + "]", '421-["a"]',
    "\u06642[]", "\uff142[]", "4{}",
]  # fmt: skip
SENSE = [
    "40", '40{"token":"x"}', "41", '42["send_message","Hi"]', '427["send_message",{"text":"Hi"}]', "431[]",
    "2", "2probe", "3", "3probe", "5", "1", '42["a",NaN]', '42/,["a"]', "40/other,",
    '421["a",{"_placeholder":1}]',
]  # fmt: skip


@pytest.mark.parametrize("packet", NONSENSE, ids=lambda packet: repr(packet)[:30])
def test_nonsense_is_malformed(packet: Any) -> None:
    with pytest.raises(packets.Malformed):
        packets.check(packet)


@pytest.mark.parametrize("packet", SENSE)
def test_what_clients_say_is_well_formed(packet: str) -> None:
    packets.check(packet)


def test_attachments_are_refused_and_take_no_memory(server: LiveServer, member: Person) -> None:
    wire = wires.joined(member)
    before = wires.memory_mb(server)
    wire.sendall(frame(b'459999999999-["send_message",{"_placeholder":true,"num":0}]'))
    try:
        for _ in range(200):
            wire.sendall(frame(MEGABYTE, BINARY))
    except OSError:
        pass
    assert ended_in(wire, SOON) is not None
    assert wires.memory_mb(server) - before < 30


def test_nonsense_ends_the_connection_and_writes_one_short_line(server: LiveServer) -> None:
    """Two bytes wrote 1,819 bytes with a traceback, twice; 2,000 of them wrote 3.6 MB."""
    before = server.log.stat().st_size
    for packet in (b"9x", b"xx", b'42["a"', b"45", b"\xff\xfe", b"") * 20:
        wire = upgrade(server)
        wire.sendall(frame(packet) + frame(b"9x") * 20)
        assert ended_in(wire, PATIENCE) is not None
    written = server.log.read_bytes()[before:]
    assert b"Traceback" not in written
    assert len(written) < 4000, written.decode()


def test_nonsense_by_polling_ends_the_connection_too(server: LiveServer) -> None:
    address = server.url + "/socket.io/?EIO=4&transport=polling"
    before = server.log.stat().st_size
    for body in (b"9x", b"", b"xx", b"42[", b"\xff", b"d=40", b"451-[]", b"40\x1e\x1e40", b"bAAAA"):
        sid = requests.get(address, timeout=PATIENCE).text.split('"sid":"')[1].split('"')[0]
        answer = requests.post(f"{address}&sid={sid}", data=body, timeout=PATIENCE)
        assert (answer.status_code, answer.json()["status"]) == (400, "error"), body
        again = requests.post(f"{address}&sid={sid}", data=b"3", timeout=PATIENCE)
        assert again.status_code == 400
    assert b"Traceback" not in server.log.read_bytes()[before:]


@pytest.mark.parametrize(
    ("headers", "status"),
    [({"Content-Length": "9999999999"}, 413), ({"Content-Length": "-1"}, 411), ({"Content-Length": "x"}, 411),
     ({"Transfer-Encoding": "chunked"}, 411)],
)  # fmt: skip
def test_posts_whose_length_is_wrong(
    headers: dict[str, str], status: int, server: LiveServer
) -> None:
    lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with socket.create_connection(("127.0.0.1", server.port), timeout=PATIENCE) as wire:
        wire.sendall(
            f"POST /socket.io/?EIO=4&transport=polling&sid=x HTTP/1.1\r\nHost: a\r\n{lines}\r\n".encode()
        )
        assert wire.recv(4096).split()[1] in (str(status).encode(), b"400")


@pytest.mark.parametrize("size", [250_000, 1_000_000, 3_000_000])
def test_a_long_post_is_answered_as_well(size: int, server: LiveServer, member: Person) -> None:
    address = server.url + "/socket.io/?EIO=4&transport=polling"
    http = requests.Session()
    http.cookies.update(member.http.cookies)
    sid = http.get(address, timeout=PATIENCE).text.split('"sid":"')[1].split('"')[0]
    mine = f"{address}&sid={sid}"
    assert http.post(mine, data="40", timeout=PATIENCE).status_code == 200
    assert http.get(mine, timeout=PATIENCE).text.startswith("40")
    event = '4212["send_message",{"client_id":"big","text":"' + "x" * size + '"}]'
    assert http.post(mine, data=event, timeout=PATIENCE).status_code == 200
    heard = ""
    while "4312[" not in heard:
        answer = http.get(mine, timeout=PATIENCE)
        assert answer.status_code == 200
        heard += answer.text
    assert "too_long" in heard


def test_jsonp_is_not_spoken(server: LiveServer) -> None:
    address = server.url + "/socket.io/?EIO=4&transport=polling&j=0"
    assert requests.get(address, timeout=PATIENCE).status_code == 400


# ── budgets ─────────────────────────────────────────────────────────────────────────────────


def test_a_bucket_pays_its_burst_at_once_and_the_rest_over_time() -> None:
    bucket = Bucket(rate=100, burst=1000)
    assert bucket.take(1000) == 0
    assert bucket.take(100) == pytest.approx(1, abs=0.1)
    assert bucket.take(100) == pytest.approx(2, abs=0.1)


def test_a_flood_of_small_frames_is_read_slowly_and_holds_nobody_up(
    server: LiveServer, member: Person
) -> None:
    wire = wires.joined(member)
    wire.setblocking(False)
    before = wires.processor_seconds(server)
    flood = frame(b"3") * 10_000
    began, sent = time.monotonic(), 0
    while time.monotonic() - began < 3:
        try:
            sent += wire.send(flood)
        except BlockingIOError:
            time.sleep(0.01)
    assert wires.processor_seconds(server) - before < 2.0
    tab = member.tab()
    assert tab.send("brief")["ok"]
    tab.close()
    wire.close()


def _read_until(wire: socket.socket, mark: bytes) -> bytes:
    heard = b""
    while mark not in heard:
        piece = wire.recv(65_536)
        assert piece, heard[-200:]
        heard += piece
    return heard
