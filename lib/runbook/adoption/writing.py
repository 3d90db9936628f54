"""Two files: the profile, which goes into git, and ``.env``, which is its owner's alone. Each is there whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from runbook.errors import SettingError
from runbook.places import PROFILES
from runbook.record.folder import write_atomic

HEAD = (
    "# Written by `runbook init`. Hosts and ids only: this file is in git, so no token, password or DSN belongs here.\n"
    "# What each field means stands in production.example.yaml. Then: runbook doctor --env {name}\n"
)
ENV = ".env"
NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")


def write(root: Path, name: str, profile: Mapping[str, Any], typed: Mapping[str, str]) -> list[Path]:
    """Write both; what was in ``.env`` and not typed anew stays."""
    import yaml

    written = [profile_path(root, name)]
    text = HEAD.format(name=name) + yaml.safe_dump(
        {"sandbox": False, **profile}, sort_keys=False, allow_unicode=True, width=120
    )
    if typed:
        write_atomic(root / ENV, with_secrets((root / ENV).read_text("utf-8") if (root / ENV).exists() else "", typed))
        written.append(root / ENV)
    write_atomic(written[0], text, mode=0o644)
    return written


def profile_path(root: Path, name: str) -> Path:
    """Where a profile of this name belongs; exit 2 for a name that is none."""
    if not NAME.fullmatch(name) or name == "sandbox":
        raise SettingError(f"{name!r} is no name for an environment", where="init",
                           next_step="small letters, digits and dashes, and not sandbox: production, staging")  # fmt: skip
    return root / PROFILES / f"{name}.yaml"


def with_secrets(before: str, typed: Mapping[str, str]) -> str:
    """The lines of a ``.env`` with these secrets in it, each once."""
    kept = [
        line
        for line in before.splitlines()
        if not (found := re.match(r"\s*(?:export\s+)?(\w+)\s*=", line)) or found[1] not in typed
    ]
    return "".join(f"{line}\n" for line in [*kept, *(f"{name}={_quoted(value)}" for name, value in typed.items())])


def _quoted(value: str) -> str:
    """In single quotes, where python-dotenv knows two escapes and nothing else."""
    return "'" + value.replace("\\", "\\\\").replace("'", "\\'") + "'"
