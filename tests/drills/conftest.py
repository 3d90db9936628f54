"""The search for secrets, which the tests of the record own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "record"))
import canaries  # noqa: F401

sys.path.pop(0)
