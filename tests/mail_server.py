"""A real SMTP server (aiosmtpd) in a process of its own, and the mails that it has taken."""

from __future__ import annotations

import email
import re
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from email import policy
from email.message import EmailMessage
from pathlib import Path

from tests.live.server import PATIENCE, free_port

LINK = re.compile(r"https?://\S+/(?:verify|reset|unlock)/\S+")


class MailServer:
    """Takes every mail and keeps it in a folder.

    When the sender is this process, `pause` lets it work and `settle` waits until it has nothing to do.
    """

    def __init__(
        self,
        folder: Path,
        *options: str,
        pause: Callable[[float], object] = time.sleep,
        settle: Callable[[], object] = lambda: None,
    ) -> None:
        self.folder = folder / "mails"
        self.port = free_port()
        self.url = f"smtp://127.0.0.1:{self.port}"
        self.options = options
        self.pause = pause
        self.settle = settle
        self.process: subprocess.Popen[bytes] | None = None
        self.log = folder / "smtp.log"

    def start(self) -> MailServer:
        keeper = ["-c", "aiosmtpd.handlers.Mailbox", str(self.folder)]
        words = ["-n", "-l", f"127.0.0.1:{self.port}", *self.options, *keeper]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "aiosmtpd", *words], stdout=log, stderr=log
            )
        self._until(self._answers, "the mail server answers")
        return self

    def start_empty(self) -> None:
        """Be as if started anew: with no mails, and without options that a test has given."""
        if self.options:
            self.stop()
            self.options = ()
        for file in self.folder.glob("*/*"):
            file.unlink()
        if self.process is None:
            self.start()

    def _answers(self) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait()
            self.process = None

    def mails(self) -> list[EmailMessage]:
        """Return all mails so far, the oldest first."""
        files = sorted((self.folder / "new").glob("*"), key=lambda file: file.stat().st_mtime_ns)
        texts = [file.read_bytes() for file in files]
        return [email.message_from_bytes(text, policy=policy.default) for text in texts]

    def wait(self, count: int = 1) -> list[EmailMessage]:
        """Wait until so many mails have come; fails when there are more."""
        self._until(lambda: len(self.mails()) >= count, f"{count} mails are here")
        self.settle()
        found = self.mails()
        assert len(found) == count, [mail["Subject"] for mail in found]
        return found

    def last(self, count: int = 1) -> EmailMessage:
        return self.wait(count)[-1]

    def _until(self, true: Callable[[], bool], what: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while not true():
            assert time.monotonic() < deadline, f"not in {PATIENCE} s: {what}: {self.mails()}"
            self.pause(0.01)


def link_in(mail: EmailMessage) -> str:
    """Return the one-time link of a mail."""
    found = LINK.findall(mail.get_content())
    assert len(found) == 1, mail.get_content()
    return str(found[0])


def path_in(mail: EmailMessage) -> str:
    """Return the path of a mail's link, for the test client."""
    return "/" + link_in(mail).split("/", 3)[3]
