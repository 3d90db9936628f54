"""Made-up secrets let out by real kernels in every way a cell has, and then looked for in every byte of the record."""

from __future__ import annotations

import base64
import html
import json
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote

import canaries
import pytest
from checkouts import CLOSE, OPEN

pytestmark = pytest.mark.timeout(180)

# Every cell has S (the secrets by name), N (their names) and these modules; LEAK is the cell that gives them.
LEAK = """import base64, json, os, sys, html, struct, zlib, logging, subprocess, threading, time, urllib.parse, warnings
N = os.environ["CANARIES"].split(",")
S = {name: os.environ[name] for name in N}
W = json.loads(os.environ["CANARY_PASSWORDS"])"""
CELLS = {
    "print": "for s in [*S.values(), *W.values()]: print(s); print(repr(s)); print(s, file=sys.stderr)",
    "without-a-newline": "for s in [*S.values(), *W.values()]: print(s, end='', flush=True); print(end='/', flush=True)",
    "split": (
        "for s in [*S.values(), *W.values()]:\n"
        "    for cut in (1, len(s) // 2, len(s) - 1):\n"
        "        print(s[:cut], end='', flush=True); time.sleep(.02); print(s[cut:], flush=True)"
    ),
    "split-by-the-letter": "for c in S[N[0]]: print(c, end='', flush=True); time.sleep(.003)",
    "by-the-file-handle": "for s in [*S.values(), *W.values()]: os.write(1, s.encode() + b'\\n'); os.write(2, s.encode())",
    "by-a-child": "subprocess.run([sys.executable, '-c', 'import os; print(dict(os.environ))'])",
    "by-a-thread": (
        "def late():\n    for s in S.values(): print(s); time.sleep(.01)\n"
        "thread = threading.Thread(target=late); thread.start(); thread.join()"
    ),
    "url": "for s in [*S.values(), *W.values()]: print(urllib.parse.quote(s), urllib.parse.quote(s, safe=''), urllib.parse.urlencode({'a': s}))",
    "small-url": "import re\nfor s in S.values(): print(re.sub('%..', lambda m: m[0].lower(), urllib.parse.quote(s)))",
    "twice-in-a-url": "for s in S.values(): print(urllib.parse.quote(urllib.parse.quote(s)))",
    "base64": (
        "for s in [*S.values(), *W.values()]:\n"
        "    for lead in (b'', b'x', b'xy'):\n"
        "        raw = lead + s.encode() + b'tail'\n"
        "        print(base64.b64encode(raw).decode()); print(base64.urlsafe_b64encode(raw).decode()); print(base64.b64encode(raw))"
    ),
    "wrapped-base64": "for s in S.values(): print(base64.encodebytes(b'before' * 9 + s.encode() + b'x' * 60).decode())",
    "basic": "for s in S.values(): print(base64.b64encode(f'user:{s}'.encode()).decode())",
    "hex": "for s in S.values(): print(s.encode().hex(), s.encode().hex().upper())",
    "json": "print(json.dumps(S)); print(json.dumps(json.dumps(S))); print(json.dumps(W, ensure_ascii=False)); S",
    "json-for-html": (
        "go = lambda s: json.dumps(s, ensure_ascii=False).replace('&', '\\\\u0026').replace('<', '\\\\u003c').replace('>', '\\\\u003e')\n"
        "php = lambda s: json.dumps(s).replace('&', '\\\\u0026').replace('<', '\\\\u003C').replace('>', '\\\\u003E').replace(\"'\", '\\\\u0027').replace('/', '\\\\/')\n"
        "for s in [*S.values(), *W.values()]: print(go(s)); print(php(s)); print(json.dumps(s).replace('/', '\\\\/'))"
    ),
    "bytes": "[s.encode() for s in [*S.values(), *W.values()]]",
    "value": "S",
    "frame": "import pandas; pandas.DataFrame({'name': list(S), 'value': list(S.values())})",
    "wide-frame": "pandas.set_option('display.max_colwidth', None); pandas.DataFrame([{**S, **W}])",
    "series": "pandas.reset_option('display.max_colwidth'); pandas.Series(S)",
    "shortened": "for s in S.values(): print(s[:20] + '...'); print(s[:33]); print('...' + s[-20:])",
    "html": "from IPython.display import HTML, JSON, Image, Javascript, Markdown, display\nHTML('<p>' + '</p><p>'.join(map(html.escape, [*S.values(), *W.values()])) + '</p>')",
    "html-numbers": "HTML(''.join(f'<p>{html.escape(s, quote=False)}</p><p>{html.escape(s).replace(\"&quot;\", \"&#34;\").replace(\"&#x27;\", \"&#39;\")}' for s in S.values()))",
    "jinja": "import markupsafe; HTML(str(markupsafe.escape(' '.join([*S.values(), *W.values()]))))",
    "mime": "display({'text/plain': 'x', 'application/json': S, 'text/latex': str(S), S[N[0]]: 'a key'}, raw=True)",
    "json-display": "JSON({'deep': [{'er': list(S.values())}]})",
    "markdown": "Markdown('`' + '`'.join(S.values()) + '`')",
    "metadata": "display({'text/plain': 'x'}, raw=True, metadata={'text/plain': S, 'image/png': {'alt': S}, **S})",
    "update": "shown = display('first', display_id=True); shown.update(str(S)); shown.update({'text/plain': S[N[0]]}, raw=True)",
    "picture-that-is-none": "display({'image/png': S[N[0]], 'image/jpeg': str(S), 'image/svg+xml': f'<svg><text>{html.escape(S[N[1]])}</text></svg>'}, raw=True)",
    "picture": """def chunk(kind, data): return struct.pack('>I', len(data)) + kind + data + struct.pack('>I', zlib.crc32(kind + data))
head = b'\\x89PNG\\r\\n\\x1a\\n' + chunk(b'IHDR', struct.pack('>IIBBBBB', 1, 1, 8, 0, 0, 0, 0))
rest = chunk(b'IDAT', zlib.compress(b'\\0\\0')) + chunk(b'IEND', b'')
for s in S.values():
    Image_ = head + chunk(b'tEXt', b'Comment\\0' + s.encode()) + chunk(b'zTXt', b'Other\\0\\0' + zlib.compress(s.encode()))
    display(Image(data=Image_ + chunk(b'iTXt', b'Third\\0\\1\\0\\0\\0' + zlib.compress(s.encode())) + rest))""",
    "picture-of-another-kind": "for s in S.values(): display({'image/jpeg': base64.b64encode(b'\\xff\\xd8\\xff\\xfe' + s.encode() + b'\\xff\\xd9').decode(), 'image/gif': b'GIF89a' + s.encode()}, raw=True)",
    "plot": """import matplotlib.pyplot as plot
figure = plot.figure(); figure.savefig('plot.png', metadata={'Comment': S[N[0]]}); display(Image('plot.png')); os.remove('plot.png'); plot.close()""",
    "widget": """try:
    import ipywidgets as w
    w.VBox([w.Text(value=s) for s in S.values()] + [w.HTML(value=html.escape(str(S))), w.Image(value=S[N[0]].encode())])
except ImportError: print('no widgets here')""",
    "widget-output": """try:
    out = w.Output()
    with out: print(S)
    display(out); w.Password(value=S[N[0]], description=S[N[2]])
except NameError: print('no widgets here')""",
    "log": "logging.basicConfig(force=True); logging.error('token %s', S[N[0]]); warnings.warn(str(S))",
    "comm": "from IPython.core.interactiveshell import InteractiveShell as i\ni.instance().kernel.session.send(i.instance().kernel.iopub_socket, 'comm_msg', {'comm_id': 'x', 'data': S}, metadata=S, buffers=[S[N[0]].encode()])",
    "payload": "get_ipython().set_next_input(str(S)); from IPython.core.page import page; page(str(S))",
    "much": "for s in list(S.values())[:4]: print('x' * 80_000 + s)",
    "note": "run.note(f'I used {S[N[0]]} and {S[N[1]]}')",
    "a-name-in-the-source": "None",
    "raise": "raise RuntimeError(f'401 for {S} and {W}')",
}  # fmt: skip


@pytest.fixture
def made(monkeypatch):
    made = canaries.made_up()
    for name, value in made.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CANARIES", ",".join(made))
    monkeypatch.setenv(
        "CANARY_PASSWORDS", json.dumps({k: v for k, v in canaries.needles(made).items() if v != made[k]})
    )
    return made


@pytest.fixture
def as_outside(monkeypatch):
    """Under pytest ipykernel does not catch what is written to the file handles: call this to be outside."""
    return lambda: monkeypatch.delenv("PYTEST_CURRENT_TEST")


def cells(made):
    found = [LEAK, *CELLS.values()]
    return [
        source.replace("None", f"typed = {made['STRIPE_SECRET_KEY']!r}") if source == "None" else source
        for source in found
    ]


def outputs(run_dir: Path) -> str:
    return (run_dir / "notebook.ipynb").read_text()


def test_a_secret_is_in_no_file_of_a_headless_run(home, made, as_outside):
    as_outside()
    end = home.run(*cells(made))
    assert end.status == "failed"
    assert "RuntimeError" in home.journal(end.run_dir)[-1].data["reason"]
    assert [name for name, state in home.states(end.run_dir).items() if state != "completed"] == [f"step-{len(CELLS)}"]
    assert home.is_whole(end.run_dir)
    assert (end.run_dir / "outputs").exists()
    assert all(f"[{name}:" in outputs(end.run_dir) for name in made)
    assert canaries.leaks(home.runs, made) == []
    assert canaries.leaks_in(home.text, made) == []


def test_a_secret_is_in_no_file_of_plain_papermill(home, made, as_outside):
    as_outside()
    home.write(*cells(made))
    notebook, out = home.path / "notebooks" / "routine" / "sample.ipynb", home.path / "out.ipynb"
    words = [sys.executable, "-m", "papermill", "--no-progress-bar", "--log-output", str(notebook), str(out)]
    done = subprocess.run(
        [*words, "-p", "environment", "plain"], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 1
    assert "RuntimeError" in done.stderr
    assert home.is_whole(home.only_run)  # closed by the kernel itself: the cell that raised was its last
    assert json.loads((home.only_run / "summary.json").read_text())["status"] == "failed"
    made_source = home.path / "notebooks"  # a secret was typed into the procedure itself: that is no record
    kept = [path for path in home.path.iterdir() if path not in (made_source, home.path / "params")]
    assert {"out.ipynb", "runs"} <= {path.name for path in kept}
    assert canaries.leaks(home.runs, made) == []
    said = json.loads(out.read_text())
    shown = [cell["outputs"] for cell in said["cells"] if cell["cell_type"] == "code"]
    assert canaries.leaks_in(json.dumps([shown, said["metadata"].get("widgets", {})]), made) == []
    assert canaries.leaks_in(done.stdout + done.stderr, made) == []


def test_what_was_let_out_before_the_opening_is_masked_too(home, made, as_outside):
    """The kernel learns the secrets when the run is opened; until then the runner and the journal hold their tongue."""
    as_outside()
    early = [LEAK, CELLS["split"], CELLS["print"], CELLS["much"], CELLS["frame"]]
    end = home.run(*early, OPEN, CLOSE, opens=False)
    assert end.status == "healthy"
    assert home.is_whole(end.run_dir)
    assert "was found" not in home.journal(end.run_dir)[-1].data["reason"]
    assert canaries.leaks(home.runs, made) == []
    assert canaries.leaks_in(home.text, made) == []


def test_a_file_that_a_cell_left_in_the_record_is_masked_and_told(home, made):
    leave = "os.makedirs(str(run.facts.run_dir / 'attachments/deep')); (run.facts.run_dir / 'attachments/deep/x').write_bytes(b'\\0\\xff' + S[N[0]].encode())"
    end = home.run(LEAK, leave)
    assert (end.status, end.exit_code) == ("unrecorded", 74)
    assert "[STRIPE_SECRET_KEY:" in home.journal(end.run_dir)[-1].data["reason"]
    assert home.is_whole(end.run_dir)
    assert canaries.leaks(home.runs, made) == []


@pytest.mark.parametrize(
    "encode",
    [
        str, lambda s: quote(s, safe=""), lambda s: json.dumps(json.dumps({"a": s})), html.escape, lambda s: s.encode().hex(),
        lambda s: base64.encodebytes(b"a" * 50 + s.encode()).decode(), lambda s: base64.b64encode(b"x" + s.encode()).decode(),
        lambda s: f"<b>{s[:9]}</b>{s[9:]}", lambda s: s[:16] + "...", lambda s: f"{s[:5]}\x1b[0m{s[5:]}",
    ],
)  # fmt: skip
def test_the_search_itself_finds_what_is_there(made, encode):
    for name, value in canaries.needles(made).items():
        if len(value) >= 20 and "\n" not in value and '"' not in value:
            assert any(name in leak for leak in canaries.leaks_in(encode(value), made)), encode(value)
