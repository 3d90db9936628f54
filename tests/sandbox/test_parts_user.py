"""The whole sandbox as an ordinary user: the same commands, no root anywhere."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import runbook
from runbook.sandbox.processes import as_user, readable_by

CHECKOUT = Path(__file__).resolve().parents[2]
SCRIPT = """
import json, os
from pathlib import Path
from runbook.sandbox import lifecycle, state
owner = lambda pid: os.stat(f"/proc/{pid}").st_uid
with lifecycle.own_sandbox() as path:
    described = state.read(path)
    server = int((Path(described["dir"]) / "data" / "postmaster.pid").read_text().splitlines()[0])
    healthy = lifecycle.control("GET", "state", path=path)["health"]
    lifecycle.break_world("replica-lagging", path)
    behind = lifecycle.control("GET", "state", path=path)["replica_behind_mb"]
    lifecycle.break_world("idle-transaction-leak", path)
    broken = lifecycle.control("GET", "state", path=path)["health"]
print(json.dumps({"uids": [owner(os.getpid()), os.getuid()], "server": "same" if server else "", "healthy": healthy,
    "behind": behind, "broken": broken, "left": [os.path.exists(described["dir"]), path.exists()]}))
"""


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder of the ordinary user's own."""
    with tempfile.TemporaryDirectory(prefix="runbook-test-") as folder:
        if (user := ordinary()) is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        yield Path(folder)


def ordinary() -> pwd.struct_passwd | None:
    """Who to become; None when we are no root ourselves."""
    return pwd.getpwnam("nobody") if os.geteuid() == 0 else None


def interpreter() -> str:
    """A Python of our version that the ordinary user may run: root's own one often lies in a closed folder."""
    names = (sys.executable, *(f"{place}/python3.{sys.version_info.minor}" for place in ("/usr/local/bin", "/usr/bin")))
    for path in (Path(name) for name in names):
        if path.exists() and readable_by(path.resolve(), ordinary()):
            return str(path)
    pytest.skip("root's Python and this checkout are closed to every other user, and the system has no such Python")


def test_an_ordinary_user_has_the_same_sandbox(home: Path) -> None:
    library = Path(runbook.__file__).parents[1]
    environment = {
        "HOME": str(home), "TMPDIR": str(home), "PATH": "/usr/bin:/bin", "RUNBOOK_HOME": str(CHECKOUT),
        "PYTHONPATH": f"{library}:{sysconfig.get_paths()['purelib']}", "PYTHONDONTWRITEBYTECODE": "1",
    }  # fmt: skip
    done = subprocess.run([interpreter(), "-c", SCRIPT], env=environment, cwd=home, capture_output=True, text=True,
                          check=False, timeout=90, **as_user(ordinary()))  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    told: dict[str, Any] = json.loads(done.stdout)
    user = ordinary()
    wanted = user.pw_uid if user else os.getuid()
    assert told["uids"] == [wanted, wanted] and wanted != 0
    assert (told["healthy"], told["broken"], told["left"]) == (200, 503, [False, False])
    assert told["behind"] >= 80
