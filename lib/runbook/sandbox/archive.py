"""A base backup and a log archive of the sandbox's PostgreSQL, and a real restore to a moment between then and now."""

from __future__ import annotations

import math
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from psycopg import sql

from runbook.sandbox.postgres import Postgres
from runbook.sandbox.processes import LOOPBACK

ROLE = "supabase_replication_admin"
ARCHIVE_SECONDS = 10.0
PROMOTE_SECONDS = 20.0


@dataclass(frozen=True)
class Damage:
    """The last second before data was hurt, and every table as it was then: a digest by name."""

    before: datetime
    digests: Mapping[str, str]


class Archive:
    """Begun when a fault needs it: an ordinary start of the sandbox pays nothing for it."""

    def __init__(self, postgres: Postgres, folder: Path) -> None:
        self.earliest_unix = 0  # the first second that can be restored
        self._postgres = postgres
        self._folder = folder
        self._log = folder / "log"
        self._base = folder / "base"

    @property
    def latest_unix(self) -> int:
        """The last second that can be restored: a restore archives what was written until it begins."""
        return int(time.time())

    def begin(self) -> None:
        """Archive the log from now on, and copy the whole cluster."""
        self._folder.mkdir()
        self._folder.chmod(0o711)
        for folder in (self._log, self._base):
            folder.mkdir(mode=0o700)
            self._give(folder)
        self._command(f"test ! -f '{self._log}/%f' && cp '%p' '{self._log}/%f'")
        self._until_it_archives()
        self._postgres.run(
            "pg_basebackup", "-D", str(self._base), "-h", LOOPBACK, "-p", str(self._postgres.port), "-U", ROLE,
            "-X", "none", "-c", "fast", "--no-sync", PGPASSWORD=self._postgres.passwords[ROLE], PGAPPNAME="backup",
        )  # fmt: skip
        self.earliest_unix = math.ceil(time.time())

    def restore(self, moment: datetime) -> None:
        """Put the cluster back to what was committed until ``moment``; it is offline meanwhile."""
        server = self._postgres
        with server.connect() as connection:  # recovery stops before a later commit: see that there is one
            connection.execute("SELECT pg_current_xact_id()")
        server.stop()  # a fast shutdown archives the log to its end
        replaced = server.folder / "data-replaced"
        server.data.rename(replaced)
        shutil.copytree(self._base, server.data, symlinks=True)
        shutil.rmtree(server.data / "log", ignore_errors=True)
        (replaced / "log").rename(server.data / "log")  # what the server has said is not restored
        with (server.data / "postgresql.auto.conf").open("a") as settings:
            settings.write(
                f"restore_command = 'cp ''{self._log}/%f'' ''%p'''\n"
                f"recovery_target_time = '{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S}+00'\n"
                "recovery_target_action = 'promote'\n"
            )
        (server.data / "recovery.signal").touch()
        self._give(server.data)
        server.start()
        self._until_it_writes()
        shutil.rmtree(replaced)

    def end(self) -> None:
        """Archive no longer, and leave nothing."""
        if self._postgres.alive():
            self._command("")
        shutil.rmtree(self._folder, ignore_errors=True)

    def _command(self, command: str) -> None:
        """Where full segments of the log go; empty: nowhere, as before."""
        with self._postgres.connect() as connection:
            if command:
                connection.execute(sql.SQL("ALTER SYSTEM SET archive_command = {}").format(sql.Literal(command)))
            else:
                connection.execute("ALTER SYSTEM RESET archive_command")
            connection.execute("SELECT pg_reload_conf()")

    def _until_it_archives(self) -> None:
        """A segment that was full before the server heard of the new command went nowhere: wait for the first that came."""
        give_up = time.monotonic() + ARCHIVE_SECONDS
        with self._postgres.connect() as connection:
            while not any(self._log.iterdir()):
                if time.monotonic() > give_up:
                    raise RuntimeError("PostgreSQL does not archive its log")
                connection.execute("SELECT pg_current_xact_id()")
                connection.execute("SELECT pg_switch_wal()")
                time.sleep(0.05)

    def _until_it_writes(self) -> None:
        give_up = time.monotonic() + PROMOTE_SECONDS
        with self._postgres.connect() as connection:
            while (row := connection.execute("SELECT pg_is_in_recovery()").fetchone()) is None or row[0]:
                if time.monotonic() > give_up:
                    raise RuntimeError("PostgreSQL does not end its recovery")
                time.sleep(0.02)

    def _give(self, top: Path) -> None:
        """To the user that the server runs as."""
        if (user := self._postgres.user) is None:
            return
        for folder, _, files in os.walk(top):
            for path in (folder, *(os.path.join(folder, name) for name in files)):  # noqa: PTH118
                os.chown(path, user.pw_uid, user.pw_gid)
