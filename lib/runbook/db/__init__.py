"""The one door to PostgreSQL. Only this package imports psycopg, and that at first use: it takes a quarter of a second."""

from runbook.db.database import Database, Fallback, Probe
from runbook.db.refusals import LAYERS
from runbook.db.statements import load_statement, numbered_parameters

__all__ = ["LAYERS", "Database", "Fallback", "Probe", "load_statement", "numbered_parameters"]
