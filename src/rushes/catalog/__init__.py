"""Every SQL statement of Rushes. Only the driver opens a catalog; workers return rows."""

from rushes.catalog.catalog import Catalog
from rushes.catalog.database import sqlite_version
from rushes.catalog.vectors import Shards

__all__ = ["Catalog", "Shards", "sqlite_version"]
