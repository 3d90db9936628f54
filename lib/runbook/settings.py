"""Who is meant: the profile of one environment, and its secrets.

A profile holds hosts and ids and is in git; secrets come from the environment or an owner-only ``.env`` and never are.
The sandbox is the exception on purpose: its addresses and secrets come from its own state file and from nowhere else.
"""

from __future__ import annotations

import ipaddress
import json
import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from runbook.errors import Fault, SettingError, SystemFault
from runbook.known_secrets import old_name
from runbook.places import PROFILES, profile_names, root, sandbox_state_path
from runbook.profile import TARGETS, Profile

SECRET_NAMES = (
    "SUPABASE_API_KEY", "DATABASE_URL", "PROD_DATABASE_URL", "VERCEL_TOKEN", "STRIPE_SECRET_KEY", "CALCOM_API_KEY",
    "CLERK_API_KEY", "LD_API_KEY", "SENTRY_AUTH_TOKEN", "SUPABASE_ANON_KEY", "SUPABASE_SERVICE_KEY", "POOLER_URL",
    "REPLICA_URL", "REDIS_URL", "STRIPE_WEBHOOK_SECRET", "CALCOM_WEBHOOK_SECRET", "TINYBIRD_TOKEN", "SLACK_BOT_TOKEN",
    "PAGERDUTY_API_KEY", "PAGERDUTY_ROUTING_KEY", "STATUSPAGE_API_KEY", "SMTP_URL", "AUTH_TEST_USER", "AUTH_TEST_PASSWORD",
)  # fmt: skip
ALIASES = {"SUPABASE_ACCESS_TOKEN": "SUPABASE_API_KEY", "CLERK_SECRET_KEY": "CLERK_API_KEY"}
# The Markdown runbook's id variables, and the field of the profile that each must agree with.
ID_FIELDS = {
    "SENTRY_ORG": ("sentry", "organization"), "SENTRY_PROJECT": ("sentry", "project"),
    "SUPABASE_PROJECT_ID": ("supabase", "project_ref"), "VERCEL_ORG_ID": ("vercel", "team_id"),
}  # fmt: skip
ID_NAMES = tuple(ID_FIELDS)
# Which address in the sandbox's state is which field of the profile.
SANDBOX_URLS: Mapping[str, Mapping[str, str]] = {
    "calcom": {"url": "calcom", "status_url": "calcom_status"},
    "clerk": {"url": "clerk", "frontend_url": "clerk_frontend", "status_url": "clerk_status"},
    "launchdarkly": {"url": "launchdarkly", "status_url": "launchdarkly_status"},
    "pagerduty": {"url": "pagerduty", "events_url": "pagerduty_events"},
    "sentry": {"url": "sentry"},
    "site": {"url": "site", "portal_url": "portal"},
    "slack": {"url": "slack", "status_url": "slack_status"},
    "statuspage": {"url": "statuspage"},
    "stripe": {"url": "stripe", "status_url": "stripe_status"},
    "supabase": {"url": "supabase", "status_url": "supabase_status"},
    "supabase_auth": {"url": "supabase_auth"},
    "tinybird": {"url": "tinybird"},
    "vercel": {"url": "vercel", "status_url": "vercel_status"},
}


@dataclass(frozen=True, slots=True)
class Secrets:
    """Secrets of one environment by name. Never printed: the repr shows names only."""

    values: Mapping[str, str] = field(repr=False)

    def get(self, name: str) -> str | None:
        """The secret, or None when it is not set."""
        return self.values.get(name) or None

    def need(self, name: str) -> str:
        """The secret; a fault that checks turn into ``unknown: NAME is not set``."""
        if value := self.get(name):
            return value
        raise SystemFault(f"{name} is not set", system="settings", fault=Fault.NOT_SET, next_step=f"set {name}")

    def known(self) -> dict[str, str]:
        """Every secret that is set, for the masker."""
        return {name: value for name, value in self.values.items() if value}


def choose_profile(option: str | None, of_incident: str | None = None) -> str:
    """``--env``, else ``$RUNBOOK_ENV``, else the incident's, else ``sandbox`` if it is the only one; else exit 2."""
    if chosen := option or os.environ.get("RUNBOOK_ENV") or of_incident:
        return chosen
    names = profile_names()
    if names == ["sandbox"]:
        return "sandbox"
    raise SettingError(
        f"no environment chosen; there are {', '.join(names)}", where="environment", next_step="add --env NAME"
    )


def load_profile(name: str) -> Profile:
    """The profile of one environment, its ids compared with those in the process's environment."""
    path = root() / PROFILES / f"{name}.yaml"
    if name not in profile_names():
        raise SettingError(
            f"no environment {name!r}; there are {', '.join(profile_names())}",
            where="environment",
            next_step=f"choose one, or write {PROFILES / (name + '.yaml')}",
        )
    data = read_yaml(path)
    if data.get("sandbox"):
        _overlay_sandbox(data)
    profile = _profile(name, data, where=str(PROFILES / path.name))
    if not profile.sandbox:
        _compare_ids(profile)
    return profile


def load_secrets(profile: Profile) -> Secrets:
    """The environment's secrets: the sandbox's from its state, others from variables and an owner-only ``.env``."""
    if profile.sandbox:
        return Secrets({str(key): str(value) for key, value in sandbox_state()["secrets"].items()})
    merged = {**_dotenv(root() / ".env"), **os.environ}
    for alias, name in (*ALIASES.items(), *((old_name(one), old_name(other)) for one, other in ALIASES.items())):
        one, other = merged.get(alias), merged.get(name)
        if one and other and one != other:
            raise SettingError(f"{alias} and {name} are both set and differ", where="environment variables",
                               next_step=f"unset {alias}")  # fmt: skip
        if one:
            merged[name] = one
    names = with_their_old({*SECRET_NAMES, *_variables(profile)})
    return Secrets({name: merged[name] for name in names if merged.get(name)})


def secrets_set() -> dict[str, str]:
    """Every secret and id that is set now, for whichever environment: in variables, or in an owner-only ``.env``."""
    merged = {**_dotenv(root() / ".env"), **os.environ}
    return {name: merged[name] for name in (*with_their_old(SECRET_NAMES), *ID_NAMES) if merged.get(name)}


def with_their_old(names: Iterable[str]) -> list[str]:
    """Each name, and the one under which its leaked value stands while a new one takes its place."""
    return sorted({one for name in names for one in (name, old_name(name))})


def secrets_of(environment: str) -> dict[str, str]:
    """The environment's secrets, for masking and for the gate at close; a sandbox that is gone has none left to tell."""
    try:
        return load_secrets(load_profile(environment)).known()
    except SettingError:
        return {}


def sandbox_state() -> dict[str, Any]:
    """The running sandbox's state; exit 2 when none is running."""
    path = sandbox_state_path()
    try:
        state: dict[str, Any] = json.loads(path.read_text("utf-8"))
        os.kill(int(state["pid"]), 0)
    except (OSError, ValueError, KeyError) as error:
        if not isinstance(error, PermissionError):
            raise SettingError("no sandbox is running", where="environment sandbox",
                               next_step="runbook sandbox up") from error  # fmt: skip
    return state


def _overlay_sandbox(data: dict[str, Any]) -> None:
    state = sandbox_state()
    for system, names in SANDBOX_URLS.items():
        data[system] |= {part: _own_address(state["urls"], name) for part, name in names.items()}
    data["database"] |= {"system_identifier": str(state["ids"]["system_identifier"])}
    data["queue"] |= {"host": str(state["ids"].get("queue_host", ""))}


def _own_address(urls: Mapping[str, str], name: str) -> str:
    """One of the sandbox's addresses: there, and on this machine."""
    url = urls.get(name, "")
    if not is_loopback(urlsplit(url).hostname or ""):
        what = f"{url} is not on this machine" if url else f"the running sandbox is an older one, without {name}"
        raise SettingError(what, where="environment sandbox", next_step="runbook sandbox down, then runbook sandbox up")
    return url


def _profile(name: str, data: Mapping[str, Any], *, where: str) -> Profile:
    known = {"sandbox", *TARGETS}
    if stray := sorted(set(data) - known):
        raise SettingError(f"unknown key {stray[0]!r}", where=where, next_step=f"known: {', '.join(sorted(known))}")
    built = {
        key: _target(cls, data[key], f"{where}: {key}") for key, cls in TARGETS.items() if data.get(key) is not None
    }
    return Profile(name, bool(data.get("sandbox", False)), **built)


def _target(cls: type[Any], data: Mapping[str, Any], where: str) -> Any:
    names = {f.name for f in fields(cls)}
    if stray := sorted(set(data) - names):
        raise SettingError(f"unknown key {stray[0]!r}", where=where, next_step=f"known: {', '.join(sorted(names))}")
    try:
        return cls(**{key: tuple(value) if isinstance(value, list) else value for key, value in data.items()})
    except TypeError as error:
        missing = str(error).split("argument", 1)[-1].strip(" s:")
        raise SettingError(f"missing {missing}", where=where, next_step="fill it in") from error


def _variables(profile: Profile) -> set[str]:
    """The variables that the profile itself names."""
    database, queue, mail = profile.database, profile.queue, profile.mail
    names = {database.direct_variable, database.pooler_variable, database.replica_variable} if database else set()
    return names | ({queue.variable} if queue else set()) | ({mail.variable} if mail else set())


def _compare_ids(profile: Profile) -> None:
    """The Markdown runbook's id variables choose nothing any more: they must agree with the profile."""
    for name, (part, field_name) in ID_FIELDS.items():
        wanted, seen = getattr(getattr(profile, part), field_name, None), os.environ.get(name)
        if wanted and seen and seen != wanted:
            raise SettingError(f"{name} is {seen}, the profile says {wanted}", where=f"environment {profile.name}",
                               next_step=f"unset {name} or choose another --env")  # fmt: skip


def is_loopback(host: str) -> bool:
    """True for localhost and the loopback addresses; no name is looked up."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _dotenv(path: Path) -> dict[str, str]:
    if not path.exists():
        return {}
    if path.stat().st_mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise SettingError(".env can be read by others", where=str(path), next_step="chmod 600 .env")
    from dotenv import dotenv_values  # late: most runs have no .env

    return {key: value for key, value in dotenv_values(path, interpolate=False).items() if value}


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in one YAML file; exit 2 with the place of the mistake."""
    import yaml  # late: 15 ms that `import runbook` does not owe

    try:
        data = yaml.safe_load(path.read_text("utf-8"))
    except (OSError, yaml.YAMLError) as error:
        reason = " ".join(str(error).split())
        raise SettingError(f"not readable as YAML: {reason}", where=str(path), next_step="mend the file") from error
    if not isinstance(data, dict):
        raise SettingError("holds no mapping", where=str(path), next_step="mend the file")
    return data
