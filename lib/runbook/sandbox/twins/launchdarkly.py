"""LaunchDarkly's REST API: the audit log and flags. The token is the whole Authorization header, without Bearer."""

from __future__ import annotations

import fnmatch
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from runbook.sandbox.keys import Key
from runbook.sandbox.seeds import LD_ENVIRONMENT, LD_PROJECT, AuditEntry, Flag, millis, token
from runbook.sandbox.twins.frame import Call, Refusal, Reply, Vendor
from runbook.sandbox.twins.limits import Limit

if TYPE_CHECKING:
    from runbook.sandbox.world import World

Json = Any
VERSIONS = ("20240415", "20220603", "20210729", "20191212", "20160426", "beta")  # docs: API versioning
AUDIT_MOST, AUDIT_USUAL = 20, 10


def _authorize(world: World, call: Call) -> None:
    given = call.headers.get("authorization", "")
    if not world.opens("LD_API_KEY", given):  # "Bearer …" is a wrong token too: the value is the whole header
        raise Refusal(401, "Invalid access token", code="unauthorized")
    version = call.headers.get("ld-api-version", VERSIONS[0])
    if version not in VERSIONS:
        raise Refusal(400, f"Invalid API version: {version}", code="invalid_request")


def _error(refusal: Refusal, request_id: str) -> Json:
    return {"code": refusal.code or "internal_service_error", "message": refusal.message}


def _limits(most: int, remaining: int, left: float, now: float) -> Mapping[str, str]:
    """Unpublished numbers, per ten seconds; the reset is epoch milliseconds (docs: rate limiting)."""
    return {
        "X-Ratelimit-Route-Remaining": str(remaining), "X-Ratelimit-Global-Remaining": str(remaining * 10),
        "X-Ratelimit-Reset": str(int((now + left) * 1000)),
    }  # fmt: skip


VENDOR = Vendor(
    "launchdarkly", _authorize, _error, Limit(60, 10.0, _limits),
    headers=lambda request_id: {"X-Launchdarkly-Request-Id": request_id, "LD-API-Version": VERSIONS[0]},
    unmatched=lambda call: Refusal(404, "Not Found", code="not_found"),
)  # fmt: skip


@VENDOR.route("GET", "/api/v2/caller-identity")
def caller_identity(world: World, call: Call) -> Reply:
    """Whose token this is."""
    return Reply({
        "accountId": token("ld account"), "authKind": "token", "tokenKind": "auth", "tokenName": "runbook",
        "tokenId": token_in_hand(world, call).uid, "serviceToken": True,
    })  # fmt: skip


@VENDOR.route("GET", "/api/v2/tokens/{id}")
def access_token(world: World, call: Call) -> Reply:
    """The token in hand, without its value; every other one is not there (apidocs, Get access token)."""
    ours = token_in_hand(world, call)
    if call.params["id"] != ours.uid:
        raise Refusal(404, "Unknown access token", code="not_found")
    made = millis(ours.made)
    return Reply({
        "_id": ours.uid, "name": "runbook", "role": world.tokens.launchdarkly_role, "serviceToken": True,
        "ownerId": token("ld owner"), "memberId": token("ld owner"), "token": "", "customRoleIds": [],
        "creationDate": made, "lastModified": made, "_links": _self(call),
    })  # fmt: skip


@VENDOR.route("DELETE", "/api/v2/tokens/{id}")
def delete_token(world: World, call: Call) -> Reply:
    """End a token (apidocs, Delete access token)."""
    with world.lock:
        if not world.keys.end("LD_API_KEY", call.params["id"]):
            raise Refusal(404, "Unknown access token", code="not_found")
    return Reply(status=204, change=True, objects=(call.params["id"],))


def token_in_hand(world: World, call: Call) -> Key:
    """The token in hand."""
    found = world.keys.find("LD_API_KEY", call.headers.get("authorization", ""))
    assert found is not None, "it was let in"
    return found


@VENDOR.route("GET", "/api/v2/projects")
def projects(world: World, call: Call) -> Reply:
    """The account's projects: one."""
    ours = {"_links": _self(call), "_id": token("ld project"), "key": LD_PROJECT, "name": "Agency", "tags": [],
            "includeInSnippetByDefault": False}  # fmt: skip
    return Reply({"_links": _self(call), "items": [ours], "totalCount": 1})


@VENDOR.route("GET", "/api/v2/projects/{project}/environments")
def environments(world: World, call: Call) -> Reply:
    """The project's environments."""
    if call.params["project"] != LD_PROJECT:
        raise Refusal(404, "Unknown project key", code="not_found")
    return Reply({"_links": _self(call), "items": [_environment(call)], "totalCount": 1})


@VENDOR.route("GET", "/api/v2/projects/{project}/environments/{environment}")
def environment(world: World, call: Call) -> Reply:
    """One environment."""
    known(world, call)
    return Reply(_environment(call))


def _environment(call: Call) -> Json:
    """The real answer holds SDK keys, and so does this one."""
    return {
        "_links": {"self": {"href": call.path, "type": "application/json"}}, "_id": token("ld environment"),
        "key": LD_ENVIRONMENT, "name": "Production", "apiKey": f"sdk-{token('sdk', 32)}",
        "mobileKey": f"mob-{token('mobile', 32)}", "color": "417505", "defaultTtl": 0, "secureMode": False,
        "defaultTrackEvents": False, "requireComments": False, "confirmChanges": True, "tags": [], "critical": True,
    }  # fmt: skip


@VENDOR.route("GET", "/api/v2/flags/{project}")
def flags(world: World, call: Call) -> Reply:
    """Every flag; with ``env`` the environment's part of each."""
    known(world, call)
    with world.lock:
        items = [flag_body(flag, call) for flag in world.flags.values()]
    return Reply({"items": items, "_links": _self(call), "totalCount": len(items)})


@VENDOR.route("GET", "/api/v2/flags/{project}/{flag}")
def flag(world: World, call: Call) -> Reply:
    """One flag."""
    known(world, call)
    with world.lock:
        found = world.flags.get(call.params["flag"])
        if found is None:
            raise Refusal(404, f"Unknown feature flag key {call.params['flag']}", code="not_found")
        return Reply(flag_body(found, call))


@VENDOR.route("GET", "/api/v2/auditlog")
def auditlog(world: World, call: Call) -> Reply:
    """What was changed, newest first. ``before`` and ``after`` are epoch milliseconds; other text is not applied."""
    wanted = call.one("limit", str(AUDIT_USUAL))
    if not wanted.isdigit() or not 0 < int(wanted) <= AUDIT_MOST:
        raise Refusal(400, f"limit must be between 1 and {AUDIT_MOST}", code="invalid_request")
    before, after = (int(text) if (text := call.one(name)).isdigit() else None for name in ("before", "after"))
    spec, words = call.one("spec"), call.one("q").lower()
    with world.lock:
        found = [
            entry for entry in world.audit
            if (before is None or millis(entry.date) < before) and (after is None or millis(entry.date) > after)
            and (not spec or _in_spec(entry, spec)) and words in f"{entry.flag_name} {entry.verb}".lower()
        ]  # fmt: skip
    return Reply({"items": [_entry(entry) for entry in found[: int(wanted)]], "_links": _self(call)})


@VENDOR.route("GET", "/api/v2/auditlog/{entry}")
def audit_entry(world: World, call: Call) -> Reply:
    """One line of the audit log."""
    with world.lock:
        for entry in world.audit:
            if entry.uid == call.params["entry"]:
                return Reply(_entry(entry))
    raise Refusal(404, "Unknown audit log entry", code="not_found")


def known(world: World, call: Call) -> None:
    """Refuse a project or an environment that is not ours, or that is gone."""
    if call.params["project"] != LD_PROJECT:
        raise Refusal(404, f"Unknown project key {call.params['project']}", code="not_found")
    environment_key = call.params.get("environment", LD_ENVIRONMENT)
    if environment_key != LD_ENVIRONMENT or world.flag_environment_gone:
        raise Refusal(404, f"Unknown environment key {environment_key}", code="not_found")
    if (wanted := call.one("env")) and wanted != LD_ENVIRONMENT:
        raise Refusal(404, f"Unknown environment key {wanted}", code="not_found")


def resource(flag_key: str) -> str:
    """A flag as policies and the audit log name it."""
    return f"proj/{LD_PROJECT}:env/{LD_ENVIRONMENT}:flag/{flag_key}"


def _in_spec(entry: AuditEntry, spec: str) -> bool:
    return any(fnmatch.fnmatch(resource(entry.flag_key), each) for each in spec.split(";"))


def _self(call: Call) -> Json:
    return {"self": {"href": call.path, "type": "application/json"}}


def _entry(entry: AuditEntry) -> Json:
    member = {
        "_links": {}, "_id": token(entry.member), "email": f"{entry.member}@agency.test",
        "firstName": entry.member.capitalize(), "lastName": "",
    }  # fmt: skip
    title = f"{entry.member.capitalize()} {entry.verb} {entry.flag_name}"
    by_token = (
        {"token": {"_links": {}, "_id": entry.token, "name": "runbook", "serviceToken": True}} if entry.token else {}
    )
    return by_token | {
        "_links": {"self": {"href": f"/api/v2/auditlog/{entry.uid}", "type": "application/json"}},
        "_id": entry.uid, "_accountId": token("ld account"), "date": millis(entry.date),
        "accesses": [{"action": "updateOn" if "turned" in entry.verb else "updateFallthrough",
                      "resource": resource(entry.flag_key)}],
        "kind": "flag", "name": entry.flag_name, "description": "", "shortDescription": "", "comment": entry.comment,
        "member": member, "titleVerb": entry.verb, "title": title,
        "target": {"_links": {}, "name": entry.flag_name, "resources": [resource(entry.flag_key)]},
    }  # fmt: skip


def flag_body(flag: Flag, call: Call) -> Json:
    """A flag as the vendor writes it."""
    body = {
        "name": flag.name, "kind": "boolean", "key": flag.key, "_version": flag.version,
        "creationDate": millis(flag.created), "description": "", "includeInSnippet": False,
        "variations": [{"_id": token(f"{flag.key} {value}"), "value": value} for value in flag.variations],
        "temporary": flag.temporary, "tags": [], "experiments": {"baselineIdx": 0, "items": []}, "customProperties": {},
        "archived": False, "_links": {"self": {"href": f"/api/v2/flags/{LD_PROJECT}/{flag.key}", "type": "application/json"}},
        "environments": {},
    }  # fmt: skip
    if call.one("env", LD_ENVIRONMENT) == LD_ENVIRONMENT:
        environment_of_flag = {
            "on": flag.on, "archived": False, "salt": token(f"salt {flag.key}", 32), "sel": "", "version": flag.version,
            "lastModified": millis(flag.modified or flag.created), "targets": [], "contextTargets": [], "rules": [],
            "fallthrough": {"variation": flag.fallthrough},
            "prerequisites": [{"key": key, "variation": 0} for key in flag.needs],
            "_environmentName": "Production", "trackEvents": False, "trackEventsFallthrough": False,
            "_site": {"href": f"/{LD_PROJECT}/{LD_ENVIRONMENT}/features/{flag.key}", "type": "text/html"},
        }  # fmt: skip
        if flag.off_variation is not None:
            environment_of_flag["offVariation"] = flag.off_variation
        body["environments"] = {LD_ENVIRONMENT: environment_of_flag}
    return body
