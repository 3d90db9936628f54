"""One way to the database: look up the name, reach the port, log in once. What fails names its layer.

A login is never tried twice: Supabase's pooler blocks the address after wrong passwords, and every retry extends that
(Supabase documentation, Supavisor troubleshooting, ECIRCUITBREAKER). So a refusal is remembered: ten checks that ask at
once are one login, a wrong password is asked once in a run, and a block is left alone for as long as it may last.
"""

from __future__ import annotations

import math
import re
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runbook.db.refusals import BLOCKED, KINDS, fault_at, layer_of
from runbook.errors import Fault, SystemFault
from runbook.lookup import addresses, reachable
from runbook.settings import is_loopback
from runbook.times import Times, seconds_left

if TYPE_CHECKING:
    import psycopg

    Connection = psycopg.Connection[dict[str, Any]]

NAME = "runbook"
CONNECT_SECONDS = 5.0
REMEMBER_SECONDS = 5.0
BREAKER_SECONDS = 120.0  # the pooler's block lasts up to two minutes
# Where an address names its project: db.<ref>.supabase.co, or user postgres.<ref> (Supabase documentation, connecting).
REF_IN_HOST = re.compile(r"db\.([a-z]{20})\.supabase\.\w+")
REF_IN_USER = re.compile(r".*\.([a-z]{20})")


@dataclass(frozen=True, slots=True)
class Refusal:
    """How a way refused, and until when that is the answer; ``inf``: for the whole run."""

    layer: str
    what: str
    kind: Fault
    until: float
    lasting: bool  # also for a probe, which else asks anew


class Login:
    """The direct or the pooled address, by the DSN in ``variable``."""

    def __init__(self, way: str, dsn: str | None, variable: str, times: Times) -> None:
        self._way = way
        self._dsn = dsn
        self._variable = variable
        self._times = times
        self._refusal: Refusal | None = None
        self._trying = threading.Lock()  # two at once would both be logins, and both wrong

    @property
    def refused(self) -> bool:
        """Whether this way said no when it was last tried."""
        return self._refusal is not None

    @property
    def project_ref(self) -> str:
        """The Supabase project that the address names; empty when it names none."""
        parts = self._parts() if self._dsn else {}
        found = REF_IN_HOST.fullmatch(parts.get("host", "")) or REF_IN_USER.fullmatch(parts.get("user", ""))
        return found[1] if found else ""

    @property
    def host(self) -> str:
        """The host that the address names; empty when it names none."""
        return self._parts().get("host", "") if self._dsn else ""

    def connect(self, *, anew: bool = False) -> Connection:
        """A new connection; a SystemFault whose ``where`` is the layer that failed. A probe asks ``anew``."""
        if not self._dsn:
            raise fault_at("settings", f"{self._variable} is not set", Fault.NOT_SET)
        if not self._trying.acquire(timeout=seconds_left(self._times, 2 * CONNECT_SECONDS)):
            raise fault_at("answer", f"{self._way}: an earlier login has no answer yet", Fault.TIMEOUT)
        try:
            return self._connect(self._dsn, anew)
        finally:
            self._trying.release()

    def _connect(self, dsn: str, anew: bool) -> Connection:
        import psycopg
        from psycopg.rows import dict_row

        before = self._refusal
        if before is not None and self._times.monotonic() < before.until and (before.lasting or not anew):
            raise fault_at(before.layer, before.what, before.kind)
        end = self._times.monotonic() + seconds_left(self._times, CONNECT_SECONDS)
        more = self._address(end)
        left = end - self._times.monotonic()
        if left <= 0:
            raise fault_at("network", f"{self._way}: no time left to connect", Fault.TIMEOUT)
        try:
            connection: Connection = psycopg.connect(
                dsn, autocommit=True, row_factory=dict_row, application_name=NAME, prepare_threshold=None,
                connect_timeout=max(2, int(left)), keepalives_idle=5, keepalives_interval=2, keepalives_count=2,
                tcp_user_timeout=10_000, **more,
            )  # fmt: skip
        except psycopg.Error as error:
            raise self.refuse(str(error)) from None
        self._refusal = None
        return connection

    def refuse(self, said: str) -> SystemFault:
        """Remember what this way said, and the fault that it is."""
        layer, meaning = layer_of(said)
        lasts = math.inf if layer == "login" else BREAKER_SECONDS if BLOCKED in said else REMEMBER_SECONDS
        kind, what = KINDS.get(layer, Fault.DOWN), f"{self._way}: {meaning}"
        self._refusal = Refusal(layer, what, kind, self._times.monotonic() + lasts, lasts > REMEMBER_SECONDS)
        return fault_at(layer, what, kind)

    def _parts(self) -> dict[str, str]:
        import psycopg
        from psycopg.conninfo import conninfo_to_dict

        try:
            return {name: str(value) for name, value in conninfo_to_dict(self._dsn or "").items() if value is not None}
        except psycopg.Error:  # its text quotes the address
            raise fault_at("settings", f"{self._variable} is no address of a database", Fault.NOT_SET) from None

    def _address(self, end: float) -> dict[str, Any]:
        """One address that takes connections: libpq would log in to the next one after a refusal, and wait on names."""
        parts = self._parts()
        host, port = parts.get("hostaddr") or parts.get("host", ""), parts.get("port", "5432")
        if "," in host or not port.isdecimal():
            raise fault_at("settings", f"{self._variable} must name one host and one port", Fault.NOT_SET)
        if not host or host[0] in "/@":
            return {}  # a socket of this machine
        try:
            found = addresses(host, int(port), end - self._times.monotonic())
        except OSError:
            raise self.refuse("could not translate host name") from None
        try:
            address = reachable(found, int(port), lambda: end - self._times.monotonic())
        except OSError as error:
            raise self.refuse(str(error)) from None
        encrypted = {} if is_loopback(host) or "sslmode" in parts else {"sslmode": "require"}
        return {"hostaddr": address, **encrypted}
