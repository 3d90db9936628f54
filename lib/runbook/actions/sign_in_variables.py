"""Put the right value of a sign-in variable into the site's environment: the two that are public, from Clerk's own word.

Neither is a secret, and neither is shown whole: of the public key its fingerprint, of the publishable key the host in it.
"""

from __future__ import annotations

import base64
from urllib.parse import urlsplit

from runbook.actions.frame import Action
from runbook.checks.auth import our_test
from runbook.checks.clerk import login_page, pinned_key
from runbook.checks.frame import Answer
from runbook.checks.sign_in_variables import PRODUCTION, in_place, names
from runbook.clients.public_keys import PublicKey
from runbook.clients.vercel_rows import Variable
from runbook.errors import Refused
from runbook.model import Changed, Danger, Outcome, Plan, PlannedObject, Preview, Status
from runbook.profile import ClerkTarget
from runbook.systems import Systems

SECONDS = 30.0
SOURCE = "Vercel, environment variables"


def preview(systems: Systems, *, variable: str = "") -> Preview:
    """The variable, what it would hold, and what it has now; the one that is wrong when none is given."""
    clerk = _clerk(systems)
    key = variable or _wrong(systems, clerk)
    if key not in names(clerk):
        raise Refused(
            f"{key} is no variable of the sign-in", where="variable", next_step=f"one of {', '.join(names(clerk))}"
        )
    _, told = _value(systems, clerk, key)
    found = _found(systems, key)
    shown = {"then": told, "now": f"set {found.updated_at}" if found else "not there", "for": PRODUCTION}
    costs = ["nothing changes for customers before the next build: step 2"]
    if found:
        costs.append("the value it has now is lost: a sensitive variable cannot be read back")
    item = PlannedObject(key, shown, {"told": told})
    before = {"updated_at": found.updated_at if found else ""}
    return Preview(_project(systems), (item,), tuple(costs), before, target_was_given=bool(variable))


def change(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Set it, if Clerk still says what the plan saw."""
    value, told = _value(systems, _clerk(systems), item.identity)
    if told != item.bound["told"]:
        return Changed(Outcome.UNCHANGED, f"Clerk says {told} now, not {item.bound['told']} as planned; plan again")
    systems.vercel.set_variable(item.identity, value, (PRODUCTION,))
    return Changed(Outcome.DONE, f"set {item.identity} for {PRODUCTION} to {told}", {"told": told})


def verify(systems: Systems, plan: Plan) -> Answer:
    """Vercel lists it as set since."""
    key = plan.objects[0].identity
    found = _found(systems, key)
    if found is None or found.updated_at <= str(plan.before["updated_at"]):
        return Answer(Status.CRITICAL, f"{key} is not set anew", source=SOURCE)
    return Answer(
        Status.OK, f"{key} was set at {found.updated_at}; the next build has it", found.updated_at, source=SOURCE
    )


def _value(systems: Systems, clerk: ClerkTarget, key: str) -> tuple[str, str]:
    """What the variable must hold, and how that is told without it."""
    if key == clerk.key_variable:
        signing = _signing(systems)
        return signing.pem, f"{signing.kid}, fingerprint {signing.thumbprint[:12]}"
    if key == clerk.publishable_variable:
        host = _frontend(systems)
        kind = "live" if systems.clerk.instance().environment_type == "production" else "test"
        return f"pk_{kind}_{base64.b64encode(f'{host}$'.encode()).decode()}", f"the {kind} key of {host}"
    raise Refused(f"{key} is a secret, which Clerk shows to a person only", where="variable",
                  next_step="copy it from Clerk's dashboard into the project's variables by hand; then step 2")  # fmt: skip


def _signing(systems: Systems) -> PublicKey:
    """The key that signs now: the one Clerk lists, or of several the one that signed our test's token."""
    keys = systems.clerk.keys()
    site = systems.profile.site
    if len(keys) > 1 and site is not None:
        kid = systems.site.auth_test(site.auth_test_path).token_kid
        keys = [key for key in keys if key.kid == kid]
    if len(keys) != 1 or not keys[0].pem:
        raise Refused("Clerk lists no one RSA key that signs now", where="Clerk, keys",
                      next_step="copy the PEM public key from Clerk's dashboard, API keys, by hand")  # fmt: skip
    return keys[0]


def _frontend(systems: Systems) -> str:
    """Where browsers sign in, by Clerk's own word; satellites sign in at the primary domain."""
    hosts = [urlsplit(one.frontend_url).hostname for one in systems.clerk.domains() if not one.is_satellite]
    if len(hosts) != 1 or not hosts[0]:
        raise Refused("Clerk names no one address where browsers sign in", where="Clerk, domains",
                      next_step="copy the publishable key from Clerk's dashboard, API keys, by hand")  # fmt: skip
    return hosts[0]


def _wrong(systems: Systems, clerk: ClerkTarget) -> str:
    """The variable that the findings point at."""
    tried = str(our_test.function(systems).facts["clerk"])
    if missing := in_place.function(systems).facts["missing"]:
        return str(missing[0])
    if pinned_key.function(systems).facts["is_stale"] or tried.startswith("jwk-"):
        return clerk.key_variable
    if login_page.function(systems).facts["is_other"] or tried == "publishable-key-invalid":
        return clerk.publishable_variable
    if tried == "secret-key-invalid":
        return clerk.secret_variable
    raise Refused("no variable of the sign-in is seen to be wrong", where="variable",
                  next_step="name it, or leave it: go on with Diagnose")  # fmt: skip


def _found(systems: Systems, key: str) -> Variable | None:
    return next((one for one in systems.vercel.variables() if one.key == key and PRODUCTION in one.targets), None)


def _clerk(systems: Systems) -> ClerkTarget:
    if systems.profile.clerk is None:
        raise Refused("Clerk is not in this environment's profile", where="clerk", next_step="nothing to do here")
    return systems.profile.clerk


def _project(systems: Systems) -> str:
    return systems.profile.vercel.project_id if systems.profile.vercel else ""


set_sign_in_variable = Action(
    "set_sign_in_variable", "Set a variable of the sign-in to what Clerk says now", Danger.SIDE_EFFECT, "vercel",
    preview, change, verify, SECONDS, "cannot be undone: the old value cannot be read back; set the right one again",
    proposed_target=True,
    follow_up="A variable counts from the next build on: build the live deployment again.",
)  # fmt: skip
