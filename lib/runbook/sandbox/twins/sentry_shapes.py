"""How Sentry writes a project and an issue: long, most of it switches that are off here."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from runbook.sandbox.seeds import token
from runbook.sandbox.watching import SENTRY_ENVIRONMENT, SENTRY_NUMBER, SENTRY_ORGANIZATION, SENTRY_PROJECT
from runbook.times import iso

Json = Any
OFF = (
    "isBookmarked", "isInternal", "isPublic", "hasFeedbacks", "hasFlags", "hasMinifiedStackTrace", "hasMonitors",
    "hasNewFeedbacks", "hasProfiles", "hasReplays", "hasSessions", "hasInsightsHttp", "hasInsightsDb", "hasInsightsAssets",
    "hasInsightsAppStart", "hasInsightsScreenLoad", "hasInsightsVitals", "hasInsightsCaches", "hasInsightsQueues",
    "hasInsightsAgentMonitoring", "hasInsightsMCP", "hasLogs", "hasTraceMetrics", "firstTransactionEvent",
    "enableAutoReleaseCreation", "isDynamicallySampled", "tempestFetchScreenshots", "seerScannerAutomation",
    "scmSourceContextEnabled",
)  # fmt: skip
ON = (
    "isMember",
    "hasAccess",
    "dataScrubber",
    "dataScrubberDefaults",
    "verifySSL",
    "scrubIPAddresses",
    "scrapeJavaScript",
)
EMPTY = (
    "subjectPrefix", "securityToken", "groupingConfig", "derivedGroupingEnhancements", "groupingEnhancements",
    "fingerprintingRules", "symbolSources", "seerNightshiftTweaks",
)  # fmt: skip
NOTHING = (
    "latestRelease", "storeCrashReports", "securityTokenHeader", "secondaryGroupingConfig", "defaultEnvironment",
    "relayPiiConfig", "dynamicSamplingBiases", "debugFilesRole",
)  # fmt: skip
NUMBERS = ("digestsMinDelay", "digestsMaxDelay", "resolveAge", "secondaryGroupingExpiry", "processingIssues")
LISTS = (
    "features",
    "teams",
    "allowedDomains",
    "builtinSymbolSources",
    "safeFields",
    "sensitiveFields",
    "highlightTags",
    "platforms",
)


def project_body(created: datetime) -> Json:
    """The company's one project."""
    at = iso(created)
    return {
        "id": SENTRY_NUMBER, "slug": SENTRY_PROJECT, "name": "Agency site", "platform": "javascript-nextjs", "dateCreated": at,
        "firstEvent": at, "color": "#3f70bf", "status": "active", "access": ["project:read", "event:read", "org:read"],
        "avatar": {"avatarType": "letter_avatar", "avatarUuid": None}, "options": {}, "highlightContext": {},
        "highlightPreset": {"tags": [], "context": {}}, "subjectTemplate": "$shortID - $title",
        "autofixAutomationTuning": "off", **dict.fromkeys(OFF, False), **dict.fromkeys(ON, True), **dict.fromkeys(EMPTY, ""),
        **dict.fromkeys(NOTHING), **dict.fromkeys(NUMBERS, 0), **{name: [] for name in LISTS},
        "organization": {
            "id": "4507000000000000", "slug": SENTRY_ORGANIZATION, "status": {"id": "active", "name": "active"},
            "name": "Agency", "dateCreated": at, "isEarlyAdopter": False, "require2FA": True, "hasAuthProvider": False,
            "avatar": {"avatarType": "letter_avatar", "avatarUuid": None}, "allowMemberInvite": True,
            "allowMemberProjectCreation": True, "allowSuperuserAccess": False, "features": [],
            "links": {"organizationUrl": "https://agency.sentry.io", "regionUrl": "https://us.sentry.io"},
        },
    }  # fmt: skip


LISTED = (
    "id", "slug", "name", "platform", "dateCreated", "isBookmarked", "isMember", "features", "firstEvent",
    "firstTransactionEvent", "access", "hasAccess", "latestRelease", "teams", "platforms",
)  # fmt: skip


def listed_project(created: datetime) -> Json:
    """The same in a list: less of it, and some that stands only there."""
    whole = project_body(created)
    kept = {name: whole[name] for name in (*LISTED, *(name for name in OFF if name.startswith("has")))}
    return {**kept, "team": None, "hasUserReports": False, "environments": [SENTRY_ENVIRONMENT]}


def issue(path: str, count: int, first: datetime, last: datetime) -> Json:
    """One group of errors: a page that failed."""
    number = str(int(token(f"issue {path}", 8), 16))
    title = f"Error: GET {path} answered 500"
    return {
        "id": number, "shareId": None, "shortId": f"AGENCY-SITE-{token(path, 2).upper()}", "title": title, "culprit": path,
        "permalink": f"https://agency.sentry.io/issues/{number}/", "logger": None, "level": "error", "status": "unresolved",
        "statusDetails": {}, "substatus": "ongoing", "isPublic": False, "platform": "javascript", "priority": "high",
        "priorityLockedAt": None, "seerFixabilityScore": None, "seerAutofixLastTriggered": None,
        "seerExplorerAutofixLastTriggered": None, "type": "error", "issueType": "error", "issueCategory": "error",
        "project": {"id": SENTRY_NUMBER, "name": "Agency site", "slug": SENTRY_PROJECT, "platform": "javascript-nextjs"},
        "metadata": {"type": "Error", "value": title}, "numComments": 0, "assignedTo": None, "isBookmarked": False,
        "isSubscribed": False, "subscriptionDetails": None, "hasSeen": False, "annotations": [], "isUnhandled": True,
        "stats": {}, "lifetime": {}, "filtered": None, "sessionCount": 0, "integrationIssues": [], "sentryAppIssues": [],
        "inbox": {"reason": 0, "reason_details": None, "date_added": iso(first)}, "latestEventHasAttachments": False,
        "owners": {"type": "", "owner": "", "date_added": iso(first)}, "matchingEventId": None,
        "matchingEventEnvironment": None,
        "derivedData": {
            "blocker": "", "progress": "", "status": "", "viewCount": 0, "hasOpenFixPr": False, "isAssigned": False,
            "hasRootCause": False, "lastCompletedAutofixStep": "", "lastProgressedAt": None,
        },
        "count": str(count), "userCount": count, "firstSeen": iso(first), "lastSeen": iso(last),
    }  # fmt: skip
