"""A real streaming replica of the sandbox's PostgreSQL: it follows, and its replay can be held up."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import psycopg

from runbook.sandbox.postgres import Postgres, answers
from runbook.sandbox.processes import LOOPBACK, free_port, stop

ROLE = "supabase_replication_admin"
NAME = "read-replica-1"  # how the primary's pg_stat_replication calls it
FOLLOW_SECONDS = 10.0


class Replica:
    """A second server that streams from the first. Readers may ask it; it takes no writes."""

    def __init__(self, primary: Postgres, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._primary = primary
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Copy the primary and follow it; returns when the primary sees it streaming."""
        self.folder.mkdir()
        self.folder.chmod(0o711)  # as the primary's, whatever the umask
        data = self.folder / "data"
        data.mkdir(mode=0o700)
        if (user := self._primary.user) is not None:
            os.chown(data, user.pw_uid, user.pw_gid)
        self._primary.run(
            "pg_basebackup", "-D", str(data), "-h", LOOPBACK, "-p", str(self._primary.port), "-U", ROLE,
            "-X", "stream", "-c", "fast", "-R", "--no-sync", PGPASSWORD=self._primary.passwords[ROLE], PGAPPNAME=NAME,
        )  # fmt: skip
        for _ in range(5):
            self._process = self._primary.launch(data, self.port, self.folder / "replica.out")
            if answers(self._process, self.dsn("supabase_admin")):
                self._until_it_streams()
                return
            self.stop()
            self.port = free_port()
        raise RuntimeError(f"the replica does not start; see {self.folder / 'replica.out'}")

    def dsn(self, role: str) -> str:
        """The DSN of one role at the replica; its passwords are the primary's."""
        return f"postgresql://{role}:{self._primary.passwords[role]}@{LOOPBACK}:{self.port}/postgres"

    def pause_replay(self) -> None:
        """From now on it receives what the primary writes, and does not show it."""
        self._ask("SELECT pg_wal_replay_pause()")

    def resume_replay(self) -> None:
        """Catch up."""
        self._ask("SELECT pg_wal_replay_resume()")

    def stop(self) -> None:
        """Stop following."""
        if self._process is not None:
            stop(self._process, signal.SIGINT)

    def remove(self) -> None:
        """Stop and leave nothing."""
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask(self, statement: str) -> None:
        with psycopg.connect(self.dsn("supabase_admin"), autocommit=True, connect_timeout=5) as connection:
            connection.execute(statement.encode())

    def _until_it_streams(self) -> None:
        give_up = time.monotonic() + FOLLOW_SECONDS
        with self._primary.connect() as connection:
            while connection.execute("SELECT 1 FROM pg_stat_replication WHERE state = 'streaming'").fetchone() is None:
                if time.monotonic() > give_up:
                    raise RuntimeError("the replica does not stream")
                time.sleep(0.02)
