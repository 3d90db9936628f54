"""Make docs/database-failure.png: the notebook at work, after a leak was found and its cure was planned.

python tests/browser/picture.py
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from chromium import browser
from jupyterlab import opened
from runbook.sandbox import lifecycle

PICTURE = Path(__file__).resolve().parents[2] / "docs" / "database-failure.png"
WIDTH, HEIGHT = 1400, 1250


def main() -> None:
    """Break a sandbox, step through the notebook up to the plan, and take the picture at the diagnosis."""
    with tempfile.TemporaryDirectory(prefix="runbook-picture-") as folder, lifecycle.own_sandbox() as sandbox:
        lifecycle.break_world("idle-transaction-leak", sandbox)
        time.sleep(3)
        home = Path(folder)
        options = ("-p", "idle_seconds", "2", "--mode", "act", "--incident", "INC-0312")
        with browser(home / "chromium") as page, opened(page, sandbox, home / "runs", *options) as notebook:
            page.size(WIDTH, HEIGHT)
            page.click(".lm-TabBar-tab.lm-mod-current[data-id=filebrowser]")  # fold the file browser away
            notebook.run_until("plan-end-idle-transactions")
            notebook.select("run.diagnose()")
            page.ask("document.querySelector('#wanted').scrollIntoView({block: 'start'})")
            time.sleep(1)
            page.picture(PICTURE, width=WIDTH, height=HEIGHT)
    print(PICTURE)


if __name__ == "__main__":
    main()
