"""Executable incident runbooks: what a notebook imports. Everything else has its own module.

Exports are lazy: ``import runbook`` costs next to nothing until a name is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runbook.run import Run, open_run

__all__ = ["Run", "__version__", "open_run"]

__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in ("Run", "open_run"):
        from runbook import run

        return getattr(run, name)
    raise AttributeError(f"module 'runbook' has no attribute {name!r}")
