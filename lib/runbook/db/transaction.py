"""One short transaction with time limits on both sides: the server's own, and ours for a server that hangs."""

from __future__ import annotations

import contextlib
import os
import select
import socket
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[dict[str, Any]]

LOCK_SECONDS = 2.0
GRACE_SECONDS = 1.0  # the server's limit comes first: it leaves the connection usable


@contextlib.contextmanager
def transaction(connection: Connection, seconds: float, *, read_only: bool) -> Iterator[None]:
    """A transaction that the server ends after ``seconds``; one that cannot write when it is a read.

    One round trip to begin and one to end: a database may be 100 ms away, and a triage asks it a dozen questions.
    """
    begin = (
        f"BEGIN {'READ ONLY' if read_only else 'READ WRITE'}; SET LOCAL statement_timeout = {max(1, int(seconds * 1000))}; "
        f"SET LOCAL lock_timeout = {int(min(LOCK_SECONDS, seconds) * 1000) or 1}"
    )
    with cut_after(connection, seconds + GRACE_SECONDS):
        connection.execute(begin.encode())
        try:
            yield
        except BaseException:
            _give_up(connection)
            raise
        connection.commit()


def is_alive(connection: Connection) -> bool:
    """Whether an idle connection has not ended meanwhile: nobody sends it anything but its end, and notices."""
    import psycopg

    if connection.closed:
        return False
    heard = select.poll()
    heard.register(connection.fileno(), select.POLLIN)
    try:
        while heard.poll(0):
            connection.pgconn.consume_input()
    except psycopg.Error:
        connection.close()
    return not connection.closed


@contextlib.contextmanager
def cut_after(connection: Connection, seconds: float) -> Iterator[None]:
    """Break the connection's socket when the block takes longer: psycopg itself waits for a silent server for ever.

    TimeoutError when that had to be.
    """
    cut = threading.Event()
    with socket.socket(fileno=os.dup(connection.fileno())) as same:

        def break_it() -> None:
            cut.set()
            with contextlib.suppress(OSError):  # it broke by itself meanwhile
                same.shutdown(socket.SHUT_RDWR)

        timer = threading.Timer(seconds, break_it)
        timer.daemon = True
        timer.start()
        try:
            yield
        except Exception:
            if cut.is_set():
                raise TimeoutError from None
            raise
        finally:
            timer.cancel()
            timer.join()


def _give_up(connection: Connection) -> None:
    """Roll back; a connection that cannot even do that is of no use any more."""
    import psycopg

    try:
        connection.rollback()
    except psycopg.Error:
        connection.close()
