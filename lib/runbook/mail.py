"""The one door to mail: send one message through the environment's own server."""

from __future__ import annotations

import contextlib
import smtplib
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import unquote, urlsplit

from runbook.errors import Fault, SystemFault
from runbook.settings import is_loopback

SECONDS = 10.0


class Mail:
    """One server by its URL: ``smtp://user:password@host:port``, encrypted where it can be, or ``smtps://…``."""

    def __init__(self, url: str, sender: str) -> None:
        self._sender = sender
        try:
            parts = urlsplit(url)
            self._host, port = parts.hostname or "", parts.port
        except ValueError:
            raise _fault("the URL of the mail server cannot be read", Fault.NOT_SET) from None
        if parts.scheme not in ("smtp", "smtps") or not self._host:
            raise _fault("the URL of the mail server is no smtp:// or smtps:// one", Fault.NOT_SET)
        self._encrypted = parts.scheme == "smtps"
        self._port = port or (465 if self._encrypted else 587)
        self._user, self._password = unquote(parts.username or ""), unquote(parts.password or "")

    def log_in(self) -> None:
        """Connect and log in, and send nothing; a SystemFault says what the server said."""
        with self._session():
            pass

    def send(self, to: str, subject: str, text: str) -> None:
        """Send one message, once; a SystemFault says what the server said."""
        if not to.strip():  # some Pythons send it to nobody, and the server takes it (seen with 3.11.2)
            raise _fault("there is no recipient", Fault.REJECTED)
        message = EmailMessage()
        message["From"], message["To"] = self._sender, " ".join(to.split())
        message["Subject"] = " ".join(subject.split())  # no line break: it would begin another header
        message["Date"], message["Message-ID"] = formatdate(), make_msgid(domain="runbook.invalid")
        message.set_content(text)
        with self._session() as server:
            server.send_message(message)

    @contextlib.contextmanager
    def _session(self) -> Iterator[smtplib.SMTP]:
        """A server that let us in; what goes wrong in it is a SystemFault."""
        try:
            with self._connect() as server:
                if self._user:
                    server.login(self._user, self._password)
                yield server
        except smtplib.SMTPAuthenticationError:
            raise _fault("the login was refused", Fault.AUTH) from None
        except smtplib.SMTPRecipientsRefused:
            raise _fault("the recipient was refused", Fault.REJECTED) from None
        except smtplib.SMTPResponseException as error:
            raise _fault(f"refused with {error.smtp_code}", Fault.REJECTED) from None
        except OSError as error:  # smtplib's own errors are OSErrors, and one of them hides a timeout
            if isinstance(error, TimeoutError) or isinstance(error.__context__, TimeoutError):
                raise _fault(f"no answer within {SECONDS:g} s", Fault.TIMEOUT) from None
            raise _fault(f"no connection: {error.strerror or type(error).__name__}", Fault.DOWN) from None

    def close(self) -> None:
        """Nothing is kept open."""

    def _connect(self) -> smtplib.SMTP:
        """A connection, encrypted; a password goes in plain text to this machine only."""
        if self._encrypted:
            return smtplib.SMTP_SSL(self._host, self._port, timeout=SECONDS, context=ssl.create_default_context())
        server = smtplib.SMTP(self._host, self._port, timeout=SECONDS)
        try:
            server.ehlo()
            if server.has_extn("starttls") and not is_loopback(self._host):
                server.starttls(context=ssl.create_default_context())
            elif self._user and not is_loopback(self._host):
                raise _fault("the server does not encrypt, the password is not sent", Fault.REJECTED)
        except BaseException:
            server.close()
            raise
        return server


def _fault(what: str, fault: Fault) -> SystemFault:
    return SystemFault(what, system="mail", fault=fault)
