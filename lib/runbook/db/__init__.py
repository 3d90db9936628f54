"""The one door to PostgreSQL. Only this package imports psycopg, and that at first use: it takes a quarter of a second."""

from runbook.db.database import Database, Fallback, Probe
from runbook.db.migrator import Bookkeeping, Migrator
from runbook.db.refusals import LAYERS
from runbook.db.statements import load_statement, numbered_parameters

__all__ = [
    "LAYERS", "Bookkeeping", "Database", "Fallback", "Migrator", "Probe", "load_statement", "numbered_parameters",
]  # fmt: skip
