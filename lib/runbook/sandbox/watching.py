"""What watches the site: Sentry's project, Tinybird's workspace. Part of the world's state; what they saw is in ``visits``."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime

SENTRY_ORGANIZATION, SENTRY_PROJECT, SENTRY_NUMBER = "agency", "agency-site", "4507000000000001"
SENTRY_ENVIRONMENT = "production"


@dataclass(slots=True)
class SentryState:
    """One project. ``dropping_since``: from then on events are rate limited, and no error is to be seen."""

    dropping_since: datetime | None = None
    deprecated_until: str = ""  # when the calls that we use will be retired; said with every answer


@dataclass(slots=True)
class TinybirdState:
    """One workspace: how far the site's visits were written to it, and since when no more of them arrive."""

    written: int = 0  # the serial number of the last visit in the table; 0: the table is made anew
    silent_since: datetime | None = None
    writing: threading.Lock = field(default_factory=threading.Lock)
