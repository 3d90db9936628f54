"""What is the customer's own survives an upgrade, and counts before and after it."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from runbook import catalogue, places, policy
from runbook.errors import SettingError

ROOT = Path(__file__).resolve().parents[1]
OURS = ("params", "notebooks", ".gitignore")
OWN = {
    "params/local/nightly.yaml": "idle_seconds: 600\n",
    "params/local/policy/thresholds.yaml": "connection_pool: {critical: 70}\nour_own: {warning: 1, critical: 2, unit: s, source: us}\n",
    "params/local/policy/escalation.yaml": "issue_types: {database: {primary: Mira's team}}\n",
    "params/environments/production.yaml": "site: {url: http://127.0.0.1:9, portal_url: http://127.0.0.1:9}\n",
    "contacts.yaml": "roles: {}\n",
}


def git(*words: str, within: Path) -> str:
    line = ["git", "-c", "user.name=t", "-c", "user.email=t@t.test", "-c", "commit.gpgsign=false", *words]
    return subprocess.run(line, cwd=within, check=True, capture_output=True, text=True).stdout


@pytest.fixture
def upstream(tmp_path: Path) -> Path:
    """Our repository, as far as it matters here."""
    folder = tmp_path / "upstream"
    for name in OURS:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        folder.mkdir(exist_ok=True)
        copy(ROOT / name, folder / name)
    git("init", "-q", "-b", "main", within=folder)
    git("add", "-A", within=folder)
    git("commit", "-q", "-m", "a version", within=folder)
    return folder


@pytest.fixture
def customer(upstream: Path, tmp_path: Path) -> Path:
    """A clone in which the customer has put what is theirs, committed but for the contacts, which git must not see."""
    home = tmp_path / "customer"
    git("clone", "-q", str(upstream), str(home), within=tmp_path)
    for name, text in OWN.items():
        path = home / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    mine = home / "notebooks/local/our-own.ipynb"
    mine.parent.mkdir(exist_ok=True)
    shutil.copy(home / "notebooks/respond/database-failure.ipynb", mine)
    git("add", "-A", within=home)
    assert "contacts.yaml" not in git("ls-files", within=home)
    git("commit", "-q", "-m", "ours", within=home)
    return home


def test_nothing_of_ours_is_in_what_is_theirs() -> None:
    shipped = git("ls-files", "notebooks/local", "params/local", "contacts.yaml", ".env", within=ROOT)
    assert shipped == ""


def test_an_upgrade_leaves_it_as_it_is(upstream: Path, customer: Path) -> None:
    before = {name: (customer / name).read_bytes() for name in (*OWN, "notebooks/local/our-own.ipynb")}
    with (upstream / "params/policy/thresholds.yaml").open("a") as file:
        file.write("brand_new: {warning: 1, critical: 2, unit: s, source: ours}\n")
    (upstream / "notebooks/respond/feature-flag-rollback.ipynb").unlink()
    git("commit", "-q", "-a", "-m", "the next version", within=upstream)
    git("pull", "-q", "--no-rebase", "--no-edit", within=customer)
    assert {name: (customer / name).read_bytes() for name in before} == before
    rules = policy.load(customer)
    assert rules.threshold("brand_new").warning == 1
    assert rules.threshold("connection_pool").critical == 70
    names = {path.stem for path in (customer / "notebooks").rglob("*.ipynb")}
    assert "our-own" in names
    assert "feature-flag-rollback" not in names


def test_their_notebook_is_listed_with_ours(customer: Path) -> None:
    mine = customer / "notebooks/local/our-own.ipynb"
    mine.write_text(mine.read_text().replace("database-failure", "our-own"))
    assert ("local", "our-own") in {(one.category, one.name) for one in catalogue.find(customer)}


def test_their_tables_go_over_ours_key_by_key(customer: Path) -> None:
    ours, both = policy.load(ROOT), policy.load(customer)
    pool = both.threshold("connection_pool")
    assert (pool.critical, pool.warning) == (70, ours.threshold("connection_pool").warning)
    assert both.threshold("our_own").critical == 2
    assert both.issue_type("database").primary == "Mira's team"
    assert both.issue_type("database").backup == ours.issue_type("database").backup
    assert both.severities == ours.severities


def test_a_table_that_there_is_none_of_is_an_error_that_names_it(customer: Path) -> None:
    (customer / "params/local/policy/treshold.yaml").write_text("a: 1\n")
    with pytest.raises(SettingError, match=r"treshold\.yaml: no table of that name"):
        policy.load(customer)


def test_their_profiles_are_environments(customer: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNBOOK_HOME", str(customer))
    assert "production" in places.profile_names()
