"""Secrets by shape: key formats of the vendors, tokens, passwords in addresses, and headers that carry them."""

from __future__ import annotations

import re

# name of the tag -> pattern; the group named "secret" is what is replaced. Prefixes are from the vendors' documents.
SHAPES: dict[str, str] = {
    "stripe key": r"(?P<secret0>\b[rs]k_(?:live|test)_[A-Za-z0-9]{10,})",
    "webhook secret": r"(?P<secret1>\bwhsec_[A-Za-z0-9+/=_-]{10,})",
    "supabase key": r"(?P<secret2>\bsbp?_(?:secret_|publishable_|oauth_)?[A-Za-z0-9_-]{20,})",
    "slack token": r"(?P<secret3>\bxox[abceoprs]-[A-Za-z0-9-]{10,})",
    "cal.com key": r"(?P<secret4>\bcal_(?:live_|test_)?[a-f0-9]{16,})",
    "launchdarkly key": r"(?P<secret5>\b(?:api|sdk|mob)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})",
    "sentry token": r"(?P<secret6>\bsntr[yu]s?_[A-Za-z0-9+/=_-]{20,})",
    "json web token": r"(?P<secret7>\beyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,})",
    "password": r"(?:[A-Za-z][A-Za-z0-9+.-]*://[^\s:/@'\"]*:)(?P<secret8>(?!\[)[^\s@/'\"]{1,256})(?=@)",
    "header": (
        r"(?i:\b(?:authorization|proxy-authorization|apikey|x-api-key|set-cookie|cookie)\b[\"']?\s*[:=]\s*[\"']?"
        r"(?:bearer |basic )?)(?P<secret9>(?!\[)[^\s\"',}\]]{8,})"
    ),
    "dsn password": r"(?i:\bpassword\s*=\s*)(?P<secret10>(?!\[)[^\s'\"]{4,}|'(?!\[)[^']{4,}')",
}
NAMES = list(SHAPES)
PATTERN = re.compile("|".join(SHAPES.values()))
# Cheap words one of which every shape contains, in small letters, and characters one of which every word's shape contains:
# text without any of them is not scanned. Searching for each word in turn is two to four times as fast as one pattern.
HINTS = (
    "k_live_", "k_test_", "whsec_", "sb_", "sbp_", "xox", "cal_", "api-", "sdk-", "mob-", "sntr", "eyj", "://",
    "authorization", "apikey", "api-key", "cookie", "password",
)  # fmt: skip
MARKS = "_-:=."


def may_hold_a_secret(text: str) -> bool:
    """False when no shape can be in this text: a look that costs far less than the search."""
    if not any(mark in text for mark in MARKS):
        return False
    small = text.lower()
    return any(word in small for word in HINTS)
