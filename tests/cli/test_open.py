"""``runbook open``: JupyterLab on the dated copy, for as long as the command lives."""

import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

pytestmark = pytest.mark.timeout(120)


@pytest.fixture
def lab(home):
    """JupyterLab on a copy; the process, what it told, and a mark that all its processes carry."""
    mark = f"lab-{time.time_ns()}"
    line = [sys.executable, "-m", "runbook.cli.main", "open", "sample-check", "--env", "production", "--json"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LAB_MARK": mark}) as process:  # fmt: skip
        told = ""
        while "\n}" not in told:
            told += process.stdout.readline() or pytest.fail(process.stderr.read())
        yield process, json.loads(told), mark
        process.kill()


def ask(url: str, path: str, method: str = "GET", token: str | None = None):
    parts = urlsplit(url)
    token = token or parse_qs(parts.query)["token"][0]
    request = urllib.request.Request(f"http://{parts.netloc}{path}", method=method, headers={"Authorization": f"token {token}"})  # fmt: skip
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)


def marked(mark: str) -> list[Path]:
    found = []
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() in (place / "environ").read_bytes():
                found.append(place)
        except OSError:
            continue
    return found


def test_lab_opens_the_copy_and_ctrl_c_ends_it_with_its_kernels(home, lab):
    process, told, mark = lab
    assert set(told) == {"run", "run_dir", "url"}
    assert urlsplit(told["url"]).hostname == "127.0.0.1"
    assert [one["name"] for one in ask(told["url"], "/api/contents")["content"]] >= ["notebook.ipynb"]
    with pytest.raises(urllib.error.HTTPError):
        ask(told["url"], "/api/contents", token="guessed")
    ask(told["url"], "/api/kernels", "POST")
    kernels = [place for place in marked(mark) if b"ipykernel" in (place / "cmdline").read_bytes()]
    assert len(kernels) == 1
    environment = (kernels[0] / "environ").read_bytes().split(b"\0")
    assert f"RUNBOOK_RUN={told['run_dir']}".encode() in environment
    assert (kernels[0] / "cwd").resolve() == Path(told["run_dir"])
    secret = parse_qs(urlsplit(told["url"]).query)["token"][0].encode()
    assert not [
        place for place in marked(mark) if secret in (place / "cmdline").read_bytes() + (place / "environ").read_bytes()
    ]
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (0, "", "")
    assert marked(mark) == []
    assert not Path(told["run_dir"]).exists()


def test_a_copy_that_was_edited_stays(home, lab):
    process, told, _ = lab
    notebook = Path(told["run_dir"]) / "notebook.ipynb"
    notebook.write_text(notebook.read_text().replace("1 + 1", "1 + 2"))
    process.send_signal(signal.SIGTERM)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 143
    assert told["run_dir"] in err
    assert "1 + 2" in notebook.read_text()


def test_lab_does_not_outlive_a_command_that_was_killed(lab):
    process, _, mark = lab
    process.kill()
    process.wait()
    give_up = time.monotonic() + 20
    while marked(mark) and time.monotonic() < give_up:
        time.sleep(0.1)
    assert marked(mark) == []
