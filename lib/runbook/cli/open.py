"""``runbook open``: a dated copy of a procedure in the run's folder, and JupyterLab on it until Ctrl-C."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from importlib.util import find_spec
from pathlib import Path

from runbook.cli import asked
from runbook.cli.ending import Ended, ends_cleanly
from runbook.cli.run import request_of
from runbook.cli.screen import Screen
from runbook.errors import RunbookError, SettingError
from runbook.record.journal import scan
from runbook.sandbox.processes import LOOPBACK, free_port, spawn, stop
from runbook.times import Times

START_SECONDS = 60.0
STOP_SECONDS = 10.0
LOOK_SECONDS = 0.1


def arguments(parser: argparse.ArgumentParser, command: str) -> None:
    """The contract's options."""
    asked.add_options(parser)
    parser.set_defaults(call=open_lab)


def open_lab(arguments: argparse.Namespace, screen: Screen) -> int:
    """Make the copy, start JupyterLab on it, say where it is, stay until it ends."""
    if find_spec("jupyterlab") is None:
        raise SettingError("JupyterLab is not installed", where="open", next_step="make install")
    times = Times()
    checked = asked.check(arguments, times)
    if checked.elsewhere:
        screen.aside(f"runbook: {checked.elsewhere}")
    from runbook.headless import prepare
    from runbook.headless.folder import kernel_environment

    request = request_of(checked, asked.take_incident(checked, times), arguments)
    with ends_cleanly(), tempfile.TemporaryDirectory(prefix="runbook-lab-") as private:
        run_dir = prepare(request, times)
        clean = (run_dir / "notebook.ipynb").read_bytes()
        token, port = secrets.token_urlsafe(24), free_port()
        environment = kernel_environment(request, run_dir, supervised=False)
        lab = _start(run_dir, port, token, environment, Path(private))
        try:
            _wait_until_it_answers(lab, port, token, Path(private))
            url = f"http://{LOOPBACK}:{port}/lab/tree/notebook.ipynb?token={token}"
            screen.document({"run": run_dir.name, "run_dir": str(run_dir), "url": url})
            screen.line(f"run: {run_dir}")
            screen.line(f"open: {url}")
            screen.line("Ctrl-C ends JupyterLab and its kernels.")
            if not os.environ.get("RUNBOOK_NO_BROWSER"):
                import webbrowser

                webbrowser.open(url)
            return _stay(lab)
        finally:
            _stop(lab)
            _say_what_is_left(run_dir, clean, screen)


def _stay(lab: subprocess.Popen[bytes]) -> int:
    """Until JupyterLab ends by itself (its menu has Shut Down) or somebody ends this command; that is no error."""
    try:
        while lab.poll() is None:
            time.sleep(LOOK_SECONDS)
    except KeyboardInterrupt:
        return 0
    except Ended as end:
        return end.exit_code
    return 0


def _start(run_dir: Path, port: int, token: str, environment: dict[str, str], private: Path) -> subprocess.Popen[bytes]:
    """JupyterLab, in a session of its own: Ctrl-C is ours, and its question whether to stop would wait for nobody."""
    token_file = private / "token"
    token_file.touch(mode=0o600)
    token_file.write_text(token)
    told = {**environment, "JUPYTER_TOKEN_FILE": str(token_file), "IPYTHONDIR": str(private / "ipython"),
            "JUPYTER_RUNTIME_DIR": str(private / "runtime"), "JUPYTER_CONFIG_PATH": str(_quiet(private))}  # fmt: skip
    told.pop("JUPYTER_TOKEN", None)
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", f"--ServerApp.ip={LOOPBACK}", f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0", f"--ServerApp.root_dir={run_dir}",
        # no word to the outside, no question in the way: neither news nor a look for updates
        "--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        *(["--allow-root"] if os.geteuid() == 0 else []),
    ]  # fmt: skip
    return spawn(command, log=private / "lab.log", env=told, cwd=run_dir)


def _quiet(private: Path) -> Path:
    """A configuration in which JupyterLab does not ask whether it may fetch news."""
    folder = private / "config" / "labconfig"
    folder.mkdir(parents=True)
    off = {"disabledExtensions": {"@jupyterlab/apputils-extension:announcements": True}}
    (folder / "page_config.json").write_text(json.dumps(off))
    return private / "config"


def _wait_until_it_answers(lab: subprocess.Popen[bytes], port: int, token: str, private: Path) -> None:
    request = urllib.request.Request(
        f"http://{LOOPBACK}:{port}/api/status", headers={"Authorization": f"token {token}"}
    )  # fmt: skip
    give_up = time.monotonic() + START_SECONDS
    while lab.poll() is None and time.monotonic() < give_up:
        try:
            with urllib.request.urlopen(request, timeout=2):
                return
        except urllib.error.HTTPError as error:
            raise RunbookError(f"JupyterLab answers {error.code}", where="open", next_step="try again") from error
        except OSError:
            time.sleep(LOOK_SECONDS)
    said = (private / "lab.log").read_text("utf-8", "replace").replace(token, "...").strip().splitlines()[-3:]
    raise RunbookError(f"JupyterLab did not start: {' '.join(said)}", where="open", next_step="make install")


def _stop(lab: subprocess.Popen[bytes]) -> None:
    """TERM makes JupyterLab end its kernels, then itself."""
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)  # a second Ctrl-C must not leave kernels behind
    stop(lab, seconds=STOP_SECONDS)


def _say_what_is_left(run_dir: Path, clean: bytes, screen: Screen) -> None:
    """A run that nobody began leaves no folder; one that was not closed says how to close it."""
    if not run_dir.is_dir():
        return
    entries = scan(run_dir / "journal.jsonl").entries
    if not entries and (run_dir / "notebook.ipynb").read_bytes() == clean:
        shutil.rmtree(run_dir)
    elif not entries:
        screen.aside(f"nothing was run; your edits are in {run_dir}")
    elif entries[-1].event != "run.closed":
        screen.aside(f"the record is not closed: runbook recover {run_dir.name}")
