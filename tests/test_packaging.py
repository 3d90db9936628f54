"""One lock for everybody, nothing in it that names a place, and an environment.yml that says the same."""

import ast
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from rattler import MatchSpec

ROOT = Path(__file__).resolve().parents[1]
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]

sys.path.insert(0, str(ROOT / "tools"))
import install  # noqa: E402

sys.path.pop(0)


def test_every_locked_file_has_a_hash_and_no_address():
    packages = install.blocks(LOCK)
    assert len(packages) > 80
    assert all("--hash=sha256:" in text for text, _ in packages.values())
    assert not re.search(r"https?://|file:|@ ", LOCK)


@pytest.mark.parametrize("what", list(install.WANTED))
def test_each_choice_of_extras_is_closed_and_holds_what_it_names(what):
    chosen = install.blocks(install.chosen(LOCK, PROJECT, install.WANTED[what]))
    assert {"papermill", "httpx", "psycopg", "setuptools"} <= set(chosen)
    assert ("jupyterlab" in chosen) == (what != "core")
    assert ("chdb-core" in chosen) == (what in ("sandbox", "dev"))
    assert ("pytest" in chosen) == (what == "dev")


def test_the_lock_holds_every_requirement_of_the_project():
    lines = [*PROJECT["dependencies"], *(line for extra in PROJECT["optional-dependencies"].values() for line in extra)]
    assert {install.canonical(line) for line in lines} <= set(install.blocks(LOCK))


def test_conda_s_own_grammar_reads_every_conda_line():
    lines = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    names = [MatchSpec(line).name.normalized for line in lines if isinstance(line, str)]
    assert names == ["python", "pip"]


def test_the_pip_section_of_environment_yml_is_the_lock():
    lines = yaml.safe_load((ROOT / "environment.yml").read_text("utf-8"))["dependencies"]
    (section,) = [line["pip"] for line in lines if isinstance(line, dict)]
    assert section == ["-r requirements.lock"]


@pytest.mark.long
def test_the_pip_section_really_installs(tmp_path):
    subprocess.run([sys.executable, "-m", "venv", str(tmp_path / "env")], check=True)
    pip = [
        str(tmp_path / "env" / "bin" / "python"),
        "-m",
        "pip",
        "install",
        "-q",
        "-r",
        str(ROOT / "requirements.lock"),
    ]
    subprocess.run(pip, check=True, cwd=ROOT, timeout=550)
    subprocess.run(
        [str(tmp_path / "env" / "bin" / "python"), "-c", "import papermill, psycopg, jupyterlab"], check=True
    )


def test_lib_is_not_ignored_by_git():
    ignored = subprocess.run(["git", "check-ignore", "lib/runbook/model.py"], cwd=ROOT, check=False).returncode
    assert ignored == 1


def test_import_runbook_brings_nothing_heavy():
    code = (
        "import sys, runbook; print([m for m in ('pandas', 'httpx', 'psycopg', 'IPython', 'yaml') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ast.literal_eval(done.stdout) == []
