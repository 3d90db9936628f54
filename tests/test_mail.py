"""The mail's door against a real server: one message, once, and a fault that says why."""

from __future__ import annotations

import mailbox
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from runbook import mail
from runbook.errors import Fault, SystemFault
from runbook.mail import Mail
from runbook.sandbox.mailbox import Mailbox

SENDER = "runbook@agency.test"
# The sandbox's server takes a password without TLS: it is on loopback.
pytestmark = pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")


@pytest.fixture(scope="module")
def server() -> Iterator[Mailbox]:
    with tempfile.TemporaryDirectory(prefix="runbook-test-") as folder:
        one = Mailbox(Path(folder))
        one.start()
        yield one
        one.stop()


def arrived(server: Mailbox) -> list[Any]:
    """The messages that the server has, which are then gone."""
    box = mailbox.Maildir(server.folder)
    messages = list(box)
    box.clear()
    return messages


def fault_of(question: Callable[[], Any]) -> SystemFault:
    with pytest.raises(SystemFault) as raised:
        question()
    return raised.value


def test_a_message_arrives_as_it_was_written(server: Mailbox) -> None:
    Mail(server.url, SENDER).send("ops@agency.test", "SEV-1: Datenbank überlastet", "Zwei Zeilen\nmit Umlaut: ü")
    (message,) = arrived(server)
    assert (message["From"], message["To"]) == (SENDER, "ops@agency.test")
    assert message.get_payload(decode=True).decode() == "Zwei Zeilen\nmit Umlaut: ü\n"
    assert message["Date"]
    assert message["Message-ID"]


def test_a_line_break_begins_no_header_of_its_own(server: Mailbox) -> None:
    Mail(server.url, SENDER).send("ops@agency.test", "SEV-1\r\nBcc: other@example.test", "x")
    (message,) = arrived(server)
    assert message["Bcc"] is None
    assert message["Subject"] == "SEV-1 Bcc: other@example.test"


def test_a_wrong_password_is_told_without_it(server: Mailbox) -> None:
    fault = fault_of(lambda: Mail(server.url.replace(server.password, "s3cret"), SENDER).send("a@b.test", "s", "t"))
    assert (fault.fault, str(fault)) == (Fault.AUTH, "mail: the login was refused")
    assert arrived(server) == []


@pytest.mark.parametrize("to", ["", "a" * 600 + "@b.test"])
def test_a_recipient_that_the_server_does_not_take_is_rejected(server: Mailbox, to: str) -> None:
    assert fault_of(lambda: Mail(server.url, SENDER).send(to, "s", "t")).fault is Fault.REJECTED
    assert arrived(server) == []


def test_nobody_listening_is_down() -> None:
    fault = fault_of(lambda: Mail("smtp://127.0.0.1:1", SENDER).send("a@b.test", "s", "t"))
    assert (fault.fault, "Connection refused" in fault.what) == (Fault.DOWN, True)


def test_a_server_that_says_nothing_is_a_timeout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mail, "SECONDS", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"smtp://127.0.0.1:{silent.getsockname()[1]}"
        assert fault_of(lambda: Mail(url, SENDER).send("a@b.test", "s", "t")).fault is Fault.TIMEOUT


def test_a_password_is_not_sent_afar_in_plain_text(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def plain() -> None:
            one, _ = listening.accept()
            with one:
                one.sendall(b"220 mail.test\r\n")
                heard.append(one.recv(1000))
                one.sendall(b"250-mail.test\r\n250 AUTH PLAIN LOGIN\r\n")
                heard.append(one.recv(1000))

        thread = threading.Thread(target=plain)
        thread.start()
        port = listening.getsockname()[1]
        monkeypatch.setattr(mail, "is_loopback", lambda host: False)
        fault = fault_of(lambda: Mail(f"smtp://u:s3cret@127.0.0.1:{port}", SENDER).send("a@b.test", "s", "t"))
        thread.join(10)
    assert (fault.fault, fault.what) == (Fault.REJECTED, "the server does not encrypt, the password is not sent")
    assert not any(b"AUTH" in part for part in heard)


@pytest.mark.parametrize(
    "url", ["", "mail.test", "http://u:s3cret@mail.test", "smtp://u:s3cret@mail.test:port", "smtp://"]
)
def test_a_url_that_is_none_is_a_setting_and_not_told(url: str) -> None:
    fault = fault_of(lambda: Mail(url, SENDER))
    assert (fault.fault, "s3cret" in str(fault)) == (Fault.NOT_SET, False)
