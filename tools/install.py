"""Make a virtual environment from requirements.lock and install this checkout into it. Standard library only.

    python tools/install.py .venv lab            core and JupyterLab
    python tools/install.py .venv sandbox        … and the embedded world
    python tools/install.py .venv dev            … and what the tests need

One lock holds every extra; only what the chosen extras need is installed from it, each file checked by its hash. uv is
used when it is there, pip otherwise.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WANTED = {
    "core": ("build",),
    "lab": ("build", "lab"),
    "sandbox": ("build", "lab", "sandbox"),
    "dev": ("build", "lab", "sandbox", "dev"),
}
NAME = re.compile(r"[A-Za-z0-9._-]+")


def canonical(requirement: str) -> str:
    """The normalised name of a requirement line."""
    match = NAME.match(requirement)
    if match is None:
        raise ValueError(f"not a requirement: {requirement!r}")
    return re.sub(r"[-_.]+", "-", match.group()).lower()


def blocks(lock: str) -> dict[str, tuple[str, set[str]]]:
    """Each locked package with its text and the packages that asked for it (the lock's "via" comments)."""
    found: dict[str, tuple[str, set[str]]] = {}
    for text in re.split(r"\n(?=[A-Za-z0-9])", lock):
        if not text or text.startswith("#"):
            continue
        via = {canonical(name) for name in re.findall(r"# +(?:via +)?([A-Za-z0-9][\w.\[\]-]*)", text) if name != "via"}
        name = canonical(text)
        before = found.get(name, ("", set()))
        found[name] = (before[0] + text.rstrip() + "\n", before[1] | via)
    return found


def chosen(lock: str, project: dict[str, object], extras: tuple[str, ...]) -> str:
    """The part of the lock that the core and these extras need."""
    packages = blocks(lock)
    optional: dict[str, list[str]] = project["optional-dependencies"]  # type: ignore[assignment]
    core: list[str] = project["dependencies"]  # type: ignore[assignment]
    wanted = {canonical(line) for line in [*core, *(line for extra in extras for line in optional[extra])]}
    wanted &= set(packages)
    while True:
        more = {name for name, (_, via) in packages.items() if name not in wanted and via & wanted}
        if not more:
            return "".join(packages[name][0] for name in sorted(wanted))
        wanted |= more


def main() -> None:
    """Create the environment if needed, then install."""
    venv, what = Path(sys.argv[1]), sys.argv[2]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    requirements = chosen((ROOT / "requirements.lock").read_text("utf-8"), project, WANTED[what])
    uv = shutil.which("uv")
    python = venv / "bin" / "python"
    if uv and subprocess.run([uv, "--version"], capture_output=True, check=False).returncode != 0:
        uv = None  # a version manager's shim without a version behind it
    if not python.exists():
        make = [uv, "venv", "-q", "--python", sys.executable] if uv else [sys.executable, "-m", "venv"]
        subprocess.run([*make, str(venv)], check=True)
    install = (
        [uv, "pip", "install", "-q", "--python", str(python)] if uv else [str(python), "-m", "pip", "install", "-q"]
    )
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
        file.write(requirements)
        file.flush()
        subprocess.run([*install, "--require-hashes", "-r", file.name], check=True)
    subprocess.run([*install, "--no-deps", "--no-build-isolation", "-e", str(ROOT)], check=True)


if __name__ == "__main__":
    main()
