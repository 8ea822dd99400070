"""A TCP proxy that cuts and holds what passes through it, as networks do. Knows no HTTP."""

from __future__ import annotations

import contextlib
import random
import socket
import threading

RESET = (1).to_bytes(4, "little") + (0).to_bytes(4, "little")  # struct linger: no goodbye


class CuttingProxy:
    """Listens on a port of its own and passes every connection on to `port`."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._pairs: set[tuple[socket.socket, socket.socket]] = set()
        self._flowing = threading.Event()
        self._flowing.set()
        threading.Thread(target=self._accept, daemon=True).start()

    def cut(self, chance: float, by: random.Random) -> int:
        """Cut each connection with this chance, half of them without a goodbye; returns how many."""
        chosen = [pair for pair in list(self._pairs) if by.random() < chance]
        for pair in chosen:
            for wire in pair:
                if by.random() < 0.5:
                    with contextlib.suppress(OSError):
                        wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            _end(*pair)
        return len(chosen)

    def hold(self) -> None:
        """Let nothing pass until `flow`; what is sent meanwhile arrives late."""
        self._flowing.clear()

    def flow(self) -> None:
        self._flowing.set()

    def close(self) -> None:
        self.flow()
        self._listener.close()
        for pair in list(self._pairs):
            _end(*pair)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        try:
            server = socket.create_connection(("127.0.0.1", self._to))
        except OSError:  # nobody serves just now
            client.close()
            return
        pair = (client, server)
        self._pairs.add(pair)
        threading.Thread(target=self._pump, args=(client, server), daemon=True).start()
        self._pump(server, client)
        self._pairs.discard(pair)
        _end(*pair)

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                self._flowing.wait()
                sink.sendall(data)
        _end(source, sink)


def _end(*wires: socket.socket) -> None:
    for wire in wires:
        with contextlib.suppress(OSError):
            wire.shutdown(socket.SHUT_RDWR)
        wire.close()
