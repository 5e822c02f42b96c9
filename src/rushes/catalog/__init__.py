"""The catalog: every SQL statement. Only the driver opens it; workers return rows."""

from rushes.catalog.catalog import Catalog
from rushes.catalog.database import sqlite_version
from rushes.catalog.vectors import Shards

__all__ = ["Catalog", "Shards", "sqlite_version"]
