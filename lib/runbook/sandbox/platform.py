"""What Supabase's control plane knows of the project beside Postgres itself, and how any vendor's answers arrive."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from runbook.sandbox import seeds


@dataclass(frozen=True, slots=True)
class Transport:
    """How a system's answers arrive: ``kind`` is empty or one of ``twins.arriving.KINDS``."""

    kind: str = ""
    delay_seconds: float = 0.0


@dataclass(slots=True)
class Platform:
    """What Supabase's control plane knows of the project, beside Postgres itself."""

    created: datetime
    status: str = "ACTIVE_HEALTHY"
    disk: seeds.Disk = field(default_factory=seeds.Disk)
    override_until: datetime | None = None
    banned: list[str] = field(default_factory=list)
    overrides: dict[str, Any] = field(default_factory=dict)  # of config/database/postgres
    refuses_changes: bool = False
    restores_fail: bool = False
