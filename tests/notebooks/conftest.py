"""What the tests of this folder share, in modules of their own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import kept  # noqa: F401  kept in sys.modules for the tests beside this file
import rules  # noqa: F401

sys.path.pop(0)
