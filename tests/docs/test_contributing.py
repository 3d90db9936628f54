"""CONTRIBUTING's "new runbook in 30 minutes", followed step by step in a copy of the checkout."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```(\w+) (?:(file|append)=(\S+)|(follow))\n(.*?)^```$", re.M | re.S)
BIN = Path(sys.executable).parent


def test_a_newcomer_who_follows_it_has_a_runbook_that_runs(tmp_path):
    home = copied(tmp_path / "checkout")
    said = follow((ROOT / "CONTRIBUTING.md").read_text("utf-8"), home)
    assert "queue-memory" in said[".venv/bin/runbook list"]
    assert "queue.memory" in said[".venv/bin/runbook show queue-memory"]
    assert "before/after: site's health 200 → 200" in said[".venv/bin/runbook drill queue-memory-healthy"]
    records = list((home / "runs" / "routine").glob("*-queue-memory-*/report.html"))
    assert len(records) == 1
    assert "no limit is set" in records[0].read_text("utf-8")


def test_a_name_that_is_taken_is_refused_in_one_line(tmp_path):
    home = copied(tmp_path / "checkout")
    done = subprocess.run(
        [sys.executable, "tools/new_runbook.py", "database-failure", "--check", "site.health", "--owner", "x", "--symptom", "x"],
        cwd=home, capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        "new_runbook: notebooks/respond/database-failure.ipynb is there already. Next: choose another name\n"
    )


def copied(home: Path) -> Path:
    """What git would hand to a newcomer, as it is in the working tree."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    for name in filter(None, listed.split("\0")):
        if (ROOT / name).is_file():
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, home / name)
    return home


def follow(text: str, home: Path) -> dict[str, str]:
    """Write every file and run every command that the text names; what each command printed."""
    said: dict[str, str] = {}
    for _, how, where, commands, body in BLOCK.findall(text):
        if how == "file":
            assert not (home / where).exists(), f"{where} is there already: the example is no longer new"
            (home / where).write_text(body, "utf-8")
        elif how == "append":
            with (home / where).open("a", encoding="utf-8") as file:
                file.write(body)
        for line in filter(None, body.splitlines() if commands else ()):
            said[line] = run(line, home)
    return said


def run(line: str, home: Path) -> str:
    words = [re.sub(r"^(\.venv/bin/|python3$)", lambda m: f"{BIN}/" if m[0] != "python3" else sys.executable, word)
             for word in shlex.split(line)]  # fmt: skip
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("RUNBOOK_", "PYTEST_"))}
    environment = {**clean, "RUNBOOK_HOME": str(home), "PYTHONPATH": str(home / "lib")}
    done = subprocess.run(words, cwd=home, env=environment, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, f"{line} ended with {done.returncode}:\n{done.stdout[-3000:]}\n{done.stderr[-2000:]}"
    return done.stdout
