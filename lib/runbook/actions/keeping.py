"""Keep the damaged tables before anything is overwritten: encrypted in the database, to a key whose private half is elsewhere.

OpenPGP as PostgreSQL's pgcrypto does it (``pgp_pub_encrypt``; it takes RSA and ElGamal keys): what arrives here cannot be
read here, and any OpenPGP program opens it.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from runbook.actions.frame import Action
from runbook.checks.database import read
from runbook.checks.frame import Answer
from runbook.checks.recovery import deleted
from runbook.errors import Refused
from runbook.model import Changed, Danger, Outcome, Plan, PlannedObject, Preview, Status
from runbook.places import root, runs_dir
from runbook.record.folder import write_atomic
from runbook.systems import Systems
from runbook.times import parse_iso

FOLDER = ".dumps"  # beside the incidents, in no record
DAYS = 30  # ours: as long as somebody may still miss a row
MOST_BYTES = 50_000_000  # ours: it passes through one answer, within a statement's time limit
BEGINS = "-----BEGIN PGP MESSAGE-----"
PUBLIC_KEY = "-----BEGIN PGP PUBLIC KEY BLOCK-----"


def preview(systems: Systems, *, dump_key: str = "") -> Preview:
    """The damaged tables, the file that each goes to, and the date by which it is deleted."""
    public_key(dump_key)
    facts, now = deleted.function(systems).facts, systems.times.now()
    if large := [name for name in facts["damaged"] if facts["bytes"][name] > MOST_BYTES]:
        raise Refused(f"too large to pass through here: {', '.join(large)}", where="dump",
                      next_step="pg_dump --table, encrypted, by hand")  # fmt: skip
    delete_by = f"{now + timedelta(days=DAYS):%Y-%m-%d}"
    items = []
    for name in facts["damaged"]:
        file = runs_dir() / FOLDER / f"{name}-{now:%Y%m%dT%H%M%SZ}-delete-by-{delete_by}.json.asc"
        shown = {"megabytes": round(facts["bytes"][name] / 1e6, 1), "delete_by": delete_by}
        items.append(PlannedObject(f"file:{name}", shown, {"table": name, "file": str(file), "delete_by": delete_by}))
    costs = ("a copy of personal data lies on this machine, encrypted, until somebody deletes it",) if items else ()
    target = systems.profile.database.project_ref if systems.profile.database else ""
    return Preview(target, tuple(items), costs)


def public_key(dump_key: str) -> str:
    """The key of a file, from the checkout; refused where there is none."""
    path = root() / dump_key
    text = path.read_text("utf-8") if dump_key and path.is_file() else ""
    if not text.startswith(PUBLIC_KEY):
        raise Refused(f"{dump_key!r} is no OpenPGP public key" if dump_key else "no key to encrypt to is given",
                      where="dump_key", next_step="gpg --export --armor NAME > FILE, an RSA key")  # fmt: skip
    return text


def change(systems: Systems, item: PlannedObject, plan: Plan) -> Changed:
    """Write one table's rows, as they are now, to its file."""
    path = Path(str(item.bound["file"]))
    if path.exists():
        return Changed(Outcome.UNCHANGED, f"{item.bound['table']} is kept already in {path}")
    table = str(item.bound["table"])
    schema, _, name = table.partition(".")
    key = public_key(str(plan.arguments["dump_key"]))
    (row,) = read(systems, "table_dump", schema=schema, table_name=name, public_key=key)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    write_atomic(path, row["message"])
    told = f"kept {row['rows']} rows of {table}, encrypted, in {path}; delete it by {item.bound['delete_by']}"
    return Changed(Outcome.DONE, told)


def verify(systems: Systems, plan: Plan) -> Answer:
    """Every file is there and is an OpenPGP message; only the private key can tell what is in it."""
    paths = [Path(str(item.bound["file"])) for item in plan.objects]
    missing = [path.name for path in paths if not path.is_file() or not path.read_text("utf-8").startswith(BEGINS)]
    if missing:
        return Answer(
            Status.CRITICAL, f"not there, or no OpenPGP message: {', '.join(missing)}", len(missing), "files", 0, "disk"
        )
    days = min((parse_iso(f"{item.bound['delete_by']}T00:00:00Z") - systems.times.now()).days for item in plan.objects)
    told = f"{len(paths)} files are there, as OpenPGP messages, for at most {days + 1} days"
    return Answer(Status.OK, told, len(paths), "files", source="disk")


keep_damaged_tables = Action(
    "keep_damaged_tables", "Keep the damaged tables, encrypted, outside the record", Danger.SIDE_EFFECT, "database",
    preview, change, verify, 60.0, "cannot be undone: a copy was made; delete the file, by its date at the latest",
    follow_up="Delete the kept tables by the date in their files' names; open one with the private key: gpg --decrypt FILE.",
    mends=False,
)  # fmt: skip
