"""Mails in plain text, sent in the background and tried again. Knows no reason for any of them.

Links in mails begin with ECHO_PUBLIC_URL, never with what a request says. Waiting mails live in this
process alone: what a mail offers can always be asked for again.
"""

from __future__ import annotations

import re
import smtplib
import ssl
from datetime import datetime
from typing import Any, Final, NamedTuple
from urllib.parse import urlsplit

import flask_mail
import structlog
from flask import current_app
from limits import parse

from echo import hub, languages
from echo.clock import utc_now
from echo.config import Settings
from echo.extensions import limiter, seconds_to_wait
from echo.limits import MAILS_PER_ACCOUNT
from echo.models import User
from echo.services import background

log = structlog.get_logger()

TIMEOUT_SECONDS: Final = 15.0
LAST_TRY: Final = "mail_last_try"
REFUSED: Final = "recipient refused"
PAUSES: Final = (2.0, 10.0, 60.0)  # seconds before the second, third and fourth try
# one plain address: no line break, no list, no display name; the local part is ASCII (no SMTPUTF8)
ADDRESS: Final = re.compile(r'[!#-\'*+\-./0-9=?A-Z^-~]+@[^\s\x00-\x1f<>,;:"()\[\]\\@]+')


class Failure(NamedTuple):
    """Why a try failed, without anything personal; a `final` one is not tried again."""

    reason: str
    final: bool


class LastTry(NamedTuple):
    """When a mail was last tried, and why that failed, if it did: a word, nothing personal."""

    at: datetime
    failure: str | None


def last_try() -> LastTry | None:
    """Return the last try of this process; None before the first."""
    found: LastTry | None = current_app.extensions.get(LAST_TRY)
    return found


def is_enabled() -> bool:
    """Tell whether this server sends mails."""
    return bool(Settings.here().mail_url)


def send(to: str, template: str, *, language: str | None = None, **context: Any) -> None:
    """Send `templates/mail/<template>.txt` to one address, after the answer has left. Raises nothing.

    Without a mail server nothing happens. `context` holds plain values, no rows. Without a `language` (a
    code) the mail is in that of whoever causes it.
    """
    if is_enabled():
        background.run(deliver, to, template, context, language or languages.here().code)


def notify(user: User, template: str, **context: Any) -> None:
    """Send a mail to the address that the account has now, in the language that its owner chose."""
    send(user.email, template, language=user.language, username=user.username, **context)


def connection() -> flask_mail.Connection:
    """Return a connection to the server, to be opened by `with`: it logs in as for a mail.

    Raises:
        SMTPException, OSError: when it is opened.
    """
    return _Connection(current_app.extensions["mail"])


def seconds_to_next(template: str, user_id: int) -> float:
    """Count one mail of this kind for an account; 0 when it may be sent, else the seconds to wait."""
    if not limiter.enabled:
        return 0.0
    return seconds_to_wait(parse(MAILS_PER_ACCOUNT), "mail", template, str(user_id))


def deliver(to: str, template: str, context: dict[str, Any], language: str | None = None) -> bool:
    """Send now, with pauses between tries; tell whether the server took it."""
    about = {"template": template, "domain": to.rpartition("@")[2][:100]}
    if not ADDRESS.fullmatch(to):
        log.warning("mail refused", template=template, error="not one plain address")
        return False
    with languages.spoken(language):
        message = _compose(to, template, context)
    for pause in (*PAUSES, None):
        failure = _try(message)
        _note(failure)
        if failure is None:
            log.info("mail sent", **about)
            return True
        log.warning("mail not sent", error=failure.reason, again_in=pause, **about)
        if pause is None or failure.final:
            break
        hub.sleep(pause)
    return False


def _note(failure: Failure | None) -> None:
    """Remember whether the server takes mails; one that refuses a single address does."""
    works = failure is None or failure.reason.startswith(REFUSED)
    why = None if works or failure is None else failure.reason
    current_app.extensions[LAST_TRY] = LastTry(utc_now(), why)


def _compose(to: str, template: str, context: dict[str, Any]) -> Any:
    """Return the message: the template's first line is its subject, so nothing can add a header."""
    page = current_app.jinja_env.get_template(f"mail/{template}.txt")
    subject, _, body = page.render(public_url=Settings.here().public_url, **context).partition("\n")
    return hub.run_native(  # the library asks the network for this machine's name
        flask_mail.Message,
        subject=subject.strip(),
        recipients=[to],
        body=body.strip() + "\n",
        sender=current_app.config["MAIL_DEFAULT_SENDER"],
        extra_headers={"Auto-Submitted": "auto-generated"},
    )


def _try(message: Any) -> Failure | None:
    """Hand the message to the server; None when it took it."""
    try:
        with connection() as opened:
            opened.send(message)
    except smtplib.SMTPRecipientsRefused as refusal:
        codes = [code for code, _ in refusal.recipients.values()]
        return Failure(f"{REFUSED} {codes}", all(code >= 500 for code in codes))
    except smtplib.SMTPResponseException as refusal:
        return Failure(f"{type(refusal).__name__} {refusal.smtp_code}", refusal.smtp_code >= 500)
    except (smtplib.SMTPException, OSError) as failure:
        return Failure(type(failure).__name__, final=False)
    except (flask_mail.BadHeaderError, UnicodeError) as failure:
        return Failure(type(failure).__name__, final=True)
    return None


class _Connection(flask_mail.Connection):
    """Flask-Mail's, with a time limit, and with certificates that are checked."""

    def configure_host(self) -> smtplib.SMTP:
        mail = self.mail
        options: dict[str, Any] = {
            "timeout": TIMEOUT_SECONDS,
            "local_hostname": urlsplit(Settings.here().public_url).hostname,
        }
        if mail.use_ssl:
            options["context"] = ssl.create_default_context()
        host = (smtplib.SMTP_SSL if mail.use_ssl else smtplib.SMTP)(
            mail.server, mail.port, **options
        )
        try:
            if mail.use_tls:
                host.starttls(context=ssl.create_default_context())
            if mail.username and mail.password:
                host.login(mail.username, mail.password)
        except (smtplib.SMTPException, OSError):
            host.close()
            raise
        return host
