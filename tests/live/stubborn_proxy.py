"""A proxy that passes HTTP on and no WebSocket: it refuses them, or swallows them without an answer."""

from __future__ import annotations

import contextlib
import socket
import threading

REFUSAL = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


class StubbornProxy:
    """Listens on a port of its own; each connection serves one request, so that all are looked at."""

    def __init__(self, port: int, swallows: bool = False) -> None:
        self._to = port
        self._swallows = swallows
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.refused = 0
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        for wire in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                wire.shutdown(socket.SHUT_RDWR)
            wire.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                self._open.append(client)
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                if not (more := client.recv(65536)):
                    client.close()
                    return
                head += more
            if b"upgrade: websocket" in head.lower():
                self.refused += 1
                if not self._swallows:
                    client.sendall(REFUSAL)
                    client.close()
                return
            self._pass_on(client, _for_one_request(head))

    def _pass_on(self, client: socket.socket, head: bytes) -> None:
        server = socket.create_connection(("127.0.0.1", self._to))
        self._open.append(server)
        server.sendall(head)
        threading.Thread(target=_pump, args=(client, server), daemon=True).start()
        _pump(server, client)
        client.close()
        server.close()


def _for_one_request(head: bytes) -> bytes:
    first, rest = head.split(b"\r\n", 1)
    kept = [line for line in rest.split(b"\r\n") if not line.lower().startswith(b"connection:")]
    return b"\r\n".join([first, b"Connection: close", *kept])


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
        sink.shutdown(socket.SHUT_WR)
