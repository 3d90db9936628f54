"""What watches the site: Sentry's project. Part of the world's state; what it saw is in ``visits``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

SENTRY_ORGANIZATION, SENTRY_PROJECT, SENTRY_NUMBER = "agency", "agency-site", "4507000000000001"
SENTRY_ENVIRONMENT = "production"


@dataclass(slots=True)
class SentryState:
    """One project. ``dropping_since``: from then on events are rate limited, and no error is to be seen."""

    dropping_since: datetime | None = None
    deprecated_until: str = ""  # when the calls that we use will be retired; said with every answer
