"""The life-cycle by mail with the real server and a real SMTP server: nothing is patched or replaced."""

from __future__ import annotations

import datetime
import ipaddress
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.live.server import PATIENCE, LiveServer, LiveTab, Person, wait_until
from tests.mail_server import MailServer, link_in, path_in

NEW = "seven purple walruses"


@pytest.fixture
def mails(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MailServer]:
    server = MailServer(tmp_path_factory.mktemp("smtp")).start()
    yield server
    server.stop()


def start(server: LiveServer, mail_url: str, **settings: str) -> LiveServer:
    server.environment |= {"MAIL_URL": mail_url, "ECHO_PUBLIC_URL": server.url, **settings}
    return server.start()


def press(person: Person, path: str, **data: str) -> requests.Response:
    """Open a page and press its button, as a browser without JavaScript does."""
    page = person.http.get(person.server.url + path, timeout=PATIENCE)
    assert page.status_code == 200, page.text
    return person.post(path, **data)


def test_from_sign_up_to_a_new_password(
    own_server: LiveServer, mails: MailServer, tabs: Callable[[Person], LiveTab]
) -> None:
    start(own_server, mails.url)
    ada = own_server.person("ada").sign_up()
    welcome = mails.last(1)
    assert welcome["To"] == "ada@example.org"
    assert link_in(welcome).startswith(own_server.url)
    assert press(ada, path_in(welcome)).json()["status"] == "redirect"
    assert ada.http.get(link_in(welcome), timeout=PATIENCE).status_code == 404

    tab = tabs(ada)
    tab.send("slow")
    visitor = own_server.person("ada")
    asked = visitor.post("/forgot", credentials="ada")
    assert asked.json() == {"status": "redirect", "url": "/login"}
    reset = press(visitor, path_in(mails.last(2)), password=NEW, confirm_password=NEW)
    assert reset.json() == {"status": "redirect", "url": "/login"}
    assert "password" in tab.wait_for("session_ended")["reason"]
    assert tab.gone.wait(PATIENCE)
    profile = ada.http.get(own_server.url + "/profile", timeout=PATIENCE, allow_redirects=False)
    assert profile.status_code == 302
    assert mails.last(3)["Subject"] == "Your password was changed"
    old = visitor.post("/login", credentials="ada", password="correct horse battery")
    assert old.status_code == 401
    new = visitor.post("/login", credentials="ada", password=NEW)
    assert new.json()["status"] == "redirect", new.text
    log = own_server.log.read_text()
    assert "ada@" not in log
    assert path_in(welcome).rpartition("/")[2] not in log


def test_mail_server_that_is_away_stops_nobody(own_server: LiveServer, mails: MailServer) -> None:
    url = mails.url
    mails.stop()
    start(own_server, url)
    ada = own_server.person("ada").sign_up()
    wait_until(lambda: "mail not sent" in own_server.log.read_text(), what="the log says so")
    assert "ada@" not in own_server.log.read_text()
    assert ada.http.get(own_server.url + "/", timeout=PATIENCE).status_code == 200
    mails.start()  # the second or third try finds it
    assert mails.last(1)["To"] == "ada@example.org"


def certificate(folder: Path) -> tuple[Path, Path]:
    """Make a certificate for this machine, signed by itself; return its file and its key's."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    cert_file, key_file = folder / "cert.pem", folder / "key.pem"
    cert_file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return cert_file, key_file


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "untrusted"])
def test_mail_goes_over_tls_to_a_server_with_a_good_certificate_only(
    trusted: bool, own_server: LiveServer, tmp_path: Path
) -> None:
    cert, key = certificate(tmp_path)
    server = MailServer(tmp_path, "--smtpscert", str(cert), "--smtpskey", str(key)).start()
    trust = {"SSL_CERT_FILE": str(cert)} if trusted else {}
    try:
        start(own_server, server.url.replace("smtp:", "smtps:"), **trust)
        own_server.person("ada").sign_up()
        if trusted:
            assert server.last(1)["To"] == "ada@example.org"
        else:
            failure = "SSLCertVerificationError"
            wait_until(lambda: failure in own_server.log.read_text(), what="the log says so")
            assert server.mails() == []
    finally:
        server.stop()
