"""The one door to mail: send one message through the environment's own server."""

from __future__ import annotations

import smtplib
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from runbook.errors import Fault, SystemFault

SECONDS = 10.0


class Mail:
    """One server by its URL: ``smtp://user:password@host:port`` or ``smtps://…``."""

    def __init__(self, url: str, sender: str) -> None:
        self._url = urlsplit(url)
        self._sender = sender

    def send(self, to: str, subject: str, text: str) -> None:
        """Send one message; a SystemFault says what the server said."""
        message = EmailMessage()
        message["From"], message["To"], message["Subject"] = self._sender, to, subject
        message.set_content(text)
        host, port = self._url.hostname or "", self._url.port or 587
        kind = smtplib.SMTP_SSL if self._url.scheme == "smtps" else smtplib.SMTP
        try:
            with kind(host, port, timeout=SECONDS) as server:
                if self._url.username:
                    server.login(unquote(self._url.username), unquote(self._url.password or ""))
                server.send_message(message)
        except smtplib.SMTPAuthenticationError:
            raise SystemFault("the login was refused", system="mail", fault=Fault.AUTH) from None
        except smtplib.SMTPResponseException as error:
            raise SystemFault(f"refused with {error.smtp_code}", system="mail", fault=Fault.REJECTED) from None
        except OSError as error:
            raise SystemFault(f"no connection: {error.strerror or type(error).__name__}", system="mail",
                              fault=Fault.DOWN) from None  # fmt: skip

    def close(self) -> None:
        """Nothing is kept open."""
