"""`python run.py doctor` beside a running Echo: is it where people look for it?"""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from echo.clock import utc_now
from tests.live.ports import free_port
from tests.live.programs import key_on
from tests.live.server import LiveServer

Look = Callable[..., dict[str, str]]


@pytest.fixture
def look(server: LiveServer, tmp_path: Path) -> Look:
    """Ask the doctor of another folder about the address of the running Echo; return words by state."""

    def run(**variables: str) -> dict[str, str]:
        asked = LiveServer(tmp_path, **{"PORT": str(server.port), **variables})
        done = asked.command("doctor", "--json")
        found = [one for one in json.loads(done.stdout)["findings"] if one["part"] == "address"]
        return {one["state"]: f"{one['said']} {one['do']}" for one in found}

    return run


def test_addresses(look: Look, server: LiveServer) -> None:
    assert look() == {"ok": f"Echo answers at {server.url}. "}
    assert "does not run" in look(PORT=str(free_port()))["ok"]
    assert look(ECHO_PUBLIC_URL=server.url) == {"ok": f"Echo answers at {server.url}. "}
    assert "is not Echo" in look(ECHO_PUBLIC_URL=f"{server.url}/help")["problem"]
    assert "does not answer" in look(ECHO_PUBLIC_URL=f"http://127.0.0.1:{free_port()}")["problem"]
    open_door = look(HOST="0.0.0.0", ECHO_TRUSTED_PROXIES="1")
    assert "claim any address" in open_door["warning"]
    stopped = look(PORT=str(free_port()), ECHO_PUBLIC_URL="https://chat.example.org")
    assert "ECHO_TRUSTED_PROXIES=1" in stopped["problem"]
    assert "was not tried" in stopped["warning"]


def test_servers_that_compute(server: LiveServer, tmp_path: Path) -> None:
    """The running Echo as the server of another one: with its key, a wrong one, a wrong name, gone."""
    key = key_on(server, "doctor")

    def look(**variables: str) -> str:
        usual = {"ECHO_ENGINE": "openai", "ECHO_ENGINE_URL": server.url, "ECHO_ENGINE_KEY": key}
        asked = LiveServer(tmp_path, **{**usual, **variables})
        told = json.loads(asked.command("doctor", "--json").stdout)["findings"]
        (found,) = (one for one in told if one["part"] == "model")
        return f"{found['state']}: {found['said']} {found['do']}"

    assert look() == f"ok: The server at 127.0.0.1:{server.port} has scripted. "
    assert "problem: " in look(ECHO_ENGINE_KEY="wrong")
    assert "refuses the key" in look(ECHO_ENGINE_KEY="wrong")
    assert "has no other" in look(ECHO_ENGINE_MODEL="other")
    assert "does not answer" in look(ECHO_ENGINE_URL=f"http://127.0.0.1:{free_port()}")


def test_https(look: Look, tls_front: Callable[[bool], str], certificate: Path) -> None:
    """A front with TLS whose Echo knows of it, and one whose Echo does not."""
    behind = {"ECHO_TRUSTED_PROXIES": "1"}
    knows, does_not = tls_front(True), tls_front(False)
    assert "certificate" in look(ECHO_PUBLIC_URL=knows, **behind)["problem"]
    behind["REQUESTS_CA_BUNDLE"] = str(certificate)
    assert look(ECHO_PUBLIC_URL=knows, **behind) == {"ok": f"Echo answers at {knows}. "}
    assert "X-Forwarded-Proto" in look(ECHO_PUBLIC_URL=does_not, **behind)["problem"]


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A certificate for localhost, signed by itself, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = utc_now()
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    secret = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path / "localhost.pem"
    path.write_bytes(signed.public_bytes(pem) + secret)
    return path


@pytest.fixture
def tls_front(certificate: Path) -> Iterator[Callable[[bool], str]]:
    """Start what answers by HTTPS as Echo does that takes requests for encrypted ones, or not."""
    fronts: list[HTTPServer] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)

    def start(knows: bool) -> str:
        class Front(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(200)
                if knows:
                    self.send_header("Strict-Transport-Security", "max-age=1")
                self.end_headers()
                self.wfile.write(b'{"status":"ok"}')

            def log_message(self, *_: object) -> None:
                pass

        front = HTTPServer(("127.0.0.1", 0), Front)
        front.socket = context.wrap_socket(front.socket, server_side=True)
        threading.Thread(target=front.serve_forever, daemon=True).start()
        fronts.append(front)
        return f"https://localhost:{front.server_port}"

    yield start
    for front in fronts:
        front.shutdown()
        front.server_close()
