"""A customer's checkout whose systems are those of a real sandbox: a profile, an owner-only .env, and the doctor."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml
from runbook.cli.main import main
from runbook.sandbox import lifecycle
from runbook.settings import SANDBOX_URLS

CHECKOUT = Path(__file__).resolve().parents[2]
Json = dict[str, Any]


@dataclass
class Customer:
    """One checkout. ``profile`` and ``secrets`` may be changed before the doctor comes."""

    home: Path
    state: Path
    profile: Json
    secrets: dict[str, str]
    capture: pytest.CaptureFixture[str]

    def examined(self) -> tuple[int, dict[str, Json], str]:
        """The exit code, the items by name, and all that was printed."""
        (self.home / "params/environments/production.yaml").write_text(yaml.safe_dump(self.profile))
        dotenv = self.home / ".env"
        if not dotenv.exists():
            dotenv.touch(0o600)
        dotenv.write_text("".join(f"{name}='{value}'\n" for name, value in self.secrets.items()))
        self.capture.readouterr()
        code = main(["doctor", "--env", "production", "--json"])
        said = self.capture.readouterr()
        found = json.loads(said.out)
        assert found["environment"] == "production"
        assert found["ready"] is (code == 0)
        return code, {one["item"]: one for one in found["items"]}, said.out + said.err


@pytest.fixture(scope="session")
def state(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    with lifecycle.own_sandbox(tmp_path_factory.mktemp("doctor")) as path:
        yield path


@pytest.fixture
def customer(
    state: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Customer]:
    known = json.loads(state.read_text())
    shutil.copytree(CHECKOUT / "params", tmp_path / "params")
    profile = yaml.safe_load((tmp_path / "params/environments/sandbox.yaml").read_text()) | {"sandbox": False}
    for system, names in SANDBOX_URLS.items():
        profile[system] |= {part: known["urls"][name] for part, name in names.items()}
    profile["queue"]["host"] = known["ids"]["queue_host"]
    profile["database"]["system_identifier"] = known["ids"]["system_identifier"]
    for name in [*known["secrets"], *(name for name in os.environ if name.startswith("RUNBOOK_"))]:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("RUNBOOK_HOME", str(tmp_path))
    yield Customer(tmp_path, state, profile, dict(known["secrets"]), capsys)
    lifecycle.control("POST", "repair", {}, state)
