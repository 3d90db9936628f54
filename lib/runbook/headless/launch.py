"""What the kernel's process runs: ipykernel without the debugger, which takes a fifth of its start and which nobody
can reach in a headless run.
"""

import sys
from typing import Any

if __name__ == "__main__":
    blocked: dict[str, Any] = dict.fromkeys(["debugpy"])  # None: importing it is an ImportError, as if not installed
    sys.modules.update(blocked)
    from ipykernel import kernelapp

    kernelapp.launch_new_instance()
