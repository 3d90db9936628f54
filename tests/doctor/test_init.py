"""From tokens to a ready environment, typed by a person at a terminal, against a real sandbox's stand-ins."""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pexpect
import pytest
import yaml
from runbook.adoption import profile_path
from runbook.adoption.writing import with_secrets
from runbook.errors import SettingError
from runbook.settings import SANDBOX_URLS

CHECKOUT = Path(__file__).resolve().parents[2]
PROMPT = r"  ([^\n]{1,200}?)(?: \[[^\n]*\]| \([^\n]*\))?: $"
BY_HAND = {  # what only somebody who knows the application's code can say: not asked for
    ("site", "needs"), ("site", "programs"), ("stripe", "types"),
    ("database", "sessions_table"), ("database", "events_table"), ("database", "given_table"),
    ("database", "bookings_table"), ("calcom", "triggers"), ("calcom", "event_types"),
}  # fmt: skip
# What a person types where Enter is not enough.
ANSWERS = {
    "channel of incidents, number or id": "C0INCIDENTS",
    "organization's slug": "agency",
    "sender's address": "runbook@agency.test",
}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A checkout as it is right after it was cloned."""
    shutil.copytree(CHECKOUT / "params", tmp_path / "params")
    return tmp_path


@pytest.fixture
def terminal(state: Path, home: Path) -> Iterator[pexpect.spawn]:
    names = json.loads(state.read_text())["secrets"]
    outside = {key: value for key, value in os.environ.items() if not key.startswith("RUNBOOK_") and key not in names}
    process = pexpect.spawn(
        sys.executable, ["-m", "runbook.cli.main", "init", "--practise"], timeout=30, encoding="utf-8", cwd=str(home),
        env={**outside, "RUNBOOK_HOME": str(home), "RUNBOOK_SANDBOX": str(state), "TERM": "dumb"},
        dimensions=(60, 200),
    )  # fmt: skip
    yield process
    process.close(force=True)


def converse(process: pexpect.spawn, secrets: dict[str, str]) -> str:
    """Answer every question until the profile may be written; all that stood on the terminal."""
    said = ""
    while True:
        which = process.expect([r"Write the profile\? \[Y/n\] $", PROMPT])
        said += process.before + process.after
        if which == 0:
            return said
        question = process.match[1].strip()
        process.sendline(secrets.get(question, ANSWERS.get(question, "")))


def test_from_tokens_to_a_ready_environment(state: Path, home: Path, terminal: pexpect.spawn) -> None:
    known = json.loads(state.read_text())
    said = converse(terminal, known["secrets"])
    assert not (home / ".env").exists(), "nothing is written before the end"
    terminal.sendline("")
    terminal.expect(pexpect.EOF)
    said += terminal.before
    terminal.wait()
    assert "production: Ready: this environment could act tonight." in said
    assert terminal.exitstatus == 0
    shown = [name for name, value in known["secrets"].items() if name != "AUTH_TEST_USER" and value in said]
    assert shown == [], "a secret stood on the terminal"
    profile = yaml.safe_load((home / "params/environments/production.yaml").read_text())
    wanted = yaml.safe_load((CHECKOUT / "params/environments/sandbox.yaml").read_text())
    assert set(profile) == set(wanted)
    for system, fields in wanted.items():
        for name, value in fields.items() if isinstance(fields, dict) else ():
            if (system, name) not in BY_HAND:
                assert profile[system][name] == value, f"{system}.{name}"
    for system, names in SANDBOX_URLS.items():
        assert {profile[system][part] for part in names} == {known["urls"][name] for name in names.values()}
    assert stat.S_IMODE((home / ".env").stat().st_mode) == 0o600


def test_ctrl_c_leaves_no_trace(state: Path, home: Path, terminal: pexpect.spawn) -> None:
    before = sorted(path for path in home.rglob("*"))
    terminal.expect(r"SUPABASE_API_KEY \(.*\): $")
    terminal.sendline(json.loads(state.read_text())["secrets"]["SUPABASE_API_KEY"])
    terminal.expect(r"project, number or id .*: $")
    terminal.sendintr()
    terminal.expect(pexpect.EOF)
    terminal.wait()
    assert terminal.exitstatus == 130
    assert sorted(path for path in home.rglob("*")) == before


def test_a_wrong_token_is_asked_again_and_then_the_system_is_left_out(terminal: pexpect.spawn) -> None:
    for _ in range(3):
        terminal.expect(r"SUPABASE_API_KEY \(.*\): $")
        terminal.sendline("sbp_not-the-right-one")
    terminal.expect(r"Supabase is left out")
    terminal.expect(r"VERCEL_TOKEN \(.*\): $")


def test_without_a_terminal_it_says_what_to_do_instead(home: Path, tmp_path: Path) -> None:
    from subprocess import DEVNULL, run

    done = run([sys.executable, "-m", "runbook.cli.main", "init"], stdin=DEVNULL, capture_output=True, text=True, check=False,
               env={**os.environ, "RUNBOOK_HOME": str(home)}, timeout=30)  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert "production.example.yaml" in done.stderr


@pytest.mark.parametrize("name", ["sandbox", "../x", "Production", ""])
def test_a_name_that_is_none(home: Path, name: str) -> None:
    with pytest.raises(SettingError):
        profile_path(home, name)


def test_what_was_in_the_env_file_stays(tmp_path: Path) -> None:
    from dotenv import dotenv_values

    odd = 'it\'s \\ a "pass#word" $HOME ü'
    text = with_secrets("# ours\nKEPT=1\nexport SMTP_URL=old\n", {"SMTP_URL": odd, "LD_API_KEY": "api-1"})
    (tmp_path / ".env").write_text(text)
    assert text.startswith("# ours\nKEPT=1\n")
    assert dotenv_values(tmp_path / ".env", interpolate=False) == {"KEPT": "1", "SMTP_URL": odd, "LD_API_KEY": "api-1"}
