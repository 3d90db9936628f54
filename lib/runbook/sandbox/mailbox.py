"""A real SMTP server on loopback that wants a login and keeps what it takes in a Maildir."""

from __future__ import annotations

import hmac
import secrets
import warnings
from pathlib import Path
from typing import Any

from runbook.sandbox.processes import LOOPBACK, free_port


class Mailbox:
    """One server. ``url`` holds its login."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "mail"
        self.port = free_port()
        self.password = secrets.token_urlsafe(18)
        self._controller: Any = None

    @property
    def url(self) -> str:
        """The URL that clients use."""
        return f"smtp://runbook:{self.password}@{LOOPBACK}:{self.port}"

    def start(self) -> None:
        """Start the server in a thread of this process."""
        from aiosmtpd.controller import Controller
        from aiosmtpd.handlers import Mailbox as Maildir
        from aiosmtpd.smtp import AuthResult

        def authenticate(_server: Any, _session: Any, _envelope: Any, _mechanism: str, login: Any) -> AuthResult:
            good = login.login == b"runbook" and hmac.compare_digest(login.password, self.password.encode())
            return AuthResult(success=good, handled=False)

        # Said at every connection; this server is reached over loopback only, where there is nothing to encrypt.
        warnings.filterwarnings("ignore", message="Requiring AUTH while not requiring TLS", category=UserWarning)
        for _ in range(5):
            self._controller = Controller(
                Maildir(self.folder), hostname=LOOPBACK, port=self.port, auth_required=True,
                authenticator=authenticate, auth_require_tls=False,
            )  # fmt: skip
            try:
                self._controller.start()
                return
            except OSError:
                self.port = free_port()
        raise RuntimeError("the mail server does not start")

    def stop(self) -> None:
        """Stop the server; the mails stay until the sandbox's folder goes."""
        if self._controller is not None:
            self._controller.stop()
