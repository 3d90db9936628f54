"""Write requirements.lock: every extra, Python 3.11 to 3.13, all platforms, hashes, no index addresses. Needs uv."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Resolve and write the lock."""
    subprocess.run(
        [
            "uv", "pip", "compile", "pyproject.toml", "--all-extras", "--universal", "--python-version", "3.11",
            "--generate-hashes", "--no-emit-index-url", "--no-emit-find-links", "--no-header", "--quiet",
            "--output-file", "requirements.lock",
        ],
        cwd=ROOT,
        check=True,
    )  # fmt: skip


if __name__ == "__main__":
    main()
